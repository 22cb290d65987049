import { expect, RENAME_TASK, test } from './journey'

interface Run {
  readonly runId: string
  readonly state: string
  readonly inDoubt: readonly { readonly frame: number; readonly title: string }[]
}

test('the window is reloaded and the kernel killed in mid-run; nothing is lost', async ({ workspace, window, expectedErrors }) => {
  const { page } = window
  // While the kernel is away each attempt to connect fails, and Chromium says so.
  expectedErrors.push(/WebSocket connection to .* failed/, /ERR_CONNECTION_REFUSED/)
  const served = await workspace.serve()
  await window.open(served.address)
  await page.getByRole('combobox', { name: 'Approval' }).selectOption('yes')
  await window.startRun(RENAME_TASK)

  await expect.poll(async () => (await window.position()).of).toBeGreaterThan(15)
  const { of: framesBefore } = await window.position()
  await page.reload()
  await expect(window.openTask).toHaveText(RENAME_TASK)
  await expect.poll(async () => (await window.position()).of).toBeGreaterThanOrEqual(framesBefore)
  await expect(window.told).toContainText('Run running.')

  await expect(window.lane('b3')).toBeVisible({ timeout: 60_000 })
  await expect.poll(async () => (await window.position()).of).toBeGreaterThan(60)
  await served.kill()
  const lost = page.getByRole('alert').filter({ hasText: /Connection lost|No kernel/ })
  await expect(lost).toBeVisible()
  await expect(window.status).toContainText('not connected')
  const { of: framesShown } = await window.position()

  await workspace.serve(served.port)
  await expect(lost).toBeHidden()
  await expect(window.status).toContainText('connected')
  await expect(window.told).toContainText('Run interrupted.')
  const agent = window.panel('Agent')
  await expect(agent).toContainText('This run was cut off.')
  const [run] = await workspace.json<Run[]>('runs', '--repo', workspace.repo)
  expect(run?.state).toBe('interrupted')
  for (const step of run?.inDoubt ?? []) await expect(agent.getByRole('button', { name: `Frame ${step.frame}`, exact: true })).toBeVisible()
  expect((await window.position()).of).toBeGreaterThanOrEqual(framesShown)

  await window.press('F5')
  await expect(window.told).toContainText('Run completed.', { timeout: 90_000 })
  await expect(agent).not.toContainText('This run was cut off.')
  const replayed = await workspace.json<{ ok: boolean }>('replay', '--repo', workspace.repo, '--run', run?.runId ?? '', '--mode', 'exact')
  expect(replayed.ok).toBe(true)
  const discount = workspace.snapshot().get('src/billing/discount.ts')
  expect(discount).toContain('function discountFor(')
})

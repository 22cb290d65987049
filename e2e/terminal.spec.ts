import { expect, test } from './journey'

interface Frame {
  readonly n: number
  readonly branchId: string
  readonly kind: string
}

test('the checks of a branch are read back, and a shell of its own is typed into', async ({ finished }) => {
  const { window, workspace, runId } = finished
  const { page } = window
  const frames = await workspace.json<Frame[]>('frames', '--repo', workspace.repo, '--run', runId)
  const printed = frames.filter((frame) => frame.branchId === 'b1' && frame.kind === 'terminal.data')

  await window.lane('b1').click()
  const text = await window.terminalText()
  await expect(text).toContainText('0 problems')
  await window.focusTimeline()
  await window.press('Home')
  await expect(text).not.toContainText('0 problems')
  await window.press('End')
  await expect(text).toContainText('0 problems')
  expect(printed.length).toBeGreaterThan(0)

  // A shell in a sandbox on the files of the branch: not root, no way out, and nothing of it reaches the repository.
  const before = workspace.snapshot()
  await window.command('Terminal: open one of my own on this branch')
  const input = page.getByRole('textbox', { name: 'Terminal input, user' })
  await expect(input).toBeFocused()
  await expect(text).toContainText('/workspace')
  await page.keyboard.type('grep -c discountFor src/billing/discount.ts; echo uid-$(id -u); echo made > made.txt; cat made.txt')
  await window.press('Enter')
  await expect(text).toContainText(/uid-[1-9]\d*/)
  await expect(text).toContainText('made')
  expect(workspace.snapshot()).toEqual(before)
})

import { expect, RENAME_TASK, test } from './journey'

interface Frame {
  readonly n: number
  readonly branchId: string
  readonly kind: string
  readonly payload: { readonly tool?: string; readonly session?: string; readonly sideEffects?: { readonly files: readonly unknown[] } }
}

const DISCOUNT = 'src/billing/discount.ts'

test('files, editor, terminal and context follow the frame', async ({ finished }) => {
  const { window, workspace, runId } = finished
  const { page } = window
  const frames = await workspace.json<Frame[]>('frames', '--repo', workspace.repo, '--run', runId)
  const own = frames.filter((frame) => frame.branchId === 'b2')
  const changed = own.find((frame) => frame.kind === 'tool.outcome' && (frame.payload.sideEffects?.files.length ?? 0) > 0)
  const printed = own.findLast((frame) => frame.kind === 'terminal.data')
  const asked = own.find((frame) => frame.kind === 'judge.intent')
  if (changed === undefined || printed === undefined || asked === undefined) throw new Error('the run has no change or no check on b2')

  // On the branch that was merged, at its end.
  await window.focusTimeline()
  for (let presses = 0; presses < 4 && (await window.lane('b2').getAttribute('aria-checked')) !== 'true'; presses += 1) {
    await window.press(presses === 0 ? 'ArrowDown' : 'ArrowUp')
  }
  await expect(window.lane('b2')).toHaveAttribute('aria-checked', 'true')
  await expect(window.pastStrip).toBeHidden()
  await window.command('Show files')
  const file = window.panel('Files').getByRole('treeitem', { name: /^discount\.ts/ })
  await page.getByRole('searchbox', { name: 'Filter files' }).fill('discount')
  await expect(file).toHaveAttribute('data-status', 'changed')
  await window.goToFile(DISCOUNT)
  const text = window.panel('Editor').locator('.view-lines')
  await expect(text).toContainText('function discountFor(')
  const terminal = await window.terminalText()
  await expect(terminal).toContainText('0 problems')

  // The frame before the change: everything is as it was then.
  const select = async (n: number): Promise<void> => {
    await window.focusTimeline()
    const { n: at } = await window.position()
    const steps = own.filter((frame) => (n < at ? frame.n >= n && frame.n < at : frame.n > at && frame.n <= n)).length
    for (let step = 0; step < steps; step += 1) await window.press(n < at ? 'ArrowLeft' : 'ArrowRight')
    await expect(window.pastStrip).toContainText(`Frame ${n} of ${frames.length}`)
  }
  await select(printed.n)
  await expect(terminal).toContainText('0 problems')
  await select(asked.n)
  await expect(window.panel('Terminal')).toContainText('Nothing was printed up to this frame.')
  await select(changed.n)
  await expect(text).toContainText('function discountFor(')
  await expect(file).toHaveAttribute('data-status', 'changed')
  await window.press('ArrowLeft')
  await expect(window.pastStrip).toContainText('branch "also comments, strings and docs"')
  await expect(text).toContainText('function applyDiscount(')
  await expect(file).toHaveAttribute('data-status', 'same')
  await expect(window.panel('Editor')).toHaveAttribute('data-past', 'true')
  await window.press('ArrowRight')
  await expect(text).toContainText('function discountFor(')

  // The first frame, before anything was known.
  await window.press('Home')
  await expect(window.pastStrip).toContainText(`Frame 1 of ${frames.length}`)
  await expect(text).toContainText('function applyDiscount(')
  await window.command('Show context')
  const items = page.getByRole('grid', { name: 'Context items' })
  await expect(items.locator('[data-kind="item"]')).toHaveCount(0)
  await window.focusTimeline()
  await window.press('ArrowRight')
  await expect(items.locator('[data-kind="item"]')).toHaveText(/AGENTS\.md/)
  await window.press('ArrowRight')
  await expect(items.locator('[data-kind="item"]')).toHaveCount(2)

  await window.press('End')
  await expect(window.pastStrip).toBeHidden()
  await expect(items).toContainText('calculate-total.ts')
  expect(await window.position()).toMatchObject({ n: own.at(-1)?.n })
  await window.goToFile(DISCOUNT)
  await expect(text).toContainText('function discountFor(')
  await expect(window.openTask).toHaveText(RENAME_TASK)
})

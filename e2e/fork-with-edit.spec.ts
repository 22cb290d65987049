import { expect, test } from './journey'

const TASK = 'find references of applyDiscount'
const OTHER_TASK = 'find references of calculateInvoiceTotal'

interface Frame {
  readonly n: number
  readonly branchId: string
  readonly kind: string
  readonly payload: { readonly text?: string }
}

test('the task is edited at an early frame, and the fork works on the new one', async ({ workspace, window }) => {
  const { page } = window
  const { runId } = await workspace.json<{ runId: string }>('run', '--repo', workspace.repo, '--agent', 'analyst', '--task', TASK)
  const served = await workspace.serve()
  await window.open(served.address)
  await expect(window.openTask).toHaveText(TASK)
  const before = await window.position()

  // The frame after the one that put the task into the context.
  await window.focusTimeline()
  await window.press('Home', 'ArrowRight', 'ArrowRight')
  await expect(window.pastStrip).toContainText(`Frame 3 of ${before.of}`)

  await window.command('Show context')
  const items = page.getByRole('grid', { name: 'Context items' })
  await expect(items).toBeFocused()
  const task = items.getByRole('row').filter({ has: page.getByRole('img', { name: 'task' }) })
  for (let presses = 0; presses < 8 && (await task.getAttribute('aria-selected')) !== 'true'; presses += 1) {
    await window.press('ArrowDown')
  }
  const inspector = page.getByRole('region', { name: /^Context item/ })
  await expect(inspector.getByLabel('Content')).toContainText(TASK)
  await window.tabTo(inspector.getByRole('button', { name: 'Edit text' }))
  await window.press('Enter')
  await window.tabTo(inspector.getByRole('textbox', { name: 'New text' }))
  await window.press('Ctrl+A')
  await page.keyboard.type(OTHER_TASK)
  await window.tabTo(inspector.getByRole('button', { name: 'Preview this text' }))
  await window.press('Enter')

  const edits = page.getByRole('region', { name: 'Edits by hand' })
  await expect(edits).toContainText('1 edit')
  await expect(edits.getByRole('status')).toHaveText(/^L1 \d+ to \d+ \(\+\d+\)cache keeps \d+, reads \d+ anew/)
  await window.tabTo(edits.getByRole('button', { name: 'Fork with this edit' }))
  await window.press('Enter')

  const dialog = page.getByRole('dialog', { name: 'Fork from frame 3' })
  await expect(dialog).toContainText('1 edit of its context')
  await expect(dialog.getByRole('list', { name: 'Edits of its context' })).toHaveText('edit task')
  await window.tabTo(dialog.getByRole('textbox', { name: 'Name of the branch' }))
  await page.keyboard.type('charges instead')
  await window.press('Enter')
  await expect(dialog).toBeHidden()

  // A lane of its own, followed live, with a result of its own.
  await expect(window.lane('b1')).toContainText('charges instead')
  await expect(window.lane('b1')).toHaveAttribute('aria-checked', 'true')
  await expect(window.lane('b1')).toContainText('completed')
  await expect(window.pastStrip).toBeHidden()
  await expect(page.getByRole('log', { name: 'Conversation' })).toContainText('calculateInvoiceTotal')

  const frames = await workspace.json<Frame[]>('frames', '--repo', workspace.repo, '--run', runId)
  const said = (branchId: string): string =>
    frames.flatMap((frame) => (frame.branchId === branchId && frame.kind === 'agent.message' ? [frame.payload.text ?? ''] : [])).join('\n')
  expect(said('b0')).toContain('applyDiscount')
  expect(said('b1')).toContain('calculateInvoiceTotal')
  expect(said('b1')).not.toContain('applyDiscount')
  // The old line is as it was.
  expect(frames.filter((frame) => frame.branchId === 'b0')).toHaveLength(before.of)
})

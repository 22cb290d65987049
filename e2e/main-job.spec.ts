import { expect, RENAME_TASK, test } from './journey'

const LEFT_OUT = 'docs/adr/0001-modules-talk-through-one-file.md'
const RENAMED = ['src/billing/calculate-total.ts', 'src/billing/discount.ts', 'src/billing/money.test.ts']

test('a rename, from the task to the merge, by keyboard', async ({ workspace, window }) => {
  const { page } = window
  const before = workspace.snapshot()
  const { level } = await workspace.json<{ level: string }>('doctor')
  const served = await workspace.serve()
  await window.open(served.address)
  await expect(window.status.getByRole('button', { name: `Isolation: ${level}` })).toBeVisible()

  await window.startRun(RENAME_TASK)

  // The plan waits in the inbox.
  await expect(window.told).toContainText('1 question waiting')
  await window.press('Ctrl+Shift+U')
  await window.tabTo(window.panel('Inbox').getByRole('button', { name: /Approve plan/ }))
  await window.press('Enter')
  const question = window.panel('Question')
  await expect(question.getByRole('heading', { level: 2 })).toHaveText('Rename applyDiscount to discountFor')
  for (const path of RENAMED) await expect(question.getByRole('button', { name: path })).toBeVisible()
  await expect(question.getByRole('button', { name: 'Approve plan' })).toBeFocused()
  await window.press('Enter')

  // The rehearsal shows as lanes of the timeline, each with its score at the end.
  for (const branchId of ['b1', 'b2', 'b3']) await expect(window.lane(branchId)).toBeVisible()
  for (const branchId of ['b1', 'b2', 'b3']) await expect(window.lane(branchId)).toContainText('passed', { timeout: 90_000 })
  expect(workspace.snapshot()).toEqual(before)

  // Review of the variant that also changes the documents; the document is left out.
  await expect(window.told).toContainText('which variant is merged?')
  await window.press('Ctrl+Shift+Enter')
  await expect(question.getByRole('radio', { name: /^code only/ })).toBeVisible()
  const variant = question.getByRole('radio', { name: /also comments, strings and docs/ })
  await expect(question.getByRole('radio', { checked: true })).toBeFocused()
  for (let presses = 0; presses < 2 && !(await variant.isChecked()); presses += 1) await window.press('ArrowDown')
  await expect(variant).toBeChecked()
  const hunks = question.getByRole('group', { name: 'Hunks' })
  const leaveOut = hunks.getByRole('checkbox', { name: `Keep all of ${LEFT_OUT}` })
  await expect(leaveOut).toBeChecked()
  await window.tabTo(hunks)
  for (let presses = 0; presses < 20 && !(await leaveOut.evaluate((box) => box === document.activeElement)); presses += 1) {
    await window.press('j')
  }
  await window.press('Space')
  await expect(leaveOut).not.toBeChecked()
  await expect(question.getByText('1 left out')).toBeVisible()
  await window.tabTo(question.getByRole('button', { name: /^Merge \d+ hunks$/ }))
  await window.press('Enter')

  await expect(window.told).toContainText('Run completed.')
  await expect(window.lane('b2')).toContainText('merged')
  const after = workspace.snapshot()
  expect([...after.keys()].sort()).toEqual([...before.keys()].sort())
  expect([...after].flatMap(([path, text]) => (before.get(path) === text ? [] : [path])).sort()).toEqual(RENAMED)
  for (const path of RENAMED) expect(after.get(path)).toBe(before.get(path)?.replaceAll('applyDiscount', 'discountFor'))
  const [run] = await workspace.json<{ state: string; task: string }[]>('runs', '--repo', workspace.repo)
  expect(run).toMatchObject({ state: 'completed', task: RENAME_TASK })
  await expect(page.getByRole('alert').filter({ hasText: /\S/ })).toHaveCount(0)
})

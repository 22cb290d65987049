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

test('further terminals are opened, show what runs in them, and are closed with a question', async ({ finished }) => {
  const { window } = finished
  const { page } = window
  await window.lane('b1').click()
  await window.command('Terminal: open one of my own on this branch')
  await expect(page.getByRole('textbox', { name: 'Terminal input, user', exact: true })).toBeFocused()
  await page.getByRole('button', { name: 'New terminal' }).click()
  await expect(page.getByRole('textbox', { name: 'Terminal input, user-2' })).toBeFocused()
  const tabs = page.getByRole('tablist', { name: 'Terminal sessions' })
  const second = tabs.getByRole('tab', { name: /^You 2/ })
  await expect(second).toHaveAttribute('aria-selected', 'true')

  // What runs is on the tab and in the list, and is not ended without being asked for.
  await page.keyboard.type('sleep 300')
  await window.press('Enter')
  await expect(second).toContainText('running')
  await page.getByRole('button', { name: /^Sessions and processes: 1 process in You 2/ }).click()
  const list = page.getByRole('dialog', { name: 'Sessions and processes' })
  await expect(list).toContainText('sleep 300')
  await window.press('Escape')
  await second.focus()
  await window.press('Delete')
  const question = page.getByRole('alertdialog', { name: 'Close the terminal You 2?' })
  await expect(question).toContainText('sleep 300')
  await window.press('Escape')
  await expect(second).toContainText('running')
  await window.command('Terminal: close the one that is shown')
  await question.getByRole('button', { name: 'Close it' }).click()
  await expect(second.getByRole('img', { name: 'a shell is running' })).toHaveCount(0)
})

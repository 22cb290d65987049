import { expect, test } from './journey'

const TOTAL = 'src/billing/calculate-total.ts'

test('a file is opened, understood by the language server, and compared', async ({ finished }) => {
  const { window } = finished
  const { page } = window
  await window.focusTimeline()
  await expect(window.lane('b2')).toBeVisible()
  await window.goToFile(TOTAL)
  const editor = window.panel('Editor')
  const text = editor.locator('.view-lines')
  await expect(text).toContainText('PricedLine')

  // Hover and definition come from the live server of the branch.
  const call = text.getByText('applyDiscount', { exact: true }).first()
  await call.click()
  const hover = page.locator('.monaco-hover').filter({ hasText: 'function applyDiscount' })
  await expect(async () => {
    await window.command('Show hover')
    await expect(hover).toBeVisible({ timeout: 2_000 })
  }).toPass({ timeout: 45_000 })
  await expect(hover).toContainText('What remains after the discount')
  await window.press('Escape')
  await call.click()
  await window.press('F12')
  await expect(page.getByRole('tab', { name: 'discount.ts' })).toBeVisible()
  await expect(editor.getByText('src/billing/discount.ts').first()).toBeVisible()

  // What the merged branch changed.
  await window.focusTimeline()
  await window.press('ArrowDown')
  if ((await window.lane('b2').getAttribute('aria-checked')) !== 'true') await window.press('ArrowUp')
  await window.lane('b2').click()
  await window.press('Ctrl+Shift+D')
  const changes = window.panel('Changes')
  const files = changes.getByRole('listbox', { name: 'Changed files' })
  await expect(files.getByRole('option')).toHaveCount(4)
  await files.getByRole('option', { name: new RegExp(`^${TOTAL}, changed`) }).click()
  await expect(changes.locator('.editor.original .view-lines')).toContainText('applyDiscount')
  // In a narrow panel the old lines stand between the new ones, in view zones of their own before them.
  await expect(changes.locator('.editor.modified .view-lines').last()).toContainText('discountFor')
})

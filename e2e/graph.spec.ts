import { expect, test } from './journey'

test('a symbol is found, its surroundings shown, a path traced and its code opened', async ({ finished }) => {
  const { window } = finished
  const { page } = window
  await window.press('Ctrl+Shift+G')
  const graph = window.panel('Knowledge graph')
  const find = graph.getByRole('combobox', { name: 'Find a symbol' })
  await expect(find).toBeFocused()
  await page.keyboard.type('calculateInvoiceTotal')
  await expect(page.getByRole('listbox', { name: 'Find a symbol: found' }).getByRole('option', { selected: true })).toContainText(
    'calculate-total.ts',
  )
  await window.press('Enter')
  const node = (name: string) => graph.locator('.symbol-node').filter({ hasText: name }).first()
  await expect(node('calculateInvoiceTotal')).toBeVisible()
  await expect(node('taxRateFor')).toBeVisible()
  await window.command('Graph: show as graph or as table')
  const relations = graph.getByRole('table', { name: 'Relations' })
  await expect(relations.getByRole('row').filter({ hasText: 'taxRateFor' }).first()).toBeVisible()
  await window.command('Graph: show as graph or as table')

  await window.press('Ctrl+Alt+G')
  await window.tabTo(graph.getByRole('combobox', { name: 'From symbol' }))
  await page.keyboard.type('createInvoice')
  await expect(page.getByRole('listbox', { name: 'From symbol: found' }).getByRole('option', { selected: true })).toContainText(
    'createInvoice',
  )
  await window.press('Enter')
  await window.tabTo(graph.getByRole('combobox', { name: 'To symbol' }))
  await page.keyboard.type('taxRateFor')
  await expect(page.getByRole('listbox', { name: 'To symbol: found' }).getByRole('option', { selected: true })).toContainText('taxRateFor')
  await window.press('Enter')
  await expect(graph.getByRole('region', { name: 'Way 1' })).toContainText('taxRateFor')

  await node('taxRateFor')
    .getByRole('button', { name: /^tax\.ts|billing\/tax\.ts/ })
    .click()
  await expect(page.getByRole('tab', { name: 'tax.ts' })).toBeVisible()
  await expect(window.panel('Editor').locator('.view-lines')).toContainText('function taxRateFor')
})

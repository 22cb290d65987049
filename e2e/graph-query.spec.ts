import { expect, test } from './journey'
import type { KeyframeWindow } from './keyframe-window'

/** The article's question with the names of the sample. */
const LINES = [
  'MATCH path = (src:Entity {name: "route"})-[:CALLS*1..5]->(dst:Entity {name: "chargeUser"})',
  'WHERE ANY(n IN nodes(path) WHERE n.signature CONTAINS "userId")',
  'RETURN path',
]

async function writeQuery(window: KeyframeWindow, lines: readonly string[]): Promise<void> {
  const { page } = window
  await window.press('Ctrl+Alt+Q')
  const editor = window.panel('Knowledge graph').getByRole('textbox', { name: 'Cypher query' })
  await window.tabTo(editor)
  await window.press('Ctrl+a', 'Delete')
  for (const [index, line] of lines.entries()) {
    if (index > 0) {
      await window.press('Escape', 'Enter')
    }
    await page.keyboard.type(line)
  }
  await window.press('Escape')
  await expect(editor).toHaveValue(lines.join('\n'))
  await window.press('Ctrl+Enter')
}

test("the article's query is typed, its path highlighted and its code opened as of the frame", async ({ finished }) => {
  const { window } = finished
  const { page } = window
  await writeQuery(window, LINES)
  const graph = window.panel('Knowledge graph')
  const way = graph.getByRole('region', { name: 'Way 1' })
  await expect(way).toContainText('handleCreateInvoice')
  await expect(way).toContainText('createInvoice')
  await expect(graph).toContainText('1 row')
  for (const name of ['route', 'dispatch', 'handleCreateInvoice', 'createInvoice', 'chargeUser']) {
    await expect(graph.locator('.symbol-node[data-way="true"]').filter({ hasText: name }).first()).toBeVisible()
  }
  await expect(graph.getByText(/^As of frame \d+ of \d+, live/)).toBeVisible()

  // The same as a table: rows are reached and opened by keyboard.
  await window.command('Graph: show as graph or as table')
  const rows = graph.getByRole('grid', { name: 'Rows' })
  await expect(rows.getByRole('row').nth(1)).toContainText('chargeUser')
  await window.command('Graph: show as graph or as table')

  // The slider is the window's own selection.
  await window.tabTo(graph.getByRole('slider', { name: 'As of frame' }))
  await window.press('Home')
  await expect(window.pastStrip).toBeVisible()
  expect((await window.position()).n).toBe(1)
  await expect(graph.getByText(/^As of frame 1 of/)).toBeVisible()
  await expect(way).toContainText('chargeUser')

  await way.getByRole('button', { name: 'chargeUser' }).dblclick()
  await expect(page.getByRole('tab', { name: 'charge.ts' })).toBeVisible()
  await expect(window.panel('Editor').locator('.view-lines')).toContainText('chargeUser')
  expect((await window.position()).n).toBe(1)
})

test('what is asked of a frame is answered with its files, and of now with those of the repository', async ({ finished }) => {
  const { window } = finished
  await window.lane('b2').click()
  await expect(window.lane('b2')).toHaveAttribute('aria-checked', 'true')
  await writeQuery(window, ['MATCH (f:Function {name: "discountFor"})', 'RETURN f.path'])
  const graph = window.panel('Knowledge graph')
  const rows = graph.getByRole('grid', { name: 'Rows' })
  const code = graph.getByRole('group', { name: 'State of the code' })
  await expect(rows).toContainText('src/billing/discount.ts')

  await window.tabTo(graph.getByRole('slider', { name: 'As of frame' }))
  await window.press('Home')
  await expect(graph).toContainText('No rows')
  await code.getByRole('button', { name: 'Now' }).click()
  await expect(graph).toContainText('The repository as it is now')
  await expect(rows).toContainText('src/billing/discount.ts')
  await code.getByRole('button', { name: 'Frame' }).click()
  await expect(graph).toContainText('No rows')

  // The timeline moves the graph as the graph moves the timeline.
  await window.focusTimeline()
  await window.press('End')
  await expect(rows).toContainText('src/billing/discount.ts')
})

test('what can be written is offered, and a mistake is shown at its place', async ({ finished }) => {
  const { window } = finished
  const { page } = window
  await window.press('Ctrl+Alt+Q')
  const graph = window.panel('Knowledge graph')
  const editor = graph.getByRole('textbox', { name: 'Cypher query' })
  await window.tabTo(editor)
  await window.press('Ctrl+a', 'Delete')
  const offers = page.getByRole('listbox', { name: 'Completions' })
  await page.keyboard.type('MATCH (f:Fun')
  await expect(offers.getByRole('option', { selected: true })).toContainText('Function')
  await window.press('Enter')
  await page.keyboard.type(' {name: "calculateInv')
  await expect(offers.getByRole('option', { selected: true })).toContainText('calculateInvoiceTotal')
  await window.press('Tab')
  await page.keyboard.type('})<-[:CAL')
  await expect(offers.getByRole('option', { selected: true })).toContainText('CALLS')
  await window.press('Enter')
  await page.keyboard.type(']-(caller) RETRUN caller')
  await expect(editor).toHaveValue('MATCH (f:Function {name: "calculateInvoiceTotal"})<-[:CALLS]-(caller) RETRUN caller')
  await window.press('Ctrl+Enter')
  await expect(graph.getByRole('alert')).toContainText('Line 1, column')
  await expect(graph.locator('[data-mistake]')).toHaveText('RETRUN')
  await expect(editor).toHaveAttribute('aria-invalid', 'true')

  // What was run before comes back.
  await window.press('Ctrl+a', 'Delete')
  await window.press('Alt+ArrowUp')
  await expect(editor).toHaveValue(/RETRUN caller$/)
})

test('a value is followed from the gateway to billing', async ({ finished }) => {
  const { window } = finished
  const { page } = window
  await window.press('Ctrl+Alt+F')
  const graph = window.panel('Knowledge graph')
  const form = graph.getByRole('form', { name: 'Data flow' })
  await window.tabTo(graph.getByRole('slider', { name: 'As of frame' }))
  await window.press('Home')
  await window.press('Ctrl+Alt+F')
  for (const [label, text] of [
    ['Value', 'user_id'],
    ['From', 'src/gateway'],
    ['To', 'src/billing'],
  ] as const) {
    await window.tabTo(form.getByRole('textbox', { name: label, exact: true }), label === 'Value' ? 'Shift+Tab' : 'Tab')
    await window.press('Ctrl+a')
    await page.keyboard.type(text)
  }
  await window.press('Enter')
  const way = graph.getByRole('region', { name: 'Way 1' })
  await expect(way).toContainText('argument to parameter')
  await expect(way).toContainText('await chargeUser(services.payments, services.logger, userId')
  await way.getByRole('button', { name: /invoice-service\.ts:30/ }).click()
  await expect(page.getByRole('tab', { name: 'invoice-service.ts' })).toBeVisible()
  await expect(window.panel('Editor').locator('.view-lines')).toContainText('chargeUser')
})

test('the status bar says what the index holds and leads to it', async ({ finished }) => {
  const { window } = finished
  const item = window.status.getByTestId('index-status')
  await expect(item).toHaveAccessibleName(/entities indexed|%|done/)
  await item.click()
  await expect(window.panel('Search quality')).toBeVisible()
})

import { AxeBuilder } from '@axe-core/playwright'
import { expect, test } from './journey'
import type { KeyframeWindow } from './keyframe-window'

const TASK = 'find references of applyDiscount'
const DISCOUNT = 'src/billing/discount.ts'

interface Frame {
  readonly n: number
  readonly branchId: string
  readonly kind: string
  readonly payload: {
    readonly note?: string
    readonly changes?: readonly { readonly op: string; readonly item?: { readonly id: string; readonly title: string } }[]
  }
}

/** The parts of the context view. */
function contextOf(window: KeyframeWindow) {
  const { page } = window
  const items = page.getByRole('grid', { name: 'Context items' })
  return {
    items,
    item: (title: string | RegExp) =>
      items
        .getByRole('row')
        .filter({ has: page.getByRole('gridcell').filter({ hasText: title }) })
        .first(),
    inspector: page.getByRole('region', { name: /^Context item/ }),
    edits: page.getByRole('region', { name: 'Edits by hand' }),
    effects: page.getByRole('region', { name: 'Edits by hand' }).getByRole('status'),
    /** Arrows in the list until the row is the selected one. */
    async select(title: string | RegExp) {
      await window.command('Show context')
      await expect(items).toBeFocused()
      await window.press('Home')
      for (let presses = 0; presses < 60; presses += 1) {
        const selected = items.locator('[aria-selected="true"] .item-name')
        if ((await selected.filter({ hasText: title }).count()) > 0) return
        await window.press('ArrowDown')
      }
      throw new Error(`no item of the context has the title ${String(title)}`)
    },
    /** Applies what waits and answers with the number of frames then. */
    async apply() {
      const before = await window.position()
      await expect(page.getByRole('region', { name: 'Edits by hand' }).getByRole('button', { name: /^Apply/ })).toBeEnabled()
      await window.press('Ctrl+Alt+Enter')
      await expect(page.getByRole('region', { name: 'Edits by hand' })).toBeHidden()
      await expect.poll(async () => (await window.position()).of).toBe(before.of + 1)
      return before.of + 1
    },
  }
}

test('an item is followed to the call that brought it and to the file as of that frame', async ({ finished }) => {
  const { window } = finished
  const { page } = window
  const context = contextOf(window)
  await context.select(/^src\/billing\/discount\.ts/)
  const provenance = context.inspector.getByRole('list', { name: 'Provenance' })
  await expect(provenance).toContainText('File')
  const file = provenance.getByRole('button', { name: /discount\.ts/ })
  const said = await provenance.getByRole('listitem').filter({ hasText: 'as of frame' }).innerText()
  const frame = Number(/as of frame (\d+)/.exec(said)?.[1])
  expect(frame).toBeGreaterThan(1)
  await provenance
    .getByRole('button', { name: /^frame \d+/ })
    .first()
    .click()
  await expect(window.panel('Frame')).toBeVisible()
  await expect(window.pastStrip).toBeVisible()
  await window.command('Show context')
  await file.click()
  await expect(window.pastStrip).toContainText(`Frame ${frame} of`)
  await expect(window.panel('Editor').locator('.view-lines')).toContainText('function applyDiscount(')

  // What differs from there, in the list and in a line.
  await window.press('Ctrl+Shift+X')
  await page.getByRole('region', { name: 'Comparison' }).waitFor({ state: 'detached' })
  await window.press('Ctrl+Alt+C')
  const comparison = page.getByRole('region', { name: 'Comparison' })
  await expect(comparison).toContainText(/Since frame \d+: \d+ items? (added|removed|changed|moved)/)
  await comparison.getByRole('checkbox', { name: 'Differences only' }).check()
  await expect(context.items.locator('[data-kind="item"]').first()).toContainText(/added|from L|[+-]\d+|changed/)
  await comparison.getByRole('checkbox', { name: 'Differences only' }).uncheck()
  await comparison.getByRole('button', { name: 'Stop comparing' }).click()
  await expect(comparison).toBeHidden()

  // Columns sort; a filter that nothing has says so.
  const tokens = context.items.getByRole('columnheader', { name: 'Tokens' })
  await expect(tokens).toHaveAttribute('aria-sort', 'descending')
  await tokens.getByRole('button').click()
  await expect(tokens).toHaveAttribute('aria-sort', 'ascending')
  await tokens.getByRole('button').click()
  await page.getByRole('searchbox', { name: 'Filter context items' }).fill('no item is like this')
  await page.getByRole('button', { name: 'Clear the filter' }).click()
  await expect(context.items.locator('[data-kind="item"]').first()).toBeVisible()
})

test('items are pinned, evicted, brought back and edited, each previewed, and undone', async ({ workspace, window }) => {
  const { page } = window
  await workspace.json('run', '--repo', workspace.repo, '--agent', 'analyst', '--task', TASK)
  const served = await workspace.serve()
  await window.open(served.address)
  await expect(window.openTask).toHaveText(TASK)
  const context = contextOf(window)

  await context.select(/^src\/billing\/discount\.ts/)
  const row = context.items.locator('[aria-selected="true"]')
  await window.press('p')
  await expect(context.edits).toContainText(`pin ${DISCOUNT}`)
  await expect(context.effects).toContainText('No tier changes in size.')
  const pinnedAt = await context.apply()
  await expect(row.getByRole('img', { name: 'pinned' })).toBeVisible()

  await window.press('Ctrl+Alt+Z')
  await expect(context.edits).toContainText(`take back the edits of frame ${pinnedAt}`)
  await context.apply()
  await expect(row.getByRole('img', { name: 'pinned' })).toHaveCount(0)

  await context.items.focus()
  await window.press('Delete')
  await expect(context.effects).toHaveText(/L[12] [\d.k]+ to [\d.k]+ \(-\d+\)cache keeps [\d.k]+, reads [\d.k]+ anew, saves [\d.k]+/)
  await context.apply()
  await expect(row).toHaveAttribute('data-kind', 'evicted')
  await expect(context.inspector).toContainText('evicted by hand')
  await window.press('b')
  await expect(context.edits).toContainText(`bring ${DISCOUNT} back to`)
  await context.apply()
  await expect(row).toHaveAttribute('data-kind', 'item')

  const content = context.inspector.getByRole('group', { name: 'Content' })
  await expect(content).toContainText('function applyDiscount(')
  await window.press('F2')
  await expect(context.inspector.getByRole('textbox', { name: 'New text' })).toBeFocused()
  await window.press('Ctrl+A')
  await page.keyboard.type('Discounts end in March.')
  await window.press('Ctrl+Enter')
  await expect(context.effects).toContainText(/\(-\d+\)/)
  await context.apply()
  await expect(content).toHaveText('Discounts end in March.')
  await expect(context.inspector).toContainText('edited by hand')
  await window.command('Context: undo the last edits by hand')
  await context.apply()
  await expect(content).toContainText('function applyDiscount(')

  // A part is taken out of what waits; what the kernel refuses says why and cannot be applied.
  const tier = (await row.evaluate((element) => element.closest('[role="grid"]') !== null)) ? row : context.item(DISCOUNT)
  await tier.click()
  await window.press('Ctrl+Alt+P', 'Ctrl+Alt+N')
  await expect(page.getByRole('textbox', { name: 'Title of the note' })).toBeFocused()
  await page.keyboard.type('Deadline')
  await window.press('Tab')
  await page.keyboard.type('Discounts end in March.')
  await window.press('Ctrl+Enter')
  await expect(context.edits).toContainText('2 edits')
  await expect(context.effects).toContainText(/\(\+\d+\)/)
  const { violations } = await new AxeBuilder({ page }).include('[data-panel-id="context"]').analyze()
  expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([])
  await context.edits.getByRole('button', { name: /^Take out: pin/ }).click()
  await expect(context.edits).toContainText('1 edit')
  await expect(context.effects).toContainText(/\(\+\d+\)/)
  await context.apply()
  await expect(context.item('Deadline')).toContainText('added by hand')
})

test('files, lines, symbols and answers are added by @, and dragging moves between the tiers', async ({ workspace, window }) => {
  const { page } = window
  await workspace.json('run', '--repo', workspace.repo, '--agent', 'analyst', '--task', TASK)
  const served = await workspace.serve()
  await window.open(served.address)
  await expect(window.openTask).toHaveText(TASK)
  const context = contextOf(window)
  await window.command('Show context')
  await expect(context.items).toBeFocused()

  const add = page.getByRole('dialog', { name: 'Add to the context' })
  const choose = async (text: string, option: string | RegExp): Promise<void> => {
    await context.items.focus()
    await page.keyboard.press('@')
    await add.getByRole('combobox').fill(text)
    await expect(add.getByRole('option').filter({ hasText: option }).first()).toBeVisible()
    await add.getByRole('option').filter({ hasText: option }).first().click()
    await expect(add).toBeHidden()
  }
  await choose('billing/tax.ts:1-3', 'lines 1 to 3')
  await choose('taxRateFor', /^taxRateFor/)
  await choose('where is the tax rate', 'What a search for')
  await expect(context.edits).toContainText('3 edits')
  await expect(context.effects).toContainText(/\(\+\d+\)/)
  await context.apply()

  await context.select(/tax\.ts:1-3|tax\.ts, lines 1/)
  await expect(context.inspector).toContainText('added by hand')
  await context.select('Search: where is the tax rate')
  const provenance = context.inspector.getByRole('list', { name: 'Provenance' })
  await provenance.getByRole('button', { name: 'where is the tax rate' }).click()
  const hits = provenance.getByRole('list', { name: /^What it finds/ })
  await hits
    .getByRole('button', { name: /tax\.ts/ })
    .first()
    .click()
  await expect(window.panel('Editor').locator('.view-lines')).toContainText('taxRateFor')
  await window.focusTimeline()
  await window.press('End')

  await context.select('Search: where is the tax rate')
  await context.items.locator('[aria-selected="true"]').dragTo(page.getByTestId('tier-bar-L1').getByRole('img'))
  await expect(context.edits).toContainText('to L1')
  await expect(context.effects).toContainText('L1')
  await context.edits.getByRole('button', { name: 'Discard' }).click()
  await context.items.focus()
  await window.press('Alt+ArrowUp')
  await expect(context.edits).toContainText('to L1')
  await context.apply()
})

test('what is added at an early frame waits for a fork, whose agent is shown it', async ({ workspace, window }) => {
  const { page } = window
  const { runId } = await workspace.json<{ runId: string }>('run', '--repo', workspace.repo, '--agent', 'analyst', '--task', TASK)
  const served = await workspace.serve()
  await window.open(served.address)
  await expect(window.openTask).toHaveText(TASK)
  await expect(window.lane('b0')).toContainText('completed')
  const { of } = await window.position()
  const context = contextOf(window)
  await window.focusTimeline()
  await window.press('Home', 'ArrowRight', 'ArrowRight')
  await expect(window.pastStrip).toContainText(`Frame 3 of ${of}`)

  await window.press('Ctrl+Alt+A')
  const add = page.getByRole('dialog', { name: 'Add to the context' })
  await add.getByRole('combobox').fill('billing/tax.ts')
  await expect(add.getByRole('option', { selected: true })).toContainText('src/billing/tax.ts')
  await window.press('Enter')
  await expect(add).toBeHidden()
  await expect(context.edits.getByRole('button', { name: /^Apply/ })).toHaveCount(0)
  await expect(context.edits).toContainText('Frame 3 stays as it is')
  await expect(context.effects).toContainText(/\(\+\d+\)/)
  await window.press('Ctrl+Alt+Enter')
  const dialog = page.getByRole('dialog', { name: 'Fork from frame 3' })
  await expect(dialog.getByRole('list', { name: 'Edits of its context' })).toHaveText('add file src/billing/tax.ts')
  await window.press('Enter')
  await window.tabTo(dialog.getByRole('button', { name: 'Fork from frame 3' }))
  await window.press('Enter')
  await expect(dialog).toBeHidden()
  await expect(window.lane('b1')).toContainText('completed')
  await expect(context.edits).toBeHidden()

  const frames = await workspace.json<Frame[]>('frames', '--repo', workspace.repo, '--run', runId)
  const edited = frames.filter((frame) => frame.branchId === 'b1' && frame.kind === 'context.edited')
  const ids = edited.flatMap(({ payload }) => (payload.changes ?? []).flatMap(({ item }) => (item === undefined ? [] : [item.id])))
  expect(ids).toContain('file:src/billing/tax.ts')
  expect(frames.filter((frame) => frame.branchId === 'b0')).toHaveLength(of)
  await context.select(/tax\.ts/)
  await expect(context.inspector.getByRole('group', { name: 'Content' })).toContainText('taxRateFor')
})

import { AxeBuilder } from '@axe-core/playwright'
import { expect, test } from './journey'

const VIEWS = [
  'Runs',
  'Files',
  'Search',
  'Inbox',
  'Context',
  'Agent',
  'Timeline',
  'Terminal',
  'Frame',
  'Side effects',
  'Breakpoints',
  'Policy',
  'Replay',
  'Settings',
]

test('axe finds nothing serious in any view, light or dark', async ({ finished }) => {
  test.setTimeout(300_000)
  const { window } = finished
  const findings: string[] = []
  for (const theme of ['light', 'dark']) {
    await window.command(`Theme: ${theme}`)
    await expect(window.page.locator('html')).toHaveAttribute('data-theme', theme)
    for (const view of VIEWS) {
      await window.command(`Show ${view.toLowerCase()}`)
      await expect(window.panel(view)).toBeVisible()
      await expect(window.page.getByRole('status', { name: 'Loading' })).toHaveCount(0)
      const { violations } = await new AxeBuilder({ page: window.page }).analyze()
      for (const { id, impact, nodes } of violations) {
        if (impact !== 'serious' && impact !== 'critical') continue
        findings.push(...nodes.map((node) => `${theme} ${view}: ${id} (${impact}) ${node.target.join(' ')}: ${node.failureSummary ?? ''}`))
      }
    }
  }
  expect([...new Set(findings)]).toEqual([])
})

test('every command is in the palette, with its key', async ({ finished }) => {
  const { window } = finished
  const { page } = window
  await window.command('Show settings')
  const rows = window.panel('Settings').getByRole('table', { name: 'Commands' }).getByRole('row')
  await expect(rows.nth(30)).toBeAttached()
  const commands = (await rows.filter({ has: page.getByRole('cell') }).allInnerTexts()).map((row) => row.split('\t'))
  expect(commands.length).toBeGreaterThan(30)

  await window.press('Ctrl+Shift+P')
  const palette = page.getByRole('dialog', { name: 'Commands' })
  await expect(palette.getByRole('option').first()).toBeVisible()
  const listed = await palette.getByRole('option').allInnerTexts()
  // What has nothing to act on while a finished run is looked at, with no editor open, is left out.
  const idle =
    /^(run\.(?!new)|editor\.|diff\.(next|previous)Hunk|terminal\.(find|copy|copyAll|paste|clear|close)$|graph\.(frame|expand)|connection\.retry|inbox\.answerNext|permission\.|timeline\.clearCompare|window\.palette)/
  for (const [title = '', id = '', key = ''] of commands) {
    if (idle.test(id)) continue
    expect(
      listed.filter((text) => text.includes(title) && text.includes(key)),
      `${id} "${title}" ${key}`,
    ).not.toEqual([])
  }
})

test('no two commands share a key', async ({ finished }) => {
  const { window } = finished
  await window.command('Show settings')
  await expect(window.panel('Settings').getByRole('table', { name: 'Commands' }).getByRole('row').nth(30)).toBeAttached()
  const rows = await window.panel('Settings').getByRole('table', { name: 'Commands' }).getByRole('row').allInnerTexts()
  const byKey = new Map<string, string[]>()
  for (const [title = '', , key = ''] of rows.map((row) => row.split('\t'))) byKey.set(key, [...(byKey.get(key) ?? []), title])
  const shared = [...byKey].filter(([key, titles]) => key !== '' && titles.length > 1)
  expect(shared).toEqual([])
})

test('F6 goes round the panels and the focus is seen', async ({ finished }) => {
  const { window } = finished
  const { page } = window
  const seen: string[] = []
  for (let presses = 0; presses < 12; presses += 1) {
    await window.press('F6')
    const focus = await page.evaluate(() => {
      const element = document.activeElement
      if (element === null || element === document.body) return null
      const style = getComputedStyle(element)
      const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1
      const panel = element.closest('.panel')
      return { panel: panel?.getAttribute('aria-label') ?? '', outlined, isPanel: element === panel }
    })
    expect(focus).not.toBeNull()
    expect(focus?.outlined, `the focus in ${focus?.panel ?? ''} is outlined`).toBe(true)
    if (focus === null || seen[0] === focus.panel) break
    seen.push(focus.panel)
  }
  for (const panel of ['Context', 'Agent', 'Timeline']) expect(seen).toContain(panel)
  expect(new Set(seen).size).toBe(seen.length)
  await window.press('Shift+F6')
  expect(await page.evaluate(() => document.activeElement?.closest('.panel')?.getAttribute('aria-label'))).toBe(seen.at(-1))
})

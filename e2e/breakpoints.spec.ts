import { AxeBuilder } from '@axe-core/playwright'
import { expect, RENAME_TASK, test } from './journey'
import type { KeyframeWindow } from './keyframe-window'

interface Frame {
  readonly n: number
  readonly branchId: string
  readonly kind: string
  readonly checkpoint: unknown
  readonly payload: { readonly tool?: string; readonly by?: string; readonly sideEffects?: { readonly files: readonly unknown[] } }
}

async function axe(window: KeyframeWindow): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page: window.page })
    .include('.panel[aria-label="Breakpoints"]')
    .include('.panel[aria-label="Timeline"]')
    .analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id} ${node.target.join(' ')}: ${node.failureSummary ?? ''}`))
}

test('a live run stops at a breakpoint, steps, goes on, and the breakpoint is kept', async ({ workspace, window }) => {
  const { page } = window
  const served = await workspace.serve()
  await window.open(served.address)

  await window.press('Shift+F9')
  const panel = window.panel('Breakpoints')
  await expect(panel).toContainText('A breakpoint stops a run at its next tick')
  await window.tabTo(panel.getByRole('button', { name: 'Add a breakpoint' }))
  await window.press('Enter')
  await expect(panel.getByRole('combobox', { name: 'Stop at' })).toBeFocused()
  await window.press('Tab')
  await expect(panel.getByRole('textbox', { name: /^Tool/ })).toBeFocused()
  await window.press('Enter')
  await expect(panel.getByRole('alert')).toContainText('condition')
  await window.tabTo(panel.getByRole('textbox', { name: /^Tool/ }), 'Shift+Tab')
  await page.keyboard.type('*')
  await window.press('Enter')
  await expect(panel.getByRole('checkbox', { name: 'Breakpoint call of *' })).toBeChecked()

  await window.startRun(RENAME_TASK)
  const strip = page.getByRole('status', { name: 'Stopped at a breakpoint' })
  await expect(strip).toContainText(/at breakpoint “call of \*”, frame \d+/)
  await expect(window.told).toContainText('Run paused.')
  const stoppedAt = async (): Promise<number> => Number(/frame (\d+)/.exec((await strip.textContent()) ?? '')?.[1])
  const first = await stoppedAt()
  await window.press('F5')
  await expect.poll(stoppedAt).toBeGreaterThan(first)
  const second = await stoppedAt()
  await window.press('F10')
  await expect.poll(async () => (await window.position()).of).toBeGreaterThan(second + 1)
  await expect(window.told).toContainText('Run paused.')

  await window.press('Shift+F9')
  await window.tabTo(panel.getByRole('checkbox', { name: 'Breakpoint call of *' }))
  await window.press('Space')
  await expect(panel.getByRole('checkbox', { name: 'Breakpoint call of *' })).not.toBeChecked()
  await window.press('F5')
  await expect(strip).toBeHidden()
  await expect(window.told).toContainText('1 question waiting')

  const again = await workspace.json<Frame[]>('frames', '--repo', workspace.repo)
  expect(again.filter((frame) => frame.kind === 'control' && frame.payload.by === 'breakpoint').length).toBeGreaterThanOrEqual(2)
  await page.reload()
  await window.press('Shift+F9')
  await expect(panel.getByRole('checkbox', { name: 'Breakpoint call of *' })).not.toBeChecked()
})

test('a finished run is stepped through, searched, marked and watched by keyboard', async ({ finished }) => {
  const { window, workspace, runId } = finished
  const { page } = window
  const frames = await workspace.json<Frame[]>('frames', '--repo', workspace.repo, '--run', runId)
  const main = frames.filter((frame) => frame.branchId === 'b0')
  const at = async (n: number | undefined): Promise<void> => {
    await expect.poll(async () => (await window.position()).n).toBe(n)
  }

  // Stepping.
  await window.focusTimeline()
  await window.press('Home')
  await at(1)
  const calls = main.filter((frame) => frame.kind === 'tool.intent').map((frame) => frame.n)
  await window.press('t')
  await at(calls[0])
  await window.press('t')
  await at(calls[1])
  await window.press('Shift+T')
  await at(calls[0])
  await window.press('n')
  await at(calls[1])
  const keyframe = main.find((frame) => frame.checkpoint !== null && frame.n > (calls[1] ?? 0))
  await window.press('k')
  await at(keyframe?.n)
  await window.press('Home', 'd')
  await at(main.find((frame) => frame.kind === 'decision')?.n)
  await window.press('h')
  await at(main.find((frame) => frame.kind === 'human.answer')?.n)
  const timelineSays = page.getByRole('status', { name: 'Timeline', exact: true })
  await window.press('m')
  await expect(timelineSays).toContainText(/No model call after frame \d+/)

  // A breakpoint on a run that is over: its hits can be gone to.
  await window.press('Home', 't', 'F9')
  await expect(timelineSays).toContainText('Breakpoint set: call of')
  const tool = frames.find((frame) => frame.n === calls[0])?.payload.tool ?? ''
  const same = main.filter((frame) => frame.kind === 'tool.intent' && frame.payload.tool === tool).map((frame) => frame.n)
  await window.press('Home', 'x')
  await at(same[0])

  // Search.
  await window.focusTimeline()
  await window.press('/')
  const search = page.getByRole('searchbox', { name: 'Find frames' })
  await expect(search).toBeFocused()
  await page.keyboard.type('verdict')
  const verdicts = frames.filter((frame) => frame.kind === 'judge.verdict').map((frame) => frame.n)
  await expect(page.getByRole('status', { name: 'Frames found' })).toContainText(String(verdicts.length))
  await window.press('Enter')
  await at(verdicts[0])
  await expect(page.getByRole('status', { name: 'Frames found' })).toHaveText(`1 of ${verdicts.length}`)
  await window.press('Enter')
  await at(verdicts[1])

  // The menu of the selected frame.
  await window.focusTimeline()
  await window.press('Shift+F10')
  const menu = page.getByRole('menu')
  await expect(menu.getByRole('menuitem')).toHaveText([
    `Go to frame ${verdicts[1]}`,
    /^Compare with this frame/,
    'Fork from here',
    'Restore to here',
    'Mark',
    'Breakpoint on judge.verdict',
  ])
  await window.press('Escape')
  await expect(menu).toBeHidden()

  // A mark with a note.
  await window.focusTimeline()
  await window.press('Ctrl+Alt+M')
  const dialog = page.getByRole('dialog', { name: `Mark frame ${verdicts[1]}` })
  await expect(dialog.getByRole('textbox', { name: 'Name' })).toBeFocused()
  await page.keyboard.type('second verdict')
  await window.press('Tab')
  await page.keyboard.type('all checks passed here')
  await window.press('Tab', 'ArrowRight')
  await expect(dialog.getByRole('radio', { name: 'star' })).toBeChecked()
  await window.press('Enter')
  await expect(dialog).toBeHidden()

  // Watches and the list of all of it.
  await window.press('Shift+F9')
  const panel = window.panel('Breakpoints')
  await expect(panel.getByRole('button', { name: /second verdict/ })).toContainText('all checks passed here')
  const watch = async (kind: number, text: string): Promise<void> => {
    await window.tabTo(panel.getByRole('button', { name: 'Add a watch' }))
    await window.press('Enter')
    for (let presses = 0; presses < kind; presses += 1) await window.press('ArrowDown')
    await window.press('Tab')
    await page.keyboard.type(text)
    await window.press('Enter')
    await expect(panel.getByRole('rowheader', { name: `${text} ` })).toBeVisible()
  }
  await watch(0, 'src/billing/discount.ts')
  await watch(2, 'state')
  const row = panel.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'src/billing/discount.ts' }) })
  await expect(row).toContainText(/[0-9a-f]{10}/)
  const change = row.getByRole('button', { name: /changed at this frame/ }).first()
  const changedAt = Number((await change.textContent()) ?? '')
  await window.tabTo(change)
  await window.press('Enter')
  await at(changedAt)
  await expect(change).toHaveAttribute('aria-current', 'true')

  for (const theme of ['light', 'dark']) {
    await window.command(`Theme: ${theme}`)
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme)
    expect(await axe(window)).toEqual([])
  }

  // What was written is there in the next window; then it is taken away again.
  await page.reload()
  await window.press('Shift+F9')
  await expect(panel.getByRole('button', { name: /second verdict/ })).toBeVisible()
  await expect(panel.getByRole('rowheader', { name: 'src/billing/discount.ts' })).toBeVisible()
  await window.focusTimeline()
  await window.press('Home', 't', 'F9')
  await expect(timelineSays).toContainText('Breakpoint removed')
})

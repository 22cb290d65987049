import { expect, type Locator, type Page } from '@playwright/test'

const TAB_AT_MOST = 60

/** The window in a page, as a person with a keyboard uses it. */
export class KeyframeWindow {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  async open(address: string): Promise<void> {
    await this.page.goto(address)
    await expect(this.status).toContainText('connected')
    await expect(this.panel('Agent')).toBeVisible()
  }

  /** A chord in the window's own writing, such as `Ctrl+Shift+T`. */
  async press(...chords: string[]): Promise<void> {
    for (const chord of chords) await this.page.keyboard.press(chord.replace('Ctrl', 'Control'))
  }

  /** Runs a command by its title through the palette. */
  async command(title: string): Promise<void> {
    await this.press('Ctrl+Shift+P')
    const palette = this.page.getByRole('dialog', { name: 'Commands' })
    await palette.getByRole('combobox').fill(title)
    await expect(palette.getByRole('option', { selected: true })).toContainText(title)
    await this.press('Enter')
    await expect(palette).toBeHidden()
  }

  async goToFile(path: string): Promise<void> {
    await this.press('Ctrl+P')
    const palette = this.page.getByRole('dialog', { name: 'Go to file' })
    await palette.getByRole('combobox').fill(path)
    await expect(palette.getByRole('option', { selected: true })).toContainText(path)
    await this.press('Enter')
    await expect(palette).toBeHidden()
  }

  /** Tab until the element (or something in it) has the focus. */
  async tabTo(target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
    for (let presses = 0; presses < TAB_AT_MOST; presses += 1) {
      if (await target.evaluate((element) => element.contains(document.activeElement))) return
      await this.press(key)
    }
    throw new Error(`${TAB_AT_MOST} times ${key} did not reach ${String(target)}`)
  }

  /** Starts a run of the Refactorer from the keyboard. */
  async startRun(task: string): Promise<void> {
    await this.press('Ctrl+Shift+N')
    await expect(this.taskField).toBeFocused()
    await expect(this.page.getByRole('list', { name: 'Examples' })).toBeVisible()
    await this.page.keyboard.type(task)
    await this.press('Enter')
    await expect(this.openTask).toHaveText(task)
  }

  /** Focuses the timeline and selects the frame that a row of its table has. */
  async focusTimeline(): Promise<void> {
    await this.press('Ctrl+Shift+T')
    await expect(this.timeline).toBeFocused()
  }

  /** The lines of the terminal's screen. It is drawn on a canvas: its screen reader mode says what is there. */
  async terminalText(): Promise<Locator> {
    const text = this.panel('Terminal').locator('.xterm-accessibility-tree')
    await expect(this.panel('Terminal').locator('.xterm-screen')).toBeVisible()
    if ((await text.count()) === 0) await this.command('Terminal: screen reader mode on or off')
    await expect(text).toBeAttached()
    return text
  }

  panel(title: string): Locator {
    return this.page.getByRole('group', { name: title, exact: true })
  }

  lane(branchId: string): Locator {
    return this.page.getByTestId(`branch-lane-${branchId}`)
  }

  get status(): Locator {
    return this.page.getByRole('contentinfo', { name: 'Status' })
  }

  get taskField(): Locator {
    return this.page.getByRole('textbox', { name: 'Task', exact: true })
  }

  get openTask(): Locator {
    return this.page.getByTestId('open-run-task')
  }

  get timeline(): Locator {
    return this.page.getByRole('slider', { name: 'Timeline' })
  }

  /** The line that says that the past is shown. */
  get pastStrip(): Locator {
    return this.page.getByRole('status').filter({ hasText: 'Back to live' })
  }

  /** What is told to screen readers: the state of the run and what waits. */
  get told(): Locator {
    return this.page.getByTestId('live-region')
  }

  /** Number of the selected frame, and how many there are. */
  async position(): Promise<{ readonly n: number; readonly of: number }> {
    const [n, of] = ((await this.page.getByTestId('frame-position').textContent()) ?? '').match(/\d+/g) ?? []
    return { n: Number(n), of: Number(of) }
  }
}

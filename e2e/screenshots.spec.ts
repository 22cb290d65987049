import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from './journey'
import type { KeyframeWindow } from './keyframe-window'

const FOLDER = join(import.meta.dirname, '..', 'test-results', 'screenshots')
const README_PICTURE = join(import.meta.dirname, '..', 'resources', 'keyframe.png')
const SIZES = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
]

async function showBranch(window: KeyframeWindow): Promise<void> {
  await window.lane('b2').click()
  await expect(window.lane('b2')).toHaveAttribute('aria-checked', 'true')
}

const VIEWS: readonly { readonly name: string; readonly show: (window: KeyframeWindow) => Promise<void> }[] = [
  { name: 'context', show: (window) => window.command('Show context') },
  {
    name: 'past',
    show: async (window) => {
      await window.focusTimeline()
      for (let step = 0; step < 12; step += 1) await window.press('ArrowLeft')
      await expect(window.pastStrip).toBeVisible()
    },
  },
  {
    name: 'frame',
    show: async (window) => {
      await window.command('Show frame')
      await expect(window.panel('Frame')).toBeVisible()
    },
  },
  {
    name: 'table',
    show: async (window) => {
      await window.panel('Timeline').getByRole('button', { name: 'Show as table' }).click()
      await expect(window.page.getByRole('grid', { name: 'Frames' })).toBeVisible()
    },
  },
  {
    name: 'back-live',
    show: async (window) => {
      await window.panel('Timeline').getByRole('button', { name: 'Show as timeline' }).click()
      await window.focusTimeline()
      await window.press('End')
    },
  },
  {
    name: 'files-editor',
    show: async (window) => {
      await window.command('Show files')
      await window.goToFile('src/billing/calculate-total.ts')
      await expect(window.panel('Editor').locator('.view-lines')).toContainText('PricedLine')
    },
  },
  {
    name: 'changes',
    show: async (window) => {
      await window.press('Ctrl+Shift+D')
      await expect(window.panel('Changes').locator('.editor.modified .view-lines').last()).toContainText('discountFor')
    },
  },
  { name: 'problems', show: (window) => window.command('Show problems') },
  {
    name: 'terminal',
    show: async (window) => {
      await window.command('Show terminal')
      await expect(window.panel('Terminal').locator('.xterm-screen')).toBeVisible()
    },
  },
  {
    name: 'graph',
    show: async (window) => {
      await window.press('Ctrl+Shift+G')
      const field = window.panel('Knowledge graph').getByRole('combobox', { name: 'Find a symbol' })
      await field.fill('calculateInvoiceTotal')
      await expect(window.page.getByRole('option', { selected: true }).filter({ hasText: 'calculate-total.ts' })).toBeVisible()
      await window.press('Enter')
      await expect(window.panel('Knowledge graph').locator('.symbol-node').filter({ hasText: 'taxRateFor' }).first()).toBeVisible()
    },
  },
  { name: 'inbox', show: (window) => window.command('Show inbox') },
  {
    name: 'runs-replay',
    show: async (window) => {
      await window.command('Show runs')
      await window.command('Show replay')
    },
  },
  { name: 'settings', show: (window) => window.command('Show settings') },
  {
    name: 'palette',
    show: async (window) => {
      await window.press('Ctrl+Shift+P')
      await expect(window.page.getByRole('dialog', { name: 'Commands' })).toBeVisible()
    },
  },
]

for (const theme of ['light', 'dark'] as const) {
  for (const size of SIZES) {
    test(`pictures of each view, ${theme}, ${size.width} by ${size.height}`, async ({ finished }) => {
      test.skip(process.env['KEYFRAME_SCREENSHOTS'] !== '1', 'made on request: KEYFRAME_SCREENSHOTS=1')
      const { window } = finished
      mkdirSync(FOLDER, { recursive: true })
      await window.page.setViewportSize(size)
      await window.command('Reset the layout')
      await window.command(`Theme: ${theme}`)
      await showBranch(window)
      for (const { name, show } of VIEWS) {
        await show(window)
        await expect(window.page.getByRole('status', { name: 'Loading' })).toHaveCount(0)
        await window.page.screenshot({ path: join(FOLDER, `${name}-${theme}-${size.width}.png`), animations: 'disabled' })
      }
    })
  }
}

test("the README's picture", async ({ finished }) => {
  test.skip(process.env['KEYFRAME_README'] !== '1', 'made on request: KEYFRAME_README=1')
  const { window } = finished
  await window.page.setViewportSize({ width: 1440, height: 900 })
  await window.command('Reset the layout')
  await window.command('Theme: dark')
  await showBranch(window)
  await window.command('Show files')
  await window.press('Ctrl+Shift+D')
  const changes = window.panel('Changes')
  await changes.getByRole('option', { name: /calculate-total\.ts/ }).click()
  await changes.getByRole('button', { name: 'Inline' }).click()
  await expect(changes.locator('.editor.modified .view-lines').last()).toContainText('discountFor')
  // The context beside the terminal, so that both can be seen.
  const bottom = window.panel('Terminal')
  const { width, height } = (await bottom.boundingBox()) ?? { width: 0, height: 0 }
  await window.page.getByRole('tab', { name: 'Context' }).dragTo(bottom, { targetPosition: { x: width - 40, y: height / 2 } })
  await expect(window.panel('Context')).toBeVisible()
  await expect(bottom.locator('.xterm-screen')).toBeVisible()
  await window.focusTimeline()
  await window.page.screenshot({ path: README_PICTURE, animations: 'disabled' })
})

import { createStore, type StoreApi } from 'zustand/vanilla'
import { z } from 'zod'
import type { KernelLink } from './kernel-link'
import { KeymapOverrides } from './keymap'

export const ThemeChoice = z.enum(['system', 'light', 'dark', 'contrast-light', 'contrast-dark'])
export type ThemeChoice = z.infer<typeof ThemeChoice>

const Approval = z.enum(['ask', 'yes', 'deny'])

/** What the window remembers per workspace, besides the layout. */
export const WindowSettings = z.object({
  theme: ThemeChoice.default('system'),
  keymap: KeymapOverrides.default({}),
  agent: z.string().nullable().default(null),
  approval: Approval.default('ask'),
  forks: z.number().int().min(1).max(8).default(3),
})
export type WindowSettings = z.infer<typeof WindowSettings>

export interface SettingsStore {
  readonly store: StoreApi<WindowSettings>
  load(): Promise<void>
  change(part: Partial<WindowSettings>): void
}

const KEY = 'settings'

export function createSettingsStore(link: KernelLink, onFailure: (thrown: unknown) => void): SettingsStore {
  const store = createStore<WindowSettings>(() => WindowSettings.parse({}))
  return {
    store,
    async load() {
      const { value } = await link.call('ui.get', { key: KEY })
      if (value === null) return
      const parsed = WindowSettings.safeParse(parseJson(value))
      if (parsed.success) store.setState(parsed.data)
      else
        onFailure(new Error(`The window's settings could not be read and the defaults are used: ${parsed.error.issues[0]?.message ?? ''}`))
    },
    change(part) {
      store.setState(part)
      link.call('ui.set', { key: KEY, value: JSON.stringify(store.getState()) }).catch(onFailure)
    },
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}

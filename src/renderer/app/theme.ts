import { useEffect } from 'react'
import { useStore } from 'zustand'
import type { ThemeChoice } from './settings-store'
import { useWindow } from './window-context'

export type Theme = 'light' | 'dark' | 'contrast-light' | 'contrast-dark'

/** The theme to show; `system` follows what the desktop asks for, contrast included. */
export function resolveTheme(choice: ThemeChoice, system: { readonly dark: boolean; readonly contrast: boolean }): Theme {
  if (choice !== 'system') return choice
  if (system.contrast) return system.dark ? 'contrast-dark' : 'contrast-light'
  return system.dark ? 'dark' : 'light'
}

const DARK = '(prefers-color-scheme: dark)'
const CONTRAST = '(prefers-contrast: more)'

/** Sets `data-theme` on the document and tells canvases to draw again (`themechange` on the window). */
export function useTheme(): void {
  const { settings } = useWindow()
  const choice = useStore(settings.store, (state) => state.theme)
  useEffect(() => {
    const queries = [matchMedia(DARK), matchMedia(CONTRAST)]
    const apply = (): void => {
      document.documentElement.dataset['theme'] = resolveTheme(choice, {
        dark: matchMedia(DARK).matches,
        contrast: matchMedia(CONTRAST).matches,
      })
      window.dispatchEvent(new Event('themechange'))
    }
    apply()
    for (const query of queries) query.addEventListener('change', apply)
    return () => {
      for (const query of queries) query.removeEventListener('change', apply)
    }
  }, [choice])
}

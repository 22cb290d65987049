import { useEffect } from 'react'
import { chordOf } from './keymap'
import { useWindow } from './window-context'

/** Places whose own use of a key comes first. */
const TYPING = 'input, textarea, select, [contenteditable="true"], .monaco-editor, .xterm'
const COMPOSITE = '[role="listbox"], [role="tree"], [role="grid"], [role="menu"], [role="tablist"], [role="radiogroup"], [role="slider"]'
const COVERING = '[role="dialog"], [role="alertdialog"], [role="menu"], .monaco-editor, .xterm'

/** Runs the command of each chord, with the keymap of the user. */
export function useKeys(): void {
  const { commands, settings } = useWindow()
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing) return
      const chord = chordOf(event)
      if (chord === null) return
      const command = commands.find(chord, settings.store.getState().keymap)
      if (command === undefined || command.enabled?.() === false) return
      const target = event.target instanceof Element ? event.target : null
      if (chord === 'Escape' && target?.closest(COVERING) != null) return
      if (command.reach === 'free' && (target?.closest(TYPING) != null || target?.closest(COMPOSITE) != null)) return
      event.preventDefault()
      event.stopPropagation()
      commands.run(command.id)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [commands, settings])
}

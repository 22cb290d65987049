import { chordOf } from '../../app/keymap'
import type { WindowModel } from '../../app/window-model'

/**
 * The editor library has keys of its own for what the window does (files, commands, stepping). Inside an editor the window's come
 * first, but for those that act on the editor itself. Returns the function that stops it.
 */
export function preferWindowKeys(host: HTMLElement, model: WindowModel): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.isComposing) return
    const chord = chordOf(event)
    if (chord === null || chord === 'Escape') return
    const command = model.commands.find(chord, model.settings.store.getState().keymap)
    if (command === undefined || command.reach === 'free' || command.id.startsWith('editor.') || command.enabled?.() === false) return
    event.preventDefault()
    event.stopPropagation()
    model.commands.run(command.id)
  }
  host.addEventListener('keydown', onKey, { capture: true })
  return () => host.removeEventListener('keydown', onKey, { capture: true })
}

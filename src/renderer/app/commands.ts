import { createStore, type StoreApi } from 'zustand/vanilla'
import { type KeymapOverrides, parseChord, resolveKeymap } from './keymap'

export interface Command {
  /** `area.action`, such as `run.step`. */
  readonly id: string
  readonly title: string
  readonly key?: string
  /**
   * `everywhere`: also while text is typed. `free`: only while the focus is not in a text field, list, tree, editor or
   * terminal, which have their own use for the key.
   */
  readonly reach: 'everywhere' | 'free'
  readonly enabled?: () => boolean
  readonly run: () => void | Promise<void>
}

export interface CommandRegistry {
  readonly store: StoreApi<{ readonly commands: readonly Command[] }>
  register(commands: readonly Command[]): () => void
  /** Runs the command if it is enabled; a failure becomes a notice. */
  run(id: string): void
  /** The command of a chord under the keymap of the user; undefined when the chord is free. */
  find(chord: string, overrides: KeymapOverrides): Command | undefined
  keyOf(command: Command, overrides: KeymapOverrides): string | null
}

export function createCommandRegistry(onFailure: (thrown: unknown) => void): CommandRegistry {
  const store = createStore<{ readonly commands: readonly Command[] }>(() => ({ commands: [] }))
  let resolved: { readonly of: readonly Command[]; readonly overrides: KeymapOverrides; readonly chords: Map<string, string> } | null = null

  return {
    store,
    register(commands) {
      const ids = new Set(commands.map((command) => command.id))
      store.setState((state) => ({ commands: [...state.commands.filter((command) => !ids.has(command.id)), ...commands] }))
      return () => store.setState((state) => ({ commands: state.commands.filter((command) => !commands.includes(command)) }))
    },
    run(id) {
      const command = store.getState().commands.find((candidate) => candidate.id === id)
      if (command === undefined || command.enabled?.() === false) return
      try {
        void Promise.resolve(command.run()).catch(onFailure)
      } catch (thrown) {
        onFailure(thrown)
      }
    },
    find(chord, overrides) {
      const { commands } = store.getState()
      if (resolved?.of !== commands || resolved.overrides !== overrides) {
        resolved = { of: commands, overrides, chords: resolveKeymap(commands, overrides) }
      }
      const id = resolved.chords.get(chord)
      return commands.find((command) => command.id === id)
    },
    keyOf(command, overrides) {
      const own = overrides[command.id]
      if (own === null) return null
      const key = own ?? command.key
      return key === undefined ? null : parseChord(key)
    },
  }
}

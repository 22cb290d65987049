import { Dialog } from '@base-ui/react/dialog'
import { Command } from 'cmdk'
import { useMemo, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { NO_DIALOG } from './dialog-state'
import { useKernelQuery, usePoint, useWindow } from './window-context'

const FILES_SHOWN = 60

/** One field for everything that can be done and every file of the selected frame. */
export function Palette() {
  const model = useWindow()
  const dialog = useStore(model.dialog)
  const open = dialog.kind === 'palette'
  const chosen = useRef<(() => void) | null>(null)
  const choose = (action: () => void): void => {
    chosen.current = action
    model.dialog.setState(NO_DIALOG, true)
  }
  return (
    <Dialog.Root
      open={open}
      onOpenChange={(next) => {
        if (!next) model.dialog.setState(NO_DIALOG, true)
      }}
      // A closing dialog gives the focus back to where it was; what was chosen may then move it on.
      onOpenChangeComplete={(opened) => {
        if (opened) return
        const action = chosen.current
        chosen.current = null
        action?.()
      }}
    >
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="popup palette" aria-label={open && dialog.mode === 'files' ? 'Go to file' : 'Commands'}>
          {open && (dialog.mode === 'files' ? <FileList choose={choose} /> : <CommandList choose={choose} />)}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

interface ListProps {
  /** Closes the palette, then does it. */
  readonly choose: (action: () => void) => void
}

function CommandList({ choose }: ListProps) {
  const model = useWindow()
  const commands = useStore(model.commands.store, (state) => state.commands)
  const keymap = useStore(model.settings.store, (state) => state.keymap)
  const usable = commands.filter((command) => command.id !== 'window.palette' && command.enabled?.() !== false)
  return (
    <Command label="Commands" loop>
      <Command.Input placeholder="Type a command" />
      <Command.List>
        <Command.Empty>No command has this name.</Command.Empty>
        {usable.map((command) => (
          <Command.Item
            key={command.id}
            value={`${command.title} ${command.id}`}
            onSelect={() => choose(() => model.commands.run(command.id))}
          >
            <span className="clip">{command.title}</span>
            <span className="kbd">{model.commands.keyOf(command, keymap)}</span>
          </Command.Item>
        ))}
      </Command.List>
    </Command>
  )
}

function FileList({ choose }: ListProps) {
  const model = useWindow()
  const point = usePoint()
  const [text, setText] = useState('')
  const tree = useKernelQuery(point === null ? null : `${point.runId} ${point.branchId} ${point.n}`, async (link, signal) =>
    point === null ? [] : link.call('files.tree', point, { signal }),
  )
  const matches = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean)
    const found = (tree.value ?? []).filter(
      (entry) => entry.type === 'file' && words.every((word) => entry.path.toLowerCase().includes(word)),
    )
    return found.toSorted((a, b) => a.path.length - b.path.length).slice(0, FILES_SHOWN)
  }, [tree.value, text])
  return (
    <Command label="Go to file" shouldFilter={false} loop>
      <Command.Input placeholder="Type a part of a path" value={text} onValueChange={setText} />
      <Command.List>
        <Command.Empty>
          {point === null
            ? 'Open a run first: files are shown as of a frame.'
            : tree.status === 'loading'
              ? 'Reading the tree'
              : (tree.failure?.message ?? 'No file matches.')}
        </Command.Empty>
        {matches.map((entry) => (
          <Command.Item key={entry.path} value={entry.path} onSelect={() => choose(() => model.showFile(entry.path, null))}>
            <span className="mono clip">{entry.path}</span>
            {entry.status !== 'same' && <span className="kbd">{entry.status}</span>}
          </Command.Item>
        ))}
      </Command.List>
    </Command>
  )
}

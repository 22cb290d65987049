import { type CSSProperties, type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { createPortal } from 'react-dom'
import type { GraphNode } from '../../../shared/graph'
import { useStore } from 'zustand'
import { useKernelQuery, usePoint } from '../../app/window-context'
import { graph } from './graph-store'
import { shortPath } from './layout-input'
import { KindIcon } from '../../components/kind-icon'

const FOUND_AT_MOST = 30
const ASK_AFTER_MS = 120

interface Props {
  readonly label: string
  readonly placeholder: string
  readonly value: GraphNode | null
  /** Takes the focus when the panel is opened. */
  readonly first?: boolean
  readonly onPick: (node: GraphNode) => void
}

/** A field that finds symbols by name, qualified name or file. */
export function SymbolPicker({ label, placeholder, value, first = false, onPick }: Props) {
  const [text, setText] = useState(value?.name ?? '')
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(0)
  const query = useDebounced(open ? text.trim() : '')
  const point = usePoint()
  const asOf = useStore(graph, (state) => state.asOf)
  const at = asOf === 'now' ? null : point
  const found = useKernelQuery(query === '' ? null : JSON.stringify([query, at]), (link, signal) =>
    link.call('graph.find', { query, limit: FOUND_AT_MOST, at }, { signal }),
  )
  const nodes = query === '' ? [] : (found.value ?? [])
  const list = useRef<HTMLUListElement>(null)
  const field = useRef<HTMLInputElement>(null)
  const id = useId()

  useEffect(() => setText(value?.name ?? ''), [value])
  useEffect(() => setActive(0), [found.value])
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [active])

  function pick(node: GraphNode): void {
    setOpen(false)
    setText(node.name)
    onPick(node)
  }

  function onKeyDown(event: KeyboardEvent): void {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (by !== undefined) {
      event.preventDefault()
      setOpen(true)
      setActive((at) => Math.max(0, Math.min(nodes.length - 1, at + by)))
    }
    const node = nodes[active]
    if (event.key === 'Enter' && open && node !== undefined) {
      event.preventDefault()
      pick(node)
    }
    if (event.key === 'Escape' && open) {
      event.preventDefault()
      event.stopPropagation()
      setOpen(false)
    }
  }

  const showList = open && query !== ''
  return (
    <div className="graph-picker">
      <input
        ref={field}
        className="field"
        role="combobox"
        aria-label={label}
        aria-expanded={showList}
        aria-controls={id}
        aria-activedescendant={showList && nodes.length > 0 ? `${id}-${active}` : undefined}
        aria-autocomplete="list"
        placeholder={placeholder}
        spellCheck={false}
        data-autofocus={first ? '' : undefined}
        value={text}
        onFocus={(event) => event.target.select()}
        onChange={(event) => {
          setText(event.target.value)
          setOpen(true)
        }}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      {showList &&
        createPortal(
          <ul id={id} ref={list} style={below(field.current)} role="listbox" aria-label={`${label}: found`} className="popup graph-found">
            {nodes.map((node, index) => (
              <li
                key={node.id}
                id={`${id}-${index}`}
                role="option"
                aria-selected={index === active}
                // The field would lose the focus, and with it the list, before a click.
                onPointerDown={(event) => event.preventDefault()}
                onClick={() => pick(node)}
                onPointerMove={() => setActive(index)}
              >
                <KindIcon kind={node.kind} />
                <span className="mono clip">{qualifiedName(node)}</span>
                <span className="faint clip graph-place">
                  {shortPath(node.path)}:{node.nameLine}
                </span>
              </li>
            ))}
            {nodes.length === 0 && (
              <li className="muted graph-none" role="status">
                {found.status === 'ready' ? `No symbol or file is named like "${query}"` : (found.failure?.message ?? 'Looking')}
              </li>
            )}
          </ul>,
          document.body,
        )}
    </div>
  )
}

/** `Invoice.total` of `src/billing/invoice.ts#Invoice.total`. */
export function qualifiedName(node: GraphNode): string {
  const at = node.id.indexOf('#')
  return at === -1 ? node.name : node.id.slice(at + 1)
}

function useDebounced(text: string): string {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), ASK_AFTER_MS)
    return () => clearTimeout(timer)
  }, [text])
  return text === '' ? '' : settled
}

/** The panel cuts off what hangs out of it, so that the list is placed in the window. */
function below(field: HTMLElement | null): CSSProperties {
  const box = field?.getBoundingClientRect()
  if (box === undefined) return {}
  return { top: box.bottom + 4, left: box.left, minWidth: box.width, maxHeight: Math.max(120, window.innerHeight - box.bottom - 16) }
}

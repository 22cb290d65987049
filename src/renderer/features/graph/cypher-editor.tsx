import { type CSSProperties, type KeyboardEvent, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { useStore } from 'zustand'
import type { Failure } from '../../../shared/failure'
import type { GraphSummary } from '../../../shared/graph'
import type { Point } from '../../app/window-model'
import { useKernelQuery } from '../../app/window-context'
import { CompletionList, type Offer } from './completion-list'
import { completionPlace, completionsAt, offsetOf, partsOf } from './cypher-text'
import { shortPath } from './layout-input'
import { queryHistory } from './query-history'

const NAMES_AT_MOST = 20

interface Props {
  readonly text: string
  readonly failure: Failure | null
  readonly summary: GraphSummary | null
  readonly at: Point | null
  readonly onChange: (text: string) => void
  readonly onRun: () => void
}

interface Writing {
  readonly caret: number
  /** Completions are shown: while a word is typed, or when asked for. */
  readonly open: boolean
  readonly active: number
}

/** Cypher with colours, completion and mistakes at their place. It is a plain text field that a coloured copy lies under. */
export function CypherEditor({ text, failure, summary, at, onChange, onRun }: Props) {
  const field = useRef<HTMLTextAreaElement>(null)
  const copy = useRef<HTMLPreElement>(null)
  const [writing, setWriting] = useState<Writing>({ caret: text.length, open: false, active: 0 })
  const [recalled, setRecalled] = useState(-1)
  const history = useStore(queryHistory, (state) => state.queries)
  const nextCaret = useRef<number | null>(null)
  const id = useId()
  const [place, setPlace] = useState<CSSProperties>({})

  const spot = useMemo(() => completionPlace(text, writing.caret), [text, writing.caret])
  const wantsNames = writing.open && spot.wants === 'name' && spot.word !== ''
  const found = useKernelQuery(wantsNames ? JSON.stringify([spot.word, at]) : null, (link, signal) =>
    link.call('graph.find', { query: spot.word, limit: NAMES_AT_MOST, at }, { signal }),
  )
  const offers = useMemo((): Offer[] => {
    if (!writing.open) return []
    if (!wantsNames) return completionsAt(spot, text, summary)
    const names = new Map((found.value ?? []).map((node) => [`${node.kind} ${node.name} ${node.path}`, node]))
    return [...names.values()].map((node) => ({ text: node.name, detail: `${shortPath(node.path)}:${node.nameLine}`, kind: 'name', node }))
  }, [writing.open, wantsNames, spot, text, summary, found.value])
  const active = Math.min(writing.active, offers.length - 1)
  const isOpen = offers.length > 0

  const mistake = mistakeAt(failure)
  const mistakeOffset = mistake === null ? null : offsetOf(text, mistake.line, mistake.column)

  // A field that is controlled puts its caret at the end: it is put back to where the completion ended.
  useLayoutEffect(() => {
    if (nextCaret.current === null) return
    field.current?.setSelectionRange(nextCaret.current, nextCaret.current)
    nextCaret.current = null
  }, [text])
  useLayoutEffect(() => {
    const box = copy.current?.querySelector('[data-caret]')?.getBoundingClientRect()
    if (!isOpen || box === undefined) return
    setPlace({ top: box.bottom + 4, left: box.left - 8, maxHeight: Math.min(260, Math.max(96, window.innerHeight - box.bottom - 16)) })
  }, [isOpen, spot.start, text])
  useEffect(() => setWriting((state) => (state.active === 0 ? state : { ...state, active: 0 })), [spot.start, spot.word])

  function change(value: string, caret: number, open: boolean): void {
    setWriting({ caret, open, active: 0 })
    setRecalled(-1)
    onChange(value)
  }

  function pick(offer: Offer): void {
    const end = writing.caret
    const closing = offer.kind === 'name' && !/^["']/.test(text.slice(end)) ? '"' : ''
    const value = `${text.slice(0, spot.start)}${offer.text}${closing}${text.slice(end)}`
    const caret = spot.start + offer.text.length + closing.length
    nextCaret.current = caret
    change(value, caret, false)
  }

  function recall(by: 1 | -1): boolean {
    const next = recalled + by
    const query = history[next]
    if (query === undefined) return false
    nextCaret.current = query.length
    onChange(query)
    setWriting({ caret: query.length, open: false, active: 0 })
    setRecalled(next)
    return true
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void {
    if (event.nativeEvent.isComposing) return
    const { key, ctrlKey, metaKey, altKey } = event
    const offer = offers[active]
    let handled = true
    if (key === 'Enter' && (ctrlKey || metaKey)) {
      setWriting((state) => ({ ...state, open: false }))
      onRun()
    } else if (key === ' ' && ctrlKey) setWriting((state) => ({ ...state, open: true }))
    else if (altKey && key === 'ArrowUp') handled = recall(1)
    else if (altKey && key === 'ArrowDown') handled = recall(-1)
    else if (isOpen && key === 'ArrowDown') setWriting((state) => ({ ...state, active: Math.min(offers.length - 1, active + 1) }))
    else if (isOpen && key === 'ArrowUp') setWriting((state) => ({ ...state, active: Math.max(0, active - 1) }))
    else if (isOpen && (key === 'Enter' || key === 'Tab') && offer !== undefined) pick(offer)
    else if (isOpen && key === 'Escape') setWriting((state) => ({ ...state, open: false }))
    else handled = false
    if (!handled) return
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <div className="cypher" data-failed={mistake !== null}>
      <div className="cypher-text">
        <pre ref={copy} aria-hidden className="cypher-copy">
          <Coloured text={text} caret={isOpen ? spot.start : null} mistake={mistakeOffset} />
          {/* A last empty line has a height only when something follows it. */}
          {'\n'}
        </pre>
        <textarea
          ref={field}
          className="cypher-field"
          aria-label="Cypher query"
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls={isOpen ? id : undefined}
          aria-activedescendant={isOpen ? `${id}-${active}` : undefined}
          aria-invalid={mistake !== null}
          aria-describedby={mistake === null ? undefined : `${id}-mistake`}
          placeholder="MATCH (a)-[:CALLS]->(b) RETURN a, b"
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          data-autofocus
          rows={1}
          value={text}
          onChange={(event) => {
            const { value, selectionStart } = event.target
            change(value, selectionStart, value.length >= text.length)
          }}
          onSelect={(event) => {
            const caret = event.currentTarget.selectionStart
            if (caret !== writing.caret) setWriting((state) => ({ ...state, caret, open: false }))
          }}
          onBlur={() => setWriting((state) => ({ ...state, open: false }))}
          onKeyDown={onKeyDown}
        />
      </div>
      {failure !== null && mistake !== null && (
        <p id={`${id}-mistake`} className="cypher-mistake" role="alert">
          <button
            type="button"
            className="link"
            onClick={() => {
              field.current?.focus()
              field.current?.setSelectionRange(mistakeOffset ?? 0, mistakeOffset ?? 0)
            }}
          >
            {failure.message}
          </button>{' '}
          <span className="muted">{failure.action}</span>
        </p>
      )}
      {isOpen && (
        <CompletionList
          id={id}
          offers={offers}
          active={active}
          place={place}
          onActive={(index) => setWriting((state) => ({ ...state, active: index }))}
          onPick={pick}
        />
      )}
    </div>
  )
}

/** Line and column of a mistake in the query; null when the failure is about something else. */
export function mistakeAt(failure: Failure | null): { readonly line: number; readonly column: number } | null {
  const { line, column } = failure?.details ?? {}
  return failure?.code.startsWith('cypher.') === true && typeof line === 'number' && typeof column === 'number' ? { line, column } : null
}

function Coloured({ text, caret, mistake }: { text: string; caret: number | null; mistake: number | null }) {
  const parts = partsOf(text)
  const isAtEnd = mistake !== null && mistake >= text.length
  return (
    <>
      {parts.map((part) => {
        const end = part.at + part.text.length
        const hasCaret = caret !== null && caret >= part.at && caret < end
        const isMistake = mistake !== null && mistake >= part.at && mistake < end
        const split = hasCaret ? caret - part.at : 0
        return (
          <span key={part.at} className={`cypher-${part.look}`} data-mistake={isMistake || undefined}>
            {hasCaret && (
              <>
                {part.text.slice(0, split)}
                <span data-caret />
              </>
            )}
            {hasCaret ? part.text.slice(split) : part.text}
          </span>
        )
      })}
      {caret !== null && caret >= text.length && <span data-caret />}
      {isAtEnd && <span data-mistake> </span>}
    </>
  )
}

import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef } from 'react'
import { cedarTokens } from './cedar-tokens'
import type { TextPlace } from './failure-place'

interface CedarEditorProps {
  readonly text: string
  readonly label: string
  /** Null: it can be read only. */
  readonly onChange: ((text: string) => void) | null
  readonly onSave?: () => void
  readonly error: { readonly place: TextPlace; readonly message: string } | null
  /** Line to bring into sight and mark; `serial` grows when it is asked for again. */
  readonly reveal: { readonly line: number; readonly serial: number } | null
}

const LINE_PX = 18

/** Cedar text with line numbers and colours: the field lies transparent over the coloured text, so that both scroll as one. */
export function CedarEditor({ text, label, onChange, onSave, error, reveal }: CedarEditorProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const lines = useMemo(() => text.split('\n').length, [text])
  const marked = error?.place.line ?? reveal?.line ?? null
  useEffect(() => {
    if (marked === null || scroller.current === null) return
    const top = (marked - 1) * LINE_PX
    const { scrollTop, clientHeight } = scroller.current
    if (top < scrollTop || top + LINE_PX * 3 > scrollTop + clientHeight) scroller.current.scrollTop = Math.max(0, top - LINE_PX * 3)
    scroller.current.closest('.cedar')?.scrollIntoView({ block: 'nearest' })
  }, [marked, reveal?.serial])

  function onKeyDown(event: KeyboardEvent): void {
    if (onSave === undefined || event.key.toLowerCase() !== 's' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey)
      return
    event.preventDefault()
    event.stopPropagation()
    onSave()
  }

  return (
    <div className="cedar" data-invalid={error !== null}>
      <div ref={scroller} className="cedar-scroll" tabIndex={onChange === null ? 0 : undefined} role="group" aria-label={label}>
        <div className="cedar-gutter" aria-hidden>
          {Array.from({ length: lines }, (_, index) => (
            <span key={index} data-mark={markOf(index + 1, error, reveal)}>
              {index + 1}
            </span>
          ))}
        </div>
        <div className="cedar-text">
          {marked !== null && (
            <div className="cedar-line" data-mark={markOf(marked, error, reveal)} style={{ top: (marked - 1) * LINE_PX }} aria-hidden />
          )}
          <pre aria-hidden={onChange !== null}>
            <Coloured text={text} />
          </pre>
          {onChange !== null && (
            <textarea
              aria-label={label}
              aria-invalid={error !== null}
              aria-describedby={error === null ? undefined : 'cedar-error'}
              spellCheck={false}
              autoCapitalize="off"
              wrap="off"
              value={text}
              onChange={(event) => onChange(event.target.value)}
              onKeyDown={onKeyDown}
            />
          )}
        </div>
      </div>
      {error !== null && (
        <p id="cedar-error" className="cedar-error danger" role="alert">
          <span className="number">
            Line {error.place.line}, column {error.place.column}
          </span>{' '}
          {error.message}
        </p>
      )}
    </div>
  )
}

function Coloured({ text }: { text: string }): ReactNode {
  const tokens = useMemo(() => cedarTokens(text), [text])
  return (
    <>
      {tokens.map((token, index) =>
        token.kind === 'plain' ? (
          token.text
        ) : (
          <span key={index} data-token={token.kind}>
            {token.text}
          </span>
        ),
      )}
      {/* The last line feed is not drawn without something after it. */}
      {'\u200b'}
    </>
  )
}

function markOf(line: number, error: CedarEditorProps['error'], reveal: CedarEditorProps['reveal']): 'error' | 'reveal' | undefined {
  if (error?.place.line === line) return 'error'
  return error === null && reveal?.line === line ? 'reveal' : undefined
}

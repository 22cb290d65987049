import { useState } from 'react'
import { count } from './format'
import './untrusted-text.css'
import { visiblePieces } from './visible-text'

const CUT_AT = 1_200
const CUT_LINES = 12
/** More than this is not laid out even when all is asked for. */
const SHOWN_AT_MOST = 200_000

/** Text of an agent or a program, in a line: never markup, nothing invisible, always read from left to right. */
export function UntrustedInline({ text, atMost = 400 }: { text: string; atMost?: number }) {
  return (
    <bdo dir="ltr" className="untrusted-inline">
      <Pieces text={text.slice(0, atMost)} />
      {text.length > atMost && <span className="faint">, {count(text.length - atMost, 'more character')}</span>}
    </bdo>
  )
}

interface UntrustedTextProps {
  readonly text: string
  /** What the text is, for assistive technology. */
  readonly label: string
  /** Characters and lines that are shown before all is asked for. */
  readonly cutAt?: number
  readonly cutLines?: number
}

/** The same as a block: long text is cut until all of it is asked for. */
export function UntrustedText({ text, label, cutAt = CUT_AT, cutLines = CUT_LINES }: UntrustedTextProps) {
  const [all, setAll] = useState(false)
  const cut = cutPlace(text, cutAt, cutLines)
  const shown = all ? text.slice(0, SHOWN_AT_MOST) : text.slice(0, cut)
  return (
    <div className="untrusted">
      <pre dir="ltr" tabIndex={0} role="group" aria-label={label}>
        <bdo dir="ltr">
          <Pieces text={shown} />
        </bdo>
      </pre>
      {cut < text.length && (
        <p className="untrusted-more">
          <button type="button" className="link" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? 'Show less' : `Show all ${count(text.length, 'character')}`}
          </button>
          {all && text.length > SHOWN_AT_MOST && <span className="warning"> The first {count(SHOWN_AT_MOST, 'character')} are shown.</span>}
        </p>
      )}
    </div>
  )
}

function Pieces({ text }: { text: string }) {
  return visiblePieces(text).map((piece, index) =>
    piece.mark === null ? (
      piece.text
    ) : (
      <span key={index} className="hidden-character" title={`${piece.mark}, ${piece.text}`}>
        {piece.text}
      </span>
    ),
  )
}

function cutPlace(text: string, cutAt: number, cutLines: number): number {
  let at = -1
  for (let line = 0; line < cutLines; line += 1) {
    at = text.indexOf('\n', at + 1)
    if (at === -1) break
  }
  return Math.min(text.length, cutAt, at === -1 ? text.length : at)
}

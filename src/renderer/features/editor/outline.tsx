import { useEffect, useState } from 'react'
import { useStore } from 'zustand'
import type { ContentHash } from '../../../shared/ids'
import { type Failure, toFailure } from '../../../shared/failure'
import { useWindow } from '../../app/window-context'
import { EmptyState, FailureView, Skeleton } from '../../components/surfaces'
import { type OutlineRow, outlineRows } from './document-symbols'
import { languageState } from './language-store'
import { askLanguageServer } from './monaco/language-session'
import { uriOf } from './monaco/models'
import { LIVE_SCHEME } from './workspace-uri'

/** The symbols of a file, as its language server sees them. */
export function Outline({ path, past, version }: { path: string; past: boolean; version: ContentHash }) {
  const model = useWindow()
  const { phase } = useStore(languageState)
  const [rows, setRows] = useState<readonly OutlineRow[] | null>(null)
  const [failure, setFailure] = useState<Failure | null>(null)
  const answers = phase === 'ready' && !past
  useEffect(() => {
    if (!answers) return
    let stale = false
    setFailure(null)
    askLanguageServer('textDocument/documentSymbol', { textDocument: { uri: uriOf(LIVE_SCHEME, path).toString() } })?.then(
      (answer) => {
        if (!stale) setRows(outlineRows(answer))
      },
      (thrown: unknown) => {
        if (!stale) setFailure(toFailure(thrown))
      },
    )
    return () => {
      stale = true
    }
  }, [answers, path, version])

  return (
    <aside className="outline" aria-label="Outline">
      <h3 className="section-title">Outline</h3>
      {past && <p className="faint outline-note">The language server answers for the live end.</p>}
      {failure !== null && <FailureView failure={failure} />}
      {!past && rows === null && failure === null && <Skeleton rows={6} />}
      {!past && rows?.length === 0 && <EmptyState title="No symbols">This file declares nothing.</EmptyState>}
      {!past && (
        <ul className="outline-rows">
          {rows?.map((row, index) => (
            <li key={index}>
              <button
                type="button"
                className="outline-row"
                style={{ paddingLeft: 12 + row.depth * 12 }}
                title={`${row.kind} ${row.name}, line ${row.line}`}
                onClick={() => model.showFile(path, row.line)}
              >
                <span className="clip">{row.name}</span>
                <span className="faint">{row.kind}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </aside>
  )
}

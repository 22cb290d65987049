import { Dialog } from '@base-ui/react/dialog'
import { Command } from 'cmdk'
import { FileCode, SearchCode } from 'lucide-react'
import { useEffect, useMemo, useState } from 'react'
import { useStore } from 'zustand'
import { useKernelQuery } from '../../app/window-context'
import type { Edit, Point } from '../../app/window-model'
import { KindIcon } from '../../components/kind-icon'
import { filesMatching, languageOf, pathAndLines } from './addition-choices'
import { contextView } from './context-view'
import { stagedEdits } from './edits-store'

const SYMBOLS_SHOWN = 20
const ASK_AFTER_MS = 120

/** What `@` opens: one field for files, symbols and answers of the selected frame. What is chosen is previewed, not applied. */
export function AddDialog({ point }: { point: Point }) {
  const open = useStore(contextView, (view) => view.adding)
  const close = (): void => contextView.setState({ adding: false })
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && close()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="popup palette" aria-label="Add to the context">
          {open && (
            <Choices
              point={point}
              onChoose={(edit) => {
                stagedEdits.stage(edit)
                close()
              }}
            />
          )}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function Choices({ point, onChoose }: { point: Point; onChoose: (edit: Edit) => void }) {
  const [text, setText] = useState('')
  const asked = text.replace(/^@/, '').trim()
  const query = useSettled(asked)
  const tree = useKernelQuery(`${point.runId} ${point.branchId} ${point.n}`, (link, signal) => link.call('files.tree', point, { signal }))
  const symbols = useKernelQuery(query === '' ? null : JSON.stringify([query, point]), (link, signal) =>
    link.call('graph.find', { query, limit: SYMBOLS_SHOWN, at: point }, { signal }),
  )
  const files = useMemo(() => filesMatching(tree.value ?? [], asked), [tree.value, asked])
  const { lines } = pathAndLines(asked)
  // Files of the tree are listed as files.
  const nodes = asked === '' ? [] : (symbols.value ?? []).filter((node) => node.kind !== 'file')
  const language = languageOf(asked)
  const [file] = files
  const [node] = nodes
  const first =
    language === 'cypher' ? 'query' : file !== undefined ? `file ${file.path}` : node !== undefined ? `symbol ${node.id}` : 'query'
  const [value, setValue] = useState(first)
  // What is found later stands above what was there before: the first choice is the one that Enter takes.
  useEffect(() => setValue(first), [asked, first])
  const answer = (
    <Command.Group heading="Answer">
      <Command.Item value="query" onSelect={() => onChoose({ op: 'add-query', language, query: asked })}>
        <SearchCode size={14} aria-hidden className="muted" />
        <span className="clip">{language === 'cypher' ? 'Answer of this Cypher query' : `What a search for "${asked}" finds`}</span>
        <span className="kbd">{language}</span>
      </Command.Item>
    </Command.Group>
  )
  return (
    <Command label="Add to the context" shouldFilter={false} loop value={value} onValueChange={setValue}>
      <Command.Input placeholder="File, file:10-20, symbol, words to search for, or Cypher" value={text} onValueChange={setText} />
      <Command.List>
        {asked === '' && <p className="add-hint muted">Everything is added as of frame {point.n}, and previewed before it is applied.</p>}
        {language === 'cypher' && answer}
        {files.length > 0 && (
          <Command.Group heading="Files">
            {files.map((file) => (
              <Command.Item
                key={file.path}
                value={`file ${file.path}`}
                onSelect={() => onChoose({ op: 'add-file', path: file.path, ...(lines === null ? {} : { lines }) })}
              >
                <FileCode size={14} aria-hidden className="muted" />
                <span className="mono clip">{file.path}</span>
                <span className="kbd">
                  {lines === null ? (file.status === 'same' ? '' : file.status) : `lines ${lines.from} to ${lines.to}`}
                </span>
              </Command.Item>
            ))}
          </Command.Group>
        )}
        {nodes.length > 0 && (
          <Command.Group heading="Symbols">
            {nodes.map((node) => (
              <Command.Item key={node.id} value={`symbol ${node.id}`} onSelect={() => onChoose({ op: 'add-symbol', id: node.id })}>
                <KindIcon kind={node.kind} />
                <span className="mono">{node.name}</span>
                <span className="clip faint">
                  {node.path}
                  {node.startLine > 0 && `:${node.startLine}`}
                </span>
              </Command.Item>
            ))}
          </Command.Group>
        )}
        {asked !== '' && language === 'search' && answer}
        {symbols.status === 'failed' && <p className="add-hint warning">No symbols: {symbols.failure.message}</p>}
        {tree.status === 'failed' && <p className="add-hint warning">No files: {tree.failure.message}</p>}
      </Command.List>
    </Command>
  )
}

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), ASK_AFTER_MS)
    return () => clearTimeout(timer)
  }, [text])
  return text === '' ? '' : settled
}

import { type ReactNode, useState } from 'react'
import type { ContextItem } from '../../../shared/context'
import type { Frame } from '../../../shared/frames'
import { frameTitle } from '../../app/frame-words'
import { useKernelQuery, usePoint, useRunFrames, useWindow } from '../../app/window-context'
import type { WindowModel } from '../../app/window-model'
import { count } from '../../components/format'
import { FailureView, Skeleton } from '../../components/surfaces'
import { UntrustedInline } from '../../components/untrusted-text'

const HITS_AT_MOST = 12

/** Where the item came from, link by link: the change that put it there, the call, the file as of that frame, the node, the query. */
export function Provenance({ item }: { item: ContextItem }) {
  const model = useWindow()
  const { cache } = useRunFrames()
  const { source } = item
  const put = cache.frame(item.textAt ?? item.addedAt)
  const outcome = source.frame === null ? undefined : cache.frame(source.frame)
  const intent = outcome?.kind === 'tool.outcome' && outcome.cause !== null ? cache.frame(outcome.cause) : undefined
  const { path, lines, node, query } = source
  return (
    <ol className="provenance" aria-label="Provenance">
      <Step name="Item">{put === undefined ? `added at frame ${item.addedAt}` : <FrameLink model={model} frame={put} />}</Step>
      {outcome !== undefined && outcome.n !== put?.n && (
        <Step name={outcome.kind === 'tool.outcome' ? 'Result' : 'From'}>
          <FrameLink model={model} frame={outcome} />
        </Step>
      )}
      {intent !== undefined && (
        <Step name="Call">
          <FrameLink model={model} frame={intent} />
        </Step>
      )}
      {source.frame === null && <Step name="From">there before the run</Step>}
      {source.by === 'human' && <Step name="By">a person</Step>}
      {path !== undefined && (
        <Step name="File">
          <button
            type="button"
            className="link mono"
            title={source.frame === null ? 'Opens the file' : `Opens the file as of frame ${source.frame}`}
            onClick={() => {
              if (source.frame !== null) model.select(source.frame)
              model.showFile(path, lines?.from ?? null)
            }}
          >
            {path}
            {lines !== undefined && `:${lines.from}-${lines.to}`}
          </button>
          {source.frame !== null && <span className="faint"> as of frame {source.frame}</span>}
          {source.version !== undefined && (
            <span className="mono faint" title={source.version}>
              {' '}
              {source.version.slice(0, 8)}
            </span>
          )}
          {item.stale && (
            <>
              {' '}
              <button type="button" className="link" onClick={() => model.showFile(path, lines?.from ?? null)}>
                as it is now
              </button>
            </>
          )}
        </Step>
      )}
      {node !== undefined && (
        <Step name="Node">
          <button type="button" className="link mono" title="Shows it in the graph" onClick={() => showInGraph(model, node)}>
            {node}
          </button>
        </Step>
      )}
      {query !== undefined && (
        <QueryStep key={item.id} query={query} score={source.score} isCypher={item.id.startsWith('query:cypher:')} frame={source.frame} />
      )}
      {query === undefined && source.score !== undefined && <Step name="Score">{source.score.toFixed(3)}</Step>}
    </ol>
  )
}

function showInGraph(model: WindowModel, id: string): void {
  model.reveal.setState((state) => ({ ...state, serial: state.serial + 1, symbol: { id } }))
  model.dock.open('graph')
}

function Step({ name, children }: { name: string; children: ReactNode }) {
  return (
    <li>
      <span className="step-name muted">{name}</span>
      <span className="step-what">{children}</span>
    </li>
  )
}

function FrameLink({ model, frame }: { model: WindowModel; frame: Frame }) {
  return (
    <>
      <button
        type="button"
        className="link number"
        onClick={() => {
          model.select(frame.n)
          model.dock.open('frame', { focus: false })
        }}
      >
        frame {frame.n}
      </button>{' '}
      <span className="muted">
        <UntrustedInline text={frameTitle(frame)} atMost={120} />
      </span>
    </>
  )
}

interface QueryProps {
  readonly query: string
  readonly score: number | undefined
  readonly isCypher: boolean
  readonly frame: number | null
}

interface Found {
  readonly key: string
  readonly words: string
  readonly path: string
  readonly line: number
  readonly score: number | null
}

/** The query with its score; opened, it is asked again as of the frame that it was asked at. */
function QueryStep({ query, score, isCypher, frame }: QueryProps) {
  const model = useWindow()
  const point = usePoint()
  const [open, setOpen] = useState(false)
  const at = point === null || frame === null ? point : { ...point, n: Math.min(frame, point.n) }
  const found = useKernelQuery(open && at !== null ? JSON.stringify([query, at]) : null, async (link, signal): Promise<Found[]> => {
    if (isCypher) {
      const { nodes } = await link.call('graph.query', { cypher: query, limit: HITS_AT_MOST, at }, { signal })
      return nodes.map((node) => ({ key: node.id, words: node.id, path: node.path, line: node.startLine, score: null }))
    }
    const { hits } = await link.call('search.hybrid', { query, limit: HITS_AT_MOST, filters: {}, at }, { signal })
    return hits.map((hit) => ({
      ...{ key: `${hit.path}:${hit.line}`, words: hit.symbol ?? hit.text, path: hit.path, line: hit.line, score: hit.score },
    }))
  })
  return (
    <Step name="Query">
      <button type="button" className="link mono" aria-expanded={open} onClick={() => setOpen(!open)}>
        {query}
      </button>
      {score !== undefined && (
        <span className="number faint" title={`Score ${score}`}>
          {' '}
          score {score.toFixed(3)}
        </span>
      )}
      {open && found.status === 'failed' && <FailureView failure={found.failure} onRetry={found.reload} />}
      {open && found.status === 'loading' && found.value === null && <Skeleton rows={3} />}
      {open && found.value !== null && (
        <ul className="query-hits" aria-label={`What it finds at frame ${at?.n ?? 0}`}>
          {found.value.length === 0 && <li className="muted">Nothing is found.</li>}
          {found.value.slice(0, HITS_AT_MOST).map((hit) => (
            <li key={hit.key}>
              <button
                type="button"
                className="link mono"
                onClick={() => {
                  if (frame !== null) model.select(frame)
                  model.showFile(hit.path, hit.line > 0 ? hit.line : null)
                }}
              >
                {hit.path}:{hit.line}
              </button>{' '}
              <span className="clip muted">{hit.words}</span>
              {hit.score !== null && <span className="number faint">{hit.score.toFixed(3)}</span>}
            </li>
          ))}
          {isCypher && found.value.length > 0 && <li className="faint">{count(found.value.length, 'node')} named by the answer</li>}
        </ul>
      )}
    </Step>
  )
}

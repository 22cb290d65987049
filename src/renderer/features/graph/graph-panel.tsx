import { useMemo } from 'react'
import { useStore } from 'zustand'
import type { PanelProps } from '../../app/panel-registry'
import { useIsPast, usePoint, useWindow } from '../../app/window-context'
import type { WorkspaceInfo } from '../../app/workspace-store'
import { count } from '../../components/format'
import { EmptyState, FailureView, Skeleton } from '../../components/surfaces'
import { Details } from './details'
import { GraphBar } from './graph-bar'
import { GraphCanvas } from './graph-canvas'
import { graph, type GraphTopic, MOST_NODES, reload, showAround } from './graph-store'
import { bundleEdges, shownGraph, waysOf } from './merge-results'
import { RelationTable } from './relation-table'
import './graph.css'

export default function GraphPanel({ visible }: PanelProps) {
  const model = useWindow()
  const view = useStore(graph)
  const index = useStore(model.workspace.store, (state) => state.info?.index ?? null)
  const { sources, roots, topic } = view
  const shown = useMemo(
    () => shownGraph(sources, roots, { kinds: view.kinds, minConfidence: view.minConfidence }),
    [sources, roots, view.kinds, view.minConfidence],
  )
  const bundles = useMemo(() => bundleEdges(shown.edges), [shown.edges])
  const ways = useMemo(() => {
    const [base] = sources
    const ends = topic.kind === 'path' ? { from: topic.from.id, to: topic.to.id } : topic.kind === 'frame' ? topic.ends : null
    return ends !== null && base !== undefined && view.status === 'idle' ? waysOf(base.result, ends.from, ends.to) : []
  }, [sources, topic, view.status])
  const expanded = useMemo(() => new Set(sources.flatMap((source) => (source.expanded === null ? [] : [source.expanded]))), [sources])
  const hasGraph = shown.nodes.length > 0
  return (
    <div className="graph-panel">
      <GraphBar hiddenEdges={shown.hiddenEdges} />
      <StatusLine index={index} />
      {view.failure !== null && <FailureView failure={view.failure} onRetry={() => void reload(model)} />}
      {shown.truncated && topic.kind === 'around' && (
        <p className="graph-hint" role="status">
          There is more than these {count(shown.nodes.length, 'symbol')}.
          {view.limit < MOST_NODES && (
            <button type="button" className="link" onClick={() => void showAround(model, topic.root, Math.min(MOST_NODES, view.limit * 2))}>
              Show up to {Math.min(MOST_NODES, view.limit * 2)}
            </button>
          )}
        </p>
      )}
      {shown.truncated && topic.kind !== 'around' && (
        <p className="graph-hint" role="status">
          There is more than what is shown here.
        </p>
      )}
      <div className="graph-body">
        {hasGraph && visible ? (
          <>
            <div className="graph-main">
              {view.view === 'graph' ? (
                <GraphCanvas shown={shown} bundles={bundles} roots={roots} expanded={expanded} selected={view.selected} ways={ways} />
              ) : (
                <RelationTable shown={shown} selected={view.selected} />
              )}
            </div>
            {view.details && <Details shown={shown} selected={view.selected} expanded={expanded} roots={roots} ways={ways} />}
          </>
        ) : (
          <Nothing topic={topic} status={view.status} index={index} maxHops={view.maxHops} />
        )}
      </div>
    </div>
  )
}

/** Says what is shown: the repository as it is now, whatever frame is selected. */
function StatusLine({ index }: { index: WorkspaceInfo['index'] | null }) {
  const model = useWindow()
  const past = useIsPast()
  const point = usePoint()
  const runId = useStore(model.selection, (state) => state.runId)
  const { topic, indexVersion, status } = useStore(graph)
  const stale = index !== null && indexVersion !== null && index.version > indexVersion && topic.kind !== 'none' && topic.kind !== 'frame'
  return (
    <p className="graph-hint" role="status">
      <span>
        Live repository{past && point !== null ? `, not frame ${point.n}: the index knows the files as they are now` : ''}.{' '}
        {topic.kind === 'frame' &&
          `Symbols that ${topic.title} named at frame ${topic.n}${topic.runId === runId ? '' : ' of another run'}. `}
        {topic.kind === 'frame' && topic.missing > 0 && `${count(topic.missing, 'name')} not in the index. `}
      </span>
      {index !== null && (
        <span className={index.state === 'failed' ? 'danger' : 'faint'}>
          {index.state === 'indexing' && `Indexing ${index.filesDone} of ${count(index.files, 'file')}: answers may be incomplete.`}
          {index.state === 'failed' && 'The index failed.'}
          {index.state === 'idle' && `${count(index.files, 'file')}, ${count(index.symbols, 'symbol')}, ${count(index.edges, 'relation')}`}
          {index.problems.length > 0 && index.state !== 'failed' && `, ${count(index.problems.length, 'file')} left out`}
        </span>
      )}
      {index?.state === 'failed' && (
        <button type="button" className="link" onClick={() => model.commands.run('index.refresh')}>
          Index again
        </button>
      )}
      {stale && status === 'idle' && (
        <button type="button" className="link" onClick={() => void reload(model)}>
          The files changed: ask again
        </button>
      )}
    </p>
  )
}

function Nothing(props: { topic: GraphTopic; status: string; index: WorkspaceInfo['index'] | null; maxHops: number }) {
  const { topic, status, index, maxHops } = props
  const model = useWindow()
  if (status === 'loading') return <Skeleton />
  if (status === 'failed') return null
  if (index !== null && index.symbols === 0) {
    return (
      <EmptyState
        title={index.state === 'indexing' ? 'The index is being made' : 'The index is empty'}
        action={
          index.state === 'indexing' ? undefined : (
            <button type="button" className="button" data-tone="primary" onClick={() => model.commands.run('index.refresh')}>
              Index the workspace
            </button>
          )
        }
      >
        TypeScript and JavaScript files of the repository are indexed: their symbols, imports, calls and inheritance.
      </EmptyState>
    )
  }
  if (topic.kind === 'path') {
    return (
      <EmptyState
        title="No way was found"
        action={
          maxHops < 12 ? (
            <button
              type="button"
              className="button"
              data-tone="primary"
              onClick={() => {
                graph.setState({ maxHops: 12 })
                void reload(model)
              }}
            >
              Try up to 12 hops
            </button>
          ) : (
            <button
              type="button"
              className="button"
              data-tone="primary"
              onClick={() => {
                graph.setState((state) => ({ from: state.to, to: state.from }))
                void reload(model)
              }}
            >
              Try the other direction
            </button>
          )
        }
      >
        Nothing leads from {topic.from.name} to {topic.to.name} in at most {maxHops} hops along calls, imports, inheritance and values
        passed on.
      </EmptyState>
    )
  }
  if (topic.kind === 'frame')
    return <EmptyState title="Not in the index">None of the names in that frame is a symbol of the repository now.</EmptyState>
  return (
    <EmptyState title="Knowledge graph">
      Find a symbol to see what it uses and what uses it, or trace how one symbol leads to another. Enter opens the file, Space shows more
      around a symbol, arrows move along relations.
    </EmptyState>
  )
}

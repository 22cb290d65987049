import { useMemo } from 'react'
import { useStore } from 'zustand'
import type { PanelProps } from '../../app/panel-registry'
import { useWindow } from '../../app/window-context'
import type { WorkspaceInfo } from '../../app/workspace-store'
import { count } from '../../components/format'
import { EmptyState, FailureView, Skeleton } from '../../components/surfaces'
import { AsOfBar } from './as-of-bar'
import { mistakeAt } from './cypher-editor'
import { Details } from './details'
import { GraphBar } from './graph-bar'
import { GraphCanvas } from './graph-canvas'
import { graph, type GraphMode, type GraphTopic, MOST_NODES, reload, runQuery, showAround } from './graph-store'
import { bundleEdges, shownGraph } from './merge-results'
import { QUERY_EXAMPLES } from './query-examples'
import { RelationTable } from './relation-table'
import { ResultHead, ResultTable } from './result-table'
import { waysOfView } from './ways'
import './graph.css'

export default function GraphPanel({ visible }: PanelProps) {
  const model = useWindow()
  const view = useStore(graph)
  const index = useStore(model.workspace.store, (state) => state.info?.index ?? null)
  const { sources, roots, topic, table } = view
  const shown = useMemo(
    () => shownGraph(sources, roots, { kinds: view.kinds, hiddenKinds: view.hiddenKinds, minConfidence: view.minConfidence }),
    [sources, roots, view.kinds, view.hiddenKinds, view.minConfidence],
  )
  const bundles = useMemo(() => bundleEdges(shown.edges), [shown.edges])
  const ways = useMemo(() => waysOfView({ topic, table, flow: view.flow, sources }), [topic, table, view.flow, sources])
  const expanded = useMemo(() => new Set(sources.flatMap((source) => (source.expanded === null ? [] : [source.expanded]))), [sources])
  const isQuery = topic.kind === 'query' && table !== null
  const asTable = view.view === 'table'
  const hasContent = shown.nodes.length > 0 || isQuery
  return (
    <div className="graph-panel">
      <GraphBar shown={shown} />
      <AsOfBar index={index} visible={visible} />
      {topic.kind === 'frame' && <FrameWords topic={topic} />}
      {view.failure !== null && !(topic.kind === 'query' && mistakeAt(view.failure) !== null) && (
        <FailureView failure={view.failure} onRetry={() => void reload(model)} />
      )}
      {shown.truncated && topic.kind === 'around' && (
        <p className="graph-hint" role="status">
          There is more than these {count(shown.nodes.length, 'node')}.
          {view.limit < MOST_NODES && (
            <button type="button" className="link" onClick={() => void showAround(model, topic.root, Math.min(MOST_NODES, view.limit * 4))}>
              Show up to {Math.min(MOST_NODES, view.limit * 4)}
            </button>
          )}
        </p>
      )}
      {shown.truncated && (topic.kind === 'path' || topic.kind === 'frame' || topic.kind === 'flow') && (
        <p className="graph-hint" role="status">
          There is more than what is shown here.
        </p>
      )}
      <div className="graph-body" data-loading={view.status === 'loading'}>
        {hasContent && visible ? (
          <>
            <div className="graph-main">
              {isQuery && (asTable || shown.nodes.length === 0) ? (
                <ResultTable table={table} selected={view.selected} />
              ) : asTable ? (
                <RelationTable shown={shown} selected={view.selected} />
              ) : (
                <div className="graph-picture">
                  {isQuery && <ResultHead table={table} />}
                  <GraphCanvas
                    shown={shown}
                    bundles={bundles}
                    roots={roots}
                    expanded={expanded}
                    selected={view.selected}
                    way={ways[Math.min(view.chosenWay, ways.length - 1)] ?? null}
                  />
                </div>
              )}
            </div>
            {view.details && shown.nodes.length > 0 && (
              <Details
                shown={shown}
                selected={view.selected}
                expanded={expanded}
                roots={roots}
                ways={ways}
                chosen={Math.min(view.chosenWay, ways.length - 1)}
              />
            )}
          </>
        ) : (
          <Nothing topic={topic} mode={view.mode} status={view.status} index={index} maxHops={view.maxHops} />
        )}
      </div>
    </div>
  )
}

function FrameWords({ topic }: { topic: Extract<GraphTopic, { kind: 'frame' }> }) {
  const model = useWindow()
  const runId = useStore(model.selection, (state) => state.runId)
  return (
    <p className="graph-hint" role="status">
      What {topic.title} named at frame {topic.n}
      {topic.runId === runId ? '' : ' of another run'}.{topic.missing > 0 && ` ${count(topic.missing, 'name')} not in the index.`}
    </p>
  )
}

interface NothingProps {
  readonly topic: GraphTopic
  readonly mode: GraphMode
  readonly status: string
  readonly index: WorkspaceInfo['index'] | null
  readonly maxHops: number
}

function Nothing({ topic, mode, status, index, maxHops }: NothingProps) {
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
        Code, data, infrastructure, configuration, documents and people of the repository are indexed, and how they hang together.
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
  if (topic.kind === 'frame') return <EmptyState title="Not in the index">None of the names in that frame is in the graph.</EmptyState>
  if (topic.kind === 'around')
    return (
      <EmptyState title="Not there">{topic.root.name} is not in the code at this point: it came later, or was gone by then.</EmptyState>
    )
  if (topic.kind === 'flow')
    return (
      <EmptyState title="No way of this value was found">
        No {topic.asked.name} goes {topic.asked.from !== '' && `from ${topic.asked.from} `}
        {topic.asked.to !== '' && `to ${topic.asked.to} `}by arguments, returns, assignments and properties. Leave out one end to see how
        far it goes.
      </EmptyState>
    )
  if (mode === 'query')
    return (
      <EmptyState
        title="Ask the graph"
        action={
          <button
            type="button"
            className="button"
            data-tone="primary"
            onClick={() => {
              graph.setState({ cypher: QUERY_EXAMPLES[0]?.cypher ?? '' })
              void runQuery(model)
            }}
          >
            Run the first example
          </button>
        }
      >
        Cypher, with completion as you type: labels after a colon, names in quotation marks from the index. Ctrl+Enter runs, Alt+Up brings
        earlier queries back.
      </EmptyState>
    )
  if (mode === 'flow')
    return (
      <EmptyState title="Follow a value">
        Where does user_id go, from the gateway to billing? Name the value, and where it comes from or goes to: folders, files or symbols.
      </EmptyState>
    )
  return (
    <EmptyState title="Knowledge graph">
      Find a symbol, table, service or decision to see what it uses and what uses it, or trace how one leads to another. Enter opens the
      file, Space shows more around a node, arrows move along relations.
    </EmptyState>
  )
}

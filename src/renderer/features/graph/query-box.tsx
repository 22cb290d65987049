import { Menu } from '@base-ui/react/menu'
import { BookMarked, History, Play } from 'lucide-react'
import { useEffect } from 'react'
import { useStore } from 'zustand'
import { useKernelQuery, usePoint, useWindow } from '../../app/window-context'
import { IconButton } from '../../components/icon-button'
import { CypherEditor } from './cypher-editor'
import { filesKey, graph, runQuery } from './graph-store'
import { QUERY_EXAMPLES } from './query-examples'
import { loadHistory, queryHistory } from './query-history'

const LISTED = 20

/** The editor with what was asked before and what could be. */
export function QueryBox() {
  const model = useWindow()
  const { cypher, topic, failure, asOf, status } = useStore(graph)
  const version = useStore(model.workspace.store, (state) => state.info?.index.version ?? 0)
  const point = usePoint()
  const at = asOf === 'now' ? null : point
  const summary = useKernelQuery(`${version} ${filesKey(model, at)}`, (link, signal) => link.call('graph.summary', { at }, { signal }))
  const history = useStore(queryHistory, (state) => state.queries)
  useEffect(() => {
    loadHistory(model).catch(model.notices.fail)
  }, [model])
  return (
    <div className="query-box">
      <CypherEditor
        text={cypher}
        failure={topic.kind === 'query' && topic.cypher === cypher.trim() ? failure : null}
        summary={summary.value}
        at={at}
        onChange={(text) => graph.setState({ cypher: text })}
        onRun={() => void runQuery(model)}
      />
      <div className="query-actions">
        <IconButton
          icon={Play}
          label="Run the query"
          shortcut="Ctrl+Enter"
          disabled={cypher.trim() === '' || status === 'loading'}
          onClick={() => void runQuery(model)}
        />
        <Queries label="Examples" icon={BookMarked} queries={QUERY_EXAMPLES} />
        <Queries
          label="Earlier queries (Alt+Up)"
          icon={History}
          queries={history.slice(0, LISTED).map((query) => ({ title: query.replaceAll(/\s+/g, ' '), cypher: query }))}
        />
      </div>
    </div>
  )
}

interface QueriesProps {
  readonly label: string
  readonly icon: typeof History
  readonly queries: readonly { readonly title: string; readonly cypher: string }[]
}

function Queries({ label, icon: Icon, queries }: QueriesProps) {
  const model = useWindow()
  return (
    <Menu.Root>
      <Menu.Trigger className="icon-button" aria-label={label} title={label} disabled={queries.length === 0}>
        <Icon size={16} aria-hidden />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner side="bottom" align="end" sideOffset={4}>
          <Menu.Popup className="popup menu query-menu">
            {queries.map(({ title, cypher }) => (
              <Menu.Item
                key={cypher}
                className="menu-item"
                title={cypher}
                onClick={() => {
                  graph.setState({ cypher })
                  void runQuery(model)
                }}
              >
                <span className="clip">{title}</span>
              </Menu.Item>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}

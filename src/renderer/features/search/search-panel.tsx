import { ListFilter, SlidersHorizontal } from 'lucide-react'
import { type KeyboardEvent, useEffect, useState } from 'react'
import { useStore } from 'zustand'
import type { HybridResult, SearchFilters } from '../../../shared/graph'
import { useKernelQuery, usePoint, useWindow } from '../../app/window-context'
import { count, formatDuration } from '../../components/format'
import { IconButton } from '../../components/icon-button'
import { EmptyState, FailureView, Skeleton } from '../../components/surfaces'
import { HitDetails } from './hit-details'
import { HitList } from './hit-list'
import { listed, pathGlobs, search } from './search-store'
import { SearchFilterFields } from './search-filter-fields'
import './search.css'

const ASK_AFTER_MS = 180
const HITS = 60

/** Hybrid search of the repository: words, names, embeddings, history and graph, with the reasons of each rank. */
export function SearchPanel() {
  const model = useWindow()
  const view = useStore(search)
  const point = usePoint()
  const at = view.asOf === 'now' ? null : point
  const query = useDebounced(view.query.trim())
  const filters = filtersOf(view)
  const key = query === '' ? null : JSON.stringify([query, filters, at])
  const found = useKernelQuery(key, (link, signal) => link.call('search.hybrid', { query, limit: HITS, filters, at }, { signal }))
  const hits = found.value?.hits ?? []
  const selected = Math.min(view.selected, hits.length - 1)
  const hit = hits[selected]

  useEffect(() => search.setState({ selected: 0 }), [key])

  function open(index: number): void {
    const chosen = hits[index]
    if (chosen !== undefined) model.showFile(chosen.path, chosen.line)
  }

  function onKeyDown(event: KeyboardEvent): void {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (by !== undefined && hits.length > 0) {
      event.preventDefault()
      search.setState({ selected: Math.max(0, Math.min(hits.length - 1, selected + by)) })
    }
    if (event.key === 'Enter' && hit !== undefined) {
      event.preventDefault()
      open(selected)
    }
  }

  return (
    <div className="search">
      <div className="toolbar">
        <input
          className="field"
          type="search"
          aria-label="Search the repository"
          placeholder="A name, words or a question"
          spellCheck={false}
          data-autofocus
          value={view.query}
          onChange={(event) => search.setState({ query: event.target.value })}
          onKeyDown={onKeyDown}
        />
        <IconButton
          icon={ListFilter}
          label="Filters"
          pressed={view.filtersShown}
          onClick={() => search.setState({ filtersShown: !view.filtersShown })}
        />
        <IconButton icon={SlidersHorizontal} label="Search quality" onClick={() => model.commands.run('search.quality')} />
      </div>
      {view.filtersShown && <SearchFilterFields />}
      <p className="search-hint" role="status">
        <button type="button" className="link" onClick={() => model.commands.run('search.now')}>
          {at === null ? 'The repository as it is now' : `As of frame ${at.n}`}
        </button>
        {found.value !== null && key !== null && <Summary result={found.value} />}
      </p>
      {found.status === 'failed' && <FailureView failure={found.failure} onRetry={found.reload} />}
      {found.status === 'loading' && found.value === null && <Skeleton rows={8} />}
      {key === null && (
        <EmptyState title="Search">
          Words of code and comments, names of symbols, tables and services, commit messages: fused, with the reasons of each rank. Narrow
          it by path, kind, language or owner.
        </EmptyState>
      )}
      {key !== null && found.status === 'ready' && hits.length === 0 && (
        <EmptyState title="Nothing found">No list has anything for these words{view.filtersShown ? ' within the filters' : ''}.</EmptyState>
      )}
      {key !== null && hits.length > 0 && (
        <>
          <HitList
            hits={hits}
            selected={selected}
            onSelect={(index) => search.setState({ selected: index })}
            onOpen={open}
            onKeyDown={onKeyDown}
          />
          {hit !== undefined && <HitDetails hit={hit} at={at} />}
        </>
      )}
    </div>
  )
}

function Summary({ result }: { result: HybridResult }) {
  const problems = result.lists.flatMap(({ list, problem }) => (problem === null ? [] : [`${list}: ${problem}`]))
  return (
    <span
      className="faint"
      title={result.lists.map(({ list, found, durationMs }) => `${list} ${found} in ${formatDuration(durationMs)}`).join('\n')}
    >
      {count(result.hits.length, 'hit')}
      {result.truncated && ' or more'} in {formatDuration(result.durationMs)}
      {problems.length > 0 && <span className="warning"> {problems.join('; ')}</span>}
    </span>
  )
}

function filtersOf(view: { paths: string; languages: string; owners: string; kinds: readonly SearchKind[] }): SearchFilters {
  const [paths, languages, owners] = [pathGlobs(view.paths), listed(view.languages), listed(view.owners)]
  return {
    ...(paths.length === 0 ? {} : { paths }),
    ...(languages.length === 0 ? {} : { languages }),
    ...(owners.length === 0 ? {} : { owners }),
    ...(view.kinds.length === 0 ? {} : { kinds: [...view.kinds] }),
  }
}

type SearchKind = NonNullable<SearchFilters['kinds']>[number]

function useDebounced(text: string): string {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), ASK_AFTER_MS)
    return () => clearTimeout(timer)
  }, [text])
  return settled
}

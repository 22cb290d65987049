import { useState } from 'react'
import { useStore } from 'zustand'
import type { EmbeddingSettings, SearchSelfTest, SearchSettings } from '../../../shared/contract/methods'
import { type Failure, toFailure } from '../../../shared/failure'
import { useKernelQuery, useWindow } from '../../app/window-context'
import { count, formatBytes, formatDuration } from '../../components/format'
import { FailureView, Skeleton } from '../../components/surfaces'
import { EmbeddingFields } from './embedding-fields'
import './search.css'

const WEIGHTS = [
  { name: 'words', label: 'Words of the text' },
  { name: 'symbols', label: 'Names of symbols' },
  { name: 'vectors', label: 'Embeddings' },
  { name: 'history', label: 'Commit messages' },
  { name: 'graph', label: 'Graph' },
] as const
const COMMITS = 100

/** What search is made of, how well it does on the repository's own history, and what the index holds. */
export default function SearchQuality() {
  const { link } = useWindow()
  const loaded = useKernelQuery('search.settings', (kernel, signal) => kernel.call('search.settings', {}, { signal }))
  const [draft, setDraft] = useState<SearchSettings | null>(null)
  const [saving, setSaving] = useState<'idle' | 'saving' | 'saved'>('idle')
  const [failure, setFailure] = useState<Failure | null>(null)
  const settings = draft ?? loaded.value
  if (settings === null) {
    return loaded.status === 'failed' ? <FailureView failure={loaded.failure} onRetry={loaded.reload} /> : <Skeleton rows={9} />
  }

  function change(part: Partial<SearchSettings>): void {
    if (settings !== null) setDraft({ ...settings, ...part })
    setSaving('idle')
  }

  async function save(): Promise<void> {
    if (settings === null) return
    setSaving('saving')
    setFailure(null)
    try {
      setDraft(await link.call('search.saveSettings', settings))
      setSaving('saved')
    } catch (thrown) {
      setFailure(toFailure(thrown))
      setSaving('idle')
    }
  }

  return (
    <div className="search-quality">
      <section>
        <h3>Embeddings</h3>
        <EmbeddingFields settings={settings.embeddings} onChange={(embeddings: EmbeddingSettings) => change({ embeddings })} />
      </section>
      <section>
        <h3>Weights</h3>
        <p className="muted">How much each list counts when they are fused by reciprocal rank.</p>
        {WEIGHTS.map(({ name, label }) => (
          <label key={name} className="search-weight">
            <span>{label}</span>
            <input
              type="range"
              min={0}
              max={1}
              step={0.05}
              value={settings.weights[name]}
              onChange={(event) => change({ weights: { ...settings.weights, [name]: event.target.valueAsNumber } })}
            />
            <span className="number">{settings.weights[name].toFixed(2)}</span>
          </label>
        ))}
      </section>
      {failure !== null && <FailureView failure={failure} onRetry={() => void save()} />}
      <p>
        <button
          type="button"
          className="button"
          data-tone="primary"
          disabled={saving === 'saving' || draft === null}
          onClick={() => void save()}
        >
          {saving === 'saving' ? 'Trying the provider' : 'Try and save'}
        </button>{' '}
        <span role="status" className="muted">
          {saving === 'saved' && 'Saved.'}
        </span>
      </p>
      <SelfTest />
      <IndexContents />
    </div>
  )
}

function SelfTest() {
  const { link } = useWindow()
  const [report, setReport] = useState<SearchSelfTest | null>(null)
  const [failure, setFailure] = useState<Failure | null>(null)
  const [running, setRunning] = useState<AbortController | null>(null)

  async function run(): Promise<void> {
    const abort = new AbortController()
    setRunning(abort)
    setFailure(null)
    try {
      setReport(await link.call('search.selfTest', { commits: COMMITS }, { signal: abort.signal }))
    } catch (thrown) {
      if (!abort.signal.aborted) setFailure(toFailure(thrown))
    } finally {
      setRunning(null)
    }
  }

  return (
    <section>
      <h3>Self-test</h3>
      <p className="muted">
        Takes the last {COMMITS} commits of this repository, searches for each commit’s subject and looks whether the files that it changed
        are found.
      </p>
      {running === null ? (
        <button type="button" className="button" onClick={() => void run()}>
          Test the saved settings
        </button>
      ) : (
        <button type="button" className="button" onClick={() => running.abort()}>
          Stop
        </button>
      )}
      {failure !== null && <FailureView failure={failure} />}
      {report !== null && (
        <>
          <table className="search-reasons">
            <thead>
              <tr>
                {['Method', 'MRR@10', 'Recall@10', 'First hit', 'In 5', 'In 10'].map((title) => (
                  <th key={title} scope="col">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {report.methods.map((method) => (
                <tr key={method.name}>
                  <td>{method.name}</td>
                  {[method.mrr10, method.recall10, method.accuracy1, method.accuracy5, method.accuracy10].map((value, index) => (
                    <td key={index} className="number">
                      {value.toFixed(3)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          <p className="faint">
            {count(report.commits, 'commit')}, {report.skipped} left out, {formatDuration(report.durationMs)}. {report.notes.join(' ')}
          </p>
        </>
      )}
    </section>
  )
}

function IndexContents() {
  const model = useWindow()
  const index = useStore(model.workspace.store, (state) => state.info?.index ?? null)
  const summary = useKernelQuery(index === null ? null : `summary ${index.version}`, (link, signal) =>
    link.call('graph.summary', {}, { signal }),
  )
  if (index === null) return null
  return (
    <section>
      <h3>Index</h3>
      <p className="muted">
        {count(index.files, 'file')}, {count(index.symbols, 'entity', 'entities')}, {count(index.edges, 'relation')},{' '}
        {formatBytes(index.sizeBytes)}. {index.languages.map(({ language, files }) => `${language} ${files}`).join(', ')}
      </p>
      {summary.status === 'failed' && <FailureView failure={summary.failure} onRetry={summary.reload} />}
      {summary.value !== null && (
        <p className="faint">
          {[...summary.value.nodes, ...summary.value.edges].map(({ kind, count: number }) => `${kind} ${number}`).join(', ')}
        </p>
      )}
      {index.skipped.map(({ reason, count: number, paths }) => (
        <details key={reason}>
          <summary>
            {count(number, 'file')} left out: {reason}
          </summary>
          <ul className="faint">
            {paths.map((path) => (
              <li key={path}>{path}</li>
            ))}
            {number > paths.length && <li>and {number - paths.length} more</li>}
          </ul>
        </details>
      ))}
      {index.problems.length > 0 && (
        <details open>
          <summary className="warning">{count(index.problems.length, 'file')} with problems</summary>
          <ul>
            {index.problems.map(({ path, reason }) => (
              <li key={path}>
                {path}: <span className="faint">{reason}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      <button type="button" className="button" onClick={() => model.commands.run('index.refresh')}>
        Look for changes
      </button>
    </section>
  )
}

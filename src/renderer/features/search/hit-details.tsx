import type { HybridHit, SearchList } from '../../../shared/graph'
import type { Point } from '../../app/window-model'
import { useWindow } from '../../app/window-context'

const LISTS: Readonly<Record<SearchList, string>> = {
  words: 'Words of the text',
  symbols: 'Names of symbols',
  vectors: 'Embeddings',
  history: 'Commit messages',
  graph: 'Next to another hit in the graph',
  episodes: 'Earlier runs',
}

/** Why a hit stands where it stands, and what can be done with it. */
export function HitDetails({ hit, at }: { hit: HybridHit; at: Point | null }) {
  const model = useWindow()
  return (
    <section className="search-details" aria-label="Why this hit">
      <div className="search-actions">
        <button type="button" className="button" onClick={() => model.showFile(hit.path, hit.line)}>
          Open
        </button>
        <span className="faint number" title={`Score ${hit.score}`}>
          {hit.score.toFixed(4)}
          {at !== null && `, frame ${at.n}`}
        </span>
      </div>
      <table className="search-reasons">
        <thead>
          <tr>
            <th scope="col">Reason</th>
            <th scope="col">Rank</th>
            <th scope="col">Weight</th>
          </tr>
        </thead>
        <tbody>
          {hit.reasons.map(({ list, rank, weight, detail }) => (
            <tr key={`${list ?? 'rule'} ${detail}`}>
              <td>
                {list === null ? 'Rule' : LISTS[list]}
                {detail !== '' && <span className="faint"> {detail}</span>}
              </td>
              <td className="number">{rank ?? ''}</td>
              <td className="number">{list === null ? `× ${weight.toFixed(2)}` : weight.toFixed(4)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

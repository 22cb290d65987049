import { useStore } from 'zustand'
import { NodeKind } from '../../../shared/graph'
import { listed, search } from './search-store'

const FIELDS = [
  { name: 'paths', label: 'Paths', placeholder: 'src, docs/**, *.sql' },
  { name: 'languages', label: 'Languages', placeholder: 'typescript, python' },
  { name: 'owners', label: 'Owners', placeholder: '@team/billing' },
] as const

/** What narrows a search. Every field may stay empty. */
export function SearchFilterFields() {
  const view = useStore(search)
  return (
    <div className="search-filters">
      {FIELDS.map(({ name, label, placeholder }) => (
        <label key={name}>
          <span className="faint">{label}</span>
          <input
            className="field"
            spellCheck={false}
            placeholder={placeholder}
            value={view[name]}
            onChange={(event) => search.setState({ [name]: event.target.value })}
          />
        </label>
      ))}
      <label>
        <span className="faint">Kinds</span>
        <input
          className="field"
          spellCheck={false}
          list="search-kinds"
          placeholder="function, table, adr"
          defaultValue={view.kinds.join(', ')}
          onChange={(event) =>
            search.setState({ kinds: listed(event.target.value).flatMap((text) => NodeKind.safeParse(text.toLowerCase()).data ?? []) })
          }
        />
      </label>
      <datalist id="search-kinds">
        {NodeKind.options.map((kind) => (
          <option key={kind} value={kind} />
        ))}
      </datalist>
    </div>
  )
}

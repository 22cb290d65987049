import { ArrowRight } from 'lucide-react'
import { useStore } from 'zustand'
import { useWindow } from '../../app/window-context'
import { askFlow, graph, type FlowQuestion } from './graph-store'

const FIELDS = [
  { name: 'name', label: 'Value', placeholder: 'user_id', first: true },
  { name: 'from', label: 'From', placeholder: 'src/gateway, a file or a symbol', first: false },
  { name: 'to', label: 'To', placeholder: 'src/billing, a file or a symbol', first: false },
] as const

/** Asks where a value goes: `user_id`, `userId` and `UserID` are one name. */
export function FlowForm() {
  const model = useWindow()
  const { flowQuestion, status } = useStore(graph)
  function change(part: Partial<FlowQuestion>): void {
    graph.setState({ flowQuestion: { ...flowQuestion, ...part } })
  }
  return (
    <form
      className="toolbar graph-bar flow-form"
      aria-label="Data flow"
      onSubmit={(event) => {
        event.preventDefault()
        void askFlow(model)
      }}
    >
      {FIELDS.map(({ name, label, placeholder, first }) => (
        <label key={name} className="flow-field">
          <span className="faint">
            {name === 'to' && <ArrowRight size={12} aria-hidden />} {label}
          </span>
          <input
            className="field"
            spellCheck={false}
            placeholder={placeholder}
            data-autofocus={first ? '' : undefined}
            value={flowQuestion[name]}
            onChange={(event) => change({ [name]: event.target.value })}
          />
        </label>
      ))}
      <button type="submit" className="button" data-tone="primary" disabled={flowQuestion.name.trim() === '' || status === 'loading'}>
        Follow
      </button>
    </form>
  )
}

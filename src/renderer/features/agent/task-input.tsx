import { type KeyboardEvent, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { usePolicyOverview } from '../../app/policy-overview'
import { isActive } from '../../app/runs-store'
import type { WindowSettings } from '../../app/settings-store'
import { useOpenRunSummary, useWindow } from '../../app/window-context'
import { isUnisolated, LEVEL_MEANING } from '../../components/policy-words'

const APPROVAL: Readonly<Record<WindowSettings['approval'], string>> = {
  ask: 'Ask me',
  yes: 'Take the best passing variant',
  deny: 'Refuse every change',
}

/** Starts a run, or queues an instruction for the one that is under way. */
export function TaskInput() {
  const model = useWindow()
  const info = useStore(model.workspace.store, (state) => state.info)
  const live = useStore(model.link.state, (state) => state.phase === 'live')
  const settings = useStore(model.settings.store)
  const run = useOpenRunSummary()
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const [role, setRole] = useState<string | null>(null)
  const [consent, setConsent] = useState(false)
  const consentBox = useRef<HTMLInputElement>(null)
  const unisolated = info !== null && isUnisolated(info.isolation.level)
  const active = run !== null && isActive(run.state)
  const agents = info?.agents ?? []
  const agent = agents.find((candidate) => candidate.id === settings.agent) ?? agents[0]

  async function send(): Promise<void> {
    const task = text.trim()
    if (task === '' || busy) return
    if (agent === undefined) {
      model.notices.add({ level: 'info', message: 'The workspace is still being read. Start the run when its agents are listed.' })
      return
    }
    if (!active && unisolated && !consent) {
      model.notices.add({ level: 'warning', message: 'This run would not be isolated. Start it after you agreed to that above the task.' })
      consentBox.current?.focus()
      return
    }
    setBusy(true)
    try {
      if (active) {
        await model.link.call('runs.control', { runId: run.runId, action: 'instruct', text: task })
      } else {
        const { runId } = await model.link.call('runs.start', {
          agent: agent.id,
          task,
          approval: settings.approval,
          forks: settings.forks,
          ...(role === null ? {} : { role }),
          ...(unisolated ? { allowUnisolated: consent } : {}),
        })
        // Consent is given run by run.
        setConsent(false)
        await model.runs.refresh()
        model.openRun(runId)
      }
      setText('')
    } catch (thrown) {
      model.notices.fail(thrown)
    } finally {
      setBusy(false)
    }
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    void send()
  }

  return (
    <form
      className="task-input"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      {!active && run === null && agent !== undefined && agent.examples.length > 0 && (
        <ul className="examples" aria-label="Examples">
          {agent.examples.map((example) => (
            <li key={example}>
              <button type="button" className="link mono" onClick={() => setText(example)}>
                {example}
              </button>
            </li>
          ))}
        </ul>
      )}
      {!active && unisolated && (
        <label className="consent warning">
          <input ref={consentBox} type="checkbox" checked={consent} onChange={(event) => setConsent(event.target.checked)} />
          <span>
            <strong>Run without isolation.</strong> {LEVEL_MEANING[info.isolation.level].meaning}
          </span>
        </label>
      )}
      <textarea
        className="field"
        rows={2}
        data-autofocus
        aria-label={active ? 'Instruction for the running agent' : 'Task'}
        placeholder={active ? 'Queue an instruction: it is taken at the next step' : (agent?.examples[0] ?? 'What should the agent do?')}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="task-options">
        {!active && (
          <>
            <select
              className="field"
              aria-label="Agent"
              title={agent?.summary}
              value={agent?.id ?? ''}
              onChange={(event) => {
                model.settings.change({ agent: event.target.value })
                setRole(null)
              }}
            >
              {agents.map((candidate) => (
                <option key={candidate.id} value={candidate.id}>
                  {candidate.title}
                </option>
              ))}
            </select>
            {agent !== undefined && <RoleChoice own={agent.role} chosen={role} onChoose={setRole} />}
            <select
              className="field"
              aria-label="Approval"
              title="Who decides about plans and merges"
              value={settings.approval}
              onChange={(event) => {
                const chosen = event.target.value
                if (chosen === 'ask' || chosen === 'yes' || chosen === 'deny') model.settings.change({ approval: chosen })
              }}
            >
              {Object.entries(APPROVAL).map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </>
        )}
        <button type="submit" className="button" data-tone="primary" disabled={!live || busy || text.trim() === '' || agent === undefined}>
          {active ? 'Queue' : 'Start run'}
        </button>
      </div>
    </form>
  )
}

/** Whose policies decide what the run may touch; the agent's own role unless another is picked. */
function RoleChoice({ own, chosen, onChoose }: { own: string; chosen: string | null; onChoose: (role: string | null) => void }) {
  const { value } = usePolicyOverview()
  const roles = value?.roles.map(({ settings }) => settings) ?? []
  const gone = chosen !== null && value !== null && !roles.some((role) => role.id === chosen)
  const summary = roles.find((role) => role.id === (chosen ?? own))?.summary
  return (
    <select
      className="field"
      aria-label="Role"
      aria-invalid={gone}
      title={summary ?? 'What the run may touch'}
      value={chosen ?? ''}
      onChange={(event) => onChoose(event.target.value === '' ? null : event.target.value)}
    >
      <option value="">Role: {roles.find((role) => role.id === own)?.title ?? own}</option>
      {gone && <option value={chosen}>{chosen}, removed</option>}
      {roles
        .filter((role) => role.id !== own)
        .map((role) => (
          <option key={role.id} value={role.id}>
            Role: {role.title}
          </option>
        ))}
    </select>
  )
}

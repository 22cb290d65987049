import { type KeyboardEvent, useState } from 'react'
import { useStore } from 'zustand'
import { isActive } from '../../app/runs-store'
import type { WindowSettings } from '../../app/settings-store'
import { useOpenRunSummary, useWindow } from '../../app/window-context'

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
    setBusy(true)
    try {
      if (active) {
        await model.link.call('runs.control', { runId: run.runId, action: 'instruct', text: task })
      } else {
        const { runId } = await model.link.call('runs.start', { agent: agent.id, task, approval: settings.approval, forks: settings.forks })
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
      <textarea
        className="field"
        rows={3}
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
              onChange={(event) => model.settings.change({ agent: event.target.value })}
            >
              {agents.map((candidate) => (
                <option key={candidate.id} value={candidate.id}>
                  {candidate.title}
                </option>
              ))}
            </select>
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

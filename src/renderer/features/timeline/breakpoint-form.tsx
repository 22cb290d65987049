import { useState } from 'react'
import { type Breakpoint, BreakpointCondition, type BreakpointSettings } from '../../../shared/breakpoints'
import { type Failure, toFailure } from '../../../shared/failure'
import { FRAME_KINDS, type FrameKind } from '../../../shared/frames'
import { usePoint, useWindow } from '../../app/window-context'
import { FailureView } from '../../components/surfaces'
import { saveBreakpoint } from './annotations-store'

type On = BreakpointCondition['on']

const ON_TITLE: Readonly<Record<On, string>> = {
  kind: 'A kind of frame',
  tool: 'A call of a tool',
  file: 'A file',
  error: 'Any error',
  human: 'A human decision',
  tokens: 'Tokens of a run',
}

const ACCESS = ['changed', 'read', 'any'] as const
type Access = (typeof ACCESS)[number]

interface Draft {
  readonly on: On
  readonly kinds: readonly FrameKind[]
  readonly tool: string
  readonly file: string
  readonly access: Access
  readonly over: string
  readonly name: string
  readonly scope: 'all' | 'run' | 'branch'
  readonly fromHit: string
}

/** Makes a breakpoint or changes one. What the kernel has against it is shown where it was written. */
export function BreakpointForm({ breakpoint, onDone }: { breakpoint: Breakpoint | null; onDone: () => void }) {
  const model = useWindow()
  const point = usePoint()
  const [draft, setDraft] = useState(() => draftOf(breakpoint))
  const [failure, setFailure] = useState<Failure | null>(null)
  const set = (part: Partial<Draft>): void => setDraft({ ...draft, ...part })

  async function save(): Promise<void> {
    try {
      await saveBreakpoint(model, settingsOf(draft, breakpoint, point), breakpoint?.id ?? null)
      onDone()
    } catch (thrown) {
      setFailure(toFailure(thrown))
    }
  }

  return (
    <form
      className="breakpoint-form"
      aria-label={breakpoint === null ? 'New breakpoint' : 'Change breakpoint'}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.stopPropagation()
        onDone()
      }}
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <label>
        Stop at
        <select className="field" autoFocus value={draft.on} onChange={(event) => set({ on: onOf(event.target.value) })}>
          {Object.entries(ON_TITLE).map(([on, title]) => (
            <option key={on} value={on}>
              {title}
            </option>
          ))}
        </select>
      </label>
      {draft.on === 'kind' && (
        <label>
          Kinds
          <select
            className="field kinds"
            multiple
            size={5}
            value={[...draft.kinds]}
            onChange={(event) => {
              const wanted = new Set([...event.target.selectedOptions].map((option) => option.value))
              set({ kinds: FRAME_KINDS.filter((kind) => wanted.has(kind)) })
            }}
          >
            {FRAME_KINDS.filter((kind) => kind !== 'run.started').map((kind) => (
              <option key={kind} value={kind}>
                {kind}
              </option>
            ))}
          </select>
        </label>
      )}
      {draft.on === 'tool' && (
        <label>
          Tool, by name or glob
          <input
            className="field mono"
            value={draft.tool}
            placeholder="fs.*"
            spellCheck={false}
            onChange={(event) => set({ tool: event.target.value })}
          />
        </label>
      )}
      {draft.on === 'file' && (
        <div className="form-row">
          <label>
            Path or glob
            <input
              className="field mono"
              value={draft.file}
              placeholder="src/**/*.ts"
              spellCheck={false}
              onChange={(event) => set({ file: event.target.value })}
            />
          </label>
          <label>
            When
            <select
              className="field"
              value={draft.access}
              onChange={(event) => set({ access: ACCESS.find((one) => one === event.target.value) ?? 'changed' })}
            >
              <option value="changed">changed</option>
              <option value="read">read</option>
              <option value="any">either</option>
            </select>
          </label>
        </div>
      )}
      {draft.on === 'tokens' && (
        <label>
          More tokens in L1 and L2 than
          <input
            className="field number"
            type="number"
            min={1}
            value={draft.over}
            onChange={(event) => set({ over: event.target.value })}
          />
        </label>
      )}
      <div className="form-row">
        <label>
          In
          <select
            className="field"
            value={draft.scope}
            onChange={(event) => set({ scope: event.target.value === 'run' ? 'run' : event.target.value === 'branch' ? 'branch' : 'all' })}
          >
            <option value="all">all runs</option>
            <option value="run" disabled={point === null && breakpoint?.runId == null}>
              this run
            </option>
            <option value="branch" disabled={point === null && breakpoint?.branchId == null}>
              this branch
            </option>
          </select>
        </label>
        <label>
          From hit
          <input
            className="field number"
            type="number"
            min={1}
            value={draft.fromHit}
            onChange={(event) => set({ fromHit: event.target.value })}
          />
        </label>
      </div>
      <label>
        Name (optional)
        <input className="field" value={draft.name} maxLength={120} onChange={(event) => set({ name: event.target.value })} />
      </label>
      {failure !== null && <FailureView failure={failure} />}
      <div className="form-actions">
        <button type="button" className="button" onClick={onDone}>
          Cancel
        </button>
        <button type="submit" className="button" data-tone="primary">
          {breakpoint === null ? 'Add' : 'Save'}
        </button>
      </div>
    </form>
  )
}

function onOf(value: string): On {
  return value in ON_TITLE ? (value as On) : 'kind'
}

function draftOf(breakpoint: Breakpoint | null): Draft {
  const blank: Draft = {
    ...{ on: 'tool', kinds: ['decision'], tool: '', file: '', access: 'changed', over: '10000', name: '', scope: 'all', fromHit: '1' },
  }
  if (breakpoint === null) return blank
  const { condition, name, runId, branchId, fromHit } = breakpoint
  return {
    ...blank,
    ...{ on: condition.on, name, fromHit: String(fromHit), scope: branchId !== null ? 'branch' : runId !== null ? 'run' : 'all' },
    ...(condition.on === 'kind' ? { kinds: condition.kinds } : {}),
    ...(condition.on === 'tool' ? { tool: condition.pattern } : {}),
    ...(condition.on === 'file' ? { file: condition.pattern, access: condition.access } : {}),
    ...(condition.on === 'tokens' ? { over: String(condition.over) } : {}),
  }
}

/** A breakpoint that was of a run or a branch stays of that one. */
function settingsOf(draft: Draft, before: Breakpoint | null, point: ReturnType<typeof usePoint>): BreakpointSettings {
  return {
    name: draft.name.trim(),
    enabled: before?.enabled ?? true,
    condition: conditionOf(draft),
    runId: draft.scope === 'all' ? null : (before?.runId ?? point?.runId ?? null),
    branchId: draft.scope === 'branch' ? (before?.branchId ?? point?.branchId ?? null) : null,
    fromHit: Number(draft.fromHit),
  }
}

function conditionOf(draft: Draft): BreakpointCondition {
  switch (draft.on) {
    case 'kind':
      return { on: 'kind', kinds: [...draft.kinds] }
    case 'tool':
      return { on: 'tool', pattern: draft.tool.trim() }
    case 'file':
      return { on: 'file', pattern: draft.file.trim(), access: draft.access }
    case 'tokens':
      return { on: 'tokens', over: Number(draft.over) }
    case 'error':
    case 'human':
      return { on: draft.on }
  }
}

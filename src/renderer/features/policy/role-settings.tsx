import type { RoleView } from '../../../shared/policy'
import { SeccompProfile } from '../../../shared/policy'
import { formatBytes } from '../../components/format'
import { SECCOMP_NAME } from '../../components/policy-words'
import { edit } from './policy-store'
import { LIMIT_NAMES, LIMIT_UNIT, type LimitName, type RoleDraft, settingsOf } from './role-draft'

function amount(name: LimitName, value: number): string {
  if (name === 'maxMemoryBytes' || name === 'maxDiskBytes') return formatBytes(value)
  return `${value.toLocaleString('en-GB')}${name === 'maxCpuSeconds' ? ' s' : ''}`
}

/** Limits and system-call filter of a shipped role. */
export function LimitTable({ view }: { view: RoleView }) {
  const { name, meaning } = SECCOMP_NAME[view.settings.seccomp]
  return (
    <section>
      <h3>Limits</h3>
      <dl className="limits">
        {LIMIT_NAMES.map((limit) => (
          <div key={limit}>
            <dt>{LIMIT_UNIT[limit].title}</dt>
            <dd className="number" title={view.limits[limit].toLocaleString('en-GB')}>
              {amount(limit, view.limits[limit])}
            </dd>
          </div>
        ))}
      </dl>
      <p className="muted">
        <strong>System calls: {name.toLowerCase()}.</strong> {meaning}
      </p>
    </section>
  )
}

/** The same of a role of the user's, to be edited with its name. */
export function SettingsForm({ roleKey, view, draft }: { roleKey: string; view: RoleView | null; draft: RoleDraft }) {
  const { problems } = settingsOf(draft)
  const change = (part: Partial<RoleDraft>): void => edit(roleKey, view, part)
  const problem = (field: string): React.ReactNode =>
    problems.has(field) && (
      <span className="danger" role="alert">
        {problems.get(field)}
      </span>
    )
  return (
    <section>
      <h3>Settings</h3>
      <div className="role-form">
        <label>
          Id
          <input
            className="field mono"
            spellCheck={false}
            readOnly={draft.base !== null}
            value={draft.id}
            aria-invalid={problems.has('id')}
            onChange={(event) => change({ id: event.target.value })}
          />
          {problem('id')}
        </label>
        <label>
          Title
          <input
            className="field"
            value={draft.title}
            aria-invalid={problems.has('title')}
            onChange={(event) => change({ title: event.target.value })}
          />
          {problem('title')}
        </label>
        <label className="wide">
          Summary
          <input className="field" value={draft.summary} onChange={(event) => change({ summary: event.target.value })} />
          {problem('summary')}
        </label>
        <label className="wide">
          System calls
          <select
            className="field"
            value={draft.seccomp}
            onChange={(event) => change({ seccomp: SeccompProfile.parse(event.target.value) })}
          >
            {SeccompProfile.options.map((profile) => (
              <option key={profile} value={profile}>
                {SECCOMP_NAME[profile].name}
              </option>
            ))}
          </select>
          <span className="muted">{SECCOMP_NAME[draft.seccomp].meaning}</span>
        </label>
        {LIMIT_NAMES.map((name) => (
          <label key={name}>
            {LIMIT_UNIT[name].title}
            {LIMIT_UNIT[name].unit !== '' && `, ${LIMIT_UNIT[name].unit}`}
            <input
              className="field number"
              inputMode="numeric"
              value={draft.limits[name]}
              aria-invalid={problems.has(name)}
              placeholder={view === null ? 'the default' : String(view.limits[name] / LIMIT_UNIT[name].factor)}
              onChange={(event) => change({ limits: { ...draft.limits, [name]: event.target.value } })}
            />
            {problem(name)}
          </label>
        ))}
      </div>
    </section>
  )
}

import { useMemo, useState } from 'react'
import { useStore } from 'zustand'
import { checkKeymap } from '../../app/keymap'
import { ThemeChoice } from '../../app/settings-store'
import { useKernelQuery, useWindow } from '../../app/window-context'
import { IsolationReport, isWeak } from '../../components/isolation-report'
import { LEVEL_MEANING } from '../../components/policy-words'
import { FailureView, Skeleton } from '../../components/surfaces'
import './settings.css'

const THEMES: Readonly<Record<ThemeChoice, string>> = {
  system: 'Follow the system',
  light: 'Light',
  dark: 'Dark',
  'contrast-light': 'Light, high contrast',
  'contrast-dark': 'Dark, high contrast',
}

export default function SettingsPanel() {
  const model = useWindow()
  const settings = useStore(model.settings.store)
  return (
    <div className="settings">
      <section>
        <h3>Theme</h3>
        <select
          className="field"
          aria-label="Theme"
          value={settings.theme}
          onChange={(event) => model.settings.change({ theme: ThemeChoice.parse(event.target.value) })}
        >
          {ThemeChoice.options.map((theme) => (
            <option key={theme} value={theme}>
              {THEMES[theme]}
            </option>
          ))}
        </select>
      </section>
      <Isolation />
      <Keymap />
    </div>
  )
}

/** What the doctor found by trying: the level in force, and what each boundary gives. */
function Isolation() {
  const model = useWindow()
  const known = useStore(model.workspace.store, (state) => state.info?.isolation ?? null)
  const fresh = useKernelQuery('doctor', (link, signal) => link.call('doctor.get', {}, { signal }))
  const report = fresh.value ?? known
  return (
    <section>
      <h3>Isolation</h3>
      {fresh.status === 'failed' && <FailureView failure={fresh.failure} onRetry={fresh.reload} />}
      {report === null ? (
        fresh.status !== 'failed' && <Skeleton rows={6} />
      ) : (
        <>
          <p>
            Level <strong className={isWeak(report) ? 'warning' : undefined}>{LEVEL_MEANING[report.level].name}</strong>
          </p>
          <IsolationReport report={report} />
        </>
      )}
      <div>
        <button type="button" className="button" disabled={fresh.status === 'loading'} onClick={fresh.reload}>
          {fresh.status === 'loading' ? 'Trying' : 'Try again'}
        </button>
      </div>
    </section>
  )
}

function Keymap() {
  const model = useWindow()
  const commands = useStore(model.commands.store, (state) => state.commands)
  const keymap = useStore(model.settings.store, (state) => state.keymap)
  const [text, setText] = useState(() => JSON.stringify(keymap, null, 2))
  const checked = useMemo(() => checkKeymap(text), [text])
  const unchanged = JSON.stringify(checked.overrides) === JSON.stringify(keymap)
  return (
    <section>
      <h3>Keys</h3>
      <p className="muted">
        One JSON object: the id of a command and its key, such as <code>{'{ "run.step": "Ctrl+Enter" }'}</code>; <code>null</code> takes a
        key away.
      </p>
      <textarea
        className="field mono"
        rows={6}
        spellCheck={false}
        aria-label="Keymap, JSON"
        aria-invalid={checked.overrides === null}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {checked.problems.map((problem) => (
        <p key={problem} className="danger" role="alert">
          {problem}
        </p>
      ))}
      <div>
        <button
          type="button"
          className="button"
          data-tone="primary"
          disabled={checked.overrides === null || unchanged}
          onClick={() => checked.overrides !== null && model.settings.change({ keymap: checked.overrides })}
        >
          Use this keymap
        </button>
      </div>
      <table aria-label="Commands">
        <thead>
          <tr>
            <th scope="col">Command</th>
            <th scope="col">Id</th>
            <th scope="col">Key</th>
          </tr>
        </thead>
        <tbody>
          {commands.map((command) => (
            <tr key={command.id}>
              <td>{command.title}</td>
              <td className="mono faint">{command.id}</td>
              <td className="mono">{model.commands.keyOf(command, keymap) ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

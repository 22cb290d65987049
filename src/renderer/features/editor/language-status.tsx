import { useStore } from 'zustand'
import { useWindow } from '../../app/window-context'
import { languageState } from './language-store'
import { restartLanguageServer } from './monaco/language-session'

/** Whether questions about the code are answered here, and the way to have them answered. */
export function LanguageStatus({ past }: { past: boolean }) {
  const model = useWindow()
  const { phase, detail } = useStore(languageState)
  if (past) {
    return (
      <span className="language-status faint">
        language server answers for the live end{' '}
        <button type="button" className="link" onClick={() => model.select('live')}>
          Go there
        </button>
      </span>
    )
  }
  if (phase === 'starting') return <span className="language-status faint">language server starts</span>
  if (phase === 'ready') return <span className="language-status faint">language server ready</span>
  if (phase === 'off') return null
  return (
    <span className="language-status danger" role="alert" title={detail ?? undefined}>
      <span className="clip">{phase === 'ended' ? 'language server ended' : 'language server did not start'}</span>
      <button type="button" className="link" onClick={() => restartLanguageServer(model)}>
        Start again
      </button>
    </span>
  )
}

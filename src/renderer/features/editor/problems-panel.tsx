import { useVirtualizer } from '@tanstack/react-virtual'
import { CircleAlert, Info, Lightbulb, type LucideIcon, TriangleAlert } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useStore } from 'zustand'
import type { PanelProps } from '../../app/panel-registry'
import { useFilesPoint } from './use-files'
import { useIsPast, useWindow } from '../../app/window-context'
import { count } from '../../components/format'
import { EmptyState } from '../../components/surfaces'
import { languageState } from './language-store'
import { LanguageStatus } from './language-status'
import { wantLanguageServer } from './monaco/language-session'
import { checkChangedFiles } from './monaco/problems'
import { setUpMonaco } from './monaco/setup'
import './problems.css'
import { type Problem, problemsState } from './problems-store'

const ROW_PX = 24
const ICON: Readonly<Record<Problem['severity'], LucideIcon>> = { error: CircleAlert, warning: TriangleAlert, info: Info, hint: Lightbulb }
const TONE: Readonly<Record<Problem['severity'], string>> = { error: 'danger', warning: 'warning', info: 'muted', hint: 'faint' }

/** What the branch's language server finds in the changed files and in those that are open. */
export default function ProblemsPanel({ visible }: PanelProps) {
  const past = useIsPast()
  const { problems, checked } = useStore(problemsState)
  const { phase } = useStore(languageState)
  useChecking(visible && !past)
  return (
    <>
      <div className="toolbar problems-bar">
        <span>{phase === 'ready' ? count(problems.length, 'problem') : 'Problems'}</span>
        <span className="faint">in the changed files ({checked}) and the open ones</span>
        <span className="spacer" />
        <LanguageStatus past={past} />
      </div>
      {past && (
        <EmptyState title="Problems are those of the live end">
          A language server reads the files that the branch has now. What was found at this frame is in the output of its checks.
        </EmptyState>
      )}
      {!past && phase === 'ready' && problems.length === 0 && (
        <EmptyState title="No problems">The language server of this branch has nothing to say against these files.</EmptyState>
      )}
      {!past && problems.length > 0 && <ProblemList problems={problems} />}
    </>
  )
}

/** Keeps the changed files of the live end in front of the server while the panel is looked at. */
function useChecking(active: boolean): void {
  const model = useWindow()
  const key = useFilesPoint()?.key ?? null
  const [branch, setBranch] = useState<string | null>(null)
  useEffect(() => model.selection.subscribe((state) => setBranch(state.branchId)), [model])
  useEffect(() => {
    if (!active || key === null) return
    let stale = false
    let release: (() => void) | null = null
    async function check(): Promise<void> {
      await setUpMonaco(model)
      if (stale) return
      wantLanguageServer(model)
      release = await checkChangedFiles(model)
      if (stale) release()
    }
    check().catch(model.notices.fail)
    return () => {
      stale = true
      release?.()
    }
  }, [active, key, branch, model])
}

function ProblemList({ problems }: { problems: readonly Problem[] }) {
  const model = useWindow()
  const scroller = useRef<HTMLDivElement>(null)
  const [index, setIndex] = useState(0)
  const rows = useVirtualizer({ count: problems.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 8 })
  const show = (problem: Problem | undefined): void => {
    if (problem !== undefined) model.showFile(problem.path, problem.line)
  }
  return (
    <div
      ref={scroller}
      className="problem-list"
      role="listbox"
      aria-label="Problems"
      tabIndex={0}
      data-autofocus
      aria-activedescendant={`problem-${index}`}
      onKeyDown={(event) => {
        if (event.key === 'Enter') show(problems[index])
        const to = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: problems.length - 1 }[event.key]
        if (to === undefined) return
        event.preventDefault()
        const next = Math.max(0, Math.min(problems.length - 1, to))
        setIndex(next)
        rows.scrollToIndex(next)
      }}
    >
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((place) => {
          const problem = problems[place.index]
          if (problem === undefined) return null
          const Icon = ICON[problem.severity]
          return (
            <div
              key={place.key}
              id={`problem-${place.index}`}
              className="problem-row"
              role="option"
              aria-selected={place.index === index}
              title={problem.message}
              style={{ top: place.start, height: ROW_PX }}
              onClick={() => {
                setIndex(place.index)
                show(problem)
              }}
            >
              <Icon size={14} className={TONE[problem.severity]} aria-label={problem.severity} />
              <span className="clip">{problem.message}</span>
              {problem.code !== null && <span className="faint number">{problem.code}</span>}
              <span className="spacer" />
              <span className="mono muted clip">
                {problem.path}:{problem.line}
              </span>
            </div>
          )
        })}
      </div>
    </div>
  )
}

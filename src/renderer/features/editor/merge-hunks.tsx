import { useState } from 'react'
import type { BranchId, RunId } from '../../../shared/ids'
import { useIsPast, useKernelQuery, useOpenRunSummary, useRunFrames, useWindow } from '../../app/window-context'
import { count } from '../../components/format'
import { HunkList } from '../../components/hunk-list'
import { hunkIds, keepSafe, type Kept, keptHunks, selectionOf } from '../../components/hunk-selection'
import { EmptyState, FailureView, Skeleton } from '../../components/surfaces'

const AT_WORK: readonly string[] = ['running', 'paused', 'waiting']

/** The hunks that a merge of the branch would bring into the user's own folder, each of which can be left out. */
export function MergeHunks({ runId, branchId }: { runId: RunId; branchId: BranchId }) {
  const model = useWindow()
  const past = useIsPast()
  const { cache } = useRunFrames()
  const summary = useOpenRunSummary()
  const preview = useKernelQuery(past ? null : `${runId} ${branchId} ${cache.tip(branchId)}`, (link, signal) =>
    link.call('branches.mergePreview', { runId, branchId }, { signal }),
  )
  const [chosen, setChosen] = useState<{ readonly of: BranchId; readonly kept: Kept } | null>(null)
  const [busy, setBusy] = useState(false)

  if (past) {
    return (
      <EmptyState
        title="A merge takes the live end of a branch"
        action={
          <button type="button" className="button" onClick={() => model.select('live')}>
            Back to live
          </button>
        }
      >
        To merge what was there at this frame, fork from it first.
      </EmptyState>
    )
  }
  if (preview.status === 'failed') return <FailureView failure={preview.failure} onRetry={preview.reload} />
  if (preview.value === null) return <Skeleton rows={10} />
  const { diffs, conflicts } = preview.value
  if (diffs.length === 0) return <EmptyState title="Nothing to merge">The branch changes no file of your folder.</EmptyState>

  const kept = chosen?.of === branchId ? chosen.kept : keepSafe(diffs)
  const hunks = keptHunks(kept)
  const total = diffs.reduce((sum, diff) => sum + hunkIds(diff).length, 0)
  const branch = summary?.branches.find((candidate) => candidate.branchId === branchId)
  const atWork = branch !== undefined && AT_WORK.includes(branch.state)

  async function merge(): Promise<void> {
    setBusy(true)
    try {
      const outcome = await model.link.call('branches.merge', { runId, branchId, hunks: selectionOf(diffs, kept) })
      const refused = outcome.conflicts.length
      model.notices.add({
        level: refused > 0 ? 'warning' : 'success',
        message: `Merged ${count(outcome.applied.length, 'file')}${refused > 0 ? `, ${count(refused, 'conflict')}` : ''}.`,
      })
      setChosen(null)
      preview.reload()
    } catch (thrown) {
      model.notices.fail(thrown)
    } finally {
      setBusy(false)
    }
  }

  return (
    <div className="merge-hunks">
      <div className="merge-scroll">
        <HunkList
          diffs={diffs}
          kept={kept}
          onChange={(next) => setChosen({ of: branchId, kept: next })}
          conflicts={new Map(conflicts.map((conflict) => [conflict.path, conflict.reason]))}
        />
      </div>
      <div className="merge-foot">
        <button type="button" className="button" data-tone="primary" disabled={busy || atWork || hunks === 0} onClick={() => void merge()}>
          Merge {count(hunks, 'hunk')}
        </button>
        {atWork && <span className="muted">The branch is still at work; it can be merged when it has ended.</span>}
        {!atWork && total > hunks && <span className="muted">{total - hunks} left out</span>}
      </div>
    </div>
  )
}

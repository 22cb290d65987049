import { Check, Minus, X } from 'lucide-react'
import { useState } from 'react'
import type { FileDiff } from '../../../shared/files'
import type { CheckResult, HumanRequest } from '../../../shared/frames'
import type { BranchId } from '../../../shared/ids'
import { useKernelQuery, useWindow } from '../../app/window-context'
import { count, formatDuration, formatScore } from '../../components/format'
import { HunkList } from '../../components/hunk-list'
import { hunkIds, keepSafe, type Kept, keptHunks, selectionOf } from '../../components/hunk-selection'
import { EmptyState, FailureView, Skeleton } from '../../components/surfaces'
import { reason, type RequestFormProps } from './request-form'

type Candidate = NonNullable<HumanRequest['branches']>[number]
type Check = CheckResult['check']

/** The branches side by side with their verdicts; the hunks of the one that is picked below. */
export function MergeReview(props: RequestFormProps) {
  const branches = props.request.branches ?? []
  const [picked, setPicked] = useState<BranchId | null>((branches.find((branch) => branch.verdict.passed) ?? branches[0])?.branchId ?? null)
  return (
    <>
      <VerdictTable branches={branches} picked={picked} onPick={setPicked} />
      {picked === null ? (
        <>
          <EmptyState title="Nothing to merge">No branch was made that could be merged.</EmptyState>
          <MergeActions {...props} branchId={null} diffs={[]} kept={new Map()} />
        </>
      ) : (
        <BranchHunks key={picked} {...props} branchId={picked} />
      )}
    </>
  )
}

function VerdictTable({
  branches,
  picked,
  onPick,
}: {
  branches: readonly Candidate[]
  picked: BranchId | null
  onPick: (id: BranchId) => void
}) {
  const model = useWindow()
  const checks = [...new Set(branches.flatMap((branch) => branch.verdict.checks.map((check) => check.check)))]
  return (
    <div className="verdicts-scroll">
      <table className="verdicts">
        <thead>
          <tr>
            <th scope="col">Variant</th>
            <th scope="col">Score</th>
            {checks.map((check) => (
              <th key={check} scope="col">
                {check}
              </th>
            ))}
            <th scope="col">
              <span className="visually-hidden">Open</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {branches.map((branch) => (
            <tr key={branch.branchId} aria-selected={branch.branchId === picked}>
              <th scope="row">
                <label className="verdict-pick">
                  <input
                    type="radio"
                    name="variant"
                    checked={branch.branchId === picked}
                    data-autofocus={branch.branchId === picked ? true : undefined}
                    onChange={() => onPick(branch.branchId)}
                  />
                  {branch.label}
                </label>
              </th>
              <td>
                <span className="number">{formatScore(branch.verdict.score)}</span>{' '}
                <span className={branch.verdict.passed ? 'success' : 'danger'}>{branch.verdict.passed ? 'passed' : 'not passed'}</span>
              </td>
              {checks.map((check) => (
                <CheckCell key={check} check={branch.verdict.checks.find((candidate) => candidate.check === check)} name={check} />
              ))}
              <td>
                <button type="button" className="link" onClick={() => model.select('live', branch.branchId)}>
                  Show branch
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function CheckCell({ check, name }: { check: CheckResult | undefined; name: Check }) {
  if (check === undefined || check.state === 'not-available') {
    return (
      <td className="faint" title={check?.detail ?? `${name} was not run`}>
        <Minus size={13} aria-hidden /> not available
      </td>
    )
  }
  const passed = check.state === 'passed'
  return (
    <td title={`${check.command ?? ''}, ${formatDuration(check.durationMs)}`}>
      {passed ? <Check size={13} className="success" aria-label="passed" /> : <X size={13} className="danger" aria-label="failed" />}{' '}
      {check.detail}
    </td>
  )
}

function BranchHunks(props: RequestFormProps & { branchId: BranchId }) {
  const { request, branchId } = props
  const preview = useKernelQuery(`${request.runId} ${branchId}`, (link, signal) =>
    link.call('branches.mergePreview', { runId: request.runId, branchId }, { signal }),
  )
  const [chosen, setChosen] = useState<Kept | null>(null)
  const diffs = preview.value?.diffs ?? []
  const kept = chosen ?? keepSafe(diffs)
  const conflicts = new Map((preview.value?.conflicts ?? []).map((conflict) => [conflict.path, conflict.reason]))
  return (
    <>
      {preview.status === 'failed' && <FailureView failure={preview.failure} onRetry={preview.reload} />}
      {preview.value === null && preview.status !== 'failed' && <Skeleton rows={8} />}
      {preview.value !== null && diffs.length === 0 && <EmptyState title="No change">This variant changes no file.</EmptyState>}
      {diffs.length > 0 && (
        <div className="request-hunks">
          <HunkList diffs={diffs} kept={kept} onChange={setChosen} conflicts={conflicts} />
        </div>
      )}
      <MergeActions {...props} diffs={diffs} kept={kept} />
    </>
  )
}

interface ActionsProps extends RequestFormProps {
  readonly branchId: BranchId | null
  readonly diffs: readonly FileDiff[]
  readonly kept: Kept
}

function MergeActions({ branchId, diffs, kept, busy, onAnswer }: ActionsProps) {
  const [text, setText] = useState('')
  const hunks = keptHunks(kept)
  const total = diffs.reduce((sum, diff) => sum + hunkIds(diff).length, 0)
  return (
    <form
      className="request-actions"
      onSubmit={(event) => {
        event.preventDefault()
        if (branchId === null) return
        const selection = selectionOf(diffs, kept)
        onAnswer({ decision: 'approve', branchId, ...(selection === null ? {} : { hunks: selection }), ...reason(text) })
      }}
    >
      <button type="submit" className="button" data-tone="primary" disabled={busy || branchId === null || hunks === 0}>
        Merge {count(hunks, 'hunk')}
      </button>
      <button
        type="button"
        className="button"
        data-tone="danger"
        disabled={busy}
        onClick={() => onAnswer({ decision: 'deny', ...reason(text) })}
      >
        Merge nothing
      </button>
      <input
        className="field"
        aria-label="Message"
        placeholder="Message, optional"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {total > hunks && <span className="muted">{total - hunks} left out</span>}
    </form>
  )
}

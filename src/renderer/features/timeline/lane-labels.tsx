import { useStore } from 'zustand'
import { useOpenRunSummary, useWindow } from '../../app/window-context'
import { formatScore } from '../../components/format'
import { StateBadge } from '../../components/surfaces'
import { BAND_PX, LANE_PX, type Lane, RULER_PX } from './lanes'

/** Names, states and scores of the branches, one row a lane. */
export function LaneLabels({ lanes }: { lanes: readonly Lane[] }) {
  const model = useWindow()
  const selected = useStore(model.selection, (state) => state.branchId)
  const summary = useOpenRunSummary()
  return (
    <div className="lane-labels" role="radiogroup" aria-label="Branches">
      <div style={{ height: RULER_PX }} />
      {lanes.map((lane) => {
        const branch = summary?.branches.find((candidate) => candidate.branchId === lane.branchId)
        const label = branch?.label ?? (lane.parent === null ? 'main line' : lane.branchId)
        const score = branch?.verdict == null ? null : formatScore(branch.verdict.score)
        return (
          <button
            key={lane.branchId}
            type="button"
            className="lane-label"
            role="radio"
            aria-checked={lane.branchId === selected}
            aria-label={`Branch ${label}, ${branch?.state ?? 'unknown'}${score === null ? '' : `, score ${score}`}`}
            data-testid={`branch-lane-${lane.branchId}`}
            style={{ height: LANE_PX }}
            title={`${lane.branchId}, ${lane.parent === null ? 'from the start' : `forked from frame ${lane.fromFrame}`}`}
            onClick={() => model.select('live', lane.branchId)}
          >
            <span className="clip">{label}</span>
            {score !== null && <span className="number">{score}</span>}
            {branch !== undefined && <StateBadge state={branch.state} />}
          </button>
        )
      })}
      <div className="band-label faint" style={{ height: BAND_PX }} title="Tokens that each frame put into L1 and L2">
        tokens into context
      </div>
    </div>
  )
}

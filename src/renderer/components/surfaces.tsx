import type { ReactNode } from 'react'
import type { Failure } from '../../shared/failure'

/** An empty place that teaches: what would be here, and the one action that brings it. */
export function EmptyState({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <h3>{title}</h3>
      <p>{children}</p>
      {action}
    </div>
  )
}

/** What happened, what to do about it, and a button that does it where there is one. */
export function FailureView({ failure, onRetry }: { failure: Failure; onRetry?: () => void }) {
  return (
    <div className="failure" role="alert">
      <p>{failure.message}</p>
      {failure.action !== undefined && <p className="muted">{failure.action}</p>}
      {onRetry !== undefined && (
        <button type="button" className="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  )
}

/** Keeps the layout while something loads. */
export function Skeleton({ rows = 5 }: { rows?: number }) {
  return (
    <div role="status" aria-label="Loading" style={{ overflow: 'hidden' }}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="skeleton" style={{ width: `${82 - ((row * 37) % 45)}%` }} />
      ))}
    </div>
  )
}

export function StateBadge({ state, label }: { state: string; label?: string }) {
  return (
    <span className="badge" data-tone={state}>
      {label ?? state}
    </span>
  )
}

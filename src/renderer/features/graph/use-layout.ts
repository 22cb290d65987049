import { useEffect, useRef, useState } from 'react'
import { type Failure, toFailure } from '../../../shared/failure'
import { GraphLayout, type Layout } from './layout-worker'
import type { EdgeBundle, ShownGraph } from './merge-results'

export interface LaidOut extends Layout {
  /** The graph that it is the picture of. */
  readonly of: ShownGraph
}

/** Places by node, laid out in a worker. The last picture stays until the next one is there. */
export function useLayout(shown: ShownGraph, bundles: readonly EdgeBundle[]): { picture: LaidOut | null; failure: Failure | null } {
  const [state, setState] = useState<{ picture: LaidOut | null; failure: Failure | null }>({ picture: null, failure: null })
  const layout = useRef<GraphLayout | null>(null)
  useEffect(() => {
    const own = new GraphLayout()
    layout.current = own
    return () => own.dispose()
  }, [])
  useEffect(() => {
    let current = true
    layout.current?.run(shown.nodes, bundles).then(
      (laidOut) => {
        if (current) setState({ picture: { ...laidOut, of: shown }, failure: null })
      },
      (thrown: unknown) => {
        const failure = toFailure(thrown)
        if (current && failure.code !== 'cancelled') setState((before) => ({ ...before, failure }))
      },
    )
    return () => {
      current = false
    }
  }, [shown, bundles])
  return state
}

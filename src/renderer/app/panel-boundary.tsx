import { Component, type ReactNode } from 'react'
import { type Failure, toFailure } from '../../shared/failure'
import { FailureView } from '../components/surfaces'

interface Props {
  readonly title: string
  readonly children: ReactNode
}

/** A panel that breaks says so in its own place; the others go on. */
export class PanelBoundary extends Component<Props, { readonly failure: Failure | null }> {
  override state: { readonly failure: Failure | null } = { failure: null }

  static getDerivedStateFromError(thrown: unknown): { failure: Failure } {
    return { failure: toFailure(thrown) }
  }

  override render(): ReactNode {
    const { failure } = this.state
    if (failure === null) return this.props.children
    return (
      <FailureView
        failure={{ ...failure, message: `The panel "${this.props.title}" stopped: ${failure.message}` }}
        onRetry={() => this.setState({ failure: null })}
      />
    )
  }
}

import type { Frame } from '../../shared/frames'
import { oneLine, seconds } from './print'

/** A frame in one line, for listings and for the progress of a run. */
export function describeFrame(frame: Frame): string {
  return oneLine(describe(frame))
}

function describe(frame: Frame): string {
  switch (frame.kind) {
    case 'run.started':
      return `${frame.payload.options.agent}: ${frame.payload.options.task} (isolation ${frame.payload.isolation})`
    case 'run.ended':
      return `${frame.payload.outcome}: ${frame.payload.summary}`
    case 'fork':
      return `${frame.payload.label} (${frame.payload.reason}, from frame ${frame.payload.fromFrame} of ${frame.payload.parent})`
    case 'decision':
      return `${frame.payload.outcome}: ${frame.payload.reasons.join('; ')}`
    case 'context.changed':
    case 'context.edited':
      return frame.payload.changes.map((change) => `${change.op} ${change.op === 'put' ? change.item.id : change.id}`).join(', ')
    case 'tool.intent':
      return `${frame.payload.tool} ${JSON.stringify(frame.payload.args)}`
    case 'tool.outcome': {
      const files = frame.payload.sideEffects.files.length
      const ending = frame.payload.ok ? 'ok' : `failed: ${frame.payload.error?.message ?? frame.payload.text}`
      return `${frame.payload.tool} ${ending} in ${seconds(frame.payload.durationMs)}${files > 0 ? `, ${files} files changed` : ''}`
    }
    case 'judge.intent':
      return `${frame.payload.judge} judges ${frame.payload.branchId}`
    case 'judge.verdict':
      return `${frame.payload.passed ? 'passed' : 'failed'} ${frame.payload.score?.toFixed(2) ?? 'without a score'}: ${frame.payload.checks.map((check) => `${check.check} ${check.state}`).join(', ')}`
    case 'merge.intent':
      return `merge ${frame.payload.branchId}`
    case 'merge.outcome':
      return `${frame.payload.applied.length} files merged, ${frame.payload.conflicts.length} conflicts, ${frame.payload.skipped.length} left out`
    case 'speculate.intent':
      return frame.payload.variants.map((variant) => `${variant.branchId} ${variant.label}`).join('; ')
    case 'speculate.outcome':
      return frame.payload.branches.map((branch) => `${branch.branchId} ${branch.label}: ${branch.ok ? 'ok' : 'failed'}`).join('; ')
    case 'human.request':
      return `${frame.payload.type}: ${frame.payload.title}`
    case 'human.answer':
      return `${frame.payload.decision} by ${frame.payload.by}`
    case 'checkpoint':
      return `${frame.payload.name ?? ''} ${frame.payload.reason}`
    case 'restore':
      return `to frame ${frame.payload.toFrame}: ${frame.payload.reason}`
    case 'recovery':
      return `${frame.payload.resolution} frame ${frame.payload.intent}: ${frame.payload.detail}`
    case 'control':
      return `${frame.payload.action} by ${frame.payload.by} ${frame.payload.text ?? ''}`
    case 'policy.granted':
      return frame.payload.grants.map((grant) => `${grant.scope} ${grant.action} ${grant.pattern} for ${grant.role}`).join('; ')
    case 'agent.message':
      return frame.payload.text
    case 'agent.plan':
      return `${frame.payload.title}: ${frame.payload.steps.map((step) => `${step.title} (${step.state})`).join(', ')}`
    case 'agent.state':
      return frame.payload.state
    case 'memory.changed':
      return `version ${frame.payload.version}, ${frame.payload.files} files, ${frame.payload.symbols} symbols: ${frame.payload.reason}`
    case 'terminal.data':
      return `${frame.payload.session} ${frame.payload.stream} ${frame.payload.data.length} characters`
    case 'error':
      return `${frame.payload.where}: ${frame.payload.message}`
  }
}

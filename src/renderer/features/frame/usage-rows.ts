import type { ResourceUsage } from '../../../shared/frames'
import { formatBytes } from '../../components/format'

export interface UsageRow {
  readonly name: string
  readonly used: number
  readonly max: number
  readonly usedText: string
  readonly maxText: string
  /** 0 to 1. */
  readonly share: number
  readonly tone: 'plain' | 'warning' | 'danger'
}

const NEAR = 0.8

export function usageRows(usage: ResourceUsage): UsageRow[] {
  return [
    row('Memory', usage.peakMemoryBytes, usage.maxMemoryBytes, formatBytes),
    row('Processes', usage.peakProcesses, usage.maxProcesses, String),
    row('Disk', usage.diskBytes, usage.maxDiskBytes, formatBytes),
  ]
}

function row(name: string, used: number, max: number, text: (amount: number) => string): UsageRow {
  const share = max <= 0 ? 0 : Math.min(1, Math.max(0, used / max))
  return {
    name,
    used,
    max,
    usedText: text(used),
    maxText: text(max),
    share,
    tone: share >= 1 ? 'danger' : share >= NEAR ? 'warning' : 'plain',
  }
}

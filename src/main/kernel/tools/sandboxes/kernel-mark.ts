import { readFileSync } from 'node:fs'
import { processState } from './process-tree'

/** Label of everything made in a Docker engine: whose it is, so that what a killed kernel left can be told from what is in use. */
export const KERNEL_LABEL = 'dev.keyframe.kernel'

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/** This kernel, as it marks what would outlive it: process id, when it was started, and the boot of the machine. */
export function kernelMark(): string {
  return `${process.pid}:${processState(process.pid)?.startTime ?? 0}:${bootId()}`
}

/** False for a mark that nobody could have made. */
export function isAliveMark(mark: string): boolean {
  const [pid = '', startTime = '', boot = ''] = mark.split(':')
  return boot === bootId() && /^\d+$/.test(pid) && processState(Number(pid))?.startTime === Number(startTime)
}

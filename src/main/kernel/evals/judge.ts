import type { CheckResult } from '../../../shared/frames'
import type { FilesAt } from '../checkpoints/files'
import type { Sandbox } from '../tools/sandboxes/sandbox'

export interface JudgeSubject {
  /** A sandbox with the branch's files; a judge may write into it, nothing of it is captured. */
  readonly sandbox: Sandbox
  /** The files before the run: where checks and their configuration are read from. */
  readonly base: FilesAt
  readonly changedFiles: readonly string[]
  readonly signal: AbortSignal
  onOutput(chunk: string): void
}

export interface Check {
  readonly check: CheckResult['check']
  readonly command: string
  readonly why: string
}

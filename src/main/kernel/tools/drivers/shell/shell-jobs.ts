import { KeyframeError } from '../../../../../shared/failure'
import type { ShellSession } from './shell-session'

/** A day: a job has no time of its own; it ends with its branch. */
const LONGEST_JOB_MS = 24 * 3_600_000
const MAX_RUNNING = 16
const MAX_KEPT = 32
const SHOWN_CHARACTERS = 400

export interface ShellJob {
  readonly name: string
  readonly command: string
  readonly session: ShellSession
  state: 'running' | 'ended' | 'stopped'
  exitCode: number | null
  durationMs: number
}

/** Commands in the background of a branch: each in a session of its own, which is closed when it ends. */
export class ShellJobs {
  readonly #jobs = new Map<string, ShellJob>()
  #last: number

  constructor(last = 0) {
    this.#last = last
  }

  get last(): number {
    return this.#last
  }

  all(): ShellJob[] {
    return [...this.#jobs.values()]
  }

  find(name: string): ShellJob | undefined {
    return this.#jobs.get(name)
  }

  running(): ShellJob[] {
    return this.all().filter(({ state }) => state === 'running')
  }

  /** `open` makes the session of the name. Throws `shell.too-many-jobs`, `shell.start-failed`. */
  async start(command: string, open: (name: string) => Promise<ShellSession>): Promise<ShellJob> {
    if (this.running().length >= MAX_RUNNING) {
      throw new KeyframeError({
        code: 'shell.too-many-jobs',
        message: `${MAX_RUNNING} jobs run already.`,
        action: 'Wait for one (shell.wait) or end one (shell.close).',
      })
    }
    this.#last += 1
    const name = `job-${this.#last}`
    const session = await open(name)
    await session.start()
    const job: ShellJob = { name, command, session, state: 'running', exitCode: null, durationMs: 0 }
    this.#jobs.set(name, job)
    for (const old of this.all()) if (this.#jobs.size > MAX_KEPT && old.state !== 'running') this.#jobs.delete(old.name)
    await new Promise<void>((resolve) => {
      void this.#follow(job, resolve).finally(resolve)
    })
    return job
  }

  async stop(job: ShellJob): Promise<void> {
    if (job.state === 'running') job.state = 'stopped'
    await job.session.close()
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.running().map((job) => this.stop(job)))
  }

  async #follow(job: ShellJob, onTyped: () => void): Promise<void> {
    try {
      const outcome = await job.session.run({
        command: job.command,
        timeoutMs: LONGEST_JOB_MS,
        signal: new AbortController().signal,
        onOutput: () => undefined,
        onTyped,
      })
      job.durationMs = outcome.durationMs ?? 0
      if (job.state !== 'running') return
      job.exitCode = outcome.exitCode
      job.state = 'ended'
      if (outcome.processes?.length === 0) await job.session.close()
    } catch (error) {
      if (!(error instanceof KeyframeError)) throw error
      job.state = 'stopped'
    }
  }
}

/** The last lines of a job's output, as plain text is made of it. */
export function lastOutput(job: ShellJob): string {
  const output = job.session.command?.output
  return output === undefined ? '' : output.part(Math.max(0, output.length - SHOWN_CHARACTERS)).text
}

import { readdirSync, readFileSync } from 'node:fs'
import { KeyframeError } from '../../../../../shared/failure'
import { expectFsError } from '../../../workspace/fs-errors'
import { childrenOf, commandLine, descendantsOf, hasEnded, isRunning, processState, signalProcess as sendSignal } from '../process-tree'

/** Names the command that a process belongs to; inherited by everything that it starts, unless it is taken out on purpose. */
export const COMMAND_VARIABLE = 'KEYFRAME_COMMAND'

/** Only a process that waits for broken hardware or a dead network file system outlives SIGKILL for this long. */
const STUCK_MS = 10_000

/**
 * Every live process whose environment was started with this mark: daemons too, which left their parents and their session.
 * Without namespaces there is no better mark that an ordinary user may set. A process that hides its environment is not found.
 */
export function markedProcesses(isMark: (mark: string) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const mark = markOf(pid)
      return mark !== null && isMark(mark) && !hasEnded(pid)
    })
}

function markOf(pid: number): string | null {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch (thrown) {
    // Another user's, the system's own, or gone since the folder was read.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((thrown as NodeJS.ErrnoException).code ?? '')) return null
    throw thrown
  }
  return new RegExp(`(?:^|\\0)${COMMAND_VARIABLE}=([^\\0]*)`).exec(text)?.[1] ?? null
}

/** False when it has gone, or became another user's by a program that may do that. */
function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return sendSignal(pid, signal)
  } catch (thrown) {
    expectFsError(thrown, 'EPERM')
    return false
  }
}

/** Members of a tree and what carries its mark, stopped before they are killed, so that none starts another meanwhile. */
export function killMarked(first: readonly number[], isMark: (mark: string) => boolean): void {
  for (const pid of first) signalProcess(pid, 'SIGSTOP')
  for (;;) {
    const found = new Set([...first.flatMap(descendantsOf), ...markedProcesses(isMark), ...first].filter((pid) => !hasEnded(pid)))
    if (found.size === 0) return
    let hasNew = false
    for (const pid of found) if (isRunning(pid)) hasNew = signalProcess(pid, 'SIGSTOP') || hasNew
    // Everything is stopped, or dying: what was started in the last moment is found by another look.
    if (hasNew) continue
    for (const pid of found) signalProcess(pid, 'SIGKILL')
    return
  }
}

/** Waits until nothing that carries the mark is left. Throws `sandbox.stuck-process`. */
export async function untilGone(isMark: (mark: string) => boolean): Promise<void> {
  let waitMs = 1
  for (let waitedMs = 0; ; waitedMs += waitMs) {
    const [pid] = markedProcesses(isMark)
    if (pid === undefined) return
    if (waitedMs > STUCK_MS) {
      throw new KeyframeError({
        code: 'sandbox.stuck-process',
        message: `Process ${pid} of a branch was killed and does not end.`,
        action: 'Look for a disk or network file system that does not answer.',
      })
    }
    killMarked([], isMark)
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    waitMs = Math.min(waitMs * 2, 50)
  }
}

/**
 * Stops what runs, a generation at a time, each once its parents have really stopped: a shell that still runs would take its
 * stopped child for a suspended job. What a person had suspended already is left as it is. Returns how to let them go on.
 */
export async function stopAll(roots: () => number[], isMark: (mark: string) => boolean): Promise<() => void> {
  const stopped: number[] = []
  const goOn = (): void => {
    for (const pid of stopped.toReversed()) signalProcess(pid, 'SIGCONT')
  }
  try {
    for (let hasFound = true; hasFound;) {
      hasFound = false
      for (const start of [roots, () => markedProcesses(isMark)]) {
        let generation = start()
        while (generation.length > 0) {
          const running = generation.filter((pid) => isRunning(pid) && !stopped.includes(pid) && signalProcess(pid, 'SIGSTOP'))
          stopped.push(...running)
          await untilStopped(running)
          hasFound ||= running.length > 0
          generation = generation.flatMap(childrenOf)
        }
      }
    }
  } catch (thrown) {
    goOn()
    throw thrown
  }
  return goOn
}

/** A process in the middle of a system call stops at its end; one that waits for the disk is given two seconds. */
async function untilStopped(pids: readonly number[]): Promise<void> {
  for (let round = 0; pids.some(isRunning); round += 1) {
    if (round > 400)
      throw new KeyframeError({ code: 'sandbox.freeze-failed', message: 'A process of the branch does not stop.', retryable: true })
    // A stop takes microseconds as a rule: the first looks only give way to other work.
    await new Promise<void>((resolve) => (round < 20 ? setImmediate(resolve) : setTimeout(resolve, 5)))
  }
}

/** Command lines, longest-living first. */
export function commandLines(pids: readonly number[]): string[] {
  const found = pids.flatMap((pid) => {
    const line = commandLine(pid)
    const state = processState(pid)
    return line === null || state === null || state.state === 'Z' ? [] : [{ line, startTime: state.startTime }]
  })
  return found.sort((a, b) => a.startTime - b.startTime).map((entry) => entry.line)
}

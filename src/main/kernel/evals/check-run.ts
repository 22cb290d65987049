import type { Sandbox } from '../tools/sandboxes/sandbox'

const MAX_OUTPUT_BYTES = 8 * 1024 * 1024

/**
 * Checks must not wait for a person or watch files. Colours are taken out when the output is read: a variable that forbids them
 * would be seen by the workspace's own tests, and some are about colours.
 */
const ENV = { CI: '1', TERM: 'dumb' }
const WITH_LOCAL_PROGRAMS = 'PATH="$PWD/node_modules/.bin:$PATH"; export PATH; exec sh -c "$1"'

export interface CheckRun {
  readonly exitCode: number
  readonly output: string
  readonly durationMs: number
  /** Why the command could not run at all; then it says nothing about the code. */
  readonly unavailable: string | null
  /** Why the command did not come to its end by itself. */
  readonly ended: string | null
}

export async function runCheck(
  sandbox: Sandbox,
  command: string,
  options: { timeoutMs: number; signal?: AbortSignal; onOutput: (chunk: string) => void },
): Promise<CheckRun> {
  const parts: string[] = []
  const result = await sandbox.run(
    { argv: ['sh', '-c', WITH_LOCAL_PROGRAMS, 'sh', command], env: ENV },
    {
      timeoutMs: options.timeoutMs,
      ...(options.signal ? { signal: options.signal } : {}),
      maxOutputBytes: MAX_OUTPUT_BYTES,
      onOutput: (_stream, chunk) => {
        parts.push(chunk)
        options.onOutput(chunk)
      },
    },
  )
  options.signal?.throwIfAborted()
  // In the order in which it came, when all of it was kept; reporters write names to one stream and reasons to the other.
  const output = result.truncated ? `${result.stdout}\n${result.stderr}` : parts.join('')
  return {
    exitCode: result.exitCode,
    output,
    durationMs: result.durationMs,
    unavailable: result.timedOut || result.limit ? null : reasonNotRun(result.exitCode, output),
    ended: result.timedOut
      ? `It did not end within ${Math.round(options.timeoutMs / 1000)} s.`
      : result.limit
        ? `It was ended by the sandbox's limit on ${result.limit}.`
        : null,
  }
}

function reasonNotRun(exitCode: number, output: string): string | null {
  if (exitCode !== 127 && exitCode !== 126) return null
  const program = /(?:sh|bash): (?:line )?(?:\d+: )?([^\s:]+): (?:not found|command not found|Permission denied)/i.exec(output)?.[1]
  if (!program) return exitCode === 127 ? 'A program that it needs is not installed.' : 'A program that it needs cannot be executed.'
  return `${program} is not there: install the workspace's dependencies (for example with npm ci) and start a new run.`
}

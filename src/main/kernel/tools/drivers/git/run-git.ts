import { spawn } from 'node:child_process'
import { KeyframeError } from '../../../../../shared/failure'
import { findProgram } from '../../sandboxes/host-programs'
import type { RepositoryView } from './repository-view'

const TIMEOUT_MS = 25_000
const MAX_STDERR_CHARACTERS = 4000

export interface GitOutput {
  readonly bytes: Buffer
  /** True when git had more to say than it may. */
  readonly truncated: boolean
  readonly exitCode: number
}

export interface GitOptions {
  readonly signal: AbortSignal
  readonly maxBytes?: number
  readonly stdin?: Uint8Array | AsyncIterable<Uint8Array>
  readonly cwd?: string
  /** Exit codes that are answers, beside 0. */
  readonly expected?: readonly number[]
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024

/**
 * Runs the system's git on a view. Nothing but the view says what it does: no configuration of system, user or repository, no variables
 * of the kernel's environment, no terminal, no network. Throws `git.no-program`, `git.failed`, `cancelled`.
 */
export async function runGit(view: RepositoryView, args: readonly string[], options: GitOptions): Promise<GitOutput> {
  const program = findProgram('git')
  if (program === null) {
    throw new KeyframeError({ code: 'git.no-program', message: 'git is not installed.', action: 'Install it: sudo apt-get install git' })
  }
  options.signal.throwIfAborted()
  const child = spawn(program, ['--no-pager', ...args], {
    cwd: options.cwd ?? view.dir,
    env: gitEnvironment(view.dir),
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    signal: options.signal,
  })
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES
  const chunks: Buffer[] = []
  let [sizeBytes, stderr, truncated] = [0, '', false]
  child.stdout.on('data', (chunk: Buffer) => {
    if (truncated) return
    chunks.push(chunk)
    sizeBytes += chunk.length
    if (sizeBytes <= maxBytes) return
    truncated = true
    child.kill('SIGKILL')
  })
  child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString('utf8')).slice(0, MAX_STDERR_CHARACTERS)))
  // A git that ended early does not read on: how it ended says more.
  child.stdin.on('error', () => child.stdin.destroy())
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 128)))
  })
  const [exitCode] = await Promise.all([ended, feed(child.stdin, options.stdin)])
  const bytes = Buffer.concat(chunks).subarray(0, maxBytes)
  if (truncated || exitCode === 0 || options.expected?.includes(exitCode)) return { bytes, truncated, exitCode }
  if (exitCode === 137)
    throw new KeyframeError({ code: 'git.timed-out', message: `git ${args[0]} took longer than ${TIMEOUT_MS} ms.`, retryable: true })
  throw new KeyframeError({ code: 'git.failed', message: `git ${args[0]} failed: ${stderr.trim() || `exit code ${exitCode}`}` })
}

async function feed(stdin: NodeJS.WritableStream & { readonly destroyed?: boolean }, input: GitOptions['stdin']): Promise<void> {
  if (input instanceof Uint8Array) stdin.write(input)
  else if (input !== undefined) {
    for await (const chunk of input) {
      if (stdin.destroyed === true) return
      if (!stdin.write(chunk)) await new Promise<void>((resolve) => onceWritable(stdin, resolve))
    }
  }
  stdin.end()
}

function onceWritable(stdin: NodeJS.WritableStream, resolve: () => void): void {
  const done = (): void => {
    stdin.off('drain', done)
    stdin.off('close', done)
    resolve()
  }
  stdin.on('drain', done)
  stdin.on('close', done)
}

function gitEnvironment(viewDir: string): Record<string, string> {
  return {
    PATH: '/usr/bin:/bin',
    HOME: viewDir,
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    GIT_DIR: viewDir,
    GIT_OBJECT_DIRECTORY: `${viewDir}/objects`,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: `${viewDir}/source`,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: '',
    GIT_PAGER: 'cat',
    GIT_EDITOR: 'true',
  }
}

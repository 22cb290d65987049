import { execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024

/** What a peer prints. Rejects when it fails: a peer that did not do the work is no peer. */
export async function output(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, [...args], { ...options, maxBuffer: MAX_OUTPUT_BYTES })
  return stdout
}

/** Without the user's configuration: no hooks, signing or file monitors of theirs. */
export const GIT_ENVIRONMENT: NodeJS.ProcessEnv = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'Bench',
  GIT_AUTHOR_EMAIL: 'bench@example.invalid',
  GIT_COMMITTER_NAME: 'Bench',
  GIT_COMMITTER_EMAIL: 'bench@example.invalid',
}

export async function git(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  return (await output('git', args, { cwd, env: { ...GIT_ENVIRONMENT, ...env } })).trim()
}

/** A bare command, as a shell would start it: until its end was seen. */
export function bareCommand(program: string, args: readonly string[] = [], cwd?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'ignore', ...(cwd === undefined ? {} : { cwd }) })
    child.once('error', reject)
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}`))))
  })
}

/** Null when the program is not on the PATH. */
export async function versionOf(program: string): Promise<string | null> {
  try {
    return (await output(program, ['--version'])).split('\n')[0] ?? ''
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null
    throw thrown
  }
}

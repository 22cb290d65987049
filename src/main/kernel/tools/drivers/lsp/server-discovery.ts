import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'
import type { Sandbox } from '../../sandboxes/sandbox'
import type { Platform, ServerEntry, ServerProgram } from './server-catalogue'
import type { RequestOptions } from './server-connection'

const VERSION_TIMEOUT_MS = 20_000
const VERSION_BYTES = 8_000
const NOT_FOUND = 127

/** A server that answered with its version, ready to be started. */
export interface FoundServer {
  readonly argv: readonly string[]
  readonly isNode: boolean
  readonly version: string
}

export interface DiscoveryOptions {
  /** Keyframe's own folder: the versions of bundled servers are those of its packages. */
  readonly appRoot: string
  readonly guestNode: string
}

/**
 * Finds a language's server inside the sandbox: the first that can be run, shipped ones first. A program that is there but fails
 * (a version manager's placeholder, a missing library) is not one. Throws `lsp.no-server` with what to install.
 */
export async function discoverServer(
  sandbox: Sandbox,
  entry: ServerEntry,
  options: DiscoveryOptions,
  request: RequestOptions,
): Promise<FoundServer> {
  const failures: string[] = []
  for (const program of entry.programs) {
    const found = program.kind === 'bundled' ? bundled(sandbox, program, options) : await onPath(sandbox, program, request)
    if (typeof found !== 'string') return found
    failures.push(found)
  }
  throw new KeyframeError({
    code: 'lsp.no-server',
    message: `There is no language server for ${entry.language}: ${failures.join(' ')}`,
    action: entry.install[platform()],
    details: { language: entry.language, tried: failures },
  })
}

function platform(): Platform {
  return process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'linux'
}

const Package = z.object({ version: z.string().max(100) })

function bundled(
  sandbox: Sandbox,
  program: Extract<ServerProgram, { kind: 'bundled' }>,
  { appRoot, guestNode }: DiscoveryOptions,
): FoundServer | string {
  const manifest = join(appRoot, 'node_modules', program.versionOf, 'package.json')
  try {
    const { version } = Package.parse(JSON.parse(readFileSync(manifest, 'utf8')))
    const { guest } = sandbox
    return { argv: [guest.resolve(guestNode), guest.resolve(program.entry), ...program.args], isNode: true, version }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    return `${program.versionOf} is not in ${join(appRoot, 'node_modules')}.`
  }
}

async function onPath(
  sandbox: Sandbox,
  program: Extract<ServerProgram, { kind: 'path' }>,
  request: RequestOptions,
): Promise<FoundServer | string> {
  const asked = program.versionProgram ?? program.command
  const script = 'path=$(command -v -- "$1") || exit 127; printf "%s\\n" "$path"; shift; exec "$path" "$@" < /dev/null'
  const result = await sandbox.run(
    { argv: ['sh', '-c', script, 'sh', asked, ...program.versionArgs] },
    { timeoutMs: VERSION_TIMEOUT_MS, signal: request.signal, maxOutputBytes: VERSION_BYTES },
  )
  const [path = '', ...printed] = result.stdout.split('\n')
  if (result.exitCode === NOT_FOUND && path === '') return `${asked} is not on the PATH inside the sandbox.`
  if (result.timedOut) return `${path} did not say its version within ${VERSION_TIMEOUT_MS / 1000} s.`
  const said = [...printed, ...result.stderr.split('\n')].map((line) => line.trim()).filter((line) => line !== '')
  if (result.exitCode !== 0) return `${path} is there but does not run (${(said[0] ?? `exit code ${result.exitCode}`).slice(0, 300)}).`
  return { argv: [program.command, ...program.args], isNode: false, version: versionIn(said) }
}

/** The first thing that looks like a version number, else the first line. */
function versionIn(lines: readonly string[]): string {
  const numbered = lines.map((line) => /\bv?(\d+\.\d+(?:\.\d+)?(?:[-+.\w]*\w)?)/.exec(line)?.[1]).find((version) => version !== undefined)
  return (numbered ?? lines[0] ?? 'unknown').slice(0, 100)
}

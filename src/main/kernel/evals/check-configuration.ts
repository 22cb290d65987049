import { posix } from 'node:path'
import { z } from 'zod'
import { KeyframeError } from '../../../shared/failure'
import type { FilesAt } from '../checkpoints/files'
import type { Sandbox } from '../tools/sandboxes/sandbox'

const NAMES = [
  /^(vitest|vite|jest|eslint|oxlint|prettier|babel|ava|playwright|cypress|karma|web-test-runner|tsup|biome|stylelint|nyc|c8)(\.[\w-]+)?\.(config|workspace|conf)\.[cm]?[jt]sx?$/,
  /^(vitest|jest)\.(config|workspace)\.json$/,
  /^[jt]sconfig(\.[\w-]+)*\.json$/,
  /^biome\.jsonc?$/,
  /^\.(eslintrc|oxlintrc|mocharc|babelrc|swcrc|nycrc|c8rc|taprc|prettierrc|jshintrc|stylelintrc)(\.\w+)*$/,
  /^\.(eslintignore|prettierignore|npmrc|yarnrc|yarnrc\.yml|editorconfig|pnpmfile\.cjs)$/,
  /^(bunfig\.toml|deno\.jsonc?|turbo\.json|nx\.json|lerna\.json|pnpm-workspace\.yaml|tslint\.json)$/,
]

/** Parts of package.json that say how checks run. The rest (dependencies, exports, type) is the branch's business. */
const MANIFEST_KEYS = [
  'scripts',
  'jest',
  'vitest',
  'mocha',
  'ava',
  'tap',
  'nyc',
  'c8',
  'eslintConfig',
  'eslintIgnore',
  'babel',
  'prettier',
  'xo',
  'standard',
]

const WRITE_TIMEOUT_MS = 30_000

/** Whether a file decides how tests, linter or type check run. */
export function isCheckConfiguration(path: string): boolean {
  const name = posix.basename(path)
  return !inDependencies(path) && NAMES.some((pattern) => pattern.test(name))
}

export interface RestoredConfiguration {
  /** Files that were put back to the base's version, or removed because the base has none. */
  readonly restored: string[]
  /** What a reader of the verdict must know besides. */
  readonly warnings: string[]
}

/** Puts the base's configuration of checks back into a judge's sandbox, where the branch changed it. */
export async function restoreConfiguration(
  sandbox: Sandbox,
  base: FilesAt,
  changedFiles: readonly string[],
): Promise<RestoredConfiguration> {
  const restored: string[] = []
  for (const path of changedFiles.filter(isCheckConfiguration)) {
    const bytes = await bytesOf(base, path)
    if (bytes === null) await inside(sandbox, ['rm', '-rf', '--', path])
    else await write(sandbox, path, bytes)
    restored.push(path)
  }
  for (const path of changedFiles.filter((changed) => posix.basename(changed) === 'package.json' && !inDependencies(changed))) {
    if (await restoreManifest(sandbox, base, path)) restored.push(`${path} (its scripts and settings of checks)`)
  }
  const dependencies = changedFiles.filter(inDependencies)
  const warnings =
    dependencies.length > 0 ? [`The branch changed ${dependencies.length} file(s) of node_modules, which the checks run on.`] : []
  return { restored, warnings }
}

async function restoreManifest(sandbox: Sandbox, base: FilesAt, path: string): Promise<boolean> {
  const original = await bytesOf(base, path)
  if (original === null) return false
  const current = await sandbox.run({ argv: ['cat', '--', path] }, { timeoutMs: WRITE_TIMEOUT_MS })
  const [before, after] = [parse(original.toString('utf8')), parse(current.stdout)]
  if (current.exitCode !== 0 || !before || !after) {
    await write(sandbox, path, original)
    return true
  }
  const kept = Object.entries(after).filter(([key]) => !MANIFEST_KEYS.includes(key))
  const own = Object.entries(before).filter(([key]) => MANIFEST_KEYS.includes(key))
  const differs = MANIFEST_KEYS.some((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
  if (differs) await write(sandbox, path, Buffer.from(`${JSON.stringify(Object.fromEntries([...kept, ...own]), null, 2)}\n`))
  return differs
}

function parse(text: string): Record<string, unknown> | null {
  try {
    return z.record(z.string(), z.unknown()).safeParse(JSON.parse(text)).data ?? null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

async function bytesOf(base: FilesAt, path: string): Promise<Buffer | null> {
  try {
    return await base.readBytes(path)
  } catch (error) {
    if (error instanceof KeyframeError && error.code === 'files.not-found') return null
    throw error
  }
}

/** What stands there is removed first: an agent may have put a link in its place. */
async function write(sandbox: Sandbox, path: string, bytes: Buffer): Promise<void> {
  const script = 'rm -rf -- "$1" && mkdir -p -- "$(dirname -- "$1")" && base64 -d > "$1"'
  await inside(sandbox, ['sh', '-c', script, 'sh', path], bytes.toString('base64'))
}

async function inside(sandbox: Sandbox, argv: string[], stdin = ''): Promise<void> {
  const result = await sandbox.run({ argv }, { timeoutMs: WRITE_TIMEOUT_MS, stdin })
  if (result.exitCode === 0) return
  throw new KeyframeError({
    code: 'judge.restore-failed',
    message: `The base's configuration could not be put back before the checks: ${result.stderr.trim().slice(0, 300)}`,
    action: 'Nothing was judged. Look at the file in the branch; fork from an earlier frame if it blocks.',
  })
}

function inDependencies(path: string): boolean {
  return path.split('/').includes('node_modules')
}

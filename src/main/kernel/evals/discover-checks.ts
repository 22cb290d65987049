import { z } from 'zod'
import { KeyframeError } from '../../../shared/failure'
import type { FilesAt } from '../checkpoints/files'
import { expandScript } from './expand-script'
import type { Check } from './judge'

/** The user's own word on a check: a command to run instead, or false to do without. */
export interface CheckSettings {
  readonly tests?: string | false | undefined
  readonly types?: string | false | undefined
  readonly lint?: string | false | undefined
}

export interface MissingCheck {
  readonly check: Check['check']
  readonly why: string
}

export interface DiscoveredChecks {
  readonly checks: Check[]
  readonly missing: MissingCheck[]
}

const PackageJson = z.object({
  scripts: z.record(z.string(), z.string()).catch({}).default({}),
  dependencies: z.record(z.string(), z.string()).catch({}).default({}),
  devDependencies: z.record(z.string(), z.string()).catch({}).default({}),
})
type PackageJson = z.infer<typeof PackageJson>

const TYPE_SCRIPTS = ['typecheck', 'type-check', 'check-types', 'types:check', 'tsc']
const TEST_RUNNERS = [
  { dependency: 'vitest', command: 'vitest run' },
  { dependency: 'jest', command: 'jest' },
  { dependency: 'mocha', command: 'mocha' },
  { dependency: 'ava', command: 'ava' },
]
const LINTERS = [
  { dependency: 'eslint', config: /^(eslint\.config\.[cm]?[jt]s|\.eslintrc(\.\w+)?)$/, command: 'eslint .' },
  { dependency: '@biomejs/biome', config: /^biome\.jsonc?$/, command: 'biome lint .' },
  { dependency: 'oxlint', config: /^(\.oxlintrc\.jsonc?|oxlint\.config\.[cm]?[jt]s)$/, command: 'oxlint' },
]

/**
 * The workspace's own tests, type check and linter, by convention. Read from the base, since an agent can edit the branch.
 * Commands are for `sh` with `node_modules/.bin` first on the PATH: scripts run without a package manager, so without a network.
 */
export async function discoverChecks(base: FilesAt, settings: CheckSettings = {}): Promise<DiscoveredChecks> {
  const checks: Check[] = []
  const missing: MissingCheck[] = []
  const entries = await base.tree()
  const rootFiles = entries.flatMap((entry) => (entry.type === 'file' && !entry.path.includes('/') ? [entry.path] : []))
  const manifest = rootFiles.includes('package.json') ? await readManifest(base) : null

  const finders = { tests: findTests, types: findTypes, lint: findLint }
  for (const check of ['tests', 'types', 'lint'] as const) {
    const setting = settings[check]
    if (setting === false) missing.push({ check, why: 'Switched off in the settings.' })
    else if (setting) checks.push({ check, command: setting, why: 'Given in the settings.' })
    else if (manifest === null) missing.push({ check, why: 'The workspace has no package.json.' })
    else if ('unreadable' in manifest) missing.push({ check, why: manifest.unreadable })
    else {
      const found = await finders[check](manifest, rootFiles, base)
      if ('command' in found) checks.push({ check, ...found })
      else missing.push({ check, why: found.why })
    }
  }
  return { checks, missing }
}

type Found = { command: string; why: string } | { why: string }

function findTests(manifest: PackageJson, _rootFiles: readonly string[], _base: FilesAt): Found {
  const script = manifest.scripts['test']
  if (script && !/no test specified/i.test(script)) return fromScript(manifest, 'test')
  const runner = TEST_RUNNERS.find(({ dependency }) => depends(manifest, dependency))
  if (runner) return { command: runner.command, why: `package.json depends on ${runner.dependency} and has no test script.` }
  return {
    why: script ? 'The test script of package.json is the placeholder of npm init.' : 'package.json has no test script and no test runner.',
  }
}

async function findTypes(manifest: PackageJson, rootFiles: readonly string[], base: FilesAt): Promise<Found> {
  const script = TYPE_SCRIPTS.find((name) => manifest.scripts[name])
  if (script) return fromScript(manifest, script)
  if (!rootFiles.includes('tsconfig.json')) return { why: 'There is no type check script and no tsconfig.json.' }
  if (!depends(manifest, 'typescript')) return { why: 'There is a tsconfig.json, but package.json does not depend on typescript.' }
  const config = (await base.read('tsconfig.json')).text ?? ''
  // A solution has no files of its own: `-p` would check nothing and pass.
  const isSolution =
    /"references"\s*:\s*\[\s*\{/.test(config) && (/"files"\s*:\s*\[\s*\]/.test(config) || /"include"\s*:\s*\[\s*\]/.test(config))
  return { command: isSolution ? 'tsc -b --noEmit' : 'tsc --noEmit -p .', why: 'tsconfig.json, with typescript among the dependencies.' }
}

function findLint(manifest: PackageJson, rootFiles: readonly string[], _base: FilesAt): Found {
  if (manifest.scripts['lint']) return fromScript(manifest, 'lint')
  for (const { dependency, config, command } of LINTERS) {
    const file = rootFiles.find((path) => config.test(path))
    if (file && depends(manifest, dependency)) return { command, why: `${file}, with ${dependency} among the dependencies.` }
  }
  return { why: 'There is no lint script and no configuration of a linter that package.json depends on.' }
}

function fromScript(manifest: PackageJson, name: string): Found {
  // A linter that repairs what it finds judges its own repair.
  const command = expandScript(manifest.scripts, name).replaceAll(/ --fix(?:=true)?(?=\s|$)/g, '')
  return { command, why: `Script "${name}" of package.json.` }
}

function depends(manifest: PackageJson, name: string): boolean {
  return name in manifest.dependencies || name in manifest.devDependencies
}

async function readManifest(base: FilesAt): Promise<PackageJson | { unreadable: string }> {
  const { text } = await base.read('package.json')
  try {
    const read = PackageJson.safeParse(JSON.parse(text ?? ''))
    return read.success ? read.data : { unreadable: `package.json is not understood: ${z.prettifyError(read.error)}` }
  } catch (error) {
    if (error instanceof SyntaxError) return { unreadable: `package.json is not JSON: ${error.message}` }
    if (error instanceof KeyframeError) return { unreadable: error.message }
    throw error
  }
}

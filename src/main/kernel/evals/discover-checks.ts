import { z } from 'zod'
import { KeyframeError } from '../../../shared/failure'
import type { FilesAt } from '../checkpoints/files'
import { expandScript } from './expand-script'
import type { Check } from './judge'
import { kindOfPart, scriptParts } from './script-parts'

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

/** A check whose parts are run and compared with the base one by one, so that a part which fails on the base hides no other. */
export interface PartedCheck extends Check {
  readonly parts: readonly string[]
}

export interface DiscoveredChecks {
  readonly checks: PartedCheck[]
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
 *
 * A script may do several of these (`npm run lint && vitest run`): its parts go to the checks that they belong to, so that a
 * linter that fails on the base does not keep the tests from running.
 */
export async function discoverChecks(base: FilesAt, settings: CheckSettings = {}): Promise<DiscoveredChecks> {
  const checks: PartedCheck[] = []
  const missing: MissingCheck[] = []
  const entries = await base.tree()
  const rootFiles = entries.flatMap((entry) => (entry.type === 'file' && !entry.path.includes('/') ? [entry.path] : []))
  const manifest = rootFiles.includes('package.json') ? await readManifest(base) : null
  const found = manifest === null || 'unreadable' in manifest ? null : await findChecks(manifest, rootFiles, base)

  for (const check of ['tests', 'types', 'lint'] as const) {
    const setting = settings[check]
    if (setting === false) missing.push({ check, why: 'Switched off in the settings.' })
    else if (setting) checks.push({ check, command: setting, why: 'Given in the settings.', parts: [setting] })
    else if (manifest === null) missing.push({ check, why: 'The workspace has no package.json.' })
    else if ('unreadable' in manifest) missing.push({ check, why: manifest.unreadable })
    else {
      const { parts, why } = found?.[check] ?? { parts: [], why: '' }
      if (parts.length > 0) checks.push({ check, command: parts.join(' && '), why, parts })
      else missing.push({ check, why })
    }
  }
  return { checks, missing }
}

interface Found {
  readonly parts: readonly string[]
  readonly why: string
}

async function findChecks(
  manifest: PackageJson,
  rootFiles: readonly string[],
  base: FilesAt,
): Promise<Readonly<Record<Check['check'], Found>>> {
  const test = manifest.scripts['test']
  const scripts = {
    tests: test && !/no test specified/i.test(test) ? 'test' : undefined,
    types: TYPE_SCRIPTS.find((name) => manifest.scripts[name]),
    lint: manifest.scripts['lint'] ? 'lint' : undefined,
  }
  const parts = {
    tests: await partsOf(manifest, scripts.tests, 'tests', base),
    types: await partsOf(manifest, scripts.types, 'types', base),
    lint: await partsOf(manifest, scripts.lint, 'lint', base),
  }
  const collect = (check: Check['check']): Found | null => {
    const own = parts[check][check]
    const others = (['tests', 'types', 'lint'] as const).filter((other) => other !== check && parts[other][check].length > 0)
    const all = [...new Set([...own, ...others.flatMap((other) => parts[other][check])])]
    const names = [check, ...others].flatMap((from) => (parts[from][check].length > 0 ? [`"${scripts[from] ?? ''}"`] : []))
    const why = `${names.length > 1 ? 'Scripts' : 'Script'} ${names.join(' and ')} of package.json.`
    return all.length === 0 ? null : { parts: all, why }
  }
  return {
    tests: collect('tests') ?? findTestRunner(manifest, test),
    types: collect('types') ?? (await findTypes(manifest, rootFiles, base)),
    lint: collect('lint') ?? findLinter(manifest, rootFiles),
  }
}

type Parts = Record<Check['check'], string[]>

/**
 * The parts of a script by what they check. What prepares them (a build, `cd`) runs before each; of the tests, all that is not
 * another check stays one command, because the parts may need one another.
 */
async function partsOf(manifest: PackageJson, name: string | undefined, own: Check['check'], base: FilesAt): Promise<Parts> {
  const parts: Parts = { tests: [], types: [], lint: [] }
  if (name === undefined) return parts
  const all = scriptParts(commandOf(manifest, name))
  const kinds = await Promise.all(all.map((part) => kindOfPart(part, (words) => writesNothing(words, base))))
  const prepare: string[] = []
  const rest: string[] = []
  for (const [index, part] of all.entries()) {
    const kind = kinds[index] ?? null
    if (own === 'tests' && (kind === null || kind === 'tests')) rest.push(part)
    if (kind === null) prepare.push(part)
    else if (kind !== 'tests') parts[kind].push([...prepare, part].join(' && '))
    else if (own !== 'tests') parts[own].push([...prepare, part].join(' && '))
  }
  const onlyPrepares = kinds.every((kind) => kind === null)
  if (own !== 'tests' && (onlyPrepares || kinds.at(-1) === null)) parts[own].push(prepare.join(' && '))
  // `lint && tsc` as the test script has no tests, unless something remains that nobody knows.
  if (rest.length > 0) parts.tests.push(rest.join(' && '))
  return parts
}

/** A compiler that only checks: by its arguments, or by the project that they name. */
async function writesNothing(words: readonly string[], base: FilesAt): Promise<boolean> {
  if (words.some((word) => word === '--noEmit' || word === '--noEmit=true')) return true
  if (words.some((word) => word === '-b' || word === '--build' || word === '-w' || word === '--watch')) return false
  const at = words.findIndex((word) => word === '-p' || word === '--project')
  const project = (at === -1 ? 'tsconfig.json' : (words[at + 1] ?? '')).replace(/^\.\//, '')
  const path = project.endsWith('.json') ? project : `${project.replace(/\/$/, '')}/tsconfig.json`.replace(/^\.?\//, '')
  const exists = (await base.tree()).some((entry) => entry.path === path && entry.type === 'file')
  return exists && /"noEmit"\s*:\s*true/.test((await base.read(path)).text ?? '')
}

function findTestRunner(manifest: PackageJson, script: string | undefined): Found {
  const runner = TEST_RUNNERS.find(({ dependency }) => depends(manifest, dependency))
  const lacks = script ? 'a test script that runs no tests' : 'no test script'
  if (runner) return { parts: [runner.command], why: `package.json depends on ${runner.dependency} and has ${lacks}.` }
  const placeholder = script !== undefined && /no test specified/i.test(script)
  const why = placeholder
    ? 'The test script of package.json is the placeholder of npm init.'
    : `package.json has ${lacks} and no test runner.`
  return { parts: [], why }
}

async function findTypes(manifest: PackageJson, rootFiles: readonly string[], base: FilesAt): Promise<Found> {
  if (!rootFiles.includes('tsconfig.json')) return { parts: [], why: 'There is no type check script and no tsconfig.json.' }
  if (!depends(manifest, 'typescript')) {
    return { parts: [], why: 'There is a tsconfig.json, but package.json does not depend on typescript.' }
  }
  const config = (await base.read('tsconfig.json')).text ?? ''
  // A solution has no files of its own: `-p` would check nothing and pass.
  const isSolution =
    /"references"\s*:\s*\[\s*\{/.test(config) && (/"files"\s*:\s*\[\s*\]/.test(config) || /"include"\s*:\s*\[\s*\]/.test(config))
  return { parts: [isSolution ? 'tsc -b --noEmit' : 'tsc --noEmit -p .'], why: 'tsconfig.json, with typescript among the dependencies.' }
}

function findLinter(manifest: PackageJson, rootFiles: readonly string[]): Found {
  for (const { dependency, config, command } of LINTERS) {
    const file = rootFiles.find((path) => config.test(path))
    if (file && depends(manifest, dependency)) return { parts: [command], why: `${file}, with ${dependency} among the dependencies.` }
  }
  return { parts: [], why: 'There is no lint script and no configuration of a linter that package.json depends on.' }
}

/** A linter or formatter that repairs what it finds would judge its own repair. */
function commandOf(manifest: PackageJson, name: string): string {
  const command = expandScript(manifest.scripts, name).replaceAll(/ --fix(?:=true)?(?=\s|$|\))/g, '')
  return command.replaceAll(/(?<=(?:^|[\s(])prettier\b[^&|;]*?) (?:-w|--write)(?=\s|$|\))/g, ' --check')
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

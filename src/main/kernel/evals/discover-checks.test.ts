import { describe, expect, test } from 'vitest'
import { filesInMemory } from '../testing/files-in-memory'
import { type CheckSettings, discoverChecks } from './discover-checks'

async function found(manifest: object | string, files: Record<string, string> = {}, settings: CheckSettings = {}) {
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
  const { checks, missing } = await discoverChecks(filesInMemory({ 'package.json': text, ...files }), settings)
  return Object.fromEntries([
    ...checks.map(({ check, command }) => [check, command]),
    ...missing.map(({ check, why }) => [check, `missing: ${why}`]),
  ]) as Record<string, string>
}

describe('discovery of checks', () => {
  test('takes scripts, with what they call put in place', async () => {
    const scripts = {
      test: 'npm run build && npx vitest run',
      build: 'tsc -b',
      pretest: 'node prepare.js',
      typecheck: 'tsc --noEmit',
      lint: 'eslint . --fix && pnpm lint:css',
      'lint:css': 'stylelint .',
    }
    expect(await found({ scripts })).toEqual({
      tests: 'node prepare.js && tsc -b && vitest run',
      types: 'tsc --noEmit',
      lint: 'eslint . && stylelint .',
    })
  })

  test('parts of a script go to the checks that they belong to', async () => {
    const scripts = { test: 'pnpm lint && vitest run --typecheck', lint: 'eslint . && prettier -c src test' }
    const devDependencies = { typescript: '5' }
    const { checks } = await discoverChecks(
      filesInMemory({ 'package.json': JSON.stringify({ scripts, devDependencies }), 'tsconfig.json': '{}' }),
    )
    expect(checks.map(({ check, parts, why }) => [check, parts, why])).toEqual([
      ['tests', ['vitest run --typecheck'], 'Script "test" of package.json.'],
      ['types', ['tsc --noEmit -p .'], 'tsconfig.json, with typescript among the dependencies.'],
      ['lint', ['eslint .', 'prettier -c src test'], 'Scripts "lint" and "test" of package.json.'],
    ])
  })

  test('a compiler in the test script is the type check only when it writes nothing', async () => {
    const scripts = { test: 'tsc -p tsconfig.spec.json && vitest --run' }
    expect(await found({ scripts }, { 'tsconfig.spec.json': '{ "compilerOptions": { "noEmit": true } }' })).toMatchObject({
      tests: 'vitest --run',
      types: 'tsc -p tsconfig.spec.json',
    })
    expect((await found({ scripts }, { 'tsconfig.spec.json': '{}' }))['tests']).toBe('tsc -p tsconfig.spec.json && vitest --run')
  })

  test('what prepares a part runs before it, and a folder that is entered stays entered', async () => {
    const scripts = { test: 'cd app && eslint . && node gen.js && vitest run', lint: 'npm run gen && eslint .', gen: 'node gen.js; true' }
    expect(await found({ scripts })).toMatchObject({
      tests: 'cd app && node gen.js && vitest run',
      lint: '( node gen.js; true ) && eslint . && cd app && eslint .',
    })
  })

  test('a formatter that would write only checks, and a test script without tests is none', async () => {
    const scripts = { test: 'npm run lint', lint: 'eslint . --fix && prettier -w src' }
    expect(await found({ scripts })).toMatchObject({
      tests: 'missing: package.json has a test script that runs no tests and no test runner.',
      lint: 'eslint . && prettier --check src',
    })
  })

  test('leaves what needs the package manager itself', async () => {
    const scripts = { test: 'npm test -ws', lint: 'turbo lint', typecheck: 'npm run typecheck --workspaces' }
    expect(await found({ scripts })).toEqual({ tests: scripts.test, lint: scripts.lint, types: scripts.typecheck })
  })

  test('falls back to configuration with a dependency', async () => {
    const devDependencies = { typescript: '6', vitest: '5', eslint: '10' }
    expect(await found({ devDependencies }, { 'tsconfig.json': '{}', 'eslint.config.js': '' })).toEqual({
      tests: 'vitest run',
      types: 'tsc --noEmit -p .',
      lint: 'eslint .',
    })
  })

  test('a solution is built, since it has no files of its own to check', async () => {
    const config = '{ "files": [], "references": [{ "path": "./a" }] }'
    expect((await found({ devDependencies: { typescript: '6' } }, { 'tsconfig.json': config }))['types']).toBe('tsc -b --noEmit')
  })

  test('says what is missing and why', async () => {
    const scripts = { test: 'echo "Error: no test specified" && exit 1' }
    expect(await found({ scripts }, { 'tsconfig.json': '{}', 'biome.json': '{}' })).toEqual({
      tests: 'missing: The test script of package.json is the placeholder of npm init.',
      types: 'missing: There is a tsconfig.json, but package.json does not depend on typescript.',
      lint: 'missing: There is no lint script and no configuration of a linter that package.json depends on.',
    })
    const { missing } = await discoverChecks(filesInMemory({ 'main.py': '' }))
    expect(missing.map(({ why }) => why)).toEqual(Array(3).fill('The workspace has no package.json.'))
    expect((await found('{'))['tests']).toMatch(/^missing: package.json is not JSON/)
  })

  test('settings win', async () => {
    expect(await found({ scripts: { test: 'jest' } }, {}, { tests: 'make test', types: 'make types', lint: false })).toEqual({
      tests: 'make test',
      types: 'make types',
      lint: 'missing: Switched off in the settings.',
    })
  })

  test('scripts that call one another end', async () => {
    expect((await found({ scripts: { test: 'npm run a', a: 'npm run b', b: 'npm run a' } }))['tests']).toMatch(/^npm run [ab]$/)
  })
})

import { expect, test } from 'vitest'
import { RecordingAgentApi } from '../../testing/recording-agent-api'
import { formatterOf } from './project-formatter'

const MANIFEST = JSON.stringify({ devDependencies: { prettier: '3' } })

/** A prettier that finds these files unformatted, and what it was asked. */
function workspace(manifest: string, answers: readonly { exitCode: number; output: string }[]) {
  const commands: string[] = []
  const api = new RecordingAgentApi({
    task: '',
    files: { 'package.json': manifest, 'a.ts': '', 'b.ts': '', "it's.ts": '' },
    tools: {
      'shell.run': ({ command }) => {
        const answer = answers[commands.push(String(command)) - 1] ?? { exitCode: 0, output: '' }
        return { session: 'main', truncated: false, cwd: '', timedOut: false, ...answer }
      },
    },
  })
  return { api, commands }
}

const changed = (...paths: string[]) => paths.map((path) => ({ path, version: null, edits: [] }))

test('formats what was formatted before, and nothing else', async () => {
  const { api, commands } = workspace(MANIFEST, [
    { exitCode: 1, output: 'b.ts\r\n' },
    { exitCode: 0, output: 'a.ts\r\n' },
  ])
  const formatter = await formatterOf(api, ['a.ts', 'b.ts', "it's.ts", 'README.md'])
  expect(await formatter?.format(api, changed('a.ts', 'b.ts', "it's.ts", 'new.ts'))).toBe('1 file formatted with prettier')
  expect(commands).toEqual([
    `node_modules/.bin/prettier --list-different 'a.ts' 'b.ts' 'it'\\''s.ts'`,
    `node_modules/.bin/prettier --write --list-different 'a.ts' 'it'\\''s.ts'`,
  ])
  expect(await formatter?.format(api, changed('b.ts'))).toBe('')
})

test('says when it fails', async () => {
  const { api } = workspace(MANIFEST, [
    { exitCode: 0, output: '' },
    { exitCode: 2, output: '' },
  ])
  expect(await (await formatterOf(api, ['a.ts']))?.format(api, changed('a.ts'))).toBe('prettier could not format the files')
})

test.each([
  ['without prettier among the dependencies', '{}', { exitCode: 0, output: '' }],
  ['with a package.json that is none', '{', { exitCode: 0, output: '' }],
  ['when prettier is not installed', MANIFEST, { exitCode: 127, output: 'not found' }],
  ['when prettier does not say which files', MANIFEST, { exitCode: 1, output: 'Error' }],
])('there is none %s', async (_when, manifest, answer) => {
  expect(await formatterOf(workspace(manifest, [answer]).api, ['a.ts'])).toBeNull()
})

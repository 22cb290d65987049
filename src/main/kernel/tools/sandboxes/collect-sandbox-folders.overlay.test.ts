import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { overlayFixture, type OverlayFixture } from '../../testing/overlay-fixture'
import { collectSandboxFolders } from './collect-sandbox-folders'
import { DEFAULT_PROFILE } from './sandbox'

let fixture: OverlayFixture

beforeEach(() => {
  fixture = overlayFixture({ 'README.md': 'read me\n', secret: 'secret\n' })
})

afterEach(() => fixture.dispose())

it('removes what a killed kernel left, whatever an agent made of it, and nothing else', async () => {
  const runs = join(fixture.root, 'branches')
  const outside = join(fixture.root, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'kept'), '')
  const stale = await fixture.open('run-1/main.11.1', { profile: { ...DEFAULT_PROFILE, masked: ['secret'] } })
  const script = `ln -s ${outside} link; ln -s / root; mkdir -p a/b; touch a/b/c; chmod 000 a/b a; mkfifo fifo; cp /bin/true suid; chmod 6755 suid; d=$(printf 'd%.0s' $(seq 200)); for i in $(seq 30); do mkdir $d; cd $d; done`
  expect(await stale.run({ argv: ['bash', '-c', script] }, { timeoutMs: 20_000 })).toMatchObject({ exitCode: 0, stderr: '' })
  await stale.dispose()
  const live = await fixture.open('run-2/main.12.1')
  for (const name of ['run-2/main.11.1', 'run-2/judge.11.1', 'run-3/main.11.2', 'run-3/notes'])
    mkdirSync(join(runs, name), { recursive: true })
  symlinkSync(outside, join(runs, 'run-3/main.11.9'))
  symlinkSync(outside, join(runs, 'run-4'))
  const asked: string[] = []
  const collected = await collectSandboxFolders(runs, (dir) => {
    asked.push(dir.slice(runs.length + 1))
    return dir.includes('.12.')
  })
  expect(collected).toEqual({ removed: 4, problems: [] })
  expect(asked.sort()).toEqual(['run-1/main.11.1', 'run-2/judge.11.1', 'run-2/main.11.1', 'run-2/main.12.1', 'run-3/main.11.2'])
  expect(readdirSync(join(runs, 'run-1'))).toEqual([])
  expect(readdirSync(join(runs, 'run-2'))).toEqual(['main.12.1'])
  expect(readdirSync(join(runs, 'run-3')).sort()).toEqual(['main.11.9', 'notes'])
  expect(existsSync(join(outside, 'kept'))).toBe(true)
  expect(await live.run({ argv: ['cat', 'README.md'] }, { timeoutMs: 5000 })).toMatchObject({ stdout: 'read me\n' })
})

it('has nothing to do where nothing ran yet', async () => {
  expect(await collectSandboxFolders(join(fixture.root, 'nowhere'), () => false)).toEqual({ removed: 0, problems: [] })
})

import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, rmdirSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { toFailure } from '../../shared/failure'
import type { Frame } from '../../shared/frames'
import { KernelFixture } from './testing/kernel-fixture'

const SIZE_MB = 48

let at: KernelFixture | null = null
let home: string | null = null
afterEach(async () => {
  await at?.dispose()
  if (home === null) return
  execFileSync('umount', [home])
  rmdirSync(home)
})

/** Null where it is not allowed: it needs root, and some containers forbid it even then. */
function mountSmall(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'keyframe-small-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'keyframe-test', folder], { stdio: 'pipe' })
    return folder
  } catch {
    rmdirSync(folder)
    return null
  }
}

/** Takes all the space that is left, to the last byte. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (let size = 1024 * 1024; size >= 1; size = Math.floor(size / 2)) while (writeAll(file, size)) continue
  } finally {
    closeSync(file)
  }
}

function writeAll(file: number, size: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(size, 1)) === size
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOSPC') return false
    throw thrown
  }
}

describe('a full disk', () => {
  it('stops the run by name, loses nothing that was acknowledged, and goes on when there is space again', async (test) => {
    home = process.getuid?.() === 0 ? mountSmall() : null
    if (home === null) return test.skip('a small file system can be mounted by root only')
    const on = new KernelFixture('full-disk', home)
    at = on
    on.writeSmallProject()
    const kernel = await on.open()
    const ballast = join(on.home, 'ballast')
    const acknowledged: Frame[] = []
    let full = false
    kernel.subscribe(
      (event, data) => {
        if (event !== 'frames.appended' || !('frames' in data) || !Array.isArray(data.frames)) return
        acknowledged.push(...data.frames)
        if (full || !acknowledged.some((frame) => frame.kind === 'tool.outcome' && frame.checkpoint !== null)) return
        full = true
        fill(ballast)
      },
      { id: 'watch', signal: new AbortController().signal },
    )
    const runId = await on.start('rename symbol alpha to beta')
    const stopped = await on.ended(runId)
    expect(stopped.state).toBe('interrupted')
    expect(full).toBe(true)
    console.log(`stopped at frame ${stopped.frames}: ${stopped.summary ?? ''} ${on.logged.join(' | ')}`)
    expect(on.logged.join('\n')).toMatch(/could not be written|disk is full/)
    expect(readFileSync(join(on.root, 'src/alpha.ts'), 'utf8')).toContain('alpha')

    // What reads goes on; what writes fails by name.
    expect((await on.frames(runId)).length).toBe(acknowledged.length)
    expect((await on.call('search.text', { query: 'alpha', limit: 3 })).length).toBeGreaterThan(0)
    // The end of the run gave back the space of its sandboxes.
    fill(`${ballast}-2`)
    const second = await on.start('rename symbol two to three').then(
      async (started) => (await on.ended(started)).state,
      (thrown: unknown) => toFailure(thrown).code,
    )
    expect(second).toMatch(/^((journal|base)\.disk-full|interrupted)$/)
    await on.close()
    fill(`${ballast}-3`)
    const opening = await on.open().then(
      () => 'open',
      (thrown: unknown) => toFailure(thrown).code,
    )
    console.log(`opened on the full disk: ${opening}`)
    expect(opening).toMatch(/^(open|(workspace|journal)\.disk-full)$/)
    rmSync(`${ballast}-3`)
    if (opening !== 'open') await on.open()
    expect((await on.call('workspace.get', {})).journal).toMatchObject({ state: 'ok', broken: null })
    expect(await on.frames(runId)).toEqual(acknowledged.filter((frame) => frame.runId === runId))

    rmSync(ballast)
    rmSync(`${ballast}-2`)
    await on.call('runs.resume', { runId })
    expect(await on.ended(runId)).toMatchObject({ state: 'completed' })
    expect(readFileSync(join(on.root, 'src/alpha.ts'), 'utf8')).toContain('beta')
    expect(await on.call('replay.run', { runId, mode: 'exact' })).toMatchObject({ ok: true, divergence: null })
  })
})

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KeyframeError } from '../../../shared/failure'
import type { Frame } from '../../../shared/frames'
import type { RunId } from '../../../shared/ids'
import type { AgentProgram } from '../agents/agent-api'
import { importRunFile } from '../kernel'
import { KernelFixture } from '../testing/kernel-fixture'

/** Never used anywhere: made of the shape that issuers document. */
const TOKEN = `ghp_${'a1'.repeat(18)}`

const leaker: AgentProgram = {
  ...{ id: 'leaker', version: '1', title: 'Leaker', summary: 'Reads a secret', examples: [], mutates: true, role: 'coder' },
  async run(api) {
    await api.readFile('src/alpha.ts')
    await api.readFile('settings.txt')
    await api.writeFile('copied.txt', `token ${TOKEN}\n`)
    await api.writeFile('src/made.ts', 'export const made = 1\n')
    return { ok: true, summary: 'done' }
  },
}

let at: KernelFixture
let other: KernelFixture
let renamed: RunId
let leaked: RunId

beforeAll(async () => {
  at = new KernelFixture('export')
  other = new KernelFixture('import')
  at.writeSmallProject()
  writeFileSync(join(at.root, 'settings.txt'), `key=${TOKEN}\n`)
  writeFileSync(join(at.root, 'unread.txt'), 'nobody reads this\n')
  await at.open(at.root, [leaker])
  renamed = (await at.start('rename symbol alpha to beta', 'yes')) as RunId
  await at.ended(renamed)
  leaked = (await at.start('leak', 'yes', 'leaker')) as RunId
  await at.ended(leaked)
})

afterAll(async () => {
  await at.dispose()
  await other.dispose()
})

async function exported(runId: RunId, name: string, wholeBase = false) {
  return at.call('runs.export', { runId, file: join(at.folder, name), wholeBase })
}

/** What a window shows of each frame, without the order in which objects were made. */
async function shown(fixture: KernelFixture, runId: RunId, frames: readonly Frame[]) {
  const all = []
  for (const { branchId, n } of frames) {
    const point = { runId, branchId, n }
    all.push([await fixture.call('files.tree', point), await fixture.call('files.diff', { at: point, against: null })])
  }
  return all
}

describe('a run as one file', () => {
  it('is stepped through elsewhere, frame by frame, and replays exactly', async () => {
    const report = await exported(renamed, 'renamed.keyframe')
    expect(report.leftOut).toEqual([
      { what: 'a file of the repository', why: 'neither changed nor read by the run', count: expect.any(Number) as number },
    ])
    const folder = join(other.folder, 'renamed')
    const imported = await importRunFile({ file: report.file, folder, home: other.home })
    expect(imported).toMatchObject({ folder, runId: renamed, isOriginal: true, frames: report.frames, contents: report.contents })
    await other.open(folder)
    const frames = await at.frames(renamed)
    expect(await other.frames(renamed)).toEqual(frames)
    const keyframes = frames.filter((frame) => frame.checkpoint !== null)
    expect(keyframes.length).toBeGreaterThan(3)
    expect(await shown(other, renamed, keyframes)).toEqual(await shown(at, renamed, keyframes))
    expect(await other.call('replay.run', { runId: renamed, mode: 'exact' })).toMatchObject({ ok: true, divergence: null })
    const last = keyframes.at(-1)
    if (last === undefined) throw new Error('no keyframe')
    await expect(
      other.call('files.read', { runId: renamed, branchId: last.branchId, n: last.n, path: 'unread.txt' }),
    ).rejects.toMatchObject({
      code: 'base.missing',
    })
    await expect(
      other.call('branches.fork', { runId: renamed, branchId: last.branchId, n: last.n, task: 'rename symbol beta to gamma', edits: [] }),
    ).resolves.toMatchObject({ branchId: expect.any(String) as string })
    expect((await other.ended(renamed)).branches.at(-1)).toMatchObject({ state: 'failed' })
    const stopped = (await other.frames(renamed)).findLast((frame) => frame.kind === 'error')
    expect(stopped?.payload).toMatchObject({ code: 'base.incomplete' })
    await other.close()
  })

  it('can be continued elsewhere when the whole repository came along', async () => {
    const report = await exported(renamed, 'whole.keyframe', true)
    expect(report.leftOut).toEqual([{ what: 'a file of the repository', why: 'a secret was found in it', count: 1 }])
    const folder = join(other.folder, 'whole')
    await importRunFile({ file: report.file, folder, home: other.home })
    expect(readFileSync(join(folder, 'unread.txt'), 'utf8')).toBe('nobody reads this\n')
    expect(existsSync(join(folder, 'settings.txt'))).toBe(false)
  })

  it('has no secret in it, and says what was left out', async () => {
    const report = await exported(leaked, 'leaked.keyframe')
    const text = gunzipSync(readFileSync(report.file)).toString('utf8')
    const contents = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as { is: string; base64?: string }]))
    for (const { base64 } of contents) if (base64 !== undefined) expect(Buffer.from(base64, 'base64').includes(TOKEN)).toBe(false)
    expect(text).not.toContain(TOKEN)
    expect(report.leftOut).toContainEqual({ what: 'a file of the repository', why: 'a secret was found in it', count: 1 })
    expect(report.leftOut).toContainEqual({ what: 'something that a frame names', why: 'a secret was found in it', count: 1 })
    const folder = join(other.folder, 'leaked')
    await importRunFile({ file: report.file, folder, home: other.home })
    await other.open(folder)
    const frames = await other.frames(leaked)
    expect(frames.map((frame) => frame.kind)).toEqual((await at.frames(leaked)).map((frame) => frame.kind))
    const end = { runId: leaked, branchId: 'b0' as Frame['branchId'], n: frames.length }
    expect((await other.call('files.read', { ...end, path: 'src/made.ts' })).text).toBe('export const made = 1\n')
    await expect(other.call('files.read', { ...end, path: 'copied.txt' })).rejects.toMatchObject({ code: 'content.missing' })
    await other.close()
  })

  it('is refused where it cannot be written, and nothing is left', async () => {
    await expect(exported(renamed, 'renamed.keyframe')).rejects.toMatchObject({ code: 'export.exists' })
    await expect(exported(renamed, 'no/such/folder.keyframe')).rejects.toMatchObject({ code: 'export.unwritable' })
    await expect(at.call('runs.export', { runId: renamed, file: 'here', wholeBase: false })).rejects.toMatchObject({
      code: 'export.bad-path',
    })
    expect(readdirSync(at.folder).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it('is refused when it is damaged, cut off, of another kind or leads elsewhere, and nothing is left', async () => {
    const report = await exported(renamed, 'good.keyframe')
    const lines = gunzipSync(readFileSync(report.file)).toString('utf8').trimEnd().split('\n')
    const changed = (change: (line: string, index: number) => string | null): Buffer =>
      gzipSync(`${lines.flatMap((line, index) => change(line, index) ?? []).join('\n')}\n`)
    const bad: Record<string, [Buffer, string]> = {
      'no export': [Buffer.from('hello'), 'import.unreadable'],
      'cut in the middle': [readFileSync(report.file).subarray(0, 2000), 'import.damaged'],
      'without its end': [changed((line, index) => (index === lines.length - 1 ? null : line)), 'import.damaged'],
      'without a frame': [changed((line) => (line.startsWith('{"is":"frame"') && line.includes('"n":3,') ? null : line)), 'import.damaged'],
      'a changed frame': [changed((line) => line.replace('rename symbol alpha', 'rename symbol omega')), 'import.damaged'],
      'a changed content': [
        changed((line) => (line.startsWith('{"is":"content"') ? line.replace(/"base64":"..../, '"base64":"AAAA') : line)),
        'import.damaged',
      ],
      'a path that leads out': [changed((line) => line.replaceAll('"src/use.ts"', '"../use.ts"')), 'import.damaged'],
      'a newer version': [changed((line) => line.replace('"version":1', '"version":2')), 'import.newer'],
    }
    for (const [name, [bytes, code]] of Object.entries(bad)) {
      const file = join(other.folder, 'bad.keyframe')
      writeFileSync(file, bytes)
      const folder = join(other.folder, 'bad')
      const thrown: unknown = await importRunFile({ file, folder, home: other.home }).catch((failure: unknown) => failure)
      const left = readdirSync(other.folder).filter((entry) => entry.includes('.import-'))
      expect([name, thrown instanceof KeyframeError ? thrown.code : thrown, existsSync(folder), left]).toEqual([name, code, false, []])
    }
    expect(readdirSync(join(other.home, 'workspaces')).filter((left) => left.includes('.import-'))).toEqual([])
  })

  it('does not go into a folder that has something, nor where it was before', async () => {
    const file = join(at.folder, 'good.keyframe')
    const full = join(other.folder, 'full')
    mkdirSync(full)
    writeFileSync(join(full, 'mine'), '')
    await expect(importRunFile({ file, folder: full, home: other.home })).rejects.toMatchObject({ code: 'import.exists' })
    await expect(importRunFile({ file, folder: join(other.folder, 'renamed'), home: other.home })).rejects.toMatchObject({
      code: 'import.exists',
    })
  })
})

import { copyFileSync, cpSync, readdirSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { JournalStatus } from '../../shared/contract/methods'
import { KeyframeError } from '../../shared/failure'
import type { RunId } from '../../shared/ids'
import { createRedactor } from './journal/redaction'
import { openJournal } from './journal/sqlite-journal'
import { KernelFixture } from './testing/kernel-fixture'
import { seededRandom } from './testing/seeded-random'

const SEED = Number(process.env['KEYFRAME_SEED'] ?? Date.now() % 1_000_000)
const PAGE = 4096

let at: KernelFixture
let journal: string
let whole: string
let first: string
let second: string
let frames: Record<string, number>

/** Two runs that changed nothing, in a journal that is copied before each damage. */
beforeAll(async () => {
  at = new KernelFixture('damaged')
  at.writeSmallProject()
  const { dataDir } = await at.open()
  first = await at.start('rename symbol alpha to beta', 'deny')
  await at.ended(first)
  second = await at.start('rename symbol two to three', 'deny')
  await at.ended(second)
  frames = { [first]: (await at.frames(first)).length, [second]: (await at.frames(second)).length }
  await at.close()
  journal = join(dataDir, 'journal.db')
  whole = join(at.folder, 'whole.db')
  copyFileSync(journal, whole)
})
afterEach(async () => {
  await at.close()
  for (const name of readdirSync(join(journal, '..')))
    if (name.startsWith('journal.db-')) renameSync(join(journal, '..', name), join(at.folder, name))
  cpSync(whole, journal)
})
afterAll(() => at.dispose())

function flip(offset: number, length = 1): void {
  const bytes = readFileSync(journal)
  for (let i = offset; i < offset + length; i += 1) bytes[i] = (bytes[i] ?? 0) ^ 0x55
  writeFileSync(journal, bytes)
}

/** Opens the damaged journal; afterwards not a byte of what was damaged may have changed. */
async function opened<T>(use: (status: JournalStatus) => Promise<T>): Promise<T> {
  const damaged = readFileSync(journal)
  await at.open()
  try {
    return await use((await at.call('workspace.get', {})).journal)
  } finally {
    await at.close()
    expect(readFileSync(journal).equals(damaged)).toBe(true)
  }
}

describe('a damaged journal', () => {
  it('a frame in the middle of the second run: read up to it, the first run as ever, nothing can be started', async () => {
    const bytes = readFileSync(journal)
    const offset = bytes.indexOf('"symbol":"two"')
    expect(offset).toBeGreaterThan(0)
    flip(offset + 11)
    await opened(async (status) => {
      expect(status).toMatchObject({
        state: 'read-only',
        broken: { runId: second, reason: expect.stringMatching(/frame \d+ does not match its hash/) },
      })
      const broken = status.broken?.frame ?? 0
      expect((await at.frames(second)).map((frame) => frame.n)).toEqual(Array.from({ length: broken - 1 }, (_, i) => i + 1))
      expect((await at.frames(first)).length).toBe(frames[first])
      expect(await at.call('replay.run', { runId: first, mode: 'exact' })).toMatchObject({ ok: true, divergence: null })
      expect(await at.call('replay.run', { runId: second, mode: 'exact' })).toMatchObject({
        ok: false,
        divergence: { frame: broken, kind: 'journal' },
      })
      expect((await at.call('runs.list', {})).map((run) => run.runId)).toEqual([first, second])
      for (const refused of [
        () => at.start('rename symbol alpha to gamma'),
        () => at.call('branches.restore', { runId: first, branchId: 'b0', n: 3 }),
      ])
        await expect(refused()).rejects.toMatchObject({ code: 'journal.read-only' })
      await expect(at.call('ui.set', { key: 'layout', value: 'x' })).rejects.toMatchObject({ code: 'journal.read-only' })
    })
  })

  it('the header of the file: said in words, nothing is deleted, the workspace can be seen', async () => {
    flip(0, 16)
    await opened(async (status) => {
      expect(status).toMatchObject({ state: 'read-only', frames: 0, broken: { runId: null } })
      expect(status.broken?.reason).toContain(journal)
      expect(await at.call('runs.list', {})).toEqual([])
      await expect(at.start('rename symbol alpha to gamma')).rejects.toMatchObject({ code: 'journal.read-only' })
      await at.call('index.refresh', {})
      expect((await at.call('search.text', { query: 'alpha', limit: 5 })).length).toBeGreaterThan(0)
    })
  })

  it('the page of the schema: said in words', async () => {
    flip(100, 8)
    await opened(async (status) => expect(status.state).toBe('read-only'))
  })

  it('a page in the middle: the run that lies there ends before it, calls fail by name', async () => {
    const pages = statSync(journal).size / PAGE
    let noticed = 0
    for (let page = 2; page < pages; page += Math.ceil(pages / 6)) {
      cpSync(whole, journal)
      flip(page * PAGE, 64)
      await opened(async (status) => {
        if (status.state === 'read-only') noticed += 1
        await expectReadable()
      })
    }
    expect(noticed).toBeGreaterThan(0)
  })

  it('a file that was cut in the middle', async () => {
    truncateSync(journal, Math.floor(statSync(journal).size / 2 / PAGE) * PAGE + 100)
    await opened(async (status) => {
      expect(status.state).toBe('read-only')
      await expectReadable()
      await expect(at.start('rename symbol alpha to gamma')).rejects.toMatchObject({ code: 'journal.read-only' })
    })
  })

  it(`any byte: what is read is what was written, or the frame is named (KEYFRAME_SEED=${SEED})`, () => {
    const random = seededRandom(SEED)
    const size = statSync(whole).size
    const truth = read()
    const seen = { named: 0, harmless: 0 }
    for (let round = 0; round < 150; round += 1) {
      cpSync(whole, journal)
      const offset = Math.floor(random() * size)
      flip(offset)
      const { status, texts } = read()
      for (const [run, list] of Object.entries(texts)) {
        const written = truth.texts[run] ?? []
        expect(list, `byte ${offset}`).toEqual(written.slice(0, list.length))
        if (list.length < written.length) expect(status.state, `byte ${offset}`).toBe('read-only')
      }
      if (Object.keys(texts).length < 2) expect(status.state, `byte ${offset}`).toBe('read-only')
      seen[status.state === 'ok' ? 'harmless' : 'named'] += 1
    }
    console.log(`150 bytes of ${size} flipped one by one: ${JSON.stringify(seen)}`)
  })
})

/** Every run and frame as far as they can be had; whatever fails fails by a code. */
async function expectReadable(): Promise<void> {
  const attempt = async <T>(call: Promise<T>): Promise<T | null> => {
    try {
      return await call
    } catch (thrown) {
      if (!(thrown instanceof KeyframeError)) throw thrown
      return null
    }
  }
  for (const run of (await attempt(at.call('runs.list', {}))) ?? []) {
    const list = (await attempt(at.frames(run.runId))) ?? []
    expect(list.length).toBeLessThanOrEqual(frames[run.runId] ?? 0)
    const n = list.length
    if (n > 0) await attempt(at.call('files.tree', { runId: run.runId, branchId: 'b0', n }))
    await attempt(at.call('replay.run', { runId: run.runId, mode: 'exact' }))
  }
}

function read(): { status: JournalStatus; texts: Record<string, string[]> } {
  const opened = openJournal({ dataDir: join(journal, '..'), redactor: createRedactor() })
  try {
    const texts: Record<string, string[]> = {}
    for (const run of opened.runs()) texts[run] = opened.frames(run as RunId).map((frame) => JSON.stringify(frame))
    return { status: opened.status, texts }
  } finally {
    opened.close()
  }
}

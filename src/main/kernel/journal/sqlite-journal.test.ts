import Database from 'better-sqlite3'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KeyframeError } from '../../../shared/failure'
import { MAIN_BRANCH, type RunId } from '../../../shared/ids'
import type { FrameDraft } from './journal'
import { createRedactor } from './redaction'
import { openJournal, type SqliteJournal } from './sqlite-journal'

const RUN = 'r0000000001' as RunId
let dataDir: string
let open: SqliteJournal[] = []

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'keyframe-journal-'))
})
afterEach(() => {
  for (const journal of open) journal.close()
  open = []
  rmSync(dataDir, { recursive: true, force: true })
})

function journalOf(secrets = new Map<string, string>()): SqliteJournal {
  const journal = openJournal({ dataDir, redactor: createRedactor(secrets) })
  open.push(journal)
  return journal
}

function closeAll(): void {
  for (const journal of open) journal.close()
  open = []
}

function message(text: string): FrameDraft<'agent.message'> {
  return {
    branchId: MAIN_BRANCH,
    kind: 'agent.message',
    atMs: 1000,
    cause: null,
    key: null,
    payload: { text, level: 'info' },
    checkpoint: null,
  }
}

describe('appending', () => {
  it('numbers, chains and gives back what was stored, also after opening again', () => {
    const written = journalOf().append(RUN, [message('one'), message('two')])
    closeAll()
    const again = journalOf()
    expect(again.frames(RUN)).toEqual(written)
    expect(written.map((frame) => frame.n)).toEqual([1, 2])
    expect(again.append(RUN, [message('three')])[0]?.n).toBe(3)
    expect(again.verify(RUN)).toBeNull()
    expect(again.runs()).toEqual([RUN])
  })

  it('writes all frames of a call or none', () => {
    const journal = journalOf()
    const bad = { ...message('x'), payload: { text: 'x', level: 'loud' } } as unknown as FrameDraft
    expect(() => journal.append(RUN, [message('one'), bad])).toThrow()
    expect(journal.length(RUN)).toBe(0)
  })

  it('keeps known and detected secrets out of the file', () => {
    const journal = journalOf(new Map([['correct-horse-battery', 'my-key']]))
    const token = `ghp_${'a1B2'.repeat(9)}`
    const [frame] = journal.append(RUN, [message(`use ${token} and correct-horse-battery`)])
    expect(frame?.payload).toEqual({ text: 'use [redacted:github-token] and [redacted:my-key]', level: 'info' })
    closeAll()
    expect(readFileSync(join(dataDir, 'journal.db')).includes(token)).toBe(false)
  })
})

describe('a damaged journal', () => {
  function write(count: number): void {
    const journal = journalOf()
    for (let n = 1; n <= count; n += 1) journal.append(RUN, [message(`frame number ${n} ${'x'.repeat(40)}`)])
    closeAll()
  }

  it('names the frame whose payload was changed, reads what is before it, refuses to write and deletes nothing', () => {
    write(20)
    const path = join(dataDir, 'journal.db')
    const bytes = readFileSync(path)
    const at = bytes.indexOf('frame number 12 ')
    expect(at).toBeGreaterThan(0)
    bytes[at + 6] = 'N'.charCodeAt(0)
    writeFileSync(path, bytes)
    const journal = journalOf()
    expect(journal.status.broken).toMatchObject({ runId: RUN, frame: 12 })
    expect(journal.frames(RUN).map((frame) => frame.n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(() => journal.append(RUN, [message('more')])).toThrow(expect.objectContaining({ code: 'journal.read-only' }))
    closeAll()
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })

  it.each(['n', 'branch', 'kind', 'at_ms', 'key', 'checkpoint', 'prev', 'hash'])('notices a change of column %s', (column) => {
    write(5)
    const database = new Database(join(dataDir, 'journal.db'))
    const value = column === 'n' ? 99 : column === 'at_ms' ? 5 : column === 'kind' ? 'error' : 'b7'
    database.prepare(`UPDATE frames SET ${column} = ? WHERE n = 3`).run(value)
    database.close()
    expect(journalOf().status.broken).toMatchObject({ frame: 3 })
  })

  it('notices a missing frame', () => {
    write(5)
    const database = new Database(join(dataDir, 'journal.db'))
    database.prepare('DELETE FROM frames WHERE n = 4').run()
    database.close()
    expect(journalOf().status.broken).toMatchObject({ frame: 4 })
  })

  it('opens with an explanation when the file is no database', () => {
    writeFileSync(join(dataDir, 'journal.db'), Buffer.alloc(8192, 7))
    const journal = journalOf()
    expect(journal.status).toMatchObject({ state: 'read-only', frames: 0 })
    expect(() => journal.append(RUN, [message('more')])).toThrow(KeyframeError)
    expect(readFileSync(join(dataDir, 'journal.db'))).toEqual(Buffer.alloc(8192, 7))
  })
})

describe('the content store', () => {
  it('stores small, large and incompressible content once and checks it when read', () => {
    const { content } = journalOf()
    const large = Buffer.from(Array.from({ length: 400_000 }, (_, index) => (index * 7919 + (index >> 3)) & 255))
    const hashes = [content.put('small', 'context'), content.put(large, 'file'), content.put(large, 'file')]
    expect(hashes[1]).toBe(hashes[2])
    expect(content.get(hashes[0]!).toString()).toBe('small')
    expect(content.get(hashes[1]!).equals(large)).toBe(true)
  })

  it('makes content durable with the next frame, not before', () => {
    const journal = journalOf()
    const named = journal.content.put('named by a frame', 'file')
    journal.append(RUN, [message('names it')])
    const unnamed = journal.content.put('named by nothing', 'file')
    expect(journal.content.get(unnamed).toString()).toBe('named by nothing')
    closeAll()
    const again = journalOf()
    expect(again.content.get(named).toString()).toBe('named by a frame')
    expect(() => again.content.get(unnamed)).toThrow(expect.objectContaining({ code: 'content.missing' }))
  })

  it('says so when stored bytes were changed', () => {
    const journal = journalOf()
    const hash = journal.content.put('precious content', 'file')
    journal.append(RUN, [message('names it')])
    closeAll()
    const database = new Database(join(dataDir, 'journal.db'))
    database.prepare('UPDATE contents SET bytes = ? WHERE hash = ?').run(Buffer.from('Precious content'), hash)
    database.close()
    expect(() => journalOf().content.get(hash)).toThrow(expect.objectContaining({ code: 'content.corrupt' }))
  })
})

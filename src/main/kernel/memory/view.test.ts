import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { SCHEMA } from './store/index-schema'
import { LIVE, OF_NO_FILE, Sight, type View } from './view'

/** Three files of the live repository, numbered 1 to 3; a branch's layer 1 that changed the first, deleted the second and relinked the third. */
function database(): Database.Database {
  const made = new Database(':memory:')
  made.exec(SCHEMA)
  const node = made.prepare('INSERT INTO nodes (id, key) VALUES (?, ?)')
  const file = made.prepare(
    "INSERT INTO files (node_id, layer, path, hash, mtime_ms, size, content, gone, shape, valid_from) VALUES (?, ?, ?, '', 0, 0, ?, ?, '', ?)",
  )
  for (const [id, path] of ['changed.ts', 'deleted.ts', 'relinked.ts', OF_NO_FILE].entries()) {
    node.run(id + 1, path)
    file.run(id + 1, 0, path, 1, 0, 1)
  }
  file.run(1, 1, 'changed.ts', 1, 0, 5)
  file.run(2, 1, 'deleted.ts', 1, 1, 5)
  file.run(3, 1, 'relinked.ts', 0, 0, 5)
  return made
}

const at = (version: number): View => ({
  layers: [
    { layer: 1, version },
    { layer: 0, version: 3 },
  ],
})
const row = (layer: number, file: number, validFrom = 1, validTo: number | null = null) => ({ layer, file, validFrom, validTo })

describe('what a view sees', () => {
  it('is the live repository as it is now', () => {
    const sight = new Sight(database(), LIVE)
    expect([sight.seesContent(row(0, 1)), sight.seesContent(row(0, 1, 1, 2)), sight.seesContent(row(1, 1, 5))]).toEqual([
      true,
      false,
      false,
    ])
  })

  it('is a branch over what was live when it began: its own files hide those below, relinked ones only their edges', () => {
    const sight = new Sight(database(), at(6))
    const seen = (layer: number, file: number) => [sight.seesContent(row(layer, file)), sight.seesEdge(row(layer, file))]
    expect(seen(0, 1)).toEqual([false, false])
    expect(seen(0, 2)).toEqual([false, false])
    expect(seen(0, 3)).toEqual([true, false])
    expect([sight.seesContent(row(1, 1, 5)), sight.seesEdge(row(1, 3, 5))]).toEqual([true, true])
    expect([sight.seesContent(row(0, 3, 4)), sight.seesContent(row(0, 3, 1, 3))]).toEqual([false, false])
  })

  it('is the repository below where the branch had not changed anything yet', () => {
    const sight = new Sight(database(), at(4))
    expect([sight.seesContent(row(0, 1)), sight.seesContent(row(1, 1, 5))]).toEqual([true, false])
  })

  it('leaves out what whoever asks may not read, and asks once a file', () => {
    const asked: string[] = []
    const readable = (path: string): boolean => {
      asked.push(path)
      return path !== 'relinked.ts'
    }
    const sight = new Sight(database(), { ...LIVE, readable })
    expect([1, 2, 3, 4, 3].map((file) => sight.seesContent(row(0, file)))).toEqual([true, true, false, true, false])
    expect(sight.seesEdge(row(0, 3))).toBe(false)
    expect(asked).toEqual(['changed.ts', 'deleted.ts', 'relinked.ts'])
  })
})

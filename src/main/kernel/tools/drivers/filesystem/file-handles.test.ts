import { describe, expect, it } from 'vitest'
import { FileHandles } from './file-handles'

const [v1, v2] = ['1'.repeat(64), '2'.repeat(64)]

describe('FileHandles', () => {
  it('follows reads, writes, moves and removals, of folders too', () => {
    const handles = new FileHandles()
    handles.opened('src/a.ts', v1, 7)
    handles.opened('src/b.ts', v1, 1)
    handles.opened('srcs/c.ts', v1, 1)
    handles.written('src/a.ts', v2)
    handles.moved('src', 'lib')
    handles.closed('lib/b.ts')
    handles.markStale(['srcs/c.ts', 'unknown'])
    expect(handles.all()).toEqual([
      { path: 'lib/a.ts', version: v2, cursorLine: 7, nextLine: 1, stale: false },
      { path: 'srcs/c.ts', version: v1, cursorLine: 1, nextLine: 1, stale: true },
    ])
    handles.closed('lib')
    expect(handles.all().map(({ path }) => path)).toEqual(['srcs/c.ts'])
  })

  it('keeps the handles that were used last', () => {
    const handles = new FileHandles()
    for (let index = 0; index < 1200; index += 1) handles.opened(`f${String(index).padStart(4, '0')}`, v1, 1)
    expect([handles.all().length, handles.all()[0]?.path]).toEqual([1000, 'f0200'])
  })

  it('makes a diff from a text that it remembers, and none from one that it does not', () => {
    const handles = new FileHandles()
    handles.rememberText(v1, 'one\ntwo\n')
    expect(handles.diffSince('a.txt', v1, 'one\n2\n')).toContain('@@ -1,2 +1,2 @@\n one\n-two\n+2\n')
    expect(handles.diffSince('a.txt', v2, 'x')).toBeNull()
  })

  it('forgets the oldest texts beyond its memory', () => {
    const handles = new FileHandles()
    handles.rememberText(v1, 'a'.repeat(10_000_000))
    handles.rememberText(v2, 'b'.repeat(10_000_000))
    expect(handles.diffSince('a.txt', v1, 'x')).toBeNull()
  })
})

import { describe, expect, it } from 'vitest'
import { FileDiff, FileVersion } from '../../../shared/files'
import { chosenDiff, lineCounts, whyNotCompared } from './diff-summary'
import { fileFacts, whyNotShown } from './file-notice'
import { hasLanguageServer, languageOfPath } from './language-of-path'
import { sortProblems } from './problems-store'
import { guestPathOf, pathOfGuestPath } from './workspace-uri'

const HASH = 'a'.repeat(64)

function version(part: Partial<Record<keyof FileVersion, unknown>>): FileVersion {
  return FileVersion.parse({ path: 'a.ts', version: HASH, sizeBytes: 2048, mode: 0o644, encoding: 'utf-8', eol: 'lf', text: 'x', ...part })
}

function diff(part: Partial<Record<keyof FileDiff, unknown>>): FileDiff {
  return FileDiff.parse({
    path: 'a.ts',
    change: 'changed',
    binary: false,
    oldVersion: HASH,
    newVersion: HASH,
    oldMode: 0o100644,
    newMode: 0o100755,
    hunks: [],
    dangerous: false,
    ...part,
  })
}

describe('words about files', () => {
  it('says why a file has no text to show', () => {
    expect(whyNotShown(version({}))).toBeNull()
    expect(whyNotShown(version({ encoding: 'binary', text: null }))?.title).toBe('Binary file')
    expect(whyNotShown(version({ encoding: 'binary', text: null, sizeBytes: 9 * 1024 * 1024 }))).toEqual({
      title: 'Too large to show',
      detail: '9.0 MiB. Text is shown up to 8 MiB; the file itself is kept whole in every checkpoint.',
    })
  })

  it('names encoding, line ends, size and mode', () => {
    expect(fileFacts(version({ encoding: 'latin1', eol: 'crlf', mode: 0o755 }))).toEqual(['Latin-1', 'CRLF', '2.0 KiB', 'executable'])
  })

  it('knows the language of a path', () => {
    expect(['a/B.TSX', 'x.yml', 'Dockerfile.dev', 'db/1.sql', '.gitignore', 'a.unknown', 'noext'].map(languageOfPath)).toEqual([
      'typescriptreact',
      'yaml',
      'dockerfile',
      'sql',
      'shell',
      'plaintext',
      'plaintext',
    ])
    expect([hasLanguageServer('a.mts'), hasLanguageServer('a.json')]).toEqual([true, false])
  })

  it('maps paths to where the sandbox has them and back, and nothing from outside', () => {
    expect(pathOfGuestPath(guestPathOf('src/ä b.ts'))).toBe('src/ä b.ts')
    expect(pathOfGuestPath('/opt/keyframe/lib.d.ts')).toBeNull()
    expect(pathOfGuestPath('/workspaces/a.ts')).toBeNull()
  })
})

describe('words about changes', () => {
  it('counts lines by their sign', () => {
    const hunk = { id: 'h', oldStart: 1, oldLines: 2, newStart: 1, newLines: 3, lines: [' same', '-old', '+new', '+++ not a header'] }
    expect(lineCounts(diff({ hunks: [hunk] }))).toEqual({ added: 2, removed: 1 })
  })

  it('says why there is nothing to compare', () => {
    expect(whyNotCompared(diff({ change: 'mode' }))?.detail).toBe('From 644 to 755. The content is the same.')
    expect(whyNotCompared(diff({ binary: true }))?.title).toBe('Binary file')
    expect(whyNotCompared(diff({}))).toBeNull()
  })

  it('shows what was asked for while it is among the changes', () => {
    const [a, b] = [diff({ path: 'a' }), diff({ path: 'b' })]
    expect([chosenDiff([a, b], 'b'), chosenDiff([a, b], 'gone'), chosenDiff([], 'a')]).toEqual([b, a, null])
  })

  it('lists errors before hints, then by place', () => {
    const problem = (severity: 'error' | 'hint', path: string, line: number) => ({
      severity,
      path,
      line,
      column: 1,
      message: '',
      code: null,
    })
    const sorted = sortProblems([problem('hint', 'a', 1), problem('error', 'b', 9), problem('error', 'b', 2), problem('error', 'a', 5)])
    expect(sorted.map(({ severity, path, line }) => `${severity} ${path}:${line}`)).toEqual([
      'error a:5',
      'error b:2',
      'error b:9',
      'hint a:1',
    ])
  })
})

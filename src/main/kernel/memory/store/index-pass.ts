import { createHash } from 'node:crypto'
import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import type { IndexStatus } from '../../../../shared/contract/methods'
import type { FileFacts } from '../code/file-facts'
import type { Parsers } from '../code/grammar'
import { Imports } from '../code/imports'
import type { Language } from '../code/language'
import { languageOf } from '../code/languages'
import { repositoryFiles } from '../code/repository-files'
import { type FileRow, IndexWriter, type StoredFile } from './index-writer'
import { type KnownFile, knownFile, linkFile } from '../code/link-edges'
import { textChunks } from '../retrieval/text-chunks'

const TEXT =
  /\.(?:md|mdx|txt|json|jsonc|ya?ml|toml|sql|sh|css|html|proto|graphql|env\.example)$|(?:^|\/)(?:Dockerfile|CODEOWNERS|Makefile)$/
const LEFT_OUT = /(?:^|\/)(?:package-lock\.json|yarn\.lock|pnpm-lock\.yaml)$|\.min\.js$|\.map$/
const LARGEST_CODE_BYTES = 1024 * 1024
const LARGEST_TEXT_BYTES = 256 * 1024
/** Files a transaction: enough to spare syncs, few enough that a stop is prompt. */
const BATCH = 100
const FACTS_KEPT = 4000
/** Of a file that says nothing about symbols: text, or code that was left out. */
const NO_FACTS: FileFacts = { symbols: [], imports: [], exports: [], uses: [], inherits: [], lines: 1, errorLine: null }

export interface PassHooks {
  onProgress(done: number, of: number): void
  /** Asked between files; true ends the pass, what was stored stays. */
  stopped(): boolean
}

/** Brings an index in step with the files. Synchronous: it runs in the indexing thread, which has nothing else to do. */
export class IndexPass {
  private readonly writer: IndexWriter
  private readonly kept = new Map<string, KnownFile | null>()
  private imports: Imports

  private readonly root: string
  private readonly database: Database.Database
  private readonly parsers: Parsers
  private readonly hooks: PassHooks

  constructor(root: string, database: Database.Database, parsers: Parsers, hooks: PassHooks) {
    this.root = root
    this.database = database
    this.parsers = parsers
    this.hooks = hooks
    this.writer = new IndexWriter(database)
    this.imports = new Imports(repositoryFiles(root, [...this.writer.files().keys()]))
  }

  status(state: IndexStatus['state'] = 'idle'): IndexStatus {
    const counts = this.writer.counts()
    return { state, version: this.version(), ...counts, filesDone: counts.files, problems: this.writer.problems() }
  }

  /** Every listed file that changed is indexed, every other file ended. True when anything changed. */
  reconcile(listed: readonly string[]): boolean {
    const wanted = listed.filter(isIndexed)
    const present = new Set(wanted)
    const known = this.writer.files()
    const gone = [...known.values()].filter((row) => !present.has(row.path))
    return this.run(wanted, gone, (path) => known.get(path))
  }

  changed(paths: readonly string[]): boolean {
    return this.run(paths.filter(isIndexed), [], (path) => this.writer.file(path))
  }

  private run(paths: readonly string[], gone: FileRow[], known: (path: string) => FileRow | undefined): boolean {
    const version = this.version() + 1
    let changed = 0
    let namesMoved = gone.length > 0
    for (let from = 0; from < paths.length && !this.hooks.stopped(); from += BATCH) {
      this.database.transaction(() => {
        for (const path of paths.slice(from, from + BATCH)) {
          if (this.hooks.stopped()) break
          const before = known(path)
          const file = this.read(path, before)
          if (file === 'same') continue
          this.kept.delete(path)
          if (file === 'gone') {
            if (before !== undefined) gone.push(before)
            continue
          }
          this.writer.store(file, before, version)
          if (file.facts !== null) this.keep(knownFile(path, file.facts))
          changed += 1
          if (before === undefined || /(?:tsconfig|jsconfig|package)\.json$/.test(path)) namesMoved = true
          if (before?.shape === file.shape) continue
          for (const other of this.writer.dependents(path)) this.writer.markUnlinked(other)
        }
      })()
      if (changed > 0) this.hooks.onProgress(Math.min(paths.length, from + BATCH), paths.length)
    }
    if (gone.length > 0) namesMoved = true
    this.database.transaction(() => {
      for (const row of gone) {
        for (const other of this.writer.dependents(row.path)) this.writer.markUnlinked(other)
        this.writer.remove(row, version)
        this.kept.delete(row.path)
      }
      if (namesMoved) for (const other of this.writer.withMissingImports()) this.writer.markUnlinked(other)
      if (changed > 0 || gone.length > 0) this.writer.setMeta('version', String(version))
    })()
    if (namesMoved) this.imports = new Imports(repositoryFiles(this.root, [...this.writer.files().keys()]))
    return this.link(version) || changed > 0 || gone.length > 0
  }

  /** Also what an earlier pass left when it was stopped. */
  private link(version: number): boolean {
    const source = {
      file: (path: string) => this.known(path),
      resolve: (from: string, specifier: string) => this.imports.resolve(from, specifier),
      peers: (path: string) => this.imports.peers(path),
      named: () => [],
    }
    const paths = this.writer.unlinked()
    for (let from = 0; from < paths.length && !this.hooks.stopped(); from += BATCH) {
      this.database.transaction(() => {
        for (const path of paths.slice(from, from + BATCH))
          this.writer.link(path, linkFile(this.known(path) ?? knownFile(path, NO_FACTS), source), version)
      })()
    }
    return paths.length > 0
  }

  private known(path: string): KnownFile | null {
    const kept = this.kept.get(path)
    if (kept !== undefined) return kept
    const facts = this.writer.facts(path)
    const file = facts === null ? null : knownFile(path, facts)
    if (file === null) this.kept.set(path, null)
    else this.keep(file)
    return file
  }

  private keep(file: KnownFile): void {
    if (this.kept.size >= FACTS_KEPT) this.kept.clear()
    this.kept.set(file.path, file)
  }

  /** The bytes decide: a file whose time changed but not its content keeps its rows. */
  private read(path: string, before: FileRow | undefined): StoredFile | 'same' | 'gone' {
    const file = join(this.root, path)
    try {
      const stat = lstatSync(file)
      if (!stat.isFile()) return before === undefined ? 'same' : 'gone'
      const { mtimeMs, size } = stat
      if (before !== undefined && before.mtimeMs === mtimeMs && before.size === size) return 'same'
      const grammar = languageOf(path)
      const largest = grammar === null ? LARGEST_TEXT_BYTES : LARGEST_CODE_BYTES
      if (size > largest) {
        const empty = { path, hash: '', mtimeMs, size, lines: 1, facts: null, shape: '', chunks: [] }
        return { ...empty, problem: `not indexed: ${size} bytes are more than ${largest}` }
      }
      const bytes = readFileSync(file)
      const hash = createHash('sha256').update(bytes).digest('hex')
      if (before?.hash === hash) {
        this.writer.touch(before, mtimeMs, size)
        return 'same'
      }
      if (bytes.includes(0))
        return {
          path,
          hash,
          mtimeMs,
          size,
          lines: 1,
          facts: null,
          shape: '',
          problem: grammar === null ? null : 'not indexed: binary content',
          chunks: [],
        }
      const text = bytes.toString('utf8')
      return { path, hash, mtimeMs, size, ...this.parsed(path, text, grammar) }
    } catch (thrown) {
      if (isMissing(thrown)) return before === undefined ? 'same' : 'gone'
      const reason = thrown instanceof Error ? thrown.message : String(thrown)
      return { path, hash: '', mtimeMs: 0, size: 0, lines: 1, facts: null, shape: '', problem: `not indexed: ${reason}`, chunks: [] }
    }
  }

  private parsed(
    path: string,
    text: string,
    grammar: Language | null,
  ): Pick<StoredFile, 'facts' | 'shape' | 'problem' | 'lines' | 'chunks'> {
    const lines = text.split('\n').length
    if (grammar === null) return { facts: null, shape: '', problem: null, lines, chunks: textChunks(text, []) }
    const tree = this.parsers.of(grammar).parse(text)
    if (tree === null) return { facts: null, shape: '', problem: 'not indexed: the parser gave up', lines, chunks: textChunks(text, []) }
    try {
      const facts = grammar.extract(tree.rootNode, path)
      const problem = facts.errorLine === null ? null : `syntax error at line ${facts.errorLine}; indexed as far as it could be read`
      return { facts, shape: shapeOf(facts), problem, lines, chunks: textChunks(text, facts.symbols) }
    } finally {
      tree.delete()
    }
  }

  private version(): number {
    return Number(this.writer.meta('version') ?? '0')
  }
}

export function isIndexed(path: string): boolean {
  return (languageOf(path) !== null || TEXT.test(path)) && !LEFT_OUT.test(path)
}

/** What other files' edges can depend on: not the lines, not the bodies. */
function shapeOf(facts: FileFacts): string {
  const shape = {
    symbols: facts.symbols.map(({ key, kind, exported, valueType, returns }) => [key, kind, exported, valueType, returns]),
    imports: facts.imports.map(({ specifier, names }) => [specifier, names]),
    exports: facts.exports.map(({ name, local, from }) => [name, local, from]),
    inherits: facts.inherits.map(({ symbol, base }) => [symbol, base]),
  }
  return createHash('sha256').update(JSON.stringify(shape)).digest('base64')
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR')
}

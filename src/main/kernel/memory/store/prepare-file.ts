import { hash as digest } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { Node } from 'web-tree-sitter'
import type { FileFacts } from '../code/file-facts'
import type { Parsers } from '../code/grammar'
import type { Language } from '../code/language'
import { languageOf } from '../code/languages'
import type { ExtraFacts, FactsSource } from '../facts-source'
import { FACTS_SOURCES } from '../facts-sources'
import { searchableWords } from '../retrieval/identifier-words'
import { textChunks } from '../retrieval/text-chunks'
import { generatedByName, generatedByText, MARKED_GENERATED } from './generated-files'
import { NO_FACTS, type PackedFacts, packFacts, unpackFacts } from './packed-facts'

const TEXT =
  /\.(?:md|mdx|markdown|rst|adoc|txt|json|jsonc|json5|ya?ml|toml|ini|cfg|conf|properties|xml|sql|sh|bat|ps1|css|scss|less|html?|vue|svelte|svg|proto|graphql|gql|tf|tfvars|hcl|env(?:\.[\w-]+)?|rb|php|cs|kt|kts|swift|scala|lua|pl|pm|r|dart|ex|exs|erl|clj|hs|ml|mli|m4|cmake|mk|gradle|s|asm|in|am|ac)$|(?:^|\/)(?:Dockerfile|Containerfile|CODEOWNERS|OWNERS|Makefile|GNUmakefile|Jenkinsfile|Procfile|README|LICENSE|LICENCE|COPYING|NOTICE|AUTHORS|CHANGELOG|CHANGES|NEWS|TODO|INSTALL|\.env(?:\.[\w-]+)?|\.gitignore|\.gitattributes|\.editorconfig|\.dockerignore)$/i
const LARGEST_CODE_BYTES = 1024 * 1024
const LARGEST_TEXT_BYTES = 256 * 1024
export const UNKNOWN_KIND = 'of no known kind'
const LONGEST_SIGNATURE = 400

/** Columns of a row in `entities` that do not depend on the index. */
export interface PreparedEntity {
  readonly key: string
  readonly kind: string
  readonly name: string
  readonly startLine: number
  readonly endLine: number
  readonly nameLine: number
  readonly nameColumn: number
  readonly exported: 0 | 1
  readonly declared: 0 | 1
  readonly signature: string
  readonly doc: string
  /** JSON; null when there are none. */
  readonly attributes: string | null
}

export interface PreparedChunk {
  readonly symbol: string | null
  readonly kind: string | null
  readonly startLine: number
  readonly endLine: number
  readonly text: string
  readonly hash: Uint8Array
  /** What is searched: names, notes, body, as words. */
  readonly names: string
  readonly notes: string
  readonly body: string
}

/** All that is to be written of one file, made without looking at the index. */
export interface PreparedFile {
  readonly path: string
  readonly hash: string
  readonly mtimeMs: number
  readonly size: number
  readonly language: string | null
  /** Packed; null when nothing was read. */
  readonly facts: PackedFacts | null
  readonly shape: string
  readonly skipped: string | null
  readonly problem: string | null
  /** The first is the file itself. */
  readonly entities: readonly PreparedEntity[]
  readonly chunks: readonly PreparedChunk[]
  /** The content is what was known: nothing but hash and times is said. */
  readonly isSame?: boolean
  /** It went while it was read. */
  readonly isGone?: boolean
}

export interface FileContent {
  readonly path: string
  readonly mtimeMs: number
  readonly size: number
  readonly hash: string
}

/** Why a file is left out before its content is looked at; null when it is not. */
export function skippedUnread(path: string, size: number, marked: boolean): string | null {
  const generated = generatedByName(path) ?? (marked ? MARKED_GENERATED : null)
  if (generated !== null) return generated
  const isCode = languageOf(path) !== null || sourcesOf(path).length > 0
  if (!isCode && !TEXT.test(path) && /\.[^./]+$/.test(posix.basename(path).replace(/^\./, ''))) return UNKNOWN_KIND
  if (isCode) return size > LARGEST_CODE_BYTES ? 'larger than 1 MiB' : null
  return size > LARGEST_TEXT_BYTES ? 'larger than 256 KiB' : null
}

export function skippedFile(content: FileContent, skipped: string | null, problem: string | null = null): PreparedFile {
  const { path, hash, mtimeMs, size } = content
  const entities = [fileEntity(path, skipped === null ? NO_FACTS : { ...NO_FACTS, fileAttributes: { skipped } })]
  return { path, hash, mtimeMs, size, language: null, facts: null, shape: '', skipped, problem, entities, chunks: [] }
}

/** A file as it was found on disk; read next. */
export interface UnreadFile {
  readonly path: string
  readonly mtimeMs: number
  readonly size: number
  /** Of the content that is known; null when it is to be prepared whatever it is. */
  readonly knownHash: string | null
}

/** Reads a file of the repository: all that is to be written of it. With the hash only (`isSame`) when the content is the known one. */
export function readAndPrepare(root: string, file: UnreadFile, preparer: FilePreparer): PreparedFile {
  const { path, mtimeMs, size } = file
  try {
    const bytes = readFileSync(join(root, path))
    const content = { path, hash: digest('sha256', bytes, 'hex'), mtimeMs, size }
    return content.hash === file.knownHash ? { ...skippedFile(content, null), isSame: true } : preparer.prepare(content, bytes)
  } catch (thrown) {
    return notRead(path, thrown)
  }
}

/** For what the file system says; throws on what anything else does. */
export function notRead(path: string, thrown: unknown): PreparedFile {
  if (!(thrown instanceof Error) || !('code' in thrown) || typeof thrown.code !== 'string' || !/^E[A-Z]+$/.test(thrown.code)) throw thrown
  const isGone = thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR'
  return isGone ? goneFile(path) : skippedFile({ path, hash: '', mtimeMs: 0, size: 0 }, 'unreadable', `not indexed: ${reasonOf(thrown)}`)
}

export function goneFile(path: string): PreparedFile {
  return { ...skippedFile({ path, hash: '', mtimeMs: 0, size: 0 }, null), isGone: true }
}

/** Reads what a file says. A parser or source that fails becomes the file's problem; the rest stays. */
export class FilePreparer {
  readonly #parsers: Parsers
  readonly #decoder = new TextDecoder('utf-8')

  constructor(parsers: Parsers) {
    this.#parsers = parsers
  }

  prepare(content: FileContent, bytes: Uint8Array): PreparedFile {
    const { path, hash, mtimeMs, size } = content
    if (bytes.includes(0)) return skippedFile(content, 'binary')
    const text = this.#decoder.decode(bytes)
    const generated = generatedByText(path, text)
    if (generated !== null) return skippedFile(content, generated)
    const lineEnd = text.indexOf('\n')
    const language = languageOf(path, text.slice(0, lineEnd === -1 ? 200 : Math.min(lineEnd, 200)))
    const sources = sourcesOf(path)
    if (language === null && sources.length === 0 && !TEXT.test(path)) return skippedFile(content, UNKNOWN_KIND)
    const problems: string[] = []
    const code = language === null ? null : this.#code(language, path, text, problems)
    const facts = withExtras(code ?? { ...NO_FACTS, lines: lineCount(text) }, extrasOf(sources, path, text, code, problems))
    const languageId = language?.id ?? sources[0]?.id ?? null
    return {
      ...{ path, hash, mtimeMs, size, language: languageId, facts: packFacts(facts), shape: shapeOf(path, text, facts), skipped: null },
      problem: problems.length === 0 ? null : problems.join('; '),
      entities: entitiesOf(path, facts),
      chunks: chunksOf(path, text, facts),
    }
  }

  #code(language: Language, path: string, text: string, problems: string[]): FileFacts | null {
    try {
      const tree = this.#parsers.of(language).parse(text)
      if (tree === null) {
        problems.push('not parsed: the parser gave up')
        return null
      }
      try {
        const facts = language.extract(tree.rootNode satisfies Node, path)
        if (facts.errorLine !== null) problems.push(`syntax error at line ${facts.errorLine}; indexed as far as it could be read`)
        return facts
      } finally {
        tree.delete()
      }
    } catch (thrown) {
      problems.push(`not parsed as ${language.id}: ${reasonOf(thrown)}`)
      return null
    }
  }
}

/** What an earlier row says of the same content at the same path: nothing is parsed again. `text` are its chunks. */
export function preparedAgain(
  row: Pick<PreparedFile, 'path' | 'hash' | 'mtimeMs' | 'size' | 'language' | 'shape' | 'skipped' | 'problem'>,
  packed: PackedFacts | null,
  chunks: readonly Pick<PreparedChunk, 'symbol' | 'kind' | 'startLine' | 'endLine' | 'text' | 'hash'>[],
): PreparedFile {
  if (packed === null) return skippedFile(row, row.skipped ?? UNKNOWN_KIND, row.problem)
  const facts = unpackFacts(packed)
  const symbols = new Map(facts.symbols.map((symbol) => [`${row.path}#${symbol.key}`, symbol]))
  const pathWords = searchableWords(row.path)
  const again = chunks.map((chunk) => {
    const symbol = chunk.symbol === null ? undefined : symbols.get(chunk.symbol)
    const names = symbol === undefined ? pathWords : `${searchableWords(symbol.key)} ${pathWords}`
    const notes = symbol === undefined ? '' : searchableWords(`${symbol.doc} ${symbol.signature}`)
    return { ...chunk, names, notes, body: searchableWords(chunk.text) }
  })
  return { ...row, facts: packed, entities: entitiesOf(row.path, facts), chunks: again }
}

/** Facts of the repository as a whole, as if they were those of a file. */
export function preparedExtras(path: string, hash: string, facts: FileFacts, problem: string | null): PreparedFile {
  const [, ...entities] = entitiesOf(path, facts)
  const unread = { path, hash, mtimeMs: 0, size: 0, language: null, skipped: null, chunks: [] }
  return { ...unread, facts: packFacts(facts), shape: '', problem, entities }
}

export function withExtras(facts: FileFacts, extras: readonly ExtraFacts[]): FileFacts {
  if (extras.length === 0) return facts
  const all: readonly ExtraFacts[] = [facts, ...extras]
  const fileKind = all.find((extra) => extra.fileKind !== undefined)?.fileKind
  const fileDoc = all.find((extra) => (extra.fileDoc ?? '') !== '')?.fileDoc
  const attributes = all.flatMap((extra) => (extra.fileAttributes === undefined ? [] : [extra.fileAttributes]))
  return {
    ...facts,
    entities: all.flatMap((extra) => extra.entities ?? []),
    relations: all.flatMap((extra) => extra.relations ?? []),
    ...(fileKind === undefined ? {} : { fileKind }),
    ...(fileDoc === undefined ? {} : { fileDoc }),
    ...(attributes.length === 0 ? {} : { fileAttributes: attributes.reduceRight((all, one) => ({ ...all, ...one }), {}) }),
  }
}

export function reasonOf(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).split('\n', 1)[0] ?? ''
}

function sourcesOf(path: string): FactsSource[] {
  return FACTS_SOURCES.filter((source) => source.claims(path))
}

function extrasOf(sources: readonly FactsSource[], path: string, text: string, code: FileFacts | null, problems: string[]): ExtraFacts[] {
  return sources.flatMap((source) => {
    try {
      return [source.read({ path, text, code })]
    } catch (thrown) {
      problems.push(`not read as ${source.id}: ${reasonOf(thrown)}`)
      return []
    }
  })
}

function fileEntity(path: string, facts: FileFacts): PreparedEntity {
  return {
    ...{ key: path, kind: facts.fileKind ?? 'file', name: posix.basename(path), startLine: 1, endLine: facts.lines, nameLine: 1 },
    ...{ nameColumn: 0, exported: 0, declared: 1, signature: path, doc: facts.fileDoc ?? '', attributes: json(facts.fileAttributes) },
  }
}

/** One a key: what declares it wins over what mentions it, then the first. */
function entitiesOf(path: string, facts: FileFacts): PreparedEntity[] {
  const entities = new Map<string, PreparedEntity>([[path, fileEntity(path, facts)]])
  for (const symbol of facts.symbols) {
    const { kind, name, startLine, endLine, nameLine, nameColumn, signature, doc, test } = symbol
    const key = `${path}#${symbol.key}`
    if (entities.has(key)) continue
    const attributes = test === true ? '{"test":true}' : null
    const exported = symbol.exported ? 1 : 0
    entities.set(key, { key, kind, name, startLine, endLine, nameLine, nameColumn, exported, declared: 1, signature, doc, attributes })
  }
  for (const entity of facts.entities ?? []) {
    const { key, kind, name, startLine, endLine, nameLine, nameColumn, signature, doc } = entity
    const known = entities.get(key)
    if (known !== undefined && (known.declared === 1 || !entity.declared)) continue
    const declared = entity.declared ? 1 : 0
    const text = { signature: signature.slice(0, LONGEST_SIGNATURE), doc, attributes: json(entity.attributes) }
    entities.set(key, { key, kind, name, startLine, endLine, nameLine, nameColumn, exported: 0, declared, ...text })
  }
  return [...entities.values()]
}

function chunksOf(path: string, text: string, facts: FileFacts): PreparedChunk[] {
  const kinds = new Map(facts.symbols.map((symbol) => [symbol.key, symbol.kind]))
  const pathWords = searchableWords(path)
  return textChunks(text, facts.symbols).map((chunk) => ({
    symbol: chunk.symbol === null ? null : `${path}#${chunk.symbol}`,
    kind: chunk.symbol === null ? (facts.fileKind ?? 'file') : (kinds.get(chunk.symbol) ?? null),
    startLine: chunk.startLine,
    endLine: chunk.startLine + lineCount(chunk.text) - 1,
    text: chunk.text,
    // A copy: what digests share is larger.
    hash: new Uint8Array(digest('sha256', chunk.text, 'buffer').subarray(0, 16)),
    names: chunk.symbol === null ? pathWords : `${searchableWords(chunk.symbol)} ${pathWords}`,
    notes: searchableWords(chunk.notes),
    body: searchableWords(chunk.text),
  }))
}

/** Files that say how modules are named: the edges of others depend on their text. */
const MANIFEST = /(?:^|\/)(?:[tj]sconfig[^/]*\.json|go\.(?:mod|work)|Cargo\.toml|pyproject\.toml|setup\.(?:cfg|py))$/
const PACKAGE = /(?:^|\/)package\.json$/
const OF_PACKAGE = ['name', 'main', 'module', 'exports', 'imports', 'workspaces', 'types', 'source']

export function isManifest(path: string): boolean {
  return MANIFEST.test(path) || PACKAGE.test(path)
}

/** What other files' edges can depend on: not the lines, not the bodies. */
function shapeOf(path: string, text: string, facts: FileFacts): string {
  const shape = {
    symbols: facts.symbols.map(({ key, kind, exported, valueType, returns, parameters, test }) => [
      ...[key, kind, exported, valueType, returns, parameters, test],
    ]),
    imports: facts.imports.map(({ specifier, names, spread }) => [specifier, names, spread]),
    exports: facts.exports.map(({ name, local, from }) => [name, local, from]),
    inherits: facts.inherits.map(({ symbol, base }) => [symbol, base]),
    kind: facts.fileKind,
    manifest: MANIFEST.test(path) ? text : PACKAGE.test(path) ? ofPackage(text) : undefined,
  }
  return digest('sha256', JSON.stringify(shape), 'base64')
}

function ofPackage(text: string): unknown {
  try {
    const manifest: unknown = JSON.parse(text)
    if (typeof manifest !== 'object' || manifest === null) return text
    return OF_PACKAGE.map((key) => (manifest as Readonly<Record<string, unknown>>)[key])
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return text
    throw thrown
  }
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value)
}

function lineCount(text: string): number {
  let lines = 1
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1
  return lines
}

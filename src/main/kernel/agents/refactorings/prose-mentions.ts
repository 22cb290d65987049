import type { AgentApi } from '../agent-api'
import { type FileEdits, type SourceText, tryTool } from './agent-tools'
import type { SymbolTarget } from './find-symbol'
import { isDistinctive } from './identifier-names'
import { isCode, isGenerated, leftOutOfProse } from './left-out-files'
import type { SourceReader } from './source-reader'
import { type OffsetEdit, toTextEdits, wholeWordOffsets } from './text-positions'

export interface ProseScan {
  /** Files that may have comments, strings or documentation to change, sorted. */
  readonly files: readonly string[]
  /** Files that have the word and stay as they are, with the reason. */
  readonly leftOut: readonly { readonly path: string; readonly why: string }[]
}

/** Where the name stands as a whole word, by file. */
export async function scanProse(api: AgentApi, name: string, excluded: (path: string) => boolean): Promise<ProseScan> {
  const reply = await tryTool(api, 'code.search', { query: name, wholeWord: true, limit: 5000 })
  if (!reply.ok) return { files: [], leftOut: [] }
  const files: string[] = []
  const leftOut: { path: string; why: string }[] = []
  for (const path of [...new Set(reply.output.hits.map((hit) => hit.path))].sort()) {
    const why = excluded(path) ? 'excluded in the context' : leftOutOfProse(path)
    if (why === null) files.push(path)
    else leftOut.push({ path, why })
  }
  return { files, leftOut }
}

export interface ProseEdits {
  readonly files: readonly FileEdits[]
  readonly mentions: number
}

/**
 * The edits that carry a rename over to comments, strings and documentation, for the files as they are before it. How much is
 * changed depends on how surely a word means this symbol:
 * - a distinctive name (`applyDiscount`, `user_id`) that no other symbol has: every whole word;
 * - any other name, a member or one with namesakes: only what is written as code (`` `name` ``, `name(`, `{@link name}`,
 *   `Owner.name`), and of comments only those in files that use the symbol;
 * - a string that is the word alone is left alone, unless it is the title of a test: it may be a key that a program reads.
 */
export async function proseEdits(
  reader: SourceReader,
  target: SymbolTarget,
  newName: string,
  scan: ProseScan,
  codeFiles: ReadonlySet<string>,
): Promise<ProseEdits> {
  const sure = isDistinctive(target.name) && target.namesakes === 0 && target.declaration.scope === 'top'
  const files: FileEdits[] = []
  let mentions = 0
  for (const path of scan.files) {
    if (!sure && isCode(path) && !codeFiles.has(path)) continue
    const source = await reader.tryRead(path)
    if (source === null || isGenerated(source.text)) continue
    const offsets = isCode(path) ? await offsetsInCode(reader, source, target, sure) : offsetsInDocument(source.text, target, sure)
    const edits: OffsetEdit[] = offsets.map((start) => ({ start, end: start + target.name.length, newText: newName }))
    if (edits.length === 0) continue
    mentions += edits.length
    files.push({ path, version: source.version, edits: toTextEdits(source.text, edits) })
  }
  return { files, mentions }
}

async function offsetsInCode(reader: SourceReader, source: SourceText, target: SymbolTarget, sure: boolean): Promise<number[]> {
  const { text } = source
  const mentions = await reader.syntaxOf(source).mentionsOf(target.name)
  return mentions
    .filter((mention) => {
      if (mention.where !== 'comment' && mention.alone) return mention.testTitle
      if (mention.where !== 'comment' && !sure) return false
      return sure || writtenAsCode(text, mention.offset, target)
    })
    .map((mention) => mention.offset)
}

function offsetsInDocument(text: string, target: SymbolTarget, sure: boolean): number[] {
  return wholeWordOffsets(text, target.name).filter((offset) => sure || writtenAsCode(text, offset, target))
}

/** With namesakes even code in a text is not enough: it has to name the owner. */
function writtenAsCode(text: string, offset: number, target: SymbolTarget): boolean {
  const before = text.slice(Math.max(0, offset - 80), offset)
  const after = text.slice(offset + target.name.length, offset + target.name.length + 2)
  const owner = target.declaration.containers.at(-1)
  if (owner !== undefined && (before.endsWith(`${owner}.`) || before.endsWith(`${owner}#`))) return true
  if (target.namesakes > 0 || before.endsWith('.')) return false
  return (before.endsWith('`') && /^[`(]/.test(after)) || after.startsWith('(') || /\{@link(?:code|plain)?\s+$/.test(before)
}

import type { AgentApi } from '../agent-api'
import type { AgentTask } from '../task-language'
import { type AgentResult, AgentStop, applyFileEdits, type FileEdits, listed, plural, useTool } from './agent-tools'
import { canKeepAlias, keepDeprecatedAlias } from './deprecated-alias'
import { findSymbol, type SymbolTarget } from './find-symbol'
import { isDistinctive, refuseBadName } from './identifier-names'
import { excludedGlobs, isDocument, isExcluded, isTest } from './left-out-files'
import { describeErrors, errorsOf, type ErrorSnapshot } from './new-errors'
import { proseEdits, type ProseEdits, type ProseScan, scanProse } from './prose-mentions'
import { distinctEdits } from './distinct-edits'
import { type Formatter, formatterOf } from './project-formatter'
import { rehearse } from './rehearsal'
import { type RenameEdits, renameEdits } from './rename-edits'
import { SourceReader } from './source-reader'

type RenameTask = Extract<AgentTask, { kind: 'rename' }>

interface RenameScope {
  readonly target: SymbolTarget
  readonly newName: string
  readonly prose: ProseScan
  /** Files with references in code, and their errors before the change. */
  readonly codeFiles: readonly string[]
  readonly before: ErrorSnapshot
  readonly code: RenameEdits
  readonly mentions: ProseEdits
  readonly formatter: Formatter | null
}

/** One way to carry the rename out, with all its edits. */
interface Way {
  readonly label: string
  readonly detail: string
  readonly preference: number
  readonly files: readonly FileEdits[]
  readonly summary: string
}

/** `rename symbol A to B`: code only; with comments, strings and docs; with a deprecated alias where others can import the name. */
export async function renameSymbol(api: AgentApi, task: RenameTask): Promise<AgentResult> {
  await api.setState('analysing', { symbol: task.name })
  const newName = newNameOf(task)
  const reader = new SourceReader(api)
  const target = await findSymbol(reader, task, `Rename to ${newName}`)
  await refuseBadName(target, newName, reader.syntaxOf(await reader.read(target.path)))

  const globs = excludedGlobs(api)
  const excluded = isExcluded(globs)
  if (excluded(target.path))
    throw new AgentStop(`${target.path} declares ${target.name}, and the context excludes that file. Nothing was changed.`)
  const position = { path: target.path, line: target.line, column: target.column }
  const { locations } = await useTool(api, 'lsp.references', { ...position, includeDeclaration: true })
  const references = [...new Set([target.path, ...locations.map((location) => location.path)])].filter(
    (path) => !path.includes('node_modules/'),
  )
  const codeFiles = references.filter((path) => !excluded(path)).sort()
  const leftOut = references.filter(excluded)

  await api.setState('planning', { symbol: target.name, files: codeFiles.length })
  await api.focusOn([target.path, ...codeFiles.filter((path) => path !== target.path)].slice(0, 12))
  await api.remember(
    `references:${target.name}`,
    `References of ${target.name}`,
    locations.map((location) => `${location.path}:${location.startLine} ${location.context}`).join('\n'),
    'references',
  )
  const prose = await scanProse(api, target.name, excluded)
  const before = await errorsOf(api, codeFiles)
  const code = await renameEdits(reader, target, newName, locations, excluded)
  const mentions = await proseEdits(reader, target, newName, prose, new Set(code.files.map((file) => file.path)))
  const formatter = api.readOnly ? null : await formatterOf(api, codeFiles)
  const scope: RenameScope = { target, newName, prose, codeFiles, before, code, mentions, formatter }
  const { distinct, same } = distinctEdits(await waysOf(reader, scope))
  const proseOnly = mentions.files.map((file) => file.path).filter((path) => !codeFiles.includes(path))
  return rehearse(api, {
    title: `Rename ${task.name} to ${newName}`,
    body: [
      `${target.declaration.kind} ${target.name} in ${target.path}:${target.line} has ${plural(locations.length, 'reference')} in ${plural(codeFiles.length, 'file')}.`,
      `Its name also stands in ${plural(proseOnly.length, 'further file')}${proseOnly.length > 0 ? `: ${listed(proseOnly, 8)}` : ''}.`,
    ].join('\n'),
    affectedFiles: [...codeFiles, ...proseOnly],
    notes: [...planNotes(scope, leftOut, globs), ...same],
    variants: distinct.map((way) => ({ ...way, run: (branch: AgentApi) => renameOnBranch(branch, scope, way) })),
  })
}

/** `rename Repo.get to Repo.load` names the owner twice; a rename cannot change it. */
function newNameOf(task: RenameTask): string {
  const owner = task.name.split('.').slice(0, -1).join('.')
  if (!task.newName.includes('.')) return task.newName
  if (owner !== '' && task.newName.startsWith(`${owner}.`)) return task.newName.slice(owner.length + 1)
  throw new AgentStop(`“${task.newName}” is not an identifier: a rename does not move a symbol to another owner. Nothing was changed.`)
}

function planNotes(scope: RenameScope, leftOut: readonly string[], globs: readonly string[]): string[] {
  const { target, prose } = scope
  const notes: string[] = []
  if (leftOut.length > 0)
    notes.push(`References in these files stay, because the context excludes ${globs.join(', ')}: ${listed(leftOut, 8)}.`)
  const byReason = new Map<string, string[]>()
  for (const { path, why } of prose.leftOut) byReason.set(why, [...(byReason.get(why) ?? []), path])
  for (const [why, paths] of byReason) notes.push(`The name stays in ${listed(paths, 6)} (${why}).`)
  if (target.namesakes > 0)
    notes.push(`${plural(target.namesakes, 'other symbol')} of this name: words in texts are left alone unless they name the owner.`)
  else if (!isDistinctive(target.name)) notes.push(`${target.name} is also a word: in texts only what is written as code is changed.`)
  if (!scope.before.ok) notes.push(`Errors before the change are not known: ${scope.before.why}`)
  return notes
}

/**
 * Between variants that are judged equal: a distinctive name that stands in comments or documentation is renamed there too,
 * since a reader would look for it and not find it; otherwise code only. An alias is never preferred unasked.
 */
async function waysOf(reader: SourceReader, scope: RenameScope): Promise<Way[]> {
  const { target, newName, code, mentions } = scope
  const proseFirst =
    isDistinctive(target.name) && target.namesakes === 0 && mentions.files.some(({ path }) => isDocument(path) || path === target.path)
  const ways: Way[] = [
    {
      label: 'code only',
      detail: 'The symbol and its references, as the language server finds them.',
      preference: proseFirst ? 1 : 0,
      files: code.files,
      summary: describeEdits(code.files),
    },
    {
      label: 'also comments, strings and docs',
      detail: `References, and ${target.name} as a whole word in comments, strings and documentation.`,
      preference: proseFirst ? 0 : 1,
      files: together(code.files, mentions.files),
      summary: `${describeEdits(code.files)}; ${plural(mentions.mentions, 'mention')} in comments, strings and docs of ${plural(mentions.files.length, 'file')}`,
    },
  ]
  if (canKeepAlias(target) && !isTest(target.path)) {
    const files = await keepDeprecatedAlias(reader, target, newName, code.files)
    ways.push({
      label: 'keep a deprecated alias',
      detail: `${target.name} stays importable as a deprecated alias of ${newName}.`,
      preference: 2,
      files,
      summary: describeEdits(files),
    })
  }
  return ways
}

/** Edits of two kinds that were made from the same texts, as one step. */
function together(first: readonly FileEdits[], second: readonly FileEdits[]): FileEdits[] {
  const byPath = new Map(first.map((file) => [file.path, file]))
  for (const file of second) {
    const known = byPath.get(file.path)
    const taken = new Set(known?.edits.map((edit) => `${edit.startLine}:${edit.startColumn}`))
    const added = file.edits.filter((edit) => !taken.has(`${edit.startLine}:${edit.startColumn}`))
    byPath.set(file.path, known === undefined ? file : { ...known, edits: [...known.edits, ...added] })
  }
  return [...byPath.values()]
}

async function renameOnBranch(api: AgentApi, scope: RenameScope, way: Way): Promise<AgentResult> {
  const { code, newName } = scope
  await applyFileEdits(api, way.files)
  const words = [way.summary]
  const formatted = await scope.formatter?.format(api, way.files)
  if (formatted !== undefined && formatted !== '') words.push(formatted)
  if (code.keptAlias.length > 0)
    words.push(`${listed(code.keptAlias, 4)} keep the old name as an import alias, since ${newName} is taken there`)
  if (code.leftOut.length > 0) words.push(`left out: ${listed(code.leftOut, 4)}`)
  const errors = describeErrors(scope.before, await errorsOf(api, scope.codeFiles))
  words.push(errors.text)
  return { ok: errors.count === 0, summary: `${words.join('; ')}.` }
}

function describeEdits(files: readonly FileEdits[]): string {
  const edits = files.reduce((sum, file) => sum + file.edits.length, 0)
  return `${plural(edits, 'edit')} in ${plural(files.length, 'file')}`
}

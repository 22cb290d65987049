import type { AgentApi } from '../agent-api'
import type { AgentTask } from '../task-language'
import { type AgentResult, AgentStop, applyFileEdits, type FileEdits, listed, plural, readSource, useTool } from './agent-tools'
import { canKeepAlias, keepDeprecatedAlias } from './deprecated-alias'
import { findSymbol, type SymbolTarget } from './find-symbol'
import { isDistinctive, refuseBadName } from './identifier-names'
import { excludedGlobs, isDocument, isExcluded, isTest } from './left-out-files'
import { describeErrors, errorsOf, type ErrorSnapshot } from './new-errors'
import { proseEdits, type ProseScan, scanProse } from './prose-mentions'
import { type PlannedVariant, rehearse } from './rehearsal'
import { renameEdits } from './rename-edits'
import { SourceSyntax } from './source-syntax'

type RenameTask = Extract<AgentTask, { kind: 'rename' }>

interface RenameScope {
  readonly target: SymbolTarget
  readonly newName: string
  readonly excluded: (path: string) => boolean
  readonly prose: ProseScan
  /** Files with references in code, and their errors before the change. */
  readonly codeFiles: readonly string[]
  readonly before: ErrorSnapshot
}

/** `rename symbol A to B`: code only; with comments, strings and docs; with a deprecated alias where others can import the name. */
export async function renameSymbol(api: AgentApi, task: RenameTask): Promise<AgentResult> {
  await api.setState('analysing', { symbol: task.name })
  const newName = newNameOf(task)
  const target = await findSymbol(api, task, `Rename to ${newName}`)
  const source = await readSource(api, target.path)
  refuseBadName(target, newName, await SourceSyntax.parse(target.path, source.text))

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
  const scope: RenameScope = { target, newName, excluded, prose, codeFiles, before }
  const proseOnly = prose.files.filter((path) => !codeFiles.includes(path))
  return rehearse(api, {
    title: `Rename ${task.name} to ${newName}`,
    body: [
      `${target.declaration.kind} ${target.name} in ${target.path}:${target.line} has ${plural(locations.length, 'reference')} in ${plural(codeFiles.length, 'file')}.`,
      `Its name also stands in ${plural(proseOnly.length, 'further file')}${proseOnly.length > 0 ? `: ${listed(proseOnly, 8)}` : ''}.`,
    ].join('\n'),
    affectedFiles: [...codeFiles, ...proseOnly],
    notes: planNotes(scope, leftOut, globs),
    variants: variantsOf(scope),
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
function variantsOf(scope: RenameScope): PlannedVariant[] {
  const { target, newName } = scope
  const proseFirst =
    isDistinctive(target.name) && target.namesakes === 0 && scope.prose.files.some((path) => isDocument(path) || path === target.path)
  const variants: PlannedVariant[] = [
    {
      label: 'code only',
      detail: 'The symbol and its references, as the language server finds them.',
      preference: proseFirst ? 1 : 0,
      run: (api) => renameOnBranch(api, scope, { prose: false, alias: false }),
    },
    {
      label: 'also comments, strings and docs',
      detail: `References, and ${target.name} as a whole word in comments, strings and documentation.`,
      preference: proseFirst ? 0 : 1,
      run: (api) => renameOnBranch(api, scope, { prose: true, alias: false }),
    },
  ]
  if (canKeepAlias(target) && !isTest(target.path)) {
    variants.push({
      label: 'keep a deprecated alias',
      detail: `${target.name} stays importable as a deprecated alias of ${newName}.`,
      preference: 2,
      run: (api) => renameOnBranch(api, scope, { prose: false, alias: true }),
    })
  }
  return variants
}

async function renameOnBranch(api: AgentApi, scope: RenameScope, options: { prose: boolean; alias: boolean }): Promise<AgentResult> {
  const { target, newName } = scope
  const made = await renameEdits(api, target, newName, scope.excluded)
  const files: readonly FileEdits[] = options.alias ? await keepDeprecatedAlias(api, target, newName, made.files) : made.files
  await applyFileEdits(api, files)
  const changed = new Set(files.map((file) => file.path))
  const words: string[] = [`${plural(countEdits(files), 'edit')} in ${plural(changed.size, 'file')}`]

  if (options.prose) {
    const prose = await proseEdits(api, target, newName, scope.prose, changed)
    await applyFileEdits(api, prose.files)
    words.push(`${plural(prose.mentions, 'mention')} in comments, strings and docs of ${plural(prose.files.length, 'file')}`)
  }
  if (made.keptAlias.length > 0)
    words.push(`${listed(made.keptAlias, 4)} keep the old name as an import alias, since ${newName} is taken there`)
  if (made.leftOut.length > 0) words.push(`left out: ${listed(made.leftOut, 4)}`)
  const errors = describeErrors(scope.before, await errorsOf(api, scope.codeFiles))
  words.push(errors.text)
  return { ok: errors.count === 0, summary: `${words.join('; ')}.` }
}

function countEdits(files: readonly FileEdits[]): number {
  return files.reduce((sum, file) => sum + file.edits.length, 0)
}

import { posix } from 'node:path'
import type { AgentApi } from '../agent-api'
import type { AgentTask } from '../task-language'
import {
  type AgentResult,
  AgentStop,
  applyFileEdits,
  failureText,
  listed,
  plural,
  readSource,
  tryReadSource,
  tryTool,
  useTool,
} from './agent-tools'
import { findSymbol, type SymbolTarget } from './find-symbol'
import { excludedGlobs, isCode, isExcluded } from './left-out-files'
import { describeErrors, errorsOf, type ErrorSnapshot, newErrors } from './new-errors'
import { type Formatter, formatterOf } from './project-formatter'
import { type PlannedVariant, rehearse } from './rehearsal'
import { SourceReader } from './source-reader'
import { SourceSyntax } from './source-syntax'
import { toTextEdits } from './text-positions'

interface MoveScope {
  readonly target: SymbolTarget
  readonly toFile: string
  readonly excluded: (path: string) => boolean
  readonly files: readonly string[]
  readonly before: ErrorSnapshot
  readonly formatter: Formatter | null
}

/** `move symbol A to FILE`: importers follow; or the old module also re-exports it, for importers outside the repository. */
export async function moveSymbol(api: AgentApi, task: Extract<AgentTask, { kind: 'move' }>): Promise<AgentResult> {
  await api.setState('analysing', { symbol: task.name, to: task.toFile })
  if (!isCode(task.toFile)) throw new AgentStop(`${task.toFile} is not a TypeScript or JavaScript file. Nothing was changed.`)
  const reader = new SourceReader(api)
  const target = await findSymbol(reader, task, `Move to ${task.toFile}`)
  if (target.path === task.toFile) throw new AgentStop(`${target.name} is in ${task.toFile} already. Nothing was changed.`)
  if (target.declaration.scope !== 'top') {
    throw new AgentStop(`${task.name} is not declared at the top of ${target.path}, so it cannot be moved alone. Nothing was changed.`)
  }
  if (target.declaration.exported === 'default') {
    throw new AgentStop(`${task.name} is the default export of ${target.path}: give it a named export first. Nothing was changed.`)
  }
  const isNew = await refuseTakenName(reader, target, task.toFile)
  const excluded = isExcluded(excludedGlobs(api))
  const forbidden = [target.path, task.toFile].find(excluded)
  if (forbidden !== undefined) throw new AgentStop(`The context excludes ${forbidden}. Nothing was changed.`)

  const { locations } = await useTool(api, 'lsp.references', {
    path: target.path,
    line: target.line,
    column: target.column,
    includeDeclaration: true,
  })
  const users = [...new Set(locations.map((location) => location.path))].filter(
    (path) => path !== target.path && !path.includes('node_modules/'),
  )
  const files = [...new Set([target.path, task.toFile, ...users.filter((path) => !excluded(path))])]
  const leftOut = users.filter(excluded)
  await api.setState('planning', { files: files.length })
  await api.focusOn(files.slice(0, 12))
  const before = await errorsOf(
    api,
    files.filter((path) => path !== task.toFile || locations.some((location) => location.path === path)),
  )
  const formatter = api.readOnly
    ? null
    : await formatterOf(
        api,
        files.filter((path) => path !== task.toFile || !isNew),
        isNew ? [task.toFile] : [],
      )
  return rehearse(api, {
    title: `Move ${task.name} to ${task.toFile}`,
    body: `${target.declaration.kind} ${target.name} of ${target.path}:${target.line} is used in ${plural(users.length, 'other file')}: their imports follow.`,
    affectedFiles: files,
    notes: [
      ...(leftOut.length > 0 ? [`Imports in these files stay, because the context excludes them: ${listed(leftOut, 8)}.`] : []),
      ...(target.declaration.exported === 'named' ? [] : [`${target.name} is not exported, so there is only one variant.`]),
    ],
    variants: variantsOf({ target, toFile: task.toFile, excluded, files, before, formatter }),
  })
}

/** True when the file is new. */
async function refuseTakenName(reader: SourceReader, target: SymbolTarget, toFile: string): Promise<boolean> {
  const stat = await useTool(reader.api, 'fs.stat', { path: toFile })
  if (stat.type === 'absent') return true
  if (stat.type !== 'file') throw new AgentStop(`${toFile} is not a file. Nothing was changed.`)
  const existing = await reader.read(toFile)
  const declarations = await reader.syntaxOf(existing).declarationsOf(target.name)
  if (declarations.some((declaration) => declaration.scope === 'top')) {
    throw new AgentStop(`${toFile} declares a ${target.name} already. Nothing was changed.`)
  }
  return false
}

function variantsOf(scope: MoveScope): PlannedVariant[] {
  const variants: PlannedVariant[] = [
    {
      label: 'update importers',
      detail: 'Every import names the new module.',
      preference: 0,
      run: (api) => moveOnBranch(api, scope, 'plain'),
    },
  ]
  if (scope.target.declaration.exported === 'named') {
    variants.push({
      label: 'also leave a re-export',
      detail: `${scope.target.path} re-exports ${scope.target.name}, for importers that are not in this repository.`,
      preference: 1,
      run: (api) => moveOnBranch(api, scope, 're-export'),
    })
  }
  return variants
}

async function moveOnBranch(api: AgentApi, scope: MoveScope, style: 'plain' | 're-export'): Promise<AgentResult> {
  const { target, toFile } = scope
  const moved = await tryTool(api, 'lsp.moveSymbol', { path: target.path, line: target.line, column: target.column, toPath: toFile })
  if (!moved.ok) return { ok: false, summary: failureText(moved.outcome) }
  const { edit } = moved.output
  const changed = [...edit.files.map((file) => file.path), ...edit.create.map((file) => file.path)].filter((path) => !scope.excluded(path))
  if (changed.length === 0) return { ok: false, summary: `the language server cannot move ${target.name}.` }
  await useTool(api, 'fs.applyEdit', { ...edit, files: edit.files.filter((file) => !scope.excluded(file.path)) })
  await makeTypeImports(api, scope, changed)
  const words = [`${plural(changed.length, 'file')} changed`]
  if (style === 're-export') {
    await addReExport(api, target, toFile, changed)
    words.push(`${target.path} re-exports ${target.name}`)
  }
  const touched = changed.map((path) => ({ path, version: null, edits: [] }))
  const formatted = (await scope.formatter?.format(api, touched)) ?? ''
  if (formatted !== '') words.push(formatted)
  const errors = describeErrors(scope.before, await errorsOf(api, [...scope.files, ...changed]))
  words.push(errors.text)
  return { ok: errors.count === 0, summary: `${words.join('; ')}.` }
}

/** Diagnostics for types that are imported or re-exported as values where modules are compiled one by one. */
const TYPE_IMPORT_CODES = ['1484', '1485', '1205']

/** TypeScript writes the imports that a move needs without `type`; its own fixes put that right. */
async function makeTypeImports(api: AgentApi, scope: MoveScope, changed: readonly string[]): Promise<void> {
  const after = await errorsOf(api, [...scope.files, ...changed])
  const places = new Set(
    newErrors(scope.before, after)
      .filter((error) => TYPE_IMPORT_CODES.includes(error.code))
      .map((error) => `${error.code} ${error.path}`),
  )
  for (const place of places) {
    const [code, path] = [place.slice(0, place.indexOf(' ')), place.slice(place.indexOf(' ') + 1)]
    const fix = await tryTool(api, 'lsp.fix', { path, code })
    if (fix.ok) await applyFileEdits(api, fix.output.edit.files)
  }
}

/** Behind the last import of the old module, in the style of its imports, or of those in the other files of the move. */
async function addReExport(api: AgentApi, target: SymbolTarget, toFile: string, changed: readonly string[]): Promise<void> {
  const source = await readSource(api, target.path)
  const imports = await new SourceSyntax(target.path, source.text).imports()
  const type = target.declaration.kind === 'interface' || target.declaration.kind === 'type' ? 'type ' : ''
  const style = await relativeImports(api, [target.path, toFile, ...changed])
  const quote = source.text.includes('"') && !source.text.includes("'") ? '"' : "'"
  const eol = source.text.includes('\r\n') ? '\r\n' : '\n'
  const semicolon = /;[ \t]*\r?$/m.test(source.text) ? ';' : ''
  const statement = `export ${type}{ ${target.name} } from ${quote}${moduleName(target.path, toFile, style)}${quote}${semicolon}`
  const last = imports.at(-1)
  const start = last === undefined ? 0 : last.end
  const newText = last === undefined ? statement + eol : eol + statement
  await applyFileEdits(api, [
    { path: target.path, version: source.version, edits: toTextEdits(source.text, [{ start, end: start, newText }]) },
  ])
}

/** Of the first of these files that has any. */
async function relativeImports(api: AgentApi, paths: readonly string[]): Promise<string[]> {
  for (const path of new Set(paths)) {
    const source = isCode(path) ? await tryReadSource(api, path) : null
    if (source === null) continue
    const imports = await new SourceSyntax(path, source.text).imports()
    const modules = imports.map((statement) => statement.module)
    const relative = modules.filter((module) => module.startsWith('.'))
    if (relative.length > 0) return relative
  }
  return []
}

/** Relative name of a module, with the extension that the other relative imports have. */
export function moduleName(fromFile: string, toFile: string, style: readonly string[]): string {
  const relative = posix.relative(posix.dirname(fromFile), toFile)
  const dotted = relative.startsWith('.') ? relative : `./${relative}`
  const extension = style.map((module) => /\.[cm]?[jt]sx?$/.exec(module)?.[0] ?? '')[0] ?? ''
  const bare = dotted.replace(/\.[cm]?[jt]sx?$/, '')
  if (extension === '') return bare
  return /\.[cm]?tsx?$/.test(extension)
    ? dotted
    : bare + (/\.([cm]?)tsx?$/.test(toFile) ? toFile.replace(/^.*\.([cm]?)tsx?$/, '.$1js') : extension)
}

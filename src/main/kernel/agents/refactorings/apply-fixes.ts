import type { AgentApi } from '../agent-api'
import type { AgentTask } from '../task-language'
import {
  type AgentResult,
  AgentStop,
  failureText,
  listed,
  plural,
  readSource,
  type SourceText,
  tryReadSource,
  tryTool,
  useTool,
} from './agent-tools'
import { describeErrors, errorsOf, type ErrorSnapshot } from './new-errors'
import { type Formatter, formatterOf } from './project-formatter'
import { rehearse } from './rehearsal'
import { sourceFiles } from './source-files'

const FILES_PER_CALL = 200

interface FixScope {
  readonly code: string
  readonly files: readonly string[]
  readonly before: ErrorSnapshot
  readonly formatter: Formatter | null
}

/** `apply fix CODE in GLOB`: in all files at once; or file by file, keeping only what leaves no new errors. */
export async function applyFixes(api: AgentApi, task: Extract<AgentTask, { kind: 'apply-fix' }>): Promise<AgentResult> {
  await api.setState('analysing', { code: task.code, glob: task.glob })
  const scope = await sourceFiles(api, task.glob)
  const found = await diagnosed(api, scope.paths)
  const matching = found.filter((diagnostic) => diagnostic.code === task.code)
  if (matching.length === 0) throw new AgentStop(nothingFoundText(task.code, task.glob, scope.paths.length, found), 'info')
  const files = [...new Set(matching.map((diagnostic) => diagnostic.path))].sort()
  await api.setState('planning', { files: files.length })
  await api.focusOn(files.slice(0, 12))
  await api.remember(
    `diagnostics:${task.code}`,
    `Diagnostics with the code ${task.code}`,
    matching.map((diagnostic) => `${diagnostic.path}:${diagnostic.startLine} ${diagnostic.message}`).join('\n'),
    'tool-result',
  )
  const before = await errorsOf(api, scope.paths)
  const formatter = api.readOnly ? null : await formatterOf(api, files)
  const fix: FixScope = { code: task.code, files, before, formatter }
  return rehearse(api, {
    title: `Apply fix ${task.code} in ${task.glob}`,
    body: `${plural(matching.length, 'diagnostic')} of ${plural(files.length, 'file')}, such as “${matching[0]?.message ?? ''}”: ${listed(files, 8)}.`,
    affectedFiles: files,
    notes: [...scope.notes, 'One variant is rehearsed: a second one, file by file, would only differ if the fix left new errors.'],
    variants: [
      {
        label: 'all files',
        detail: 'The fix in every file that has the diagnostic.',
        preference: 0,
        run: (branch) => fixOnBranch(branch, fix, false),
      },
    ],
    otherwise: {
      label: 'only where nothing else breaks',
      detail: 'File by file; a fix that leaves a new error is taken back.',
      preference: 1,
      run: (branch) => fixOnBranch(branch, fix, true),
    },
  })
}

interface Found {
  readonly path: string
  readonly code: string
  readonly message: string
  readonly startLine: number
}

async function diagnosed(api: AgentApi, paths: readonly string[]): Promise<Found[]> {
  const found: Found[] = []
  for (let at = 0; at < paths.length; at += FILES_PER_CALL) {
    const { diagnostics } = await useTool(api, 'lsp.diagnostics', { paths: paths.slice(at, at + FILES_PER_CALL) })
    found.push(...diagnostics)
  }
  return found
}

function nothingFoundText(code: string, glob: string, files: number, found: readonly Found[]): string {
  const counts = new Map<string, number>()
  for (const diagnostic of found) counts.set(diagnostic.code, (counts.get(diagnostic.code) ?? 0) + 1)
  const others = [...counts].sort((a, b) => b[1] - a[1]).map(([other, count]) => `${other} (${count})`)
  const there = others.length > 0 ? ` There are: ${listed(others, 6)}.` : ''
  return `None of ${plural(files, 'file')} in ${glob} has a diagnostic with the code ${code}.${there} Nothing was changed.`
}

async function fixOnBranch(api: AgentApi, scope: FixScope, onlyClean: boolean): Promise<AgentResult> {
  const fixed: string[] = []
  const notFixed: string[] = []
  const titles = new Set<string>()
  for (const path of scope.files) {
    const reply = await tryTool(api, 'lsp.fix', { path, code: scope.code })
    if (!reply.ok) {
      notFixed.push(`${path} (${failureText(reply.outcome)})`)
      continue
    }
    const { edit } = reply.output
    if (edit.files.length + edit.create.length + edit.move.length + edit.remove.length === 0) {
      notFixed.push(`${path} (no fix is offered)`)
      continue
    }
    const touched = onlyClean
      ? await readAll(
          api,
          edit.files.map((file) => file.path),
        )
      : []
    await useTool(api, 'fs.applyEdit', edit)
    const simple = edit.create.length + edit.move.length + edit.remove.length === 0
    if (onlyClean && simple && describeErrors(scope.before, await errorsOf(api, scope.files)).count > 0) {
      for (const source of touched) await takeBack(api, source)
      notFixed.push(`${path} (taken back: it left a new error)`)
      continue
    }
    fixed.push(path)
    for (const title of reply.output.titles) titles.add(title)
  }
  const changed = fixed.map((path) => ({ path, version: null, edits: [] }))
  const formatted = fixed.length === 0 ? '' : ((await scope.formatter?.format(api, changed)) ?? '')
  if (fixed.length === 0) return { ok: false, summary: `nothing could be fixed: ${listed(notFixed, 3)}.` }
  const errors = describeErrors(scope.before, await errorsOf(api, scope.files))
  const words = [`${listed([...titles], 3)} in ${plural(fixed.length, 'file')}`]
  if (formatted !== '') words.push(formatted)
  if (notFixed.length > 0) words.push(`not in ${listed(notFixed, 3)}`)
  words.push(errors.text)
  return { ok: errors.count === 0, summary: `${words.join('; ')}.` }
}

async function readAll(api: AgentApi, paths: readonly string[]): Promise<SourceText[]> {
  const sources: SourceText[] = []
  for (const path of paths) {
    const source = await tryReadSource(api, path)
    if (source !== null) sources.push(source)
  }
  return sources
}

async function takeBack(api: AgentApi, source: SourceText): Promise<void> {
  const now = await readSource(api, source.path)
  const written = await api.writeFile(source.path, source.text, now.version)
  if (!written.ok) throw new AgentStop(failureText(written.outcome), 'error')
}

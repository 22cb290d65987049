import type { AgentApi } from '../agent-api'
import { type AgentResult, AgentStop, failureText, plural } from '../refactorings/agent-tools'
import { findSymbol } from '../refactorings/find-symbol'
import { isTest } from '../refactorings/left-out-files'
import type { NameRole } from '../refactorings/parsed-source'
import { SourceReader } from '../refactorings/source-reader'
import type { AgentTask } from '../task-language'

const MAX_FILES_CLASSIFIED = 200
const ROLE_WORDS: Readonly<Record<NameRole, string>> = {
  declaration: 'declaration',
  import: 'import',
  export: 'export',
  shorthand: 'property',
  call: 'call',
  type: 'type',
  write: 'write',
  read: 'use',
  'not-code': 'mention',
}

/** `find references of A`: by file, each with what it does there. */
export async function findReferences(api: AgentApi, task: Extract<AgentTask, { kind: 'find-references' }>): Promise<AgentResult> {
  await api.setState('analysing', { symbol: task.name })
  const reader = new SourceReader(api)
  const target = await findSymbol(reader, task, 'Find references')
  const reply = await api.findReferences({ path: target.path, line: target.line, column: target.column })
  if (!reply.ok) throw new AgentStop(failureText(reply.outcome), 'error')
  const paths = [...new Set(reply.output.map((reference) => reference.path))].sort(
    (a, b) => order(a, target.path) - order(b, target.path) || (a < b ? -1 : 1),
  )
  await api.focusOn([...new Set([target.path, ...paths])].slice(0, 12))

  const counts = new Map<string, number>()
  const sections: string[] = []
  for (const [index, path] of paths.entries()) {
    const source = index < MAX_FILES_CLASSIFIED ? await reader.tryRead(path) : null
    const syntax = source === null ? null : reader.syntaxOf(source)
    const lines: string[] = []
    const here = reply.output.filter((reference) => reference.path === path)
    for (const reference of here.sort((a, b) => a.startLine - b.startLine || a.startColumn - b.startColumn)) {
      const role = syntax === null ? 'use' : ROLE_WORDS[await syntax.roleAt(reference.startLine, reference.startColumn)]
      counts.set(role, (counts.get(role) ?? 0) + 1)
      lines.push(`- ${path}:${reference.startLine} ${role}: ${reference.context.trim()}`)
    }
    sections.push([`${path}${isTest(path) ? ' (test)' : ''}`, ...lines].join('\n'))
  }
  const kinds = [...counts].map(([role, count]) => `${count} ${role}`).join(', ')
  const summary = `${task.name} (${target.declaration.kind}, ${target.path}:${target.line}): ${plural(reply.output.length, 'reference')} in ${plural(paths.length, 'file')}${kinds === '' ? '' : ` (${kinds})`}.`
  const text = [summary, ...sections].join('\n\n')
  await api.remember(`references:${target.name}`, `References of ${target.name}`, text, 'references')
  await api.message(text, 'success')
  await api.setState('done', { references: reply.output.length, files: paths.length })
  return { ok: true, summary }
}

/** The declaring file first, then sources, then tests. */
function order(path: string, declaring: string): number {
  return path === declaring ? 0 : isTest(path) ? 2 : 1
}

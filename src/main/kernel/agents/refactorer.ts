import type { AgentApi, AgentProgram } from './agent-api'
import { type AgentResult, AgentStop, untilStopped } from './refactorings/agent-tools'
import { applyFixes } from './refactorings/apply-fixes'
import { moveSymbol } from './refactorings/move-symbol'
import { organiseImports } from './refactorings/organise-imports'
import { renameSymbol } from './refactorings/rename-symbol'
import { type AgentTask, describeTask, parseTask, TASK_FORMS } from './task-language'

/** Changes code through the language server, without a model: each task is planned, rehearsed on branches, judged and merged. */
export const refactorer: AgentProgram = {
  id: 'refactorer',
  version: '2',
  title: 'Refactorer',
  summary: 'Renames and moves symbols, organises imports, applies fixes. No model: everything comes from the language server.',
  examples: [TASK_FORMS.rename, TASK_FORMS.move, TASK_FORMS['organise-imports'], TASK_FORMS['apply-fix']],
  mutates: true,
  role: 'coder',
  run: (api) => untilStopped(api, () => carryOut(api)),
}

async function carryOut(api: AgentApi): Promise<AgentResult> {
  const parsed = parseTask(api.task)
  if (!parsed.ok) throw new AgentStop(notUnderstood(parsed.reason, parsed.suggestions))
  const task: AgentTask = parsed.task
  switch (task.kind) {
    case 'rename':
      return renameSymbol(api, task)
    case 'move':
      return moveSymbol(api, task)
    case 'organise-imports':
      return organiseImports(api, task)
    case 'apply-fix':
      return applyFixes(api, task)
    case 'find-references':
    case 'trace':
    case 'run-checks':
      throw new AgentStop(`“${describeTask(task)}” changes nothing: it is a task for the agent analyst.`)
  }
}

/** What an agent answers to a task that it cannot read. */
export function notUnderstood(reason: string, suggestions: readonly string[]): string {
  return [`I did not understand the task. ${reason}`, 'I understand:', ...suggestions.map((suggestion) => `- ${suggestion}`)].join('\n')
}

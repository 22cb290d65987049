import type { AgentApi, AgentProgram } from './agent-api'
import { explainChecks } from './analyses/explain-checks'
import { findReferences } from './analyses/find-references'
import { tracePath } from './analyses/trace-path'
import { type AgentResult, AgentStop, untilStopped } from './refactorings/agent-tools'
import { notUnderstood } from './refactorer'
import { describeTask, parseTask, TASK_FORMS } from './task-language'

/** Answers questions about the code, with the places that prove the answer. Changes nothing. */
export const analyst: AgentProgram = {
  id: 'analyst',
  version: '2',
  title: 'Analyst',
  summary: 'Finds references, traces calls from one symbol to another, runs the checks and explains what fails. Changes nothing.',
  examples: [TASK_FORMS['find-references'], TASK_FORMS.trace, TASK_FORMS['run-checks']],
  mutates: false,
  role: 'reviewer',
  run: (api) => untilStopped(api, () => answer(api)),
}

async function answer(api: AgentApi): Promise<AgentResult> {
  const parsed = parseTask(api.task)
  if (!parsed.ok) throw new AgentStop(notUnderstood(parsed.reason, parsed.suggestions))
  const { task } = parsed
  switch (task.kind) {
    case 'find-references':
      return findReferences(api, task)
    case 'trace':
      return tracePath(api, task)
    case 'run-checks':
      return explainChecks(api)
    case 'rename':
    case 'move':
    case 'organise-imports':
    case 'apply-fix':
      throw new AgentStop(`“${describeTask(task)}” changes files: it is a task for the agent refactorer.`)
  }
}

import { z } from 'zod'
import { ContextEdit } from '../../../shared/contract/methods'
import { approvalOption, flag, repoOption, requiredInteger, runIdOption, textOption } from '../arguments'
import { type Command, type CommandInput, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION, UsageError } from '../command'
import { exitCodeOf, followRun } from '../follow-run'
import { withKernel } from '../kernel-session'
import { printJson } from '../print'
import { pointAt } from '../run-frames'

export const command: Command = {
  usage:
    'fork --repo R --run ID --frame N [--task T] [--note TEXT] [--edits JSON] [--agent A] [--role ROLE] [--label L] [--yes | --deny] [--json]',
  options: {
    ...REPO_OPTION,
    run: { type: 'string' },
    frame: { type: 'string' },
    task: { type: 'string', short: 't' },
    note: { type: 'string' },
    edits: { type: 'string' },
    agent: { type: 'string' },
    role: { type: 'string' },
    label: { type: 'string' },
    yes: { type: 'boolean' },
    deny: { type: 'boolean' },
    ...JSON_OPTION,
  },
  optionHelp: [
    REPO_HELP,
    ['--run ID', 'the run'],
    ['--frame N', 'the frame to continue from'],
    ['--task T', 'another instruction; without it the agent goes on with its own'],
    ['--note TEXT', 'a note added to the context'],
    ['--edits JSON', 'edits of context items: [{"op":"edit","id":"...","text":"..."}, ...]'],
    ['--agent A', 'another agent'],
    ['--role ROLE', 'another role'],
    ['--label L', 'a name for the branch'],
    ['--yes, --deny', 'decide beforehand, as for run'],
    JSON_HELP,
  ],
  maxPositionals: 0,
  async run(input, terminal) {
    const runId = runIdOption(input)
    const n = requiredInteger(input, 'frame', 1, Number.MAX_SAFE_INTEGER)
    const json = flag(input, 'json')
    const approval = approvalOption(input)
    const [agent, role, label] = [textOption(input, 'agent'), textOption(input, 'role'), textOption(input, 'label')]
    const edits = contextEdits(input)
    return withKernel({ repo: repoOption(input), log: json ? () => undefined : terminal.err }, async (client) => {
      const { branchId } = await client.call('branches.fork', {
        ...(await pointAt(client, runId, n)),
        task: textOption(input, 'task') ?? null,
        edits,
        approval,
        ...(agent === undefined ? {} : { agent }),
        ...(role === undefined ? {} : { role }),
        ...(label === undefined ? {} : { label }),
      })
      const answer = terminal.interactive && approval === 'ask' && !json
      const ending = await followRun(client, runId, terminal, { branchId, quiet: json, answer })
      const run = await client.call('runs.get', { runId })
      const branch = run.branches.find((one) => one.branchId === branchId) ?? null
      if (json) printJson(terminal, { runId, branchId, branch })
      else terminal.out(`${branchId}: ${branch?.state ?? 'unknown'}`)
      return exitCodeOf(ending, branch !== null && ['passed', 'merged', 'completed'].includes(branch.state))
    })
  },
}

function contextEdits(input: CommandInput): ContextEdit[] {
  const note = textOption(input, 'note')
  const notes: ContextEdit[] = note === undefined ? [] : [{ op: 'add-note', title: 'Note', text: note }]
  const text = textOption(input, 'edits')
  if (text === undefined) return notes
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw new UsageError(`--edits is not JSON: ${thrown.message}`)
    throw thrown
  }
  const parsed = z.array(ContextEdit).safeParse(json)
  if (!parsed.success) throw new UsageError(`--edits does not fit: ${z.prettifyError(parsed.error)}`)
  return [...notes, ...parsed.data]
}

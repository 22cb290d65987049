import { approvalOption, flag, integerOption, repoOption, requiredText, textOption } from '../arguments'
import { type Command, JSON_OPTION, REPO_HELP, REPO_OPTION } from '../command'
import { exitCodeOf, followRun, printResult, runResult } from '../follow-run'
import { withKernel } from '../kernel-session'
import { printJson } from '../print'

export const command: Command = {
  usage: 'run --repo R --task T [--agent A] [--role ROLE] [--yes | --deny] [--forks N] [--json]',
  options: {
    ...REPO_OPTION,
    task: { type: 'string', short: 't' },
    agent: { type: 'string', short: 'a' },
    role: { type: 'string' },
    'allow-unisolated': { type: 'boolean' },
    yes: { type: 'boolean' },
    deny: { type: 'boolean' },
    forks: { type: 'string' },
    ...JSON_OPTION,
  },
  optionHelp: [
    REPO_HELP,
    ['--task T', 'what to do, for example "rename symbol applyDiscount to discountFor"'],
    ['--agent A', 'refactorer (default) or analyst'],
    ['--role ROLE', 'whose policies decide what it may touch; the agent’s own when left out'],
    ['--allow-unisolated', 'run it also where nothing isolates it: its commands can touch your files'],
    ['--yes', 'take the best variant that passes, without asking'],
    ['--deny', 'refuse every change'],
    ['--forks N', 'rehearse at most N variants, 1 to 8'],
    ['--json', 'print the result as JSON and no progress'],
  ],
  maxPositionals: 0,
  async run(input, terminal) {
    const json = flag(input, 'json')
    const forks = integerOption(input, 'forks', 1, 8)
    const approval = approvalOption(input)
    const task = requiredText(input, 'task')
    const agent = textOption(input, 'agent') ?? 'refactorer'
    const role = textOption(input, 'role')
    return withKernel({ repo: repoOption(input), log: json ? () => undefined : terminal.err }, async (client) => {
      const { runId } = await client.call('runs.start', {
        ...{ agent, task, approval },
        ...(role === undefined ? {} : { role }),
        ...(forks === undefined ? {} : { forks }),
        ...(flag(input, 'allow-unisolated') ? { allowUnisolated: true } : {}),
      })
      if (!json) terminal.err(`Run ${runId}`)
      const ending = await followRun(client, runId, terminal, { quiet: json, answer: terminal.interactive && approval === 'ask' && !json })
      const result = await runResult(client, runId)
      if (json) printJson(terminal, result)
      else printResult(result, terminal)
      return exitCodeOf(ending, result.outcome === 'completed')
    })
  },
}

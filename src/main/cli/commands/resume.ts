import { flag, repoOption, runIdOption } from '../arguments'
import { type Command, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION } from '../command'
import { exitCodeOf, followRun, printResult, runResult } from '../follow-run'
import { withKernel } from '../kernel-session'
import { printJson } from '../print'

export const command: Command = {
  usage: 'resume --repo R --run ID [--json]',
  options: { ...REPO_OPTION, run: { type: 'string' }, ...JSON_OPTION },
  optionHelp: [REPO_HELP, ['--run ID', 'a run that was interrupted, paused or cut off with its kernel'], JSON_HELP],
  maxPositionals: 0,
  async run(input, terminal) {
    const runId = runIdOption(input)
    const json = flag(input, 'json')
    return withKernel({ repo: repoOption(input), log: json ? () => undefined : terminal.err }, async (client) => {
      const { state } = await client.call('runs.get', { runId })
      if (state === 'paused') await client.call('runs.control', { runId, action: 'resume' })
      else await client.call('runs.resume', { runId })
      const ending = await followRun(client, runId, terminal, { quiet: json, answer: terminal.interactive && !json })
      const result = await runResult(client, runId)
      if (json) printJson(terminal, result)
      else printResult(result, terminal)
      return exitCodeOf(ending, result.outcome === 'completed')
    })
  },
}

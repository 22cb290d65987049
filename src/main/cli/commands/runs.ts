import { flag, repoOption, runIdOption } from '../arguments'
import { type Command, EXIT, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION } from '../command'
import { withKernel } from '../kernel-session'
import { dateTime, oneLine, printJson, printTable } from '../print'

export const command: Command = {
  usage: 'runs --repo R [--run ID] [--json]',
  options: { ...REPO_OPTION, run: { type: 'string' }, ...JSON_OPTION },
  optionHelp: [REPO_HELP, ['--run ID', 'this run only'], JSON_HELP],
  maxPositionals: 0,
  async run(input, terminal) {
    const wanted = input.options['run'] === undefined ? null : runIdOption(input)
    return withKernel({ repo: repoOption(input), log: terminal.err }, async (client) => {
      const runs = wanted === null ? await client.call('runs.list', {}) : [await client.call('runs.get', { runId: wanted })]
      if (flag(input, 'json')) printJson(terminal, runs)
      else {
        const rows = runs.map((run) => [
          run.runId,
          dateTime(run.startedAtMs),
          run.state,
          run.agent,
          String(run.frames),
          oneLine(run.task, 80),
        ])
        printTable(terminal, ['run', 'started (UTC)', 'state', 'agent', 'frames', 'task'], rows)
        for (const run of runs)
          for (const doubt of run.inDoubt) terminal.out(`in doubt: ${run.runId} frame ${doubt.frame}: ${oneLine(doubt.title)}`)
      }
      return EXIT.done
    })
  },
}

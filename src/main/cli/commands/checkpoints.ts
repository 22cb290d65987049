import { flag, repoOption, runIdOption } from '../arguments'
import { type Command, EXIT, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION } from '../command'
import { withKernel } from '../kernel-session'
import { printJson, printTable, timeOfDay } from '../print'
import { chosenRun, readFrames } from '../run-frames'

export const command: Command = {
  usage: 'checkpoints --repo R [--run ID] [--json]',
  options: { ...REPO_OPTION, run: { type: 'string' }, ...JSON_OPTION },
  optionHelp: [REPO_HELP, ['--run ID', 'of this run; the newest when left out'], JSON_HELP],
  maxPositionals: 0,
  async run(input, terminal) {
    const wanted = input.options['run'] === undefined ? undefined : runIdOption(input)
    return withKernel({ repo: repoOption(input), log: terminal.err }, async (client) => {
      const frames = await readFrames(client, await chosenRun(client, wanted))
      const keyframes = frames.flatMap(({ runId, n, branchId, kind, atMs, checkpoint }) =>
        checkpoint === null ? [] : [{ runId, n, branchId, kind, atMs, checkpoint }],
      )
      if (flag(input, 'json')) printJson(terminal, keyframes)
      else {
        const rows = keyframes.map(({ n, branchId, atMs, kind, checkpoint }) => [
          String(n),
          branchId,
          timeOfDay(atMs),
          kind,
          checkpoint.manifest?.slice(0, 12) ?? 'base',
          checkpoint.reason,
        ])
        printTable(terminal, ['n', 'branch', 'time', 'kind', 'files', 'reason'], rows)
      }
      return EXIT.done
    })
  },
}

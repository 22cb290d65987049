import { flag, repoOption, runIdOption } from '../arguments'
import { type Command, EXIT, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION } from '../command'
import { describeFrame } from '../describe-frame'
import { withKernel } from '../kernel-session'
import { printJson, printTable, timeOfDay } from '../print'
import { chosenRun, readFrames } from '../run-frames'

export const command: Command = {
  usage: 'frames --repo R [--run ID] [--json]',
  options: { ...REPO_OPTION, run: { type: 'string' }, ...JSON_OPTION },
  optionHelp: [REPO_HELP, ['--run ID', 'of this run; the newest when left out'], JSON_HELP],
  maxPositionals: 0,
  async run(input, terminal) {
    const wanted = input.options['run'] === undefined ? undefined : runIdOption(input)
    return withKernel({ repo: repoOption(input), log: terminal.err }, async (client) => {
      const frames = await readFrames(client, await chosenRun(client, wanted))
      if (flag(input, 'json')) printJson(terminal, frames)
      else {
        const rows = frames.map((frame) => [
          String(frame.n),
          frame.branchId,
          timeOfDay(frame.atMs),
          frame.checkpoint === null ? '' : 'K',
          frame.kind,
          describeFrame(frame),
        ])
        printTable(terminal, ['n', 'branch', 'time', 'key', 'kind', 'what'], rows)
      }
      return EXIT.done
    })
  },
}

import { resolve } from 'node:path'
import { flag, repoOption, runIdOption, textOption } from '../arguments'
import { type Command, EXIT, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION, UsageError } from '../command'
import { withKernel } from '../kernel-session'
import { oneLine, printJson } from '../print'
import { chosenRun } from '../run-frames'

export const command: Command = {
  usage: 'export FILE --repo R [--run ID] [--whole-base] [--json]',
  options: { ...REPO_OPTION, run: { type: 'string' }, 'whole-base': { type: 'boolean' }, ...JSON_OPTION },
  optionHelp: [
    ['FILE', 'a file that does not exist yet; by custom it ends in .keyframe'],
    REPO_HELP,
    ['--run ID', 'the run; the newest one when left out'],
    ['--whole-base', 'with every file of the repository, not only those that the run changed or read'],
    JSON_HELP,
  ],
  maxPositionals: 1,
  async run(input, terminal) {
    const [file] = input.positionals
    if (file === undefined || file === '') throw new UsageError('Name the file to write.')
    const named = textOption(input, 'run') === undefined ? undefined : runIdOption(input)
    return withKernel({ repo: repoOption(input), log: terminal.err }, async (client) => {
      const runId = await chosenRun(client, named)
      const report = await client.call('runs.export', { runId, file: resolve(file), wholeBase: flag(input, 'whole-base') })
      if (flag(input, 'json')) printJson(terminal, report)
      else {
        terminal.out(`${report.file}: ${report.frames} frames, ${report.contents} contents, ${Math.ceil(report.sizeBytes / 1024)} KiB`)
        for (const { what, why, count } of report.leftOut) terminal.out(`  left out: ${count} × ${oneLine(what)}, ${oneLine(why)}`)
      }
      return EXIT.done
    })
  },
}

import { flag, integerOption, repoOption, runIdOption, textOption } from '../arguments'
import { type Command, EXIT, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION, UsageError } from '../command'
import { withKernel } from '../kernel-session'
import { oneLine, printJson, seconds } from '../print'

export const command: Command = {
  usage: 'replay --repo R --run ID [--from N] [--mode exact|execute] [--json]',
  options: { ...REPO_OPTION, run: { type: 'string' }, from: { type: 'string' }, mode: { type: 'string' }, ...JSON_OPTION },
  optionHelp: [
    REPO_HELP,
    ['--run ID', 'the run'],
    ['--from N', 'verify from this frame on'],
    ['--mode M', 'exact (default): answered from the journal; execute: tools run again'],
    JSON_HELP,
  ],
  maxPositionals: 0,
  async run(input, terminal) {
    const runId = runIdOption(input)
    const from = integerOption(input, 'from', 1, Number.MAX_SAFE_INTEGER)
    const mode = textOption(input, 'mode') ?? 'exact'
    if (mode !== 'exact' && mode !== 'execute') throw new UsageError(`--mode takes exact or execute, not "${mode}".`)
    return withKernel({ repo: repoOption(input), log: terminal.err }, async (client) => {
      const report = await client.call('replay.run', { runId, mode, ...(from === undefined ? {} : { from }) })
      if (flag(input, 'json')) printJson(terminal, report)
      else {
        terminal.out(
          `${report.ok ? 'Nothing diverged' : 'Diverged'}: ${report.framesChecked} frames checked in ${seconds(report.durationMs)} (${mode})`,
        )
        if (report.divergence !== null) {
          terminal.out(`frame ${report.divergence.frame} (${report.divergence.kind}): ${oneLine(report.divergence.reason)}`)
          for (const field of report.divergence.fields) {
            terminal.out(`  ${oneLine(field.path)}\n    recorded ${oneLine(field.recorded)}\n    replayed ${oneLine(field.replayed)}`)
          }
        }
      }
      return report.ok ? EXIT.done : EXIT.failed
    })
  },
}

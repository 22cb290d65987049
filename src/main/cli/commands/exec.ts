import { flag, integerOption, repoOption, textOption } from '../arguments'
import { type Command, EXIT, type ExitCode, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION, UsageError } from '../command'
import { withKernel } from '../kernel-session'
import { oneLine, printJson, seconds } from '../print'
import { POINT_HELP, POINT_OPTIONS, pointOption } from '../point-option'

const DEFAULT_TIMEOUT_S = 600

export const command: Command = {
  usage: 'exec --repo R [--role ROLE] [--run ID --frame N] [--timeout SECONDS] [--json] -- COMMAND...',
  options: { ...REPO_OPTION, ...POINT_OPTIONS, timeout: { type: 'string' }, role: { type: 'string' }, ...JSON_OPTION },
  optionHelp: [
    REPO_HELP,
    ['--role ROLE', 'the role whose sandbox it is (coder)'],
    ...POINT_HELP,
    ['--timeout S', `end the command after S seconds (${DEFAULT_TIMEOUT_S})`],
    JSON_HELP,
  ],
  maxPositionals: 0,
  async run(input, terminal) {
    const argv = [...input.rest]
    if (argv.length === 0) throw new UsageError('The command is missing: put it after --.')
    const timeoutMs = (integerOption(input, 'timeout', 1, 3600) ?? DEFAULT_TIMEOUT_S) * 1000
    const role = textOption(input, 'role')
    return withKernel({ repo: repoOption(input), log: terminal.err }, async (client): Promise<ExitCode> => {
      const result = await client.call(
        'sandbox.exec',
        { at: await pointOption(input, client), argv, timeoutMs, ...(role === undefined ? {} : { role }) },
        { signal: terminal.interrupted },
      )
      if (flag(input, 'json')) printJson(terminal, result)
      else {
        if (result.stdout !== '') terminal.out(result.stdout.replace(/\n$/, ''))
        if (result.stderr !== '') terminal.err(result.stderr.replace(/\n$/, ''))
        terminal.err(
          `exit ${result.exitCode} after ${seconds(result.durationMs)}, isolation ${result.isolation}, ${result.sideEffects.files.length} files changed (thrown away)`,
        )
        for (const file of result.sideEffects.files) terminal.err(`  ${file.change.padEnd(8)} ${oneLine(file.path)}`)
        for (const port of result.sideEffects.ports ?? []) terminal.err(`  listens on ${port.address}:${port.port}`)
        for (const line of result.sideEffects.processes) terminal.err(`  left running: ${oneLine(line)}`)
        for (const denial of result.denials)
          terminal.err(`  denied: ${oneLine(`${denial.action ?? denial.by} ${denial.resource}: ${denial.reason}`)}`)
        if (result.timedOut) terminal.err('It was ended: the time was over.')
        if (result.limit !== null) terminal.err(`It was ended: the limit of ${result.limit} was reached.`)
      }
      return result.exitCode === 0 ? EXIT.done : EXIT.failed
    })
  },
}

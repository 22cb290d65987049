import { flag, repoOption, textOption } from '../arguments'
import { type Command, EXIT, type ExitCode, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION, UsageError } from '../command'
import { withKernel } from '../kernel-session'
import { POINT_HELP, POINT_OPTIONS, pointOption } from '../point-option'
import { printJson } from '../print'

export const command: Command = {
  usage: 'tool --repo R [--role ROLE] [--run ID --frame N] [--json] NAME JSON_ARGS',
  options: { ...REPO_OPTION, ...POINT_OPTIONS, role: { type: 'string' }, ...JSON_OPTION },
  optionHelp: [REPO_HELP, ['--role ROLE', 'the role whose policy decides (coder)'], ...POINT_HELP, JSON_HELP],
  maxPositionals: 2,
  async run(input, terminal) {
    const [name, json] = input.positionals
    if (name === undefined || json === undefined)
      throw new UsageError('A tool name and its arguments as JSON are needed, for example fs.read \'{"path":"README.md"}\'.')
    const args = parseJson(json)
    const role = textOption(input, 'role') ?? 'coder'
    return withKernel({ repo: repoOption(input), log: terminal.err }, async (client): Promise<ExitCode> => {
      const outcome = await client.call(
        'sandbox.tool',
        { at: await pointOption(input, client), role, name, args },
        { signal: terminal.interrupted },
      )
      if (flag(input, 'json')) printJson(terminal, outcome)
      else if (outcome.ok) terminal.out(outcome.text)
      else
        terminal.err(
          `${outcome.error?.message ?? 'It failed.'}${outcome.error?.action === undefined ? '' : `\n${outcome.error.action}`} (${outcome.error?.code ?? 'tool.failed'})`,
        )
      return outcome.ok ? EXIT.done : EXIT.failed
    })
  },
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    throw new UsageError(`The arguments are no JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  }
}

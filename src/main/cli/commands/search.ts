import { flag, integerOption, repoOption } from '../arguments'
import { type Command, EXIT, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION, UsageError } from '../command'
import { withKernel } from '../kernel-session'
import { oneLine, printJson } from '../print'
import { whenIndexed } from './index-workspace'

export const command: Command = {
  usage: 'search --repo R QUERY [--limit N] [--json]',
  options: { ...REPO_OPTION, limit: { type: 'string' }, ...JSON_OPTION },
  optionHelp: [REPO_HELP, ['--limit N', 'at most N hits (20)'], JSON_HELP],
  maxPositionals: 1,
  async run(input, terminal) {
    const query = input.positionals[0]
    if (query === undefined || query.trim() === '') throw new UsageError('The query is missing.')
    const limit = integerOption(input, 'limit', 1, 200) ?? 20
    return withKernel({ repo: repoOption(input), log: terminal.err }, async (client) => {
      await whenIndexed(client)
      const hits = await client.call('search.text', { query, limit })
      if (flag(input, 'json')) printJson(terminal, hits)
      else {
        for (const hit of hits) {
          const symbol = hit.symbol === null ? '' : ` [${oneLine(hit.symbol)}]`
          terminal.out(`${oneLine(hit.path)}:${hit.line}${symbol} ${oneLine(hit.text)}`)
        }
      }
      return EXIT.done
    })
  },
}

import { Tier, tierTokens } from '../../../shared/context'
import { flag, repoOption, requiredInteger, runIdOption } from '../arguments'
import { type Command, EXIT, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION } from '../command'
import { withKernel } from '../kernel-session'
import { oneLine, printJson, printTable } from '../print'
import { pointAt, stateAt } from '../run-frames'

export const command: Command = {
  usage: 'context --repo R --run ID --frame N [--json]',
  options: { ...REPO_OPTION, run: { type: 'string' }, frame: { type: 'string' }, ...JSON_OPTION },
  optionHelp: [REPO_HELP, ['--run ID', 'the run'], ['--frame N', 'as of this frame'], JSON_HELP],
  maxPositionals: 0,
  async run(input, terminal) {
    const runId = runIdOption(input)
    const n = requiredInteger(input, 'frame', 1, Number.MAX_SAFE_INTEGER)
    return withKernel({ repo: repoOption(input), log: terminal.err }, async (client) => {
      const { context } = await stateAt(client, await pointAt(client, runId, n))
      if (flag(input, 'json')) {
        printJson(terminal, context)
        return EXIT.done
      }
      const items = Object.values(context.items)
      for (const tier of Tier.options) {
        const own = items.filter((item) => item.tier === tier)
        if (own.length === 0) continue
        terminal.out(`\n${tier}: ${tierTokens(context, tier)} tokens`)
        const rows = own.map((item) => [item.id, item.kind, String(item.tokens), marks(item), oneLine(item.reason)])
        printTable(terminal, ['id', 'kind', 'tokens', '', 'why'], rows)
      }
      for (const { item, rule } of context.evicted) terminal.out(`evicted ${item.id} (${item.tokens} tokens): ${oneLine(rule)}`)
      return EXIT.done
    })
  },
}

function marks(item: { pinned: boolean; stale: boolean }): string {
  return [item.pinned ? 'pinned' : '', item.stale ? 'stale' : ''].filter((mark) => mark !== '').join(' ')
}

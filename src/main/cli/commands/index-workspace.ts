import type { IndexStatus } from '../../../shared/contract/methods'
import type { KernelClient } from '../../../shared/contract/service'
import { flag, repoOption } from '../arguments'
import { type Command, EXIT, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION } from '../command'
import { deferred } from '../deferred'
import { withKernel } from '../kernel-session'
import { oneLine, printJson } from '../print'

export const command: Command = {
  usage: 'index --repo R [--json]',
  options: { ...REPO_OPTION, ...JSON_OPTION },
  optionHelp: [REPO_HELP, JSON_HELP],
  maxPositionals: 0,
  async run(input, terminal) {
    return withKernel({ repo: repoOption(input), log: terminal.err }, async (client) => {
      const status = await whenIndexed(client)
      if (flag(input, 'json')) printJson(terminal, status)
      else {
        terminal.out(`${status.state}: ${status.files} files, ${status.symbols} symbols, ${status.edges} edges (version ${status.version})`)
        for (const { language, files } of status.languages) terminal.out(`  ${language}: ${files} files`)
        for (const { reason, count, paths } of status.skipped)
          terminal.out(`  left out, ${oneLine(reason)}: ${count} (${oneLine(paths.slice(0, 3).join(', '))})`)
        for (const problem of status.problems) terminal.out(`  ${oneLine(problem.path)}: ${oneLine(problem.reason)}`)
      }
      return status.state === 'failed' ? EXIT.failed : EXIT.done
    })
  },
}

/** Asks for a refresh and waits until the index is at rest. */
export async function whenIndexed(client: KernelClient): Promise<IndexStatus> {
  const rest = deferred<IndexStatus>()
  const unsubscribe = client.on('index.changed', (status) => status.state !== 'indexing' && rest.resolve(status))
  try {
    const status = await client.call('index.refresh', {})
    if (status.state !== 'indexing') return status
    const lost = client.closed.then(() => client.call('index.refresh', {}))
    return await Promise.race([rest.promise, lost])
  } finally {
    unsubscribe()
  }
}

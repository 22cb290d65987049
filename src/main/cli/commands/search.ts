import type { SearchSelfTest } from '../../../shared/contract/methods'
import { NodeKind, type SearchFilters } from '../../../shared/graph'
import { flag, integerOption, repoOption, textOption } from '../arguments'
import {
  type Command,
  type CommandInput,
  EXIT,
  JSON_HELP,
  JSON_OPTION,
  REPO_HELP,
  REPO_OPTION,
  type Terminal,
  UsageError,
} from '../command'
import { withKernel } from '../kernel-session'
import { AS_OF_HELP, AS_OF_OPTIONS, asOfOption } from '../point-option'
import { oneLine, printJson, printTable, seconds } from '../print'
import { whenIndexed } from './index-workspace'

export const command: Command = {
  usage: 'search --repo R QUERY [--words] [--as-of N] [--limit N] [--json] | search --repo R --self-test N',
  options: {
    ...REPO_OPTION,
    ...AS_OF_OPTIONS,
    ...{ limit: { type: 'string' }, words: { type: 'boolean' }, 'self-test': { type: 'string' } },
    ...{ path: { type: 'string', multiple: true }, kind: { type: 'string', multiple: true } },
    ...{ language: { type: 'string', multiple: true }, owner: { type: 'string', multiple: true } },
    ...JSON_OPTION,
  },
  optionHelp: [
    REPO_HELP,
    ['--words', 'lines that have the words, and nothing else'],
    ['--path GLOB', 'only in such files; may be given several times, as may the next three'],
    ['--kind KIND', 'only such things: function, class, table, ...'],
    ['--language L', 'only in this language'],
    ['--owner O', 'only what CODEOWNERS gives to O'],
    ...AS_OF_HELP,
    ['--limit N', 'at most N hits (20)'],
    ['--self-test N', "how well search finds the files of the last N commits by the commits' subjects"],
    JSON_HELP,
  ],
  maxPositionals: 1,
  async run(input, terminal) {
    const commits = integerOption(input, 'self-test', 1, 2000)
    const query = input.positionals[0]
    if (commits === undefined && (query === undefined || query.trim() === '')) throw new UsageError('The query is missing.')
    const limit = integerOption(input, 'limit', 1, 200) ?? 20
    const filters = filtersOf(input)
    return withKernel({ repo: repoOption(input), log: terminal.err }, async (client) => {
      await whenIndexed(client)
      if (commits !== undefined) {
        const report = await client.call('search.selfTest', { commits })
        if (flag(input, 'json')) printJson(terminal, report)
        else printSelfTest(report, terminal)
        return EXIT.done
      }
      const asked = { query: query ?? '', limit, at: await asOfOption(input, client) }
      const found = flag(input, 'words')
        ? { hits: await client.call('search.text', asked), lists: [] }
        : await client.call('search.hybrid', { ...asked, filters })
      if (flag(input, 'json')) {
        printJson(terminal, flag(input, 'words') ? found.hits : found)
        return EXIT.done
      }
      for (const hit of found.hits) {
        const symbol = hit.symbol === null ? '' : ` [${oneLine(hit.symbol)}]`
        terminal.out(`${oneLine(hit.path)}:${hit.line}${symbol} ${oneLine(hit.text)}`)
      }
      for (const { list, problem } of found.lists) if (problem !== null) terminal.err(`${list}: ${oneLine(problem)}`)
      return EXIT.done
    })
  },
}

function filtersOf(input: CommandInput): SearchFilters {
  const paths = listOption(input, 'path')
  const languages = listOption(input, 'language')
  const owners = listOption(input, 'owner')
  const kinds = listOption(input, 'kind')?.map((text) => {
    const kind = NodeKind.safeParse(text)
    if (!kind.success) throw new UsageError(`There is no kind "${text}"; there are: ${NodeKind.options.join(', ')}.`)
    return kind.data
  })
  return {
    ...(paths === undefined ? {} : { paths }),
    ...(kinds === undefined ? {} : { kinds }),
    ...(languages === undefined ? {} : { languages }),
    ...(owners === undefined ? {} : { owners }),
  }
}

function listOption(input: CommandInput, name: string): string[] | undefined {
  if (textOption(input, name) !== undefined) return [textOption(input, name) ?? '']
  const given = input.options[name]
  return Array.isArray(given) ? given.filter((value) => typeof value === 'string') : undefined
}

function printSelfTest(report: SearchSelfTest, terminal: Terminal): void {
  terminal.out(`${report.commits} commits, ${report.skipped} left out, ${seconds(report.durationMs)}`)
  const figure = (value: number): string => value.toFixed(3)
  printTable(
    terminal,
    ['method', 'MRR@10', 'recall@10', 'acc@1', 'acc@5', 'acc@10'],
    report.methods.map(({ name, ...of }) => [name, ...[of.mrr10, of.recall10, of.accuracy1, of.accuracy5, of.accuracy10].map(figure)]),
  )
  for (const note of report.notes) terminal.out(oneLine(note))
}

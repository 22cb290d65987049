import type { TextEdit } from '../../schemas/text'
import { readAnswer, TsRename } from './answers'
import { refused } from './server-connection'
import { rangeOfTs } from './source-lines'
import type { Asking } from './tool-host'

const MAX_ROUNDS = 500

interface Place {
  readonly path: string
  readonly line: number
  readonly column: number
}

/**
 * Every edit that gives the symbol at a position a new name, by file.
 *
 * The server keeps names that others see where it can: `{ user }` becomes `{ user: owner }`, which is wanted, but `export { User }
 * from` becomes `export { Owner as User } from`, which would leave the old name on every user of a re-export. Such an export is
 * given the new name too, and the rename goes on from it.
 */
export async function renameEdits(
  asking: Asking,
  at: Place,
  newName: string,
): Promise<{ oldName: string; files: Map<string, TextEdit[]> }> {
  const edits = new Map<string, Map<string, TextEdit>>()
  const todo: Place[] = [at]
  const done = new Set<string>()
  let oldName: string | null = null
  for (let place = todo.shift(); place && done.size < MAX_ROUNDS; place = todo.shift()) {
    const key = `${place.path}:${place.line}:${place.column}`
    if (done.has(key)) continue
    done.add(key)
    const answer = await asking.connection.tsserver(
      'rename',
      { file: asking.paths.inside(place.path), line: place.line, offset: place.column + 1, findInComments: false, findInStrings: false },
      asking.request,
    )
    const { info, locs } = readAnswer(TsRename, answer, 'rename')
    if (!info.canRename) {
      if (oldName === null) throw refused(info.localizedErrorMessage)
      continue
    }
    oldName ??= info.displayName
    for (const { file, locs: spans } of locs) {
      const path = asking.paths.ofFile(file)
      if (path === null || path.split('/').includes('node_modules'))
        throw refused(`${info.displayName} is also declared in ${file}, which is not part of the workspace.`)
      const fileEdits = edits.get(path) ?? new Map<string, TextEdit>()
      edits.set(path, fileEdits)
      for (const span of spans) {
        const range = rangeOfTs(span)
        const spot = `${range.startLine}:${range.startColumn}`
        const isReExport = span.suffixText === ` as ${oldName}`
        if (isReExport) todo.push({ path, line: range.startLine, column: range.startColumn })
        const newText = isReExport ? newName : `${span.prefixText ?? ''}${newName}${span.suffixText ?? ''}`
        if (!fileEdits.has(spot)) fileEdits.set(spot, { ...range, newText })
      }
    }
  }
  if (oldName === null) throw refused('There is nothing to rename here.')
  return { oldName, files: new Map([...edits].map(([path, byPlace]) => [path, [...byPlace.values()]])) }
}

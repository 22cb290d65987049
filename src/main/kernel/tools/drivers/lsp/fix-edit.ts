import { KeyframeError } from '../../../../../shared/failure'
import type { TextEdit, WorkspaceEdit } from '../../schemas'
import { readAnswer, type TsCodeFix, TsCodeFixes, TsCombinedFix, type TsFileEdits } from './answers'
import { diagnosticsOf } from './file-diagnostics'
import { isNotFound, type ReadText } from './open-documents'
import { refused } from './server-connection'
import { comparePaths, rangeOfTs } from './source-lines'
import { applyEdits, editsBetween, sortedEdits, versionOf } from './text-edits'
import type { Asking } from './tool-host'
import { guestPath, isSource, pathOfGuest } from './workspace-paths'

/** A fix may bring up the next one; this many are enough for any chain that ends. */
const MAX_ROUNDS = 100

/**
 * Fixes every diagnostic with this code in the file, rehearsed on the server's copies until none that can be fixed is left, and
 * gives the difference to the branch's files. A fix of all at once is preferred; otherwise the server's first fix of each.
 */
export async function fixEverywhere(
  asking: Asking,
  readText: ReadText,
  path: string,
  codeText: string,
): Promise<{ edit: WorkspaceEdit; titles: string[] }> {
  const code = codeNumber(codeText)
  await asking.documents.ensure(path)
  const rehearsal = new Rehearsal(asking, readText)
  const titles: string[] = []
  const seen = new Set<string>()
  try {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const text = await rehearsal.textOf(path)
      // Fixes that undo one another come back to a text that was there before.
      if (seen.has(text)) break
      seen.add(text)
      const next = await nextFix(asking, path, code)
      if (!next) break
      await rehearsal.apply(next.changes)
      if (!titles.includes(next.title)) titles.push(next.title)
    }
    return { edit: await rehearsal.result(), titles }
  } finally {
    await rehearsal.putBack()
  }
}

interface NextFix {
  readonly title: string
  readonly changes: TsFileEdits
}

async function nextFix(asking: Asking, path: string, code: number): Promise<NextFix | null> {
  const file = guestPath(path)
  const projectFileName = asking.cover.projectsOf(path)[0]
  const found = (await diagnosticsOf(asking, path)).filter((diagnostic) => diagnostic.code === String(code))
  for (const at of found) {
    const body = await asking.connection.tsserver(
      'getCodeFixes',
      {
        file,
        projectFileName,
        startLine: at.startLine,
        startOffset: at.startColumn + 1,
        endLine: at.endLine,
        endOffset: at.endColumn + 1,
        errorCodes: [code],
      },
      asking.request,
    )
    const fixes: TsCodeFix[] = readAnswer(TsCodeFixes, body ?? [], 'getCodeFixes').filter((fix) => fix.changes.length > 0)
    const forAll = fixes.find((fix) => fix.fixId !== undefined && fix.fixId !== null)
    if (forAll) {
      const combined = await asking.connection.tsserver(
        'getCombinedCodeFix',
        { scope: { type: 'file', args: { file, projectFileName } }, fixId: forAll.fixId },
        asking.request,
      )
      const { changes } = readAnswer(TsCombinedFix, combined ?? { changes: [] }, 'getCombinedCodeFix')
      if (changes.some((change) => change.textChanges.length > 0)) return { title: forAll.fixAllDescription ?? forAll.description, changes }
    }
    const single = fixes[0]
    if (single) return { title: single.description, changes: single.changes }
  }
  return null
}

function codeNumber(text: string): number {
  const number = /^(?:TS|ts)?(\d{1,6})$/.exec(text.trim())?.[1]
  if (number) return Number(number)
  throw new KeyframeError({
    code: 'lsp.unknown-code',
    message: `${JSON.stringify(text)} is not a code of a diagnostic.`,
    action: 'Give the number that lsp.diagnostics shows, such as 6133 or TS6133.',
  })
}

/** Texts as they would be, shown to the server only. */
class Rehearsal {
  private readonly before = new Map<string, { text: string; version: WorkspaceEdit['files'][number]['version'] } | null>()
  private readonly after = new Map<string, string>()

  constructor(
    private readonly asking: Asking,
    private readonly readText: ReadText,
  ) {}

  async textOf(path: string): Promise<string> {
    const rehearsed = this.after.get(path)
    if (rehearsed !== undefined) return rehearsed
    const original = await this.original(path)
    this.before.set(path, original)
    return original?.text ?? ''
  }

  async apply(changes: TsFileEdits): Promise<void> {
    for (const { fileName, textChanges } of changes) {
      const path = pathOfGuest(fileName)
      if (path === null || path.split('/').includes('node_modules'))
        throw refused(`The fix would edit ${fileName}, which is not part of the workspace.`)
      const edits: TextEdit[] = textChanges.map((change) => ({ ...rangeOfTs(change), newText: change.newText }))
      const text = applyEdits(await this.textOf(path), sortedEdits(path, edits))
      this.after.set(path, text)
      if (isSource(path)) await this.asking.documents.set(path, text, versionOf(text))
    }
  }

  async result(): Promise<WorkspaceEdit> {
    const edit: WorkspaceEdit = { files: [], create: [], move: [], remove: [] }
    for (const [path, text] of [...this.after].sort(([a], [b]) => comparePaths(a, b))) {
      const original = this.before.get(path) ?? null
      if (original === null) edit.create.push({ path, text })
      else if (original.text !== text) edit.files.push({ path, version: original.version, edits: editsBetween(original.text, text) })
    }
    return edit
  }

  async putBack(): Promise<void> {
    if (!this.asking.connection.alive) return
    for (const path of this.after.keys()) {
      if (!isSource(path)) continue
      if (this.before.get(path)) await this.asking.documents.ensure(path)
      else await this.asking.documents.close(path)
    }
  }

  private async original(path: string): Promise<Awaited<ReturnType<ReadText>> | null> {
    try {
      return await this.readText(path)
    } catch (error) {
      if (isNotFound(error)) return null
      throw error
    }
  }
}

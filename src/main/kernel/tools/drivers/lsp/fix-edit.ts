import { KeyframeError } from '../../../../../shared/failure'
import type { WorkspaceEdit } from '../../schemas/text'
import { readAnswer, type TsCodeFix, TsCodeFixes, TsCombinedFix, type TsFileEdits } from './answers'
import { typeScriptDiagnosticsOf } from './file-diagnostics'
import { Rehearsal } from './rehearsal'
import { followStyle } from './source-style'
import type { TypeScriptAsking } from './tool-host'

/** A fix may bring up the next one; this many are enough for any chain that ends. */
const MAX_ROUNDS = 100

/**
 * Fixes every diagnostic with this code in the file, rehearsed on the server's copies until none that can be fixed is left, and
 * gives the difference to the branch's files. A fix of all at once is preferred; otherwise the server's first fix of each.
 */
export async function fixEverywhere(
  asking: TypeScriptAsking,
  path: string,
  codeText: string,
): Promise<{ edit: WorkspaceEdit; titles: string[] }> {
  const code = codeNumber(codeText)
  const { text: source } = await asking.documents.ensure(path)
  await followStyle(asking, path, source)
  const rehearsal = new Rehearsal(asking)
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

async function nextFix(asking: TypeScriptAsking, path: string, code: number): Promise<NextFix | null> {
  const file = asking.paths.inside(path)
  const projectFileName = asking.cover.projectsOf(path)[0]
  const found = (await typeScriptDiagnosticsOf(asking, path)).filter((diagnostic) => diagnostic.code === String(code))
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

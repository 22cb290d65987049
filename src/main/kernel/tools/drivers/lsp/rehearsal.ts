import type { TextEdit, WorkspaceEdit } from '../../schemas/text'
import type { TsFileEdits } from './answers'
import { isNotFound, type ReadText } from './open-documents'
import { refused } from './server-connection'
import { comparePaths, rangeOfTs } from './source-lines'
import { applyEdits, editsBetween, sortedEdits, versionOf } from './text-edits'
import type { Asking } from './tool-host'
import { isSource } from './typescript-sources'

/**
 * Texts as they would be after a change, shown to the server only. The result is the difference to the branch's files; `putBack`
 * must be called in the end, whatever happens.
 */
export class Rehearsal {
  private readonly before = new Map<string, { text: string; version: WorkspaceEdit['files'][number]['version'] } | null>()
  private readonly after = new Map<string, string>()

  constructor(private readonly asking: Asking) {}

  async textOf(path: string): Promise<string> {
    const rehearsed = this.after.get(path)
    if (rehearsed !== undefined) return rehearsed
    const original = await this.original(path)
    this.before.set(path, original)
    return original?.text ?? ''
  }

  async apply(changes: TsFileEdits): Promise<void> {
    for (const { fileName, textChanges } of changes) {
      const path = this.asking.paths.ofFile(fileName)
      if (path === null || path.split('/').includes('node_modules')) {
        throw refused(`The change would edit ${fileName}, which is not part of the workspace.`)
      }
      const edits: TextEdit[] = textChanges.map((change) => ({ ...rangeOfTs(change), newText: change.newText }))
      await this.set(path, applyEdits(await this.textOf(path), sortedEdits(path, edits)))
    }
  }

  async set(path: string, text: string): Promise<void> {
    if (!this.before.has(path)) this.before.set(path, await this.original(path))
    this.after.set(path, text)
    if (isSource(path)) await this.asking.documents.set(path, text, versionOf(text))
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
      try {
        if (this.before.get(path)) await this.asking.documents.ensure(path)
        else await this.asking.documents.close(path)
      } catch (error) {
        // Deleted meanwhile: `ensure` has closed it, which is what is wanted.
        if (!isNotFound(error)) throw error
      }
    }
  }

  private async original(path: string): Promise<Awaited<ReturnType<ReadText>> | null> {
    try {
      return await this.asking.readText(path)
    } catch (error) {
      if (isNotFound(error)) return null
      throw error
    }
  }
}

import {
  FileSystemProviderCapabilities,
  FileSystemProviderError,
  FileSystemProviderErrorCode,
  FileType,
  type IFileSystemProviderWithFileReadWriteCapability,
  type IStat,
  registerFileSystemOverlay,
} from '@codingame/monaco-vscode-files-service-override'
import { Emitter, type Uri } from 'monaco-editor'
import type { FileVersion } from '../../../../shared/files'
import { toFailure } from '../../../../shared/failure'
import type { Point, WindowModel } from '../../../app/window-model'
import { filesKey, readFileAt } from '../point-files'
import { pathOfGuestPath } from '../workspace-uri'

/**
 * Lets the editor library read files that no tab shows, for previews of references and definitions: those at the live end of
 * the selected branch, which are the ones that language servers speak of.
 */
export function serveWorkspaceFiles(model: WindowModel): void {
  registerFileSystemOverlay(1, new BranchFiles(model))
}

export function livePoint(model: WindowModel): Point | null {
  const { runId, branchId } = model.selection.getState()
  const { cache } = model.run.store.getState()
  const n = cache.tip(branchId)
  return runId === null || n === 0 ? null : { runId, branchId, n }
}

class BranchFiles implements IFileSystemProviderWithFileReadWriteCapability {
  readonly capabilities =
    FileSystemProviderCapabilities.FileReadWrite |
    FileSystemProviderCapabilities.PathCaseSensitive |
    FileSystemProviderCapabilities.Readonly
  readonly onDidChangeCapabilities = new Emitter<void>().event
  readonly onDidChangeFile = new Emitter<never>().event

  constructor(private readonly model: WindowModel) {}

  watch(): { dispose(): void } {
    return { dispose: () => undefined }
  }

  async stat(resource: Uri): Promise<IStat> {
    if (resource.path === '/workspace') return { type: FileType.Directory, ctime: 0, mtime: 0, size: 0 }
    const file = await this.fileOf(resource)
    return { type: FileType.File, ctime: 0, mtime: 0, size: file.sizeBytes }
  }

  async readFile(resource: Uri): Promise<Uint8Array> {
    const file = await this.fileOf(resource)
    if (file.text === null) throw FileSystemProviderError.create('No text', FileSystemProviderErrorCode.Unavailable)
    return new TextEncoder().encode(file.text)
  }

  readdir = refuse
  writeFile = refuse
  mkdir = refuse
  delete = refuse
  rename = refuse

  private async fileOf(resource: Uri): Promise<FileVersion> {
    const path = pathOfGuestPath(resource.path)
    const point = livePoint(this.model)
    if (path === null || point === null)
      throw FileSystemProviderError.create('Not in the workspace', FileSystemProviderErrorCode.FileNotFound)
    try {
      return await readFileAt(this.model.link, point, filesKey(this.model, point), path)
    } catch (thrown) {
      throw FileSystemProviderError.create(toFailure(thrown).message, FileSystemProviderErrorCode.FileNotFound)
    }
  }
}

function refuse(): Promise<never> {
  return Promise.reject(FileSystemProviderError.create('Files are read-only here', FileSystemProviderErrorCode.NoPermissions))
}

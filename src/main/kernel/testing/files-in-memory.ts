import { createHash } from 'node:crypto'
import { KeyframeError } from '../../../shared/failure'
import { ContentHash } from '../../../shared/ids'
import type { FilesAt } from '../checkpoints/files'

/** Files of a checkpoint from a record of texts. */
export function filesInMemory(files: Readonly<Record<string, string>>): FilesAt {
  const bytesOf = (path: string): Promise<Buffer> => {
    const text = files[path]
    if (text !== undefined) return Promise.resolve(Buffer.from(text))
    return Promise.reject(new KeyframeError({ code: 'files.not-found', message: `There is no file ${path}.` }))
  }
  return {
    tree: () =>
      Promise.resolve(
        Object.entries(files).map(([path, text]) => ({
          path,
          type: 'file' as const,
          sizeBytes: Buffer.byteLength(text),
          status: 'same' as const,
        })),
      ),
    readBytes: bytesOf,
    read: async (path) => {
      const bytes = await bytesOf(path)
      const version = hashOf(bytes)
      return { path, version, sizeBytes: bytes.length, mode: 0o644, encoding: 'utf-8', eol: 'lf', text: bytes.toString('utf8') }
    },
    diff: () => Promise.resolve([]),
    hashes: () => Promise.resolve(new Map(Object.entries(files).map(([path, text]) => [path, hashOf(Buffer.from(text))]))),
    changes: () => Promise.resolve(new Map()),
  }
}

function hashOf(bytes: Buffer): ContentHash {
  return ContentHash.parse(createHash('sha256').update(bytes).digest('hex'))
}

import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The bundled sample workspace, as path to text. */
export function sampleFiles(): Record<string, string> {
  const root = resolve('resources/sample')
  const files: Record<string, string> = {}
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files[path.slice(root.length + 1)] = readFileSync(path, 'utf8')
  }
  return files
}

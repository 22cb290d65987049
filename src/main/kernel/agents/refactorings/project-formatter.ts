import { z } from 'zod'
import type { AgentApi } from '../agent-api'
import { type FileEdits, plural, tryReadSource, tryTool } from './agent-tools'
import { isCode } from './left-out-files'

const PRETTIER = 'node_modules/.bin/prettier'
const TIMEOUT_MS = 120_000
const Manifest = z.object({
  devDependencies: z.record(z.string(), z.string()).catch({}),
  dependencies: z.record(z.string(), z.string()).catch({}),
})

/** Keeps files formatted that were formatted before: a longer name can break a line elsewhere. */
export interface Formatter {
  /** Formats what changed; a sentence part about it, empty when there was nothing to say. */
  format(api: AgentApi, changed: readonly FileEdits[]): Promise<string>
}

/**
 * The workspace's own prettier, for those of these files that it has nothing to say about now and for files that are
 * made; null when there is none.
 */
export async function formatterOf(api: AgentApi, paths: readonly string[], created: readonly string[] = []): Promise<Formatter | null> {
  const code = paths.filter((path) => isCode(path) && !path.startsWith('-'))
  const stat = await tryTool(api, 'fs.stat', { path: 'package.json' })
  if (code.length === 0 || !stat.ok || stat.output.type !== 'file') return null
  const manifest = await tryReadSource(api, 'package.json')
  if (manifest === null || !usesPrettier(manifest.text)) return null
  const unformatted = await differing(api, '--list-different', code)
  if (unformatted === null) return null
  const kept = new Set([...code.filter((path) => !unformatted.has(path)), ...created])
  return {
    async format(branch, changed) {
      const files = changed.map((file) => file.path).filter((path) => kept.has(path))
      if (files.length === 0) return ''
      const formatted = await differing(branch, '--write --list-different', files)
      if (formatted === null) return 'prettier could not format the files'
      return formatted.size === 0 ? '' : `${plural(formatted.size, 'file')} formatted with prettier`
    },
  }
}

function usesPrettier(text: string): boolean {
  try {
    const manifest = Manifest.safeParse(JSON.parse(text)).data
    return manifest !== undefined && ('prettier' in manifest.devDependencies || 'prettier' in manifest.dependencies)
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

/** The files that prettier would write differently, or wrote; null when it cannot run here or does not understand one of them. */
async function differing(api: AgentApi, flags: string, paths: readonly string[]): Promise<Set<string> | null> {
  const reply = await api.runCommand(`${PRETTIER} ${flags} ${quoted(paths)}`, { timeoutMs: TIMEOUT_MS })
  if (!reply.ok || reply.output.exitCode > 1) return null
  const lines = new Set(reply.output.output.split(/\r?\n/).map((line) => line.trim()))
  const found = paths.filter((path) => lines.has(path))
  return found.length === 0 && reply.output.exitCode === 1 ? null : new Set(found)
}

function quoted(paths: readonly string[]): string {
  return paths.map((path) => `'${path.replaceAll("'", `'\\''`)}'`).join(' ')
}

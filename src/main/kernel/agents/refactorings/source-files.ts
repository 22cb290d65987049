import type { AgentApi } from '../agent-api'
import { AgentStop, listed, useTool } from './agent-tools'
import { excludedGlobs, isCode, isExcluded, leftOutOfProse } from './left-out-files'

const MAX_FILES = 400

export interface SourceFiles {
  readonly paths: readonly string[]
  /** What a plan says about files that were left out. */
  readonly notes: readonly string[]
}

/** The code files that a glob names, without declarations, dependencies, generated files and what the context excludes. */
export async function sourceFiles(api: AgentApi, glob: string): Promise<SourceFiles> {
  const { paths } = await useTool(api, 'fs.glob', { pattern: glob, limit: 20_000 })
  const excluded = isExcluded(excludedGlobs(api))
  const code = paths.filter((path) => isCode(path) && !/\.d\.[cm]?ts$/.test(path) && leftOutOfProse(path) === null)
  const kept = code.filter((path) => !excluded(path)).sort()
  if (kept.length === 0) {
    const why =
      code.length > 0 ? 'The context excludes all of them.' : paths.length > 0 ? 'None of them is TypeScript or JavaScript source.' : ''
    throw new AgentStop(
      `${glob} names ${paths.length === 0 ? 'no file' : `${paths.length} files`}. ${why} Nothing was changed.`.replace('  ', ' '),
    )
  }
  if (kept.length > MAX_FILES) {
    throw new AgentStop(`${glob} names ${kept.length} source files; at most ${MAX_FILES} are changed in one run. Name a folder.`)
  }
  const leftOut = code.filter(excluded)
  return { paths: kept, notes: leftOut.length > 0 ? [`Excluded in the context: ${listed(leftOut, 8)}.`] : [] }
}

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findAppRoot } from './app-root'
import { flag, repoFolder } from './arguments'
import { type CommandInput, UsageError } from './command'
import { keyframeHome } from './home'

/** The folder that `open` and `serve` are about: the one named, the sample's private copy (made on first use), or the current one. */
export async function workspaceFolder(input: CommandInput): Promise<string> {
  const named = input.positionals[0]
  if (!flag(input, 'sample')) return repoFolder(named ?? process.cwd())
  if (named !== undefined) throw new UsageError('Name a folder or say --sample, not both.')
  return sampleFolder()
}

/** The sample's private copy in the data folder, made on first use. */
export async function sampleFolder(): Promise<string> {
  const copy = join(keyframeHome(), 'sample-workspace')
  if (!existsSync(copy)) {
    const { createSampleWorkspace } = await import('../kernel/workspace/sample-workspace')
    await createSampleWorkspace(join(findAppRoot(), 'resources', 'sample'), copy)
  }
  return copy
}

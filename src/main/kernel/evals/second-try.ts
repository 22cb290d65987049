import { testFileOf } from './check-failures'
import { lastProgram } from './script-parts'

export interface SecondTry {
  readonly command: string
  readonly files: readonly string[]
}

const MAX_FILES = 20
const TAKES_FILES = /^(?:vitest|jest|mocha|ava)$/

/**
 * The command that runs only the files of these failures, for tests that fail by timing. Null when that cannot be said: the
 * runner's names have no files, there are too many of them, or the command does not end with a runner that takes files.
 */
export function secondTryOf(command: string, failures: readonly string[]): SecondTry | null {
  const files = new Set<string>()
  for (const failure of failures) {
    const file = testFileOf(failure)
    if (file !== null) files.add(file)
    else if (!failure.includes(' › ')) return null
  }
  if (files.size === 0 || files.size > MAX_FILES || !TAKES_FILES.test(lastProgram(command)) || /[|;()<>]/.test(command)) return null
  if ([...files].some((file) => !/^[\w@./+[\]-]+$/.test(file) || file.startsWith('-'))) return null
  const sorted = [...files].sort()
  return { command: `${command} ${sorted.map((file) => `'${file}'`).join(' ')}`, files: sorted }
}

import { readdirSync } from 'node:fs'
import { expectFsError } from '../workspace/fs-errors'

/** Names in a folder of the application's own; none when it is not there. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT')
    return []
  }
}

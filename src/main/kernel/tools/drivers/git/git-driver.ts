import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'
import type { Driver } from '../../driver'
import type { FileGuestChannel } from '../filesystem/file-guest-channel'
import { BranchHistory } from './branch-history'
import { changeTools } from './change-tools'
import { historyTools } from './history-tools'

export interface GitDriverOptions {
  /** The user's live repository: its objects, refs and head are read, nothing of it is run or written. */
  readonly root: string
  /** Folder of the run's base: what the user had when the run started. */
  readonly baseDir: string
  /** Whether the role may read a file, in whatever commit it is. Absent: all. */
  readonly readable?: (path: string) => boolean
  /** The branch's process inside the sandbox, shared with the filesystem driver, which ends it. */
  readonly channel: FileGuestChannel
}

const CapturedGit = z.object({ head: z.string().regex(/^[0-9a-f]{40,64}$/) })

/**
 * History of the repository and what a branch of the run changes in it. The system's git reads a view of Keyframe's own
 * (`RepositoryView`), in which there is nothing to run; the branch's files come from inside the sandbox as data.
 */
export function createGitDriver(options: GitDriverOptions): Driver {
  const history = new BranchHistory(options)
  return {
    name: 'git',
    tools: [...changeTools(history), ...historyTools(history)],
    capture: () => Promise.resolve(history.pinned === null ? null : { head: history.pinned }),
    restore: async (captured) => {
      const parsed = CapturedGit.nullable().safeParse(captured)
      if (!parsed.success)
        throw new KeyframeError({ code: 'git.bad-capture', message: `The captured head is damaged: ${parsed.error.message}` })
      history.pin(parsed.data?.head ?? null)
      return { notRestored: [] }
    },
    filesChanged: () => Promise.resolve(),
    dispose: async () => history.dispose(),
  }
}

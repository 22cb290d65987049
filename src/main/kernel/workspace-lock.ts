import Database from 'better-sqlite3'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { KeyframeError } from '../../shared/failure'

const Owner = z.object({ pid: z.number(), socket: z.string() })

export interface WorkspaceLock {
  /** Where the owner listens for other hosts. */
  readonly socketPath: string
  release(): void
}

/**
 * One kernel per workspace. The lock is an exclusive transaction on a small database: the operating system releases it with
 * the process, however that ends, so there is no stale lock to clean up. Throws `workspace.locked` with the owner's pid and
 * socket in its details.
 */
export function lockWorkspace(dataDir: string): WorkspaceLock {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const ownerPath = join(dataDir, 'owner.json')
  const database = new Database(join(dataDir, 'lock.db'), { timeout: 0 })
  try {
    database.pragma('journal_mode = DELETE')
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    if (!(cause instanceof Database.SqliteError) || !cause.code.startsWith('SQLITE_BUSY')) throw cause
    throw lockedBy(ownerPath, cause)
  }
  const socketPath = join(dataDir, 'kernel.sock')
  writeFileSync(ownerPath, JSON.stringify({ pid: process.pid, socket: socketPath }), { mode: 0o600 })
  return {
    socketPath,
    release: () => {
      rmSync(ownerPath, { force: true })
      database.close()
    },
  }
}

function lockedBy(ownerPath: string, cause: unknown): KeyframeError {
  let owner: z.infer<typeof Owner> | null = null
  try {
    owner = Owner.parse(JSON.parse(readFileSync(ownerPath, 'utf8')))
  } catch {
    // The owner is between taking the lock and writing its name, or wrote it badly: it is locked all the same.
    owner = null
  }
  return new KeyframeError(
    {
      code: 'workspace.locked',
      message:
        owner === null
          ? 'This workspace is open in another Keyframe.'
          : `This workspace is open in another Keyframe (process ${owner.pid}).`,
      action: 'Use that one, or close it first.',
      details: owner === null ? {} : { pid: owner.pid, socket: owner.socket },
    },
    { cause },
  )
}

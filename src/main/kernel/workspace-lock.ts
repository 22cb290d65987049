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
 * socket in its details, and what `dataFolderFailure` says.
 */
export function lockWorkspace(dataDir: string): WorkspaceLock {
  try {
    return takeLock(dataDir)
  } catch (cause) {
    throw dataFolderFailure(dataDir, cause)
  }
}

/** What a failure to write into the data folder means: `workspace.disk-full`, `workspace.data-unwritable`, else the same again. */
export function dataFolderFailure(dataDir: string, cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (cause instanceof KeyframeError) return cause
  if (/^(ENOSPC|EDQUOT|SQLITE_FULL|SQLITE_IOERR)/.test(code)) {
    return new KeyframeError(
      {
        code: 'workspace.disk-full',
        message: `There is no space left for the data folder ${dataDir} (${code}).`,
        action: 'Free some disk space, or set KEYFRAME_HOME to a folder on another disk.',
        retryable: true,
      },
      { cause },
    )
  }
  if (/^(EACCES|EPERM|EROFS|ENOTDIR|EEXIST|SQLITE_CANTOPEN|SQLITE_READONLY)/.test(code)) {
    return new KeyframeError(
      {
        code: 'workspace.data-unwritable',
        message: `The data folder ${dataDir} cannot be written (${code}).`,
        action: 'Make it writable for you, or set KEYFRAME_HOME to another folder.',
      },
      { cause },
    )
  }
  return cause
}

function takeLock(dataDir: string): WorkspaceLock {
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
  try {
    writeFileSync(ownerPath, JSON.stringify({ pid: process.pid, socket: socketPath }), { mode: 0o600 })
  } catch (cause) {
    database.close()
    throw cause
  }
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

import { constants } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'

export interface ExchangeFile {
  readonly bytes: Buffer
  /** False when there is more than was asked for. */
  readonly complete: boolean
  readonly sizeBytes: number
}

/**
 * Files in a sandbox's exchange folder, which programs inside may write, replace by links, FIFOs or directories at any time. Names
 * are the kernel's, without `/`.
 */
export async function readExchangeFile(exchangeDir: string, name: string, maxBytes: number): Promise<ExchangeFile | null> {
  let handle
  try {
    handle = await open(join(exchangeDir, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ELOOP', 'ENXIO', 'EACCES')) return null
    throw error
  }
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) return null
    const bytes = Buffer.alloc(Math.min(stat.size, maxBytes))
    let length = 0
    while (length < bytes.length) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return { bytes: bytes.subarray(0, length), complete: stat.size <= maxBytes, sizeBytes: stat.size }
  } finally {
    await handle.close()
  }
}

/** Makes a new file that programs inside can read. Whatever has its name is removed, never followed. */
export async function writeExchangeFile(exchangeDir: string, name: string, bytes: string | Buffer): Promise<void> {
  await removeExchangeFile(exchangeDir, name)
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const handle = await open(join(exchangeDir, name), flags, 0o644)
  try {
    await handle.writeFile(bytes)
    await handle.chmod(0o644)
  } finally {
    await handle.close()
  }
}

export async function removeExchangeFile(exchangeDir: string, name: string): Promise<void> {
  await rm(join(exchangeDir, name), { force: true, recursive: true })
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
}

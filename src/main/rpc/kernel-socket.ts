import { chmod, open, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { basename, dirname } from 'node:path'
import { createClient } from '../../shared/contract/client'
import type { KernelClient, KernelService } from '../../shared/contract/service'
import { KeyframeError } from '../../shared/failure'
import { serveConnection } from './serve-connection'
import { createSocketTransport } from './socket-transport'

export interface KernelSocket {
  readonly path: string
  close(): Promise<void>
}

/**
 * Serves the contract on a unix socket that only its owner can open (0600). The caller holds the workspace's lock, so
 * a socket file that is already there was left behind by a kernel that died and is replaced.
 */
export async function serveKernelSocket(service: KernelService, path: string): Promise<KernelSocket> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serveConnection(service, createSocketTransport(socket))
  })
  await rm(path, { force: true })
  await withShortPath(path, async (address) => {
    const before = process.umask(0o177)
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(address, resolve)
      })
    } finally {
      process.umask(before)
    }
  })
  await chmod(path, 0o600)
  return {
    path,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
      await rm(path, { force: true })
    },
  }
}

/** Opens a connection to a kernel of this user. Throws `connection.refused` when nobody listens there. */
export async function connectSocket(path: string): Promise<Socket> {
  return withShortPath(
    path,
    (address) =>
      new Promise<Socket>((resolve, reject) => {
        const socket = connect(address)
        const refused = (cause: NodeJS.ErrnoException): void =>
          reject(
            new KeyframeError(
              {
                code: 'connection.refused',
                message: `The kernel does not answer on ${path} (${cause.code ?? cause.message}).`,
                action: 'It may be starting or ending: try again. If it stays so, end the process that holds the workspace.',
                retryable: true,
              },
              { cause },
            ),
          )
        socket.once('error', refused)
        socket.once('connect', () => {
          socket.off('error', refused)
          resolve(socket)
        })
      }),
  )
}

export async function connectKernelSocket(path: string): Promise<KernelClient> {
  return createClient(createSocketTransport(await connectSocket(path)))
}

/** The kernel's limit for a socket's address, less the closing zero. */
const MAX_ADDRESS_BYTES = 107

/** A path too long for a socket address is reached through a descriptor of its folder; Linux only. */
async function withShortPath<T>(path: string, use: (address: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) <= MAX_ADDRESS_BYTES) return use(path)
  if (process.platform !== 'linux') {
    throw new KeyframeError({
      code: 'socket.path-too-long',
      message: `The path of the kernel's socket is too long for this system: ${path}`,
      action: 'Set KEYFRAME_HOME to a shorter folder.',
    })
  }
  const folder = await open(dirname(path), 'r')
  try {
    return await use(`/proc/self/fd/${folder.fd}/${basename(path)}`)
  } finally {
    await folder.close()
  }
}

import { dirname } from 'node:path'
import type { KernelClient, KernelService } from '../../shared/contract/service'
import type { PausableTransport } from '../../shared/contract/transport'
import { KeyframeError } from '../../shared/failure'
import { connectKernelSocket, connectSocket, serveKernelSocket } from './kernel-socket'
import { connectInProcess } from './memory-transport'
import { relay } from './relay'
import { serveConnection } from './serve-connection'
import { createSocketTransport } from './socket-transport'

interface OwnedKernel extends KernelService {
  readonly dataDir: string
  readonly socketPath: string
  close(): Promise<void>
}

/** A host's way to the one kernel of a workspace, in this process or in another one. */
export interface KernelAccess {
  readonly dataDir: string
  /** The process that owns the workspace. */
  readonly pid: number
  /** True when the kernel runs in this process and ends with it. */
  readonly owned: boolean
  connect(): Promise<KernelClient>
  /** Serves a window; the transport is closed when the kernel cannot be reached. */
  attach(transport: PausableTransport): void
  close(): Promise<void>
}

/**
 * Opens the workspace's kernel here and lets other hosts in through its socket; when another process has it open
 * already, goes through that one's socket instead.
 */
export async function accessKernel(open: () => Promise<OwnedKernel>): Promise<KernelAccess> {
  const until = performance.now() + REACH_TIMEOUT_MS
  for (;;) {
    try {
      return await ownKernel(await open())
    } catch (thrown) {
      if (!(thrown instanceof KeyframeError) || thrown.code !== 'workspace.locked') throw thrown
      const owner = ownerOf(thrown)
      if (owner !== null) return otherKernel(owner.socketPath, owner.pid)
      // The owner is just starting and has not said where it listens, or is just ending.
      if (performance.now() > until) throw thrown
    }
    await pause(REACH_EVERY_MS)
  }
}

async function ownKernel(kernel: OwnedKernel): Promise<KernelAccess> {
  const socket = await serveKernelSocket(kernel, kernel.socketPath)
  return {
    dataDir: kernel.dataDir,
    pid: process.pid,
    owned: true,
    connect: () => Promise.resolve(connectInProcess(kernel)),
    attach: (transport) => serveConnection(kernel, transport),
    async close() {
      await socket.close()
      await kernel.close()
    },
  }
}

async function otherKernel(socketPath: string, pid: number): Promise<KernelAccess> {
  await waitUntilReached(socketPath)
  return {
    dataDir: dirname(socketPath),
    pid,
    owned: false,
    connect: () => connectKernelSocket(socketPath),
    attach(transport) {
      // What the window says before the way to the kernel is open waits, and is not lost.
      transport.pause()
      let isGone = false
      transport.onClose(() => (isGone = true))
      connectSocket(socketPath).then(
        (socket) => {
          if (isGone) return socket.destroy()
          relay(transport, createSocketTransport(socket))
          transport.resume()
        },
        (thrown: unknown) => transport.close(thrown instanceof Error ? thrown.message : String(thrown)),
      )
    },
    close: () => Promise.resolve(),
  }
}

const REACH_TIMEOUT_MS = 5000
const REACH_EVERY_MS = 100

/** A kernel that is starting holds the lock before it listens. */
async function waitUntilReached(socketPath: string): Promise<void> {
  const until = performance.now() + REACH_TIMEOUT_MS
  for (;;) {
    try {
      const socket = await connectSocket(socketPath)
      socket.destroy()
      return
    } catch (thrown) {
      if (!(thrown instanceof KeyframeError && thrown.failure.retryable) || performance.now() > until) throw thrown
    }
    await pause(REACH_EVERY_MS)
  }
}

function ownerOf(locked: KeyframeError): { socketPath: string; pid: number } | null {
  const { socket, pid } = locked.failure.details ?? {}
  return typeof socket === 'string' && typeof pid === 'number' ? { socketPath: socket, pid } : null
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs))
}

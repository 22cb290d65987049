import type { KernelClient } from '../../shared/contract/service'
import { openKernel } from '../kernel/kernel'
import { accessKernel, type KernelAccess } from '../rpc/kernel-access'
import { findAppRoot } from './app-root'
import { keyframeHome } from './home'

export interface SessionOptions {
  readonly repo: string
  log(line: string): void
  readonly home?: string
  /** Stays: what takes a while behind everything else is worth its start. */
  readonly stays?: boolean
}

export function openAccess(options: SessionOptions): Promise<KernelAccess> {
  const { repo, log, stays = false } = options
  const home = options.home ?? keyframeHome()
  return accessKernel(() => openKernel({ root: repo, home, appRoot: findAppRoot(), nodePath: process.execPath, upgradeCalls: stays, log }))
}

/** Runs `use` with a client of the workspace's kernel, which is started when no other process has it, and ended after. */
export async function withKernel<T>(options: SessionOptions, use: (client: KernelClient, access: KernelAccess) => Promise<T>): Promise<T> {
  const access = await openAccess(options)
  try {
    const client = await access.connect()
    try {
      return await use(client, access)
    } finally {
      client.close()
    }
  } finally {
    await access.close()
  }
}

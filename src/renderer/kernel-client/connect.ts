import { z } from 'zod'
import { createClient } from '../../shared/contract/client'
import type { KernelClient } from '../../shared/contract/service'
import { connectBridge, findBridge } from './bridge-transport'
import { connectWebSocket } from './websocket-transport'

// Schemas compiled with `new Function` would be refused by the window's content security policy.
z.config({ jitless: true })

/**
 * One connection to the kernel, whichever host shows this window. Rejects with `connection.failed` when there is none to
 * be had now. It is over when `closed` resolves (with the reason); call again for another, after a pause.
 */
export async function connect(): Promise<KernelClient> {
  const bridge = findBridge()
  return createClient(bridge === null ? await connectWebSocket() : await connectBridge(bridge))
}

/** How much of the kernel's time and descriptors one branch's programs may hold through the proxy. */
export interface EgressLimits {
  /** From the first byte of a request to the end of its headers. */
  readonly headersMs: number
  readonly lookupMs: number
  readonly connectMs: number
  /** Without a byte in either direction. */
  readonly idleMs: number
  /** How long a request waits for one of the connections before it is told to come again. */
  readonly queueMs: number
  /** Clients at once; more are hung up on. */
  readonly maxClients: number
  /** Connections to the outside at once; more requests wait. */
  readonly maxConnections: number
  readonly maxHeaderBytes: number
}

export const DEFAULT_EGRESS_LIMITS: EgressLimits = {
  headersMs: 15_000,
  lookupMs: 15_000,
  connectMs: 20_000,
  idleMs: 300_000,
  queueMs: 60_000,
  maxClients: 1024,
  maxConnections: 128,
  maxHeaderBytes: 64 * 1024,
}

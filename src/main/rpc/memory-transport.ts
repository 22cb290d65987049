import { createClient } from '../../shared/contract/client'
import type { KernelClient, KernelService } from '../../shared/contract/service'
import { createPortTransport, type PausableTransport, type PortLike } from '../../shared/contract/transport'
import { serveConnection } from './serve-connection'

/** Two ends of a channel within one process. Messages arrive in order, never before `send` has returned. */
export function createTransportPair(): [PausableTransport, PausableTransport] {
  const [a, b] = portPair()
  return [createPortTransport(a), createPortTransport(b)]
}

/** A client of a service in the same process, through the same checks as any other. */
export function connectInProcess(service: KernelService): KernelClient {
  const [near, far] = createTransportPair()
  serveConnection(service, far)
  return createClient(near)
}

function portPair(): [PortLike, PortLike] {
  const ends = [end(), end()] as const
  return [port(ends[0], ends[1]), port(ends[1], ends[0])]
}

interface End {
  message: (data: unknown) => void
  close: () => void
}

function end(): End {
  return { message: () => undefined, close: () => undefined }
}

function port(own: End, other: End): PortLike {
  return {
    post: (data) => queueMicrotask(() => other.message(data)),
    onMessage: (listener) => void (own.message = listener),
    onClose: (listener) => void (own.close = listener),
    close: () => queueMicrotask(() => other.close()),
  }
}

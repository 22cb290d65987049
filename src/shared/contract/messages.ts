import { z } from 'zod'
import { Failure } from '../failure'

/** Requests are numbered by the caller, unique per connection. One JSON text per message. */
export const ClientMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('call'), id: z.number().int().min(0), method: z.string(), params: z.unknown() }),
  z.object({ type: z.literal('cancel'), id: z.number().int().min(0) }),
])
export type ClientMessage = z.infer<typeof ClientMessage>

export const ServerMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('result'), id: z.number().int(), result: z.unknown() }),
  z.object({ type: z.literal('failure'), id: z.number().int(), failure: Failure }),
  z.object({ type: z.literal('event'), event: z.string(), data: z.unknown() }),
])
export type ServerMessage = z.infer<typeof ServerMessage>

/** A message beyond this is refused with `contract.too-large`; content is fetched in parts instead. */
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024

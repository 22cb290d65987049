import { createHash, timingSafeEqual } from 'node:crypto'
import { chmodSync, chownSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { ListenOptions, Socket } from 'node:net'
import { pipeline, type Duplex } from 'node:stream'
import { KeyframeError } from '../../../../../shared/failure'
import type { NetworkRequest } from '../../../../../shared/frames'
import { guestOwner, mustDropRoot } from '../guest-owner'
import type { EgressGate } from '../sandbox'
import { formatAuthority, parseAuthority, type Authority } from './authority'
import { EgressDialler, type Dialled, type NameGate } from './egress-dialler'
import { DEFAULT_EGRESS_LIMITS, type EgressLimits } from './egress-limits'
import { ambiguousFraming, forwardedHeaders, headerValues } from './forwarded-headers'
import { plainAnswer, refusalText, rawAnswer, type PlainAnswer } from './proxy-answers'
import { RequestLog } from './request-log'
import { socketAddress } from './socket-address'

/** The only way out of a sandbox's network. Idempotent to close, which ends every connection through it. */
export interface EgressProxy {
  /** What was decided since the last call, equal requests together. */
  drain(): NetworkRequest[]
  close(): Promise<void>
}

interface ProxyOptions {
  readonly gate: EgressGate
  /**
   * Asked before a name is looked up, since a question to a name service is a message to whoever runs it. Default: every name may be
   * looked up. The gate is asked about the address in any case.
   */
  readonly mayResolve?: NameGate
  /** All addresses of a name. Default: the system's. */
  readonly lookup?: (host: string) => Promise<string[]>
  readonly limits?: Partial<EgressLimits>
}

export interface EgressProxyOptions extends ProxyOptions {
  /** In a folder that only the application and the guest may enter. A socket that is there already is replaced. */
  readonly socketPath: string
}

/** A proxy that every program of the machine can connect to, for systems on which a branch has no network of its own. */
export interface LoopbackProxy extends EgressProxy {
  readonly port: number
}

/**
 * An HTTP proxy on a unix socket that the guest's user may connect to: plain requests in absolute form, and tunnels by CONNECT.
 * It is built on Node's own server, whose parser (llhttp, strict) refuses what two readers could read differently. Proxies
 * from packages were looked at: they listen on ports, and decide on a name before something else resolves it again.
 * Throws `sandbox.no-egress` when the socket cannot be made.
 */
export async function startEgressProxy(options: EgressProxyOptions): Promise<EgressProxy> {
  const { server, close, drain } = proxyServer(options, null)
  const { path, release } = socketAddress(options.socketPath)
  try {
    await listen(server, { path }, () => {
      chmodSync(options.socketPath, 0o600)
      if (mustDropRoot()) chownSync(options.socketPath, guestOwner().uid, guestOwner().gid)
    })
  } catch (thrown) {
    release()
    throw thrown
  }
  let closing: Promise<void> | null = null
  return { drain, close: () => (closing ??= close().then(release)) }
}

/**
 * The same on a free port of 127.0.0.1. Who knows `password` (of the user "keyframe") may use it, so that other programs of the
 * machine do not reach what this branch may.
 */
export async function startLoopbackProxy(options: ProxyOptions & { readonly password: string }): Promise<LoopbackProxy> {
  const { server, close, drain } = proxyServer(options, `keyframe:${options.password}`)
  await listen(server, { host: '127.0.0.1', port: 0 }, () => undefined)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('a port was listened on and has no number')
  return { drain, close, port: address.port }
}

function proxyServer(options: ProxyOptions, credentials: string | null): EgressProxy & { readonly server: Server } {
  const limits = { ...DEFAULT_EGRESS_LIMITS, ...options.limits }
  const log = new RequestLog()
  const dialler = new EgressDialler({ gate: options.gate, mayResolve: options.mayResolve, lookup: options.lookup, limits, log })
  const passage: Passage = { dialler, credentials, own: (socket) => own(socket) }
  const sockets = new Set<Socket>()
  const own = (socket: Socket): void => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // What breaks ends its own connection; who waits for it is told by `close`.
    socket.on('error', () => socket.destroy())
  }
  const server = createServer({
    insecureHTTPParser: false,
    // The name in the request line counts; what stands in Host is replaced.
    requireHostHeader: false,
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(1000, limits.headersMs),
    noDelay: true,
  })
  server.timeout = limits.idleMs
  server.maxConnections = limits.maxClients
  // Node would otherwise leave headers out silently.
  server.maxHeadersCount = 0
  server.on('connection', own)
  server.on('request', (request, response) => void forward(request, response, passage).catch((cause: unknown) => fail(response, cause)))
  server.on('connect', (request, client: Socket, head: Buffer) => {
    void tunnel(request, client, head, passage).catch(() => client.destroy())
  })
  server.on('clientError', (error: NodeJS.ErrnoException, client) => refuseMalformed(error, client, log))

  let closing: Promise<void> | null = null
  return {
    server,
    drain: () => log.drain(),
    close: () =>
      (closing ??= new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      })),
  }
}

/** What every request of one proxy needs. */
interface Passage {
  readonly dialler: EgressDialler
  readonly credentials: string | null
  /** Ends the socket with the proxy. */
  readonly own: (socket: Socket) => void
}

/** A full queue refuses a unix socket's clients at once. */
const BACKLOG = 1024

async function listen(server: Server, where: ListenOptions, listening: () => void): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ ...where, backlog: BACKLOG }, resolve)
    })
    listening()
  } catch (cause) {
    server.close()
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new KeyframeError({ code: 'sandbox.no-egress', message: `The sandbox's proxy could not be started: ${reason}.` }, { cause })
  }
}

async function forward(request: IncomingMessage, response: ServerResponse, { dialler, credentials, own }: Passage): Promise<void> {
  if (refusedSockets.has(request.socket)) return void response.destroy()
  const refusal = unacceptable(request, credentials)
  if (refusal !== null) return answer(response, refusal, true)
  const match = /^http:\/\/(?<authority>[^/?#]*)(?<rest>[^#]*)/i.exec(request.url ?? '')
  const authority = parseAuthority(match?.groups?.['authority'] ?? '', 80)
  if (match === null || authority === null) return answer(response, plainAnswer(400, BAD_TARGET), true)
  const dialled = await dialler.dial(authority)
  if (dialled.kind !== 'connected') return answer(response, answerTo(dialled, authority, 80), false)
  const { socket } = dialled
  own(socket)
  // The client has gone while it was dialled: nothing would end the connection.
  if (response.destroyed || request.destroyed) return void socket.destroy()

  const rest = match.groups?.['rest'] ?? ''
  const outgoing = httpRequest({
    createConnection: () => socket,
    method: request.method ?? 'GET',
    path: rest.startsWith('/') ? rest : `/${rest}`,
    headers: ['Host', formatAuthority(authority, 80), ...outgoingHeaders(request), 'Connection', 'close'],
    setHost: false,
    maxHeaderSize: MAX_ANSWER_HEADER_BYTES,
    insecureHTTPParser: false,
  })
  response.once('close', () => socket.destroy())
  outgoing.on('response', (incoming) => {
    try {
      response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, answeredHeaders(incoming))
    } catch (cause) {
      return fail(response, cause)
    }
    // A break in the middle breaks the client's connection too: half of an answer is not to be taken for the whole.
    pipeline(incoming, response, (error) => (error ? socket.destroy() : undefined))
  })
  outgoing.on('upgrade', (_, upgraded) => {
    upgraded.destroy()
    answer(response, plainAnswer(502, 'The host answered with another protocol than was asked for.'), true)
  })
  outgoing.on('error', (cause) => fail(response, cause))
  pipeline(request, outgoing, (error) => (error ? socket.destroy() : undefined))
}

async function tunnel(request: IncomingMessage, client: Socket, head: Buffer, { dialler, credentials, own }: Passage): Promise<void> {
  const authority = parseAuthority(request.url ?? '', null)
  const refusal = unacceptable(request, credentials) ?? (authority === null ? plainAnswer(400, BAD_TARGET) : null)
  if (authority === null || refusal !== null) return void client.end(rawAnswer(refusal ?? plainAnswer(400, BAD_TARGET)))
  // The rest of the connection is not read before it has somewhere to go.
  client.pause()
  const dialled = await dialler.dial(authority)
  if (dialled.kind !== 'connected') return void client.end(rawAnswer(answerTo(dialled, authority, 443)))
  const { socket } = dialled
  own(socket)
  if (client.destroyed) return void socket.destroy()
  client.write('HTTP/1.1 200 Connection established\r\n\r\n')
  if (head.length > 0) socket.write(head)
  join(client, socket)
}

/** Each end of one side ends the other; when both have ended, or one broke, neither stays. */
function join(client: Duplex, socket: Duplex): void {
  client.once('close', () => socket.destroy())
  socket.once('close', () => client.destroy())
  client.pipe(socket)
  socket.pipe(client)
}

const BAD_TARGET = 'This is a proxy: ask for http://host/path, or for CONNECT host:port where the connection is encrypted.'
const MAX_ANSWER_HEADER_BYTES = 256 * 1024

/** What is refused whoever it is for. */
function unacceptable(request: IncomingMessage, credentials: string | null): PlainAnswer | null {
  const framing = ambiguousFraming(request.rawHeaders)
  if (framing !== null) return plainAnswer(400, `The request could be read in two ways. ${framing}`)
  if (credentials !== null && !isAuthorised(request, credentials)) {
    return plainAnswer(407, 'This proxy belongs to a branch of a run, whose programs know its password.')
  }
  if (!['1.0', '1.1'].includes(request.httpVersion)) return plainAnswer(505, 'This proxy speaks HTTP/1.1.')
  const upgrades = headerValues(request.rawHeaders, 'upgrade').flatMap((value) => value.split(','))
  if (request.method !== 'CONNECT' && upgrades.some((name) => name.trim().toLowerCase() === 'websocket')) {
    return plainAnswer(501, 'A WebSocket passes through this proxy in a tunnel: ask for it with CONNECT host:port.')
  }
  return null
}

function isAuthorised(request: IncomingMessage, credentials: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  const wanted = digest(`basic ${Buffer.from(credentials).toString('base64')}`)
  const given = headerValues(request.rawHeaders, 'proxy-authorization').map((value) => value.replace(/^basic +/i, 'basic '))
  // Equal lengths, and no time that tells how much of it was right.
  return given.length === 1 && timingSafeEqual(wanted, digest(given[0] ?? ''))
}

/** Content-Length is kept; without one, a body is sent in chunks, and a method that may have a body says that it has none. */
function outgoingHeaders(request: IncomingMessage): string[] {
  const kept = forwardedHeaders(request.rawHeaders, ['host'])
  if (headerValues(request.rawHeaders, 'transfer-encoding').length > 0) return [...kept, 'Transfer-Encoding', 'chunked']
  if (headerValues(kept, 'content-length').length > 0 || ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'DELETE'].includes(request.method ?? ''))
    return kept
  return [...kept, 'Content-Length', '0']
}

function answeredHeaders(incoming: IncomingMessage): string[] {
  const isChunked = headerValues(incoming.rawHeaders, 'transfer-encoding').length > 0
  return forwardedHeaders(incoming.rawHeaders, isChunked ? ['content-length'] : [])
}

function answerTo(dialled: Exclude<Dialled, { kind: 'connected' }>, authority: Authority, defaultPort: number): PlainAnswer {
  if (dialled.kind === 'denied') return plainAnswer(403, refusalText(authority, dialled.reason), 'Forbidden by policy')
  return plainAnswer(dialled.status, `${formatAuthority(authority, defaultPort)} could not be reached. ${dialled.reason}`)
}

/** Connections on which something was refused that makes what follows doubtful. */
const refusedSockets = new WeakSet<Duplex>()

/** `isLast`: what follows on this connection cannot be trusted to be a request, and is not read as one. */
function answer(response: ServerResponse, plain: PlainAnswer, isLast: boolean): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  if (isLast) {
    response.setHeader('Connection', 'close')
    if (response.socket !== null) refusedSockets.add(response.socket)
  }
  response.writeHead(plain.status, plain.phrase, plain.headers).end(plain.body)
}

function fail(response: ServerResponse, cause: unknown): void {
  const reason = cause instanceof Error ? cause.message : String(cause)
  answer(response, plainAnswer(502, `The host's answer could not be passed on: ${reason}.`), true)
}

const MALFORMED: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }

function refuseMalformed(error: NodeJS.ErrnoException, client: Duplex, log: RequestLog): void {
  // An end without a request, as a health check makes.
  if (error.code === 'ECONNRESET' || error.code === 'HPE_INVALID_EOF_STATE' || !client.writable) return void client.destroy()
  if (refusedSockets.has(client)) return
  log.add({ host: '(no request)', port: 0, address: null, allowed: false, reason: `Refused by the proxy: ${error.message}` })
  const status = MALFORMED[error.code ?? ''] ?? 400
  client.end(rawAnswer(plainAnswer(status, `Not a request that this proxy understands: ${error.message}.`)))
}

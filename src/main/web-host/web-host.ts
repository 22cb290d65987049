import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { WebSocketServer } from 'ws'
import { MAX_MESSAGE_BYTES } from '../../shared/contract/messages'
import type { PausableTransport } from '../../shared/contract/transport'
import { KeyframeError } from '../../shared/failure'
import { createWebSocketTransport } from '../rpc/websocket-transport'
import { securityHeaders } from './content-security-policy'
import { isLoopbackHost, isOwnOrigin } from './request-origin'
import type { WebSession } from './session'
import { findStaticFile } from './static-files'

export interface WebHostOptions {
  /** 0: any free port. */
  readonly port: number
  /** Folder of the built window. */
  readonly rendererDir: string
  readonly session: WebSession
  /** Takes over the connection of one window. */
  attach(transport: PausableTransport): void
  log(line: string): void
}

export interface WebHost {
  readonly port: number
  /** An address with a fresh one-time token. */
  issueAddress(): string
  close(): Promise<void>
}

const HOST = '127.0.0.1'
const SOCKET_PATH = '/kernel'

/**
 * The window in a browser: the built renderer and one WebSocket per window, on loopback only. Throws `port.in-use`.
 * Every request needs a loopback `Host` and, but for the one that redeems a token, the session's cookie; a WebSocket
 * needs our own `Origin` as well.
 */
export async function startWebHost(options: WebHostOptions): Promise<WebHost> {
  const server = createServer((request, response) => {
    handle(request, response, options, portOf(server)).catch((thrown: unknown) => {
      options.log(`web host: ${request.method ?? ''} failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
      if (response.headersSent) response.destroy()
      else refuse(response, 500, 'The window could not be read. See the log of keyframe.')
    })
  })
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal = refuseUpgrade(request, options.session, portOf(server))
    if (refusal !== null) {
      options.log(`web host: refused a WebSocket: ${refusal}`)
      socket.on('error', () => socket.destroy())
      socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${refusal}\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => options.attach(createWebSocketTransport(webSocket)))
  })
  await listen(server, options.port)
  return {
    port: portOf(server),
    issueAddress: () => `http://${HOST}:${portOf(server)}/?token=${options.session.issueToken()}`,
    async close() {
      for (const client of sockets.clients) client.terminate()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

async function handle(request: IncomingMessage, response: ServerResponse, options: WebHostOptions, port: number): Promise<void> {
  const { host } = request.headers
  const connect = isLoopbackHost(host) ? [`ws://${host}`] : []
  for (const [name, value] of Object.entries(securityHeaders(connect))) response.setHeader(name, value)
  if (!isLoopbackHost(host)) return refuse(response, 403, 'This address is only served to this machine.')
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, 'Only GET is served.')
  const target = URL.parse(request.url ?? '/', `http://${HOST}`)
  if (target === null) return refuse(response, 400, 'The address is not valid.')

  const token = target.searchParams.get('token')
  if (target.pathname === '/' && token !== null) {
    const isSignedIn = options.session.hasCookie(request.headers.cookie, port)
    if (!options.session.redeemToken(token) && !isSignedIn) {
      return refuse(response, 403, 'This address was already used. Run `keyframe open` again for a new one.')
    }
    response.setHeader('Set-Cookie', options.session.cookie(port))
    response.writeHead(303, { Location: '/', 'Cache-Control': 'no-store' }).end()
    return
  }
  if (!options.session.hasCookie(request.headers.cookie, port)) {
    return refuse(response, 403, 'Open the address that `keyframe open` or `npm start` printed; it carries the key to this window.')
  }
  // The undecoded, unnormalised path: URL parsing would hide the `..` that is to be refused.
  const file = await findStaticFile(options.rendererDir, (request.url ?? '/').split(/[?#]/, 1)[0] ?? '/')
  if (file === null) return refuse(response, 404, 'Not found.')
  response.writeHead(200, { 'Content-Type': file.type, 'Content-Length': file.sizeBytes, 'Cache-Control': file.cacheControl })
  if (request.method === 'HEAD') return void response.end()
  await pipeline(file.open(), response).catch((thrown: unknown) => {
    // The browser may go away at any time.
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_STREAM_PREMATURE_CLOSE')) throw thrown
  })
}

function refuseUpgrade(request: IncomingMessage, session: WebSession, port: number): string | null {
  const { host, origin, cookie } = request.headers
  if (!isLoopbackHost(host)) return 'The Host header does not name this machine.'
  if (!isOwnOrigin(origin, host)) return 'The page that asks is not the window.'
  if (!session.hasCookie(cookie, port)) return 'The cookie of this session is missing.'
  if (request.url !== SOCKET_PATH) return 'There is no such socket.'
  return null
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' }).end(`${message}\n`)
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo | null)?.port ?? 0
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return reject(error)
      const inUse = error.code === 'EADDRINUSE'
      reject(
        new KeyframeError(
          {
            code: inUse ? 'port.in-use' : 'port.refused',
            message: inUse ? `Port ${port} is already in use on this machine.` : `Port ${port} may not be opened by this user.`,
            action: 'Choose another with --port N, or leave --port out to take any free one.',
          },
          { cause: error },
        ),
      )
    })
    server.listen(port, HOST, resolve)
  })
}

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, request, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { EgressRequest } from '../sandbox'
import { guestOwner } from '../guest-owner'
import { type EgressProxy, type EgressProxyOptions, startEgressProxy } from './egress-proxy'

let folder: string
let socketPath: string
const proxies: EgressProxy[] = []
const servers: Server[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyframe-egress-'))
  socketPath = join(folder, 'proxy.sock')
})
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy.close()
  for (const server of servers.splice(0)) {
    if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function') server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  rmSync(folder, { recursive: true, force: true })
})

async function proxy(options: Partial<EgressProxyOptions> = {}): Promise<EgressProxy> {
  const started = await startEgressProxy({
    socketPath,
    gate: ({ host }) => ({ allowed: host.endsWith('.test'), reason: host.endsWith('.test') ? 'allow-tests' : 'No policy permits it.' }),
    lookup: () => Promise.resolve(['127.0.0.1']),
    ...options,
  })
  proxies.push(started)
  return started
}

async function listen(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: readonly string[]
  readonly body: string
}

/** A server that says what reached it. */
async function origin(): Promise<{ port: number; seen: Seen[] }> {
  const seen: Seen[] = []
  const listener: RequestListener = async (incoming, response) => {
    const body = await text(incoming)
    seen.push({ method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.rawHeaders, body })
    response.writeHead(200, { 'X-Origin': 'yes' }).end(`hello ${incoming.headers.host ?? ''}`)
  }
  return { port: await listen(createServer(listener)), seen }
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

function ask(url: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options
    const outgoing = request({ socketPath, path: url, method, headers, agent: false }, async (incoming) => {
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: await text(incoming).catch(String) })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** Sends bytes as they are and returns all that comes back until the proxy ends the connection. */
function raw(bytes: string | Buffer, options: { end?: boolean } = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath, allowHalfOpen: true })
    let received = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => (received += chunk))
    socket.on('error', () => undefined)
    socket.on('end', () => socket.end())
    socket.on('close', () => resolve(received))
    if (options.end === true) socket.end(bytes)
    else socket.write(bytes)
  })
}

function openTunnel(authority: string): Promise<{ socket: Socket; status: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath, allowHalfOpen: true }, () => socket.write(`CONNECT ${authority} HTTP/1.1\r\n\r\n`))
    socket.once('data', (chunk: Buffer) => resolve({ socket, status: chunk.toString().split('\r\n')[0] ?? '' }))
    socket.on('error', reject)
  })
}

it('passes a request on to the permitted host and says so once', async () => {
  const running = await proxy()
  const { port, seen } = await origin()
  const answer = await ask(`http://Api.TEST:${port}/a//b/../c?q=%2e%2e`, { method: 'POST', body: 'payload', headers: { 'X-Own': '1' } })
  expect(answer).toMatchObject({ status: 200, body: `hello api.test:${port}`, headers: { 'x-origin': 'yes' } })
  expect(seen).toHaveLength(1)
  expect(seen[0]).toMatchObject({ method: 'POST', url: '/a//b/../c?q=%2e%2e', body: 'payload' })
  await ask(`http://api.test:${port}/again`)
  expect(running.drain()).toEqual([{ host: 'api.test', port, address: '127.0.0.1', allowed: true, reason: 'allow-tests', count: 2 }])
  expect(running.drain()).toEqual([])
})

it('refuses what is not permitted and says how a person permits it', async () => {
  const running = await proxy()
  const { port, seen } = await origin()
  const answer = await ask(`http://elsewhere.example:${port}/`)
  expect(answer.status).toBe(403)
  expect(answer.body).toBe(
    `Keyframe: the connection to elsewhere.example:${port} was refused. No policy permits it.\n` +
      `A person can permit it: with a permission for net.egress on "elsewhere.example:${port}" in the window's policy view, or with a policy of the role.\n`,
  )
  expect(seen).toEqual([])
  expect(running.drain()).toMatchObject([{ host: 'elsewhere.example', allowed: false, count: 1 }])
})

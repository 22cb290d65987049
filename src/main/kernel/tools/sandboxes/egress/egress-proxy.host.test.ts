import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer, request, type IncomingMessage, type RequestListener } from 'node:http'
import { connect, createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { EgressRequest } from '../sandbox'
import { guestOwner } from '../guest-owner'
import { type EgressProxy, type EgressProxyOptions, startEgressProxy, startLoopbackProxy } from './egress-proxy'

let folder: string
let socketPath: string
const proxies: EgressProxy[] = []
const servers: Server[] = []
const connections: Socket[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyframe-egress-'))
  socketPath = join(folder, 'proxy.sock')
})
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy.close()
  for (const server of servers.splice(0)) {
    for (const socket of connections.splice(0)) socket.destroy()
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
  server.on('connection', (socket: Socket) => connections.push(socket.on('error', () => undefined)))
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
    const body = await text(incoming).catch(() => 'broken')
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

it('sends the name that was decided as Host, whatever the client wrote, and nothing that is for the proxy', async () => {
  await proxy()
  const { port, seen } = await origin()
  const lines = [
    `GET http://api.test:${port}/ HTTP/1.1`,
    ...['Host: internal.example', 'host: second.example', 'Proxy-Authorization: Basic c2VjcmV0', 'Proxy-Connection: keep-alive'],
    ...[
      'Connection: X-Private, Content-Length, close',
      'X-Private: 1',
      'X-Public: 2',
      'Upgrade: h2c',
      'TE: trailers',
      'Keep-Alive: timeout=5',
    ],
  ]
  expect(await raw(`${lines.join('\r\n')}\r\n\r\n`)).toContain(`hello api.test:${port}`)
  expect(seen[0]?.headers).toEqual(['Host', `api.test:${port}`, 'X-Public', '2', 'Connection', 'close'])
})

it('asks about the resolved address and dials exactly that one', async () => {
  const asked: EgressRequest[] = []
  const lookups: string[] = []
  const answers = [['127.0.0.1'], ['10.0.0.7'], ['::ffff:10.0.0.7', '::ffff:127.0.0.1']]
  const running = await proxy({
    gate: (wish) => {
      asked.push(wish)
      const isPrivate = wish.address?.startsWith('10.') !== false
      return isPrivate ? { allowed: false, reason: 'private' } : { allowed: true, reason: 'public' }
    },
    lookup: (host) => {
      lookups.push(host)
      return Promise.resolve(answers[lookups.length - 1] ?? [])
    },
  })
  const { port, seen } = await origin()
  // One connection for all three: each request on it is decided anew.
  const one = `GET http://rebinding.test:${port}/ HTTP/1.1\r\n\r\n`
  const received = await raw(`${one}${one}${one.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')}`)
  expect([...received.matchAll(/HTTP\/1.1 (\d+)/g)].map((match) => match[1])).toEqual(['200', '403', '200'])
  expect(lookups).toEqual(['rebinding.test', 'rebinding.test', 'rebinding.test'])
  const host = 'rebinding.test'
  expect(asked).toEqual(['127.0.0.1', '10.0.0.7', '10.0.0.7', '127.0.0.1'].map((address) => ({ host, port, address })))
  expect(seen).toHaveLength(2)
  expect(running.drain()).toEqual([
    { host, port, address: '127.0.0.1', allowed: true, reason: 'public', count: 2 },
    { host, port, address: '10.0.0.7', allowed: false, reason: 'private', count: 2 },
  ])
})

it('asks about a name without addresses too, and passes the failure of a permitted one on', async () => {
  const running = await proxy({
    lookup: (host) => (host.startsWith('broken') ? Promise.reject(new Error('getaddrinfo SERVFAIL')) : Promise.resolve(['fe80::1%eth0'])),
  })
  expect((await ask('http://secret.example/')).status).toBe(403)
  const failed = await ask('http://broken.test/')
  expect(failed).toMatchObject({ status: 502 })
  expect(failed.body).toContain('getaddrinfo SERVFAIL')
  expect((await ask('http://link-local.test/')).status).toBe(502)
  expect(running.drain().map(({ host, address, allowed }) => ({ host, address, allowed }))).toEqual([
    { host: 'secret.example', address: null, allowed: false },
    { host: 'broken.test', address: null, allowed: true },
    { host: 'link-local.test', address: null, allowed: true },
  ])
})

it('gives up on a name service and on a host that do not answer', async () => {
  // An address for documentation, which nobody has.
  const lookup = (host: string): Promise<string[]> => (host === 'slow.test' ? new Promise(() => undefined) : Promise.resolve(['192.0.2.1']))
  await proxy({ lookup, limits: { lookupMs: 50, connectMs: 50 } })
  expect((await ask('http://slow.test/')).body).toContain('did not answer in time')
  expect([502, 504]).toContain((await ask('http://absent.test/')).status)
})

it('hides from no address literal which host it is', async () => {
  const running = await proxy({
    gate: ({ address }) => ({ allowed: false, reason: `to ${address}` }),
    lookup: () => Promise.reject(new Error('asked')),
  })
  for (const host of ['2852039166', '[::ffff:169.254.169.254]', '0xa9.0xfe.0xa9.0xfe', '169.254.43518']) {
    expect((await ask(`http://${host}/latest/meta-data`)).body).toContain('to 169.254.169.254')
  }
  expect(running.drain()).toEqual([
    { host: '169.254.169.254', port: 80, address: '169.254.169.254', allowed: false, reason: 'to 169.254.169.254', count: 4 },
  ])
})

const SMUGGLED = 'GET http://api.test:PORT/smuggled HTTP/1.1\r\n\r\n'
it.each([
  ['both lengths', 'POST http://api.test:PORT/ HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  [
    'both lengths, the other way',
    'POST http://api.test:PORT/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n',
  ],
  ['two lengths', 'POST http://api.test:PORT/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 5\r\n\r\nabcde'],
  ['a list of lengths', 'POST http://api.test:PORT/ HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\na'],
  ['a signed length', 'POST http://api.test:PORT/ HTTP/1.1\r\nContent-Length: +1\r\n\r\na'],
  ['an encoding before chunked', 'POST http://api.test:PORT/ HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
  ['an unknown encoding', 'POST http://api.test:PORT/ HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
  ['chunked twice', 'POST http://api.test:PORT/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a folded header', 'GET http://api.test:PORT/ HTTP/1.1\r\nX-A: 1\r\n Transfer-Encoding: chunked\r\n\r\n'],
  ['a space before the colon', 'POST http://api.test:PORT/ HTTP/1.1\r\nContent-Length : 5\r\n\r\nabcde'],
  ['a header name with a bracket', 'GET http://api.test:PORT/ HTTP/1.1\r\nX[: 1\r\n\r\n'],
  ['an empty header name', 'GET http://api.test:PORT/ HTTP/1.1\r\n: 1\r\n\r\n'],
  ['a zero byte in a value', 'GET http://api.test:PORT/ HTTP/1.1\r\nX-A: a\0b\r\n\r\n'],
  ['a bare carriage return', 'GET http://api.test:PORT/ HTTP/1.1\r\nX-A: a\rX-B: b\r\n\r\n'],
  ['a bare line feed', 'GET http://api.test:PORT/ HTTP/1.1\nX-A: a\n\n'],
  ['a space in the path', 'GET http://api.test:PORT/a b HTTP/1.1\r\n\r\n'],
  ['another version', 'GET http://api.test:PORT/ HTTP/2.0\r\n\r\n'],
  ['no version', 'GET http://api.test:PORT/\r\n\r\n'],
  ['a user before the host', 'GET http://api.test@evil.test:PORT/ HTTP/1.1\r\n\r\n'],
  ['a backslash in the host', 'GET http://api.test\\@evil.test:PORT/ HTTP/1.1\r\n\r\n'],
  ['no host', 'GET http:///api.test:PORT/ HTTP/1.1\r\n\r\n'],
  ['a path only', 'GET / HTTP/1.1\r\nHost: api.test:PORT\r\n\r\n'],
  ['an encrypted target', 'GET https://api.test:PORT/ HTTP/1.1\r\n\r\n'],
  ['a file', 'GET file:///etc/passwd HTTP/1.1\r\n\r\n'],
  ['a tunnel without a port', 'CONNECT api.test HTTP/1.1\r\n\r\n'],
  ['a tunnel to a path', 'CONNECT api.test:PORT/x HTTP/1.1\r\n\r\n'],
  ['a tunnel with two lengths', 'CONNECT api.test:PORT HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['a WebSocket', 'GET http://api.test:PORT/ HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
])('refuses a request with %s, and what follows it', async (_, bytes) => {
  await proxy()
  const { port, seen } = await origin()
  const received = await raw(`${bytes}${SMUGGLED}`.replaceAll('PORT', `${port}`))
  expect(received).toMatch(/^HTTP\/1\.1 (400|501|505) /)
  expect(received.match(/^HTTP\/1\.1 \d/gm)).toHaveLength(1)
  expect(seen).toEqual([])
})

it('ends a body where its chunks end, and reads what follows as a request of its own', async () => {
  await proxy()
  const { port, seen } = await origin()
  const first = `POST http://api.test:${port}/ HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`
  const received = await raw(`${first}GET http://denied.example:${port}/ HTTP/1.1\r\nConnection: close\r\n\r\n`)
  expect([...received.matchAll(/HTTP\/1.1 (\d+)/g)].map((match) => match[1])).toEqual(['200', '403'])
  expect(seen).toMatchObject([{ method: 'POST', body: 'abc' }])
})

it('refuses broken chunks in the middle of a body', async () => {
  await proxy()
  const { port, seen } = await origin()
  await raw(`POST http://api.test:${port}/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n${SMUGGLED}`)
  expect(seen.map(({ url }) => url)).not.toContain('/smuggled')
})

it.each([
  ['a TLS greeting', Buffer.from('16030100a5010000a10303', 'hex')],
  ['an SSH greeting', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')],
  ['SOCKS 5', Buffer.from([5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, 0, 80])],
  ['zero bytes', Buffer.alloc(4096)],
  ['an HTTP/2 preface', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
])('answers %s with a refusal and stays', async (_, bytes) => {
  const running = await proxy()
  const { port } = await origin()
  expect(await raw(bytes)).toMatch(/^HTTP\/1\.1 (400|505) /)
  expect((await ask(`http://api.test:${port}/`)).status).toBe(200)
  expect(running.drain().every(({ allowed, host }) => allowed === (host === 'api.test'))).toBe(true)
})

it('refuses headers that are too large', async () => {
  await proxy({ limits: { maxHeaderBytes: 16_384 } })
  const { port, seen } = await origin()
  expect(await raw(`GET http://api.test:${port}/ HTTP/1.1\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /)
  expect(await raw(`GET http://api.test:${port}/${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1\.1 4(31|14) /)
  expect(seen).toEqual([])
})

it('ends a client that sends its request too slowly', async () => {
  await proxy({ limits: { headersMs: 100 } })
  const dripping = new Promise<string>((resolve) => {
    const socket = connect(socketPath)
    let received = ''
    const timer = setInterval(() => socket.write('X-A: 1\r\n'), 20)
    socket.write('GET http://api.test/ HTTP/1.1\r\n')
    socket.setEncoding('latin1').on('data', (chunk: string) => (received += chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearInterval(timer)
      resolve(received)
    })
  })
  expect(await dripping).toMatch(/^HTTP\/1\.1 408 /)
})

it('carries TLS in a tunnel, end to end', async () => {
  const running = await proxy()
  // A shared key in place of a certificate: nothing has to be made or kept for it.
  const key = Buffer.from('0123456789abcdef')
  const shared = { ciphers: 'PSK-AES128-GCM-SHA256', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
  const server = createTlsServer(
    { ...shared, pskCallback: () => key },
    (secure) => void secure.on('data', (chunk: Buffer) => secure.end(`got ${chunk}`)),
  )
  const port = await listen(server)
  const { socket, status } = await openTunnel(`Secure.TEST:${port}`)
  expect(status).toBe('HTTP/1.1 200 Connection established')
  const secure = connectTls({
    ...shared,
    socket,
    pskCallback: () => ({ psk: key, identity: 'client' }),
    checkServerIdentity: () => undefined,
  })
  secure.write('hello')
  expect(await text(secure)).toBe('got hello')
  expect(running.drain()).toEqual([{ host: 'secure.test', port, address: '127.0.0.1', allowed: true, reason: 'allow-tests', count: 1 }])
})

it('refuses a tunnel to what is not permitted, with a text', async () => {
  const running = await proxy()
  const port = await listen(createTcpServer(() => expect.unreachable()))
  const received = await raw(`CONNECT denied.example:${port} HTTP/1.1\r\nHost: api.test:${port}\r\n\r\n`)
  expect(received).toMatch(/^HTTP\/1\.1 403 Forbidden by policy\r\n/)
  expect(received).toContain(`permission for net.egress on "denied.example:${port}"`)
  expect(running.drain()).toMatchObject([{ host: 'denied.example', port, allowed: false }])
})

it('keeps a tunnel open in one direction when the other has ended', async () => {
  await proxy()
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    let received = ''
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()))
    socket.on('end', () => socket.end(`${received.length} bytes`))
  })
  const { socket } = await openTunnel(`half.test:${await listen(server)}`)
  socket.end('x'.repeat(1_000_000))
  expect(await text(socket)).toBe('1000000 bytes')
})

it('takes a client that ends its side before the answer for one that has gone, and leaves nothing open', async () => {
  await proxy()
  let closed = (): void => undefined
  const gone = new Promise<void>((resolve) => (closed = resolve))
  const port = await listen(createTcpServer((socket) => void socket.resume().on('close', () => closed())))
  expect(await raw(`GET http://silent.test:${port}/ HTTP/1.1\r\n\r\n`, { end: true })).toBe('')
  await gone
})

it('hands on what was sent with the request for a tunnel, and ends a tunnel whose other end breaks', async () => {
  await proxy()
  const port = await listen(
    createTcpServer((socket) => void socket.once('data', (chunk: Buffer) => socket.write(chunk, () => socket.resetAndDestroy()))),
  )
  expect(await raw(`CONNECT early.test:${port} HTTP/1.1\r\n\r\nearly`)).toMatch(/^HTTP\/1\.1 200 /)
})

it('ends a tunnel in which nothing moves', async () => {
  await proxy({ limits: { idleMs: 100 } })
  const { socket } = await openTunnel(`idle.test:${await listen(createTcpServer())}`)
  expect(await text(socket)).toBe('')
})

it('breaks the answer of a host that breaks, rather than ending it', async () => {
  await proxy()
  const port = await listen(
    createTcpServer((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', () => socket.destroy()))
    }),
  )
  expect((await ask(`http://half.test:${port}/`)).body).toMatch(/aborted|ECONNRESET/)
})

it.each([
  ['no HTTP', 'hello\r\n\r\n'],
  ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n'],
  ['a folded header', 'HTTP/1.1 200 OK\r\nX-A: 1\r\n  Content-Length: 4\r\n\r\n'],
  ['nothing', ''],
])('says so when a host answers with %s', async (_, bytes) => {
  await proxy()
  const port = await listen(createTcpServer((socket) => void socket.once('data', () => socket.end(bytes))))
  expect((await ask(`http://odd.test:${port}/`)).status).toBe(502)
})

it('passes on answers that say their length in any way', async () => {
  await proxy()
  const replies = [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: X-Gone\r\nX-Gone: 1\r\n\r\n4\r\nbody\r\n0\r\n\r\n',
    'HTTP/1.0 200 OK\r\n\r\nbody',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody',
    'HTTP/1.1 204 No Content\r\n\r\n',
  ]
  const port = await listen(createTcpServer((socket) => void socket.once('data', () => socket.end(replies.shift() ?? ''))))
  const received = []
  while (replies.length > 0) received.push(await ask(`http://api.test:${port}/`))
  expect(received.map(({ status, body }) => `${status} ${body}`)).toEqual(['200 body', '200 body', '200 body', '204 '])
  expect(received[0]?.headers['x-gone']).toBeUndefined()
  const head = createServer((_, response) => response.writeHead(200, { 'Content-Length': '1234' }).end())
  expect(await ask(`http://api.test:${await listen(head)}/`, { method: 'HEAD' })).toMatchObject({
    body: '',
    headers: { 'content-length': '1234' },
  })
})

it('streams in both directions no faster than the reader reads', async () => {
  await proxy()
  const size = 96 * 1024 ** 2
  let produced = 0
  const chunk = Buffer.alloc(65_536, 7)
  const source = (): Readable =>
    Readable.from(
      (function* () {
        for (let sent = 0; sent < size; sent += chunk.length) {
          produced += chunk.length
          yield chunk
        }
      })(),
      { objectMode: false },
    )
  const port = await listen(createServer((_, response) => void source().pipe(response)))
  const incoming = await new Promise<IncomingMessage>((resolve) => {
    request({ socketPath, path: `http://large.test:${port}/`, agent: false }, resolve).end()
  })
  // Until nothing moves any more: buffers are full everywhere on the way.
  for (let before = -1; before !== produced; await new Promise((resolve) => setTimeout(resolve, 50))) before = produced
  expect(produced).toBeLessThan(size / 2)
  let received = 0
  for await (const part of incoming) received += (part as Buffer).length
  expect(received).toBe(size)
})

it('serves a thousand requests at once over the connections it may open', async () => {
  const running = await proxy({ limits: { maxConnections: 16 } })
  let open = 0
  let most = 0
  const server = createServer((_, response) => setImmediate(() => response.end('ok')))
  server.on('connection', (socket) => {
    most = Math.max(most, (open += 1))
    socket.once('close', () => (open -= 1))
  })
  const port = await listen(server)
  const answers = await Promise.all(Array.from({ length: 1000 }, (_, n) => ask(`http://host-${n % 10}.test:${port}/${n}`)))
  expect(answers.every(({ status, body }) => status === 200 && body === 'ok')).toBe(true)
  expect(most).toBeLessThanOrEqual(16)
  expect(running.drain().map(({ count }) => count)).toEqual(Array.from({ length: 10 }, () => 100))
})

it('tells a request that waited too long for a connection to come again, and asks again about one that waited', async () => {
  let isRevoked = false
  const running = await proxy({
    limits: { maxConnections: 1, queueMs: 200 },
    gate: () => (isRevoked ? { allowed: false, reason: 'revoked' } : { allowed: true, reason: 'granted' }),
  })
  const { port } = await origin()
  const { socket } = await openTunnel(`held.test:${await listen(createTcpServer())}`)
  expect((await ask(`http://late.test:${port}/`)).status).toBe(503)
  const waiting = ask(`http://revoked.test:${port}/`)
  for (let seen = 0; seen === 0; await new Promise((resolve) => setTimeout(resolve, 5))) {
    seen = running.drain().filter(({ host }) => host === 'revoked.test').length
  }
  isRevoked = true
  socket.destroy()
  expect(await waiting).toMatchObject({ status: 403 })
  expect(running.drain()).toMatchObject([{ host: 'revoked.test', allowed: false, reason: 'revoked' }])
})

it('hangs up on more clients than it serves', async () => {
  await proxy({ limits: { maxClients: 1 } })
  const { socket } = await openTunnel(`held.test:${await listen(createTcpServer())}`)
  expect(await raw('GET http://api.test/ HTTP/1.1\r\n\r\n')).toBe('')
  socket.destroy()
})

it('keeps a bounded log, and no control characters in its texts', async () => {
  const running = await proxy({
    gate: ({ host }) => ({ allowed: false, reason: `no \u001b[31m${host}\u202e` }),
    lookup: () => Promise.resolve([]),
  })
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, n) => raw(`GET http://a${n}.test/ HTTP/1.1\r\n\r\n`.repeat(11), { end: true })),
  )
  expect(answers[0]).toContain('no ?[31ma0.test?')
  const drained = running.drain()
  expect(drained).toHaveLength(100)
  expect(drained.reduce((sum, { count }) => sum + count, 0)).toBe(1100)
})

it('makes a socket for the guest only, in the place of an old one, and takes it away', async () => {
  const first = await proxy()
  const found = statSync(socketPath)
  expect({ mode: found.mode & 0o777, uid: found.uid }).toEqual({ mode: 0o600, uid: guestOwner().uid })
  const { port } = await origin()
  const { socket } = await openTunnel(`held.test:${port}`)
  const ended = text(socket)
  await first.close()
  await first.close()
  expect(await ended).toBe('')
  expect(existsSync(socketPath)).toBe(false)
})

it('listens in folders whose names are longer than a socket may have', async () => {
  const deep = join(folder, 'd'.repeat(120))
  mkdirSync(deep)
  socketPath = join(deep, 'proxy.sock')
  const running = await proxy()
  expect(statSync(socketPath).isSocket()).toBe(true)
  await running.close()
  expect(existsSync(socketPath)).toBe(false)
  await expect(proxy({ socketPath: join(folder, 'absent', 'proxy.sock') })).rejects.toMatchObject({
    failure: { code: 'sandbox.no-egress' },
  })
})

it('looks up no name that nothing could permit', async () => {
  const lookups: string[] = []
  const running = await proxy({
    mayResolve: (host) => ({ allowed: host !== 'leak.secret.example', reason: 'nobody speaks of it' }),
    lookup: (host) => {
      lookups.push(host)
      return Promise.resolve(['127.0.0.1'])
    },
  })
  expect((await ask('http://leak.secret.example/')).body).toContain('nobody speaks of it')
  expect((await ask('http://other.example/')).status).toBe(403)
  expect(lookups).toEqual(['other.example'])
  expect(running.drain().map(({ host, address, reason }) => ({ host, address, reason }))).toEqual([
    { host: 'leak.secret.example', address: null, reason: 'nobody speaks of it' },
    { host: 'other.example', address: '127.0.0.1', reason: 'No policy permits it.' },
  ])
})

it('lets those use a proxy on a port who know its password', async () => {
  const gate: EgressProxyOptions['gate'] = () => ({ allowed: true, reason: 'all' })
  const running = await startLoopbackProxy({ gate, lookup: () => Promise.resolve(['127.0.0.1']), password: 'correct' })
  proxies.push(running)
  const { port, seen } = await origin()
  const send = (authorisation: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { ...authorisation, Host: 'x' }
      const outgoing = request(
        { port: running.port, host: '127.0.0.1', path: `http://api.test:${port}/`, headers, agent: false },
        (incoming) => {
          incoming.resume().on('end', () => resolve(incoming.statusCode ?? 0))
        },
      )
      outgoing.on('error', reject)
      outgoing.end()
    })
  const basic = (text: string): Record<string, string> => ({ 'Proxy-Authorization': `Basic ${Buffer.from(text).toString('base64')}` })
  const statuses = []
  for (const tried of [{}, basic('keyframe:wrong'), basic('keyframe:correct'), { 'Proxy-Authorization': 'Bearer correct' }])
    statuses.push(await send(tried))
  expect(statuses).toEqual([407, 407, 200, 407])
  expect(seen).toHaveLength(1)
  expect(seen[0]?.headers.join(' ')).not.toContain('Authorization')
})

it('lets nothing through that was not decided, whatever is sent', async () => {
  await proxy({ gate: ({ host }) => ({ allowed: host === 'api.test', reason: 'by name' }), limits: { idleMs: 2000 } })
  const { port, seen } = await origin()
  const hosts = ['api.test', 'evil.test', 'api.test@evil.test', 'evil.test#api.test', 'evil.test\\api.test', 'evil.test%00api.test']
  const host = fc.oneof({ weight: 3, arbitrary: fc.constant('api.test') }, fc.constantFrom(...hosts))
  const line = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.tuple(fc.constantFrom('GET', 'POST'), host).map(([method, at]) => `${method} http://${at}:${port}/ HTTP/1.1\r\n`),
    },
    fc.constantFrom('GET /evil HTTP/1.1\r\n', `GET evil.test:${port} HTTP/1.1\r\n`),
  )
  const header = fc.oneof(
    host.map((at) => `Host: ${at}:${port}\r\n`),
    fc.constantFrom(
      'Content-Length: 3\r\n',
      'Content-Length: 60\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Connection: Host, Content-Length\r\n',
    ),
    fc.constantFrom('Transfer-Encoding:\x0bchunked\r\n', 'X: y\n', ' z\r\n', 'X: \0\r\n'),
  )
  const body = fc.constantFrom('', '', 'abc', '3\r\nabc\r\n0\r\n\r\n', '3;x=\n\r\nabc\r\n', '0\r\n\r\n', 'fffffffffffffffff\r\n')
  const end = fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '')
  const fragment = fc
    .tuple(line, fc.array(header, { maxLength: 3 }), end, body)
    .map(([first, headers, blank, rest]) => first + headers.join('') + blank + rest)
  let reached = 0
  await fc.assert(
    fc.asyncProperty(fc.array(fragment, { minLength: 1, maxLength: 4 }), async (parts) => {
      seen.length = 0
      await raw(parts.join(''), { end: true })
      reached += seen.length
      for (const { headers, url } of seen) {
        const named = headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === 'host')
        expect({ named, url }).toEqual({ named: [`api.test:${port}`], url: '/' })
      }
    }),
    { numRuns: Number(process.env['KEYFRAME_PROPERTY_RUNS'] ?? 150), endOnFailure: true },
  )
  // Otherwise it would hold of a proxy that refuses everything.
  expect(reached).toBeGreaterThan(0)
})

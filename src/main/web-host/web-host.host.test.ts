import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createSmallService, type SmallService } from '../kernel/testing/small-service'
import { serveConnection } from '../rpc/serve-connection'
import { createWebSession, loadSessionSecret } from './session'
import { startWebHost, type WebHost } from './web-host'

interface Reply {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: string
}

let folder: string
let host: WebHost
let service: SmallService

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyframe-web-'))
  const rendererDir = join(folder, 'renderer')
  mkdirSync(join(rendererDir, 'assets'), { recursive: true })
  writeFileSync(join(rendererDir, 'index.html'), '<!doctype html>the window')
  writeFileSync(join(rendererDir, 'assets', 'app-1.js'), 'start()')
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  symlinkSync(join(folder, 'secret.txt'), join(rendererDir, 'link.txt'))
  service = createSmallService()
  host = await start(0)
})
afterEach(async () => {
  await host.close()
  rmSync(folder, { recursive: true, force: true })
})

async function start(port: number, secret?: string): Promise<WebHost> {
  return startWebHost({
    port,
    rendererDir: join(folder, 'renderer'),
    session: createWebSession(secret),
    attach: (transport) => serveConnection(service, transport),
    log: () => undefined,
  })
}

/** Sends the path as it is: `fetch` would tidy it up. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: host.port, path, method, headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

const tokenPath = (): string => new URL(host.issueAddress()).search.replace(/^/, '/')

async function signIn(): Promise<string> {
  const { headers } = await get(tokenPath())
  return String(headers['set-cookie']).split(';')[0] ?? ''
}

function socket(headers: Record<string, string>, path = '/kernel'): Promise<WebSocket | number> {
  return new Promise((resolve, reject) => {
    const opened = new WebSocket(`ws://127.0.0.1:${host.port}${path}`, { headers })
    opened.on('open', () => resolve(opened))
    opened.on('unexpected-response', (sent, response) => {
      resolve(response.statusCode ?? 0)
      sent.destroy()
    })
    opened.on('error', reject)
  })
}

describe('the web host', () => {
  it('exchanges a token for a cookie once, and shows nothing without the cookie', async () => {
    expect((await get('/')).status).toBe(403)
    expect((await get('/?token=guessed')).status).toBe(403)
    const path = tokenPath()
    const first = await get(path)
    expect([first.status, first.headers['location']]).toEqual([303, '/'])
    expect(String(first.headers['set-cookie'])).toMatch(new RegExp(`^keyframe-${host.port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`))
    const again = await get(path)
    expect([again.status, again.headers['set-cookie']]).toEqual([403, undefined])
    const page = await get('/', { cookie: await signIn() })
    expect([page.status, page.body, page.headers['cache-control']]).toEqual([200, '<!doctype html>the window', 'no-store'])
    expect((await get('/', { cookie: `keyframe-${host.port}=${'A'.repeat(43)}` })).status).toBe(403)
  })

  it('lets a signed-in browser open a used address again', async () => {
    const path = tokenPath()
    const cookie = String((await get(path)).headers['set-cookie']).split(';')[0] ?? ''
    expect((await get(path, { cookie })).status).toBe(303)
  })

  it('sends the policy with every answer, and lets hashed files be kept', async () => {
    const cookie = await signIn()
    for (const reply of [await get('/'), await get('/', { cookie }), await get('/none.js', { cookie })]) {
      expect(reply.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'")
      expect(reply.headers['x-content-type-options']).toBe('nosniff')
      expect(reply.headers['referrer-policy']).toBe('no-referrer')
    }
    const asset = await get('/assets/app-1.js', { cookie })
    expect([asset.status, asset.headers['content-type'], asset.headers['cache-control']]).toEqual([
      200,
      'text/javascript; charset=utf-8',
      'private, max-age=31536000, immutable',
    ])
  })

  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/%2e%2e%5c..%5csecret.txt',
    '/link.txt',
    '//etc/passwd',
    '/%00',
    '/%',
    '/assets',
  ])('does not find %s', async (path) => {
    const reply = await get(path, { cookie: await signIn() })
    expect([reply.status, reply.body.includes('secret')]).toEqual([404, false])
  })

  it('refuses names that were rebound to this machine, and other methods', async () => {
    const cookie = await signIn()
    expect((await get('/', { cookie, host: `evil.example:${host.port}` })).status).toBe(403)
    expect((await get(tokenPath(), { host: 'evil.example' })).status).toBe(403)
    expect((await get('/', { cookie }, 'POST')).status).toBe(405)
  })

  it('refuses a WebSocket of another page, another host, without the cookie, elsewhere', async () => {
    const cookie = await signIn()
    const own = `http://127.0.0.1:${host.port}`
    expect(await socket({ cookie, origin: 'http://evil.example' })).toBe(403)
    expect(await socket({ cookie })).toBe(403)
    expect(await socket({ cookie, origin: own, host: 'evil.example' })).toBe(403)
    expect(await socket({ origin: own })).toBe(403)
    expect(await socket({ cookie, origin: own }, '/other')).toBe(403)
    expect(service.subscribers).toBe(0)
  })

  it('serves the contract over a WebSocket and ends it on nonsense, with the reason', async () => {
    const opened = await socket({ cookie: await signIn(), origin: `http://127.0.0.1:${host.port}` })
    if (typeof opened === 'number') throw new Error(`refused with ${opened}`)
    const replies: string[] = []
    opened.on('message', (data) => replies.push(String(data)))
    const closed = new Promise<[number, string]>((resolve) => opened.on('close', (code, reason) => resolve([code, String(reason)])))
    opened.send('{"type":"call","id":1,"method":"ui.get","params":{"key":"a"}}')
    await expect.poll(() => replies).toEqual(['{"type":"result","id":1,"result":{"value":null}}'])
    opened.send('nonsense')
    expect(await closed).toEqual([1008, 'contract.malformed: the message is not JSON.'])
    await expect.poll(() => service.subscribers).toBe(0)
  })

  it('ends a WebSocket that sends binary or far too much, and goes on serving', async () => {
    const headers = { cookie: await signIn(), origin: `http://127.0.0.1:${host.port}` }
    const codes: number[] = []
    for (const data of [Buffer.from([1, 2, 3]), 'x'.repeat(33 * 1024 * 1024)]) {
      const opened = await socket(headers)
      if (typeof opened === 'number') throw new Error(`refused with ${opened}`)
      const closed = new Promise<number>((resolve) => opened.on('close', resolve))
      opened.on('error', () => undefined)
      opened.send(data)
      codes.push(await closed)
    }
    expect(codes).toEqual([1008, 1009])
    expect((await get('/', { cookie: headers.cookie })).status).toBe(200)
  })

  it('drops events for a window that does not read, and tells it to resync when it does', async () => {
    const opened = await socket({ cookie: await signIn(), origin: `http://127.0.0.1:${host.port}` })
    if (typeof opened === 'number') throw new Error(`refused with ${opened}`)
    let bytes = 0
    const last: string[] = []
    opened.on('message', (data) => {
      bytes += String(data).length
      last[0] = String(data).slice(0, 200)
    })
    opened.pause()
    const chunk = 'x'.repeat(1_000_000)
    for (let n = 0; n < 100; n += 1) {
      service.emit('lsp.message', { channel: 'c', message: chunk })
      await new Promise((resolve) => setImmediate(resolve))
    }
    opened.resume()
    await expect.poll(() => last[0], { timeout: 10_000 }).toContain('"event":"resync"')
    expect(bytes).toBeLessThan(50_000_000)
    opened.terminate()
  })

  it('says that a port is in use, and what to do', async () => {
    await expect(start(host.port)).rejects.toMatchObject({
      failure: {
        code: 'port.in-use',
        message: `Port ${host.port} is already in use on this machine.`,
        action: expect.stringContaining('--port'),
      },
    })
  })

  it('listens on loopback alone', async () => {
    const reached = await new Promise<boolean>((resolve) => {
      const other = connect({ host: '127.0.0.2', port: host.port })
      other.on('connect', () => resolve(true)).on('error', () => resolve(false))
    })
    expect(reached).toBe(false)
  })

  it('keeps windows signed in over a restart through a secret that only the user can read', async () => {
    const file = join(folder, 'web-session')
    const secret = await loadSessionSecret(file)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await loadSessionSecret(file)).toBe(secret)
    const { port } = host
    await host.close()
    host = await start(port, secret)
    const cookie = await signIn()
    await host.close()
    host = await start(port, await loadSessionSecret(file))
    expect((await get('/', { cookie })).status).toBe(200)
  })
})

import { request } from 'node:http'
import { expect, type FinishedRun, test } from './journey'

const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
]

interface Reply {
  readonly status: number
  readonly policy: string
  readonly cookies: readonly string[]
}

/** A request as no browser would send it; `fetch` sets Host and Origin itself. */
function ask(port: number, path: string, headers: Readonly<Record<string, string>>): Promise<Reply> {
  return new Promise((done, fail) => {
    const sent = request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      response.resume()
      done({
        status: response.statusCode ?? 0,
        policy: String(response.headers['content-security-policy']),
        cookies: response.headers['set-cookie'] ?? [],
      })
    })
    sent.on('upgrade', (response, socket) => {
      socket.destroy()
      done({ status: response.statusCode ?? 0, policy: '', cookies: [] })
    })
    sent.on('error', fail)
    sent.end()
  })
}

function upgrade({ served }: FinishedRun, headers: Readonly<Record<string, string>>): Promise<number> {
  const handshake = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'a2V5ZnJhbWVrZXlmcmFtZQ==',
  }
  return ask(served.port, '/kernel', { ...handshake, ...headers }).then((reply) => reply.status)
}

test('nobody but the person who got the address is let in', async ({ finishedRun }) => {
  const { served, cookie } = finishedRun
  const host = `127.0.0.1:${served.port}`
  const tokenPath = served.address.slice(served.origin.length)
  // The fixture has used the address already.
  for (const path of [tokenPath, '/?token=guessed', '/', '/index.html']) {
    const reply = await ask(served.port, path, { Host: host })
    expect({ path, status: reply.status, cookies: reply.cookies }).toEqual({ path, status: 403, cookies: [] })
    for (const directive of POLICY) expect(reply.policy).toContain(directive)
  }
  expect((await ask(served.port, '/', { Host: host, Cookie: cookie })).status).toBe(200)
  expect((await ask(served.port, '/', { Host: `evil.example:${served.port}`, Cookie: cookie })).status).toBe(403)

  expect(await upgrade(finishedRun, { Host: host, Origin: served.origin, Cookie: cookie })).toBe(101)
  expect(await upgrade(finishedRun, { Host: host, Origin: 'http://evil.example', Cookie: cookie })).toBe(403)
  expect(await upgrade(finishedRun, { Host: 'evil.example', Origin: 'http://evil.example', Cookie: cookie })).toBe(403)
  expect(await upgrade(finishedRun, { Host: host, Cookie: cookie })).toBe(403)
  expect(await upgrade(finishedRun, { Host: host, Origin: served.origin })).toBe(403)
})

test('malformed messages end their own connection and no other', async ({ finished }) => {
  const { window, runId } = finished
  const messages = [
    'no JSON at all',
    '[]',
    '{"type":"call","id":1}',
    '{"type":"call","id":"x","method":"runs.list","params":{}}',
    `{"type":"call","id":1,"method":"runs.list","params":${'['.repeat(100_000)}`,
  ]
  for (const message of messages) {
    expect(await window.page.evaluate(endOfConnection, { message, binary: false })).toMatchObject({ code: 1008 })
  }
  expect((await window.page.evaluate(endOfConnection, { message: 'abc', binary: true })).code).toBeGreaterThanOrEqual(1003)

  // Calls that are well formed but wrong are answered, and the connection stays.
  const replies = await window.page.evaluate(repliesTo, [
    { type: 'call', id: 1, method: 'runs.destroy', params: {} },
    { type: 'call', id: 2, method: '__proto__', params: {} },
    { type: 'call', id: 3, method: 'runs.get', params: { runId: '../../etc/passwd' } },
    { type: 'call', id: 4, method: 'files.read', params: { runId, branchId: 'b0', n: 1, path: '../../../../etc/passwd' } },
    { type: 'call', id: 5, method: 'runs.get', params: { runId } },
  ])
  expect(replies.map((reply) => reply.type)).toEqual(['failure', 'failure', 'failure', 'failure', 'result'])
  expect(JSON.stringify(replies)).not.toMatch(/root:|\bat .*:\d+:\d+/)

  // The window has noticed nothing.
  await expect(window.status).toContainText('connected')
  await window.focusTimeline()
  await window.press('Home')
  await expect(window.pastStrip).toContainText('Frame 1 of')
})

test('the page runs nothing that it did not bring', async ({ finished, expectedErrors }) => {
  const { page } = finished.window
  expectedErrors.push(/Content Security Policy/)
  const reached = await page.evaluate(async () => {
    const inline = document.createElement('script')
    inline.textContent = 'window.inlineRan = true'
    document.body.append(inline)
    const fetched = await fetch('http://127.0.0.1:9/').then(
      () => true,
      () => false,
    )
    // While Playwright evaluates, the policy lets it; not any more once that was left.
    await new Promise((later) => setTimeout(later))
    let evaluated = true
    try {
      // oxlint-disable-next-line no-eval -- what is tested is that it cannot be done
      window.eval('1')
    } catch (thrown) {
      if (!(thrown instanceof EvalError)) throw thrown
      evaluated = false
    }
    return { inline: 'inlineRan' in window, fetched, evaluated }
  })
  expect(reached).toEqual({ inline: false, fetched: false, evaluated: false })
})

/** Runs in the page: opens a second connection, sends one message and tells how it ended. */
function endOfConnection({ message, binary }: { message: string; binary: boolean }): Promise<{ code: number; reason: string }> {
  return new Promise((done) => {
    const socket = new WebSocket(`ws://${location.host}/kernel`)
    socket.addEventListener('open', () => socket.send(binary ? new TextEncoder().encode(message) : message))
    socket.addEventListener('close', ({ code, reason }) => done({ code, reason }))
  })
}

/** Runs in the page: answers the reply to each call, in the order of the calls. */
function repliesTo(calls: readonly { readonly id: number }[]): Promise<{ readonly type: string; readonly id: number }[]> {
  return new Promise((done, fail) => {
    const replies: { readonly type: string; readonly id: number }[] = []
    const socket = new WebSocket(`ws://${location.host}/kernel`)
    socket.addEventListener('open', () => {
      for (const call of calls) socket.send(JSON.stringify(call))
    })
    socket.addEventListener('close', ({ code, reason }) => fail(new Error(`closed with ${code}: ${reason}`)))
    socket.addEventListener('message', ({ data }) => {
      const reply = JSON.parse(String(data)) as { readonly type: string; readonly id: number }
      if (calls.some((call) => call.id === reply.id)) replies.push(reply)
      if (replies.length < calls.length) return
      done(replies.toSorted((a, b) => a.id - b.id))
      socket.close()
    })
  })
}

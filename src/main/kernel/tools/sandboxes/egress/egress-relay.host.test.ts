import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, it } from 'vitest'

const SCRIPT = join(import.meta.dirname, '../../guest/egress-relay.mjs')

let folder: string
let socketPath: string
let outside: Server
let relay: ChildProcessByStdio<Writable, Readable, Readable> | null = null
const open: Socket[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyframe-relay-'))
  socketPath = join(folder, 'proxy.sock')
  outside = createServer({ allowHalfOpen: true }, (socket) => {
    open.push(socket.on('error', () => socket.destroy()))
    let received = 0
    socket.on('data', (chunk: Buffer) => (received += chunk.length))
    socket.on('end', () => socket.end(`${received}`))
  })
  await new Promise<void>((resolve) => outside.listen(socketPath, resolve))
})
afterEach(async () => {
  relay?.stdin.end()
  if (relay?.exitCode === null) await once(relay, 'exit')
  relay = null
  for (const socket of open.splice(0)) socket.destroy()
  await new Promise((resolve) => outside.close(resolve))
  rmSync(folder, { recursive: true, force: true })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function startRelay(): Promise<number> {
  const port = await freePort()
  relay = spawn(process.execPath, [SCRIPT, socketPath, `${port}`], { stdio: 'pipe', env: {} })
  let said = ''
  for await (const chunk of relay.stdout) {
    said += String(chunk)
    if (said.includes('ready\n')) return port
  }
  throw new Error(`the relay said: ${said}`)
}

const send = (port: number, host: string, bytes: number): Promise<string> => {
  const socket = connect({ port, host, allowHalfOpen: true })
  socket.end(Buffer.alloc(bytes))
  return text(socket)
}

it('carries many connections both ways, each end ending by itself', async () => {
  const port = await startRelay()
  const sizes = Array.from({ length: 400 }, (_, n) => 1 + n * 997)
  expect(await Promise.all(sizes.map((size) => send(port, '127.0.0.1', size)))).toEqual(sizes.map(String))
})

it('survives clients and proxies that break', async () => {
  const port = await startRelay()
  const breaking = connect({ port, host: '127.0.0.1' })
  await once(breaking, 'connect')
  breaking.resetAndDestroy()
  await new Promise((resolve) => outside.close(resolve))
  for (const socket of open.splice(0)) socket.destroy()
  expect(await send(port, '127.0.0.1', 3).catch((error: unknown) => (error as NodeJS.ErrnoException).code)).toMatch(/^$|ECONNRESET/)
  await new Promise<void>((resolve) => outside.listen(socketPath, resolve))
  expect(await send(port, '127.0.0.1', 3)).toBe('3')
})

it('ends with its input', async () => {
  await startRelay()
  const ended = new Promise((resolve) => relay?.once('exit', resolve))
  relay?.stdin.end()
  expect(await ended).toBe(0)
})

it('says when its port is taken', async () => {
  const port = await startRelay()
  const second = spawn(process.execPath, [SCRIPT, socketPath, `${port}`], { stdio: ['pipe', 'ignore', 'pipe'], env: {} })
  const [said] = await Promise.all([text(second.stderr), once(second, 'exit')])
  expect(said).toContain('EADDRINUSE')
  expect(second.exitCode).not.toBe(0)
})

import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient } from '../../shared/contract/client'
import { KeyframeError } from '../../shared/failure'
import { createSmallService, type SmallService } from '../kernel/testing/small-service'
import { accessKernel, type KernelAccess } from './kernel-access'
import { createTransportPair } from './memory-transport'

const kernelSocketPath = (dataDir: string): string => join(dataDir, 'kernel.sock')

let folder: string
let open: KernelAccess[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyframe-access-'))
  open = []
})
afterEach(async () => {
  for (const access of open.toReversed()) await access.close()
  rmSync(folder, { recursive: true, force: true })
})

async function firstHost(service: SmallService, dataDir = folder): Promise<KernelAccess> {
  const access = await accessKernel(() =>
    Promise.resolve({ ...service, dataDir, socketPath: kernelSocketPath(dataDir), close: () => Promise.resolve() }),
  )
  open.push(access)
  return access
}

async function secondHost(dataDir = folder): Promise<KernelAccess> {
  const locked = new KeyframeError({
    code: 'workspace.locked',
    message: 'open elsewhere',
    details: { socket: kernelSocketPath(dataDir), pid: 4711 },
  })
  const access = await accessKernel(() => Promise.reject(locked))
  open.push(access)
  return access
}

describe('accessKernel', () => {
  it('lets a second host in through a socket that only the user can open', async () => {
    const service = createSmallService()
    const first = await firstHost(service)
    expect(statSync(kernelSocketPath(folder)).mode & 0o777).toBe(0o600)
    const second = await secondHost()
    expect([first.owned, second.owned, second.pid, second.dataDir]).toEqual([true, false, 4711, folder])

    const own = await first.connect()
    const other = await second.connect()
    await own.call('ui.set', { key: 'theme', value: 'light' })
    expect(await other.call('ui.get', { key: 'theme' })).toEqual({ value: 'light' })
    const event = new Promise((resolve) => other.on('humans.changed', resolve))
    service.emit('humans.changed', { pending: 1 })
    expect(await event).toEqual({ pending: 1 })
    other.close()
    own.close()
  })

  it("relays a window of the second host, large answers included, and closes it when the kernel's host ends", async () => {
    const value = 'é'.repeat(6_000_000)
    const first = await firstHost(createSmallService({ 'ui.get': () => ({ value }) }))
    const second = await secondHost()
    const [near, far] = createTransportPair()
    const client = createClient(near)
    second.attach(far)
    const answers = await Promise.all([1, 2, 3].map(() => client.call('ui.get', { key: 'a' })))
    expect(answers.map((answer) => answer.value === value)).toEqual([true, true, true])
    await first.close()
    open.splice(open.indexOf(first), 1)
    expect(await client.closed).toBe('The other end closed the connection.')
    expect(existsSync(kernelSocketPath(folder))).toBe(false)
  })

  it('replaces a socket that a dead kernel left, and reaches one in a folder with a long name', async () => {
    const long = join(folder, 'x'.repeat(60), 'y'.repeat(60))
    await mkdir(long, { recursive: true })
    writeFileSync(kernelSocketPath(long), '')
    await firstHost(createSmallService(), long)
    const client = await (await secondHost(long)).connect()
    expect(await client.call('kernel.hello', { protocol: 1 })).toMatchObject({ version: 'test' })
    client.close()
  })

  it('ends a connection that does not speak the protocol and serves the next one', async () => {
    const first = await firstHost(createSmallService())
    const socket = connect(kernelSocketPath(folder))
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.write('GET / HTTP/1.1\r\n\r\n')
    socket.resume()
    await closed
    const client = await (await secondHost()).connect()
    expect(await client.call('ui.get', { key: 'none' })).toEqual({ value: null })
    client.close()
    expect(first.owned).toBe(true)
  })
})

import { createServer, type AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { commandLine } from './process-tree'
import { listeningPorts, packetsWithoutRoute } from './network-state'

const servers: ReturnType<typeof createServer>[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listen(host: string): Promise<number> {
  const server = createServer()
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  return (server.address() as AddressInfo).port
}

it('finds ports with the program that listens, by either protocol', async () => {
  const [four, six] = [await listen('127.0.0.1'), await listen('::1')]
  const own = (commandLine(process.pid) ?? '').slice(0, 200)
  const found = listeningPorts(process.pid, [process.pid], []).filter(({ port }) => port === four || port === six)
  const expected = [
    { port: four, address: '127.0.0.1', program: own },
    { port: six, address: '::1', program: own },
  ]
  expect(found).toEqual(expected.sort((a, b) => a.port - b.port))
})

it('names no program that it may not look into, and leaves out those that are not wanted', async () => {
  const port = await listen('127.0.0.1')
  const mine = (candidates: number[], except: number[]) =>
    listeningPorts(process.pid, candidates, except).filter((entry) => entry.port === port)
  expect(mine([], [])).toEqual([{ port, address: '127.0.0.1', program: null }])
  expect(mine([process.pid], [process.pid])).toEqual([])
})

it('knows nothing of a process that has gone', () => {
  const gone = 2 ** 22 + 1
  expect({ ports: listeningPorts(gone, [gone], []), lost: packetsWithoutRoute(gone) }).toEqual({ ports: [], lost: 0 })
  expect(packetsWithoutRoute(process.pid)).toBeGreaterThanOrEqual(0)
})

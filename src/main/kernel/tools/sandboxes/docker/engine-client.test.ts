import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EngineClient } from './engine-client'

/** The engine's own words and codes: it answers the first with 500. */
const LATE = [
  { status: 500, message: 'Container 1f5b is not paused' },
  { status: 409, message: 'Container 1f5b is paused, unpause the container before exec' },
] as const

describe('an engine that has a pause wrong for a moment', () => {
  let dir: string
  let server: Server
  let client: EngineClient
  let asked: number

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'keyframe-engine-client-'))
    asked = 0
    server = createServer((_request, response) => {
      const late = LATE[asked]
      asked += 1
      response.writeHead(late?.status ?? 404, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify({ message: late?.message ?? 'No such container' }))
    })
    await new Promise<void>((resolve) => server.listen(join(dir, 'sock'), resolve))
    client = new EngineClient(join(dir, 'sock'))
  })

  afterEach(() => {
    client.close()
    server.close()
    rmSync(dir, { recursive: true })
  })

  it('is asked again until it answers otherwise, and that is the answer', async () => {
    expect((await client.settled('POST', '/containers/1f5b/unpause')).status).toBe(404)
    expect(asked).toBe(LATE.length + 1)
  })

  it('is asked again for a command too', async () => {
    await expect(client.upgrade('/exec/1/start')).rejects.toThrow('No such container')
    expect(asked).toBe(LATE.length + 1)
  })
})

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BranchCgroup, CommandCgroup, delegatedCgroup, knownCgroup } from './cgroups'
import { hasEnded } from './process-tree'
import { DEFAULT_LIMITS } from './sandbox'

const root = await delegatedCgroup()
const reason = root === null ? 'no control group may be made here' : null

describe.skipIf(root === null)('control groups of the system', { meta: { reason: reason ?? '' } }, () => {
  it('count, stop and end what is in them, and are removed', async () => {
    if (root === null) return
    expect(knownCgroup()).toEqual(root)
    const branch = BranchCgroup.make(root, DEFAULT_LIMITS)
    if (branch === null) throw new Error('a group was found that nothing can be made in')
    const before = readdirSync(root.dir).length
    const command = branch.command()
    const script = 'while :; do i=$((i+1)); [ $((i % 1000)) = 0 ] && echo $i; done'
    const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
    let chunks = 0
    child.stdout.on('data', () => (chunks += 1))
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
    const pid = child.pid ?? 0
    expect(command.add(pid)).toBe(true)
    command.gather([pid])
    while (chunks < 5) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await branch.freeze()).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 20))
    const stopped = [chunks, command.cpuMs()]
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect([chunks, command.cpuMs()]).toEqual(stopped)
    branch.thaw()
    while (chunks < (stopped[0] ?? 0) + 5) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(command.kill()).toBe(true)
    await closed
    expect({ hasEnded: hasEnded(pid), hit: command.limitsHit() }).toEqual({ hasEnded: true, hit: [] })
    expect(command.cpuMs()).toBeGreaterThan(0)
    await command.remove()
    await branch.remove()
    expect(command.add(process.pid)).toBe(false)
    expect(readdirSync(root.dir).length).toBe(before - 1)
  })

  it('of a kernel that was killed are removed by the next one', async () => {
    if (root === null) return
    const stale = join(dirname(root.dir), 'keyframe.4194300')
    mkdirSync(join(stale, 'b1/c1'), { recursive: true })
    const script = `const { registerHooks } = require('node:module')
      registerHooks({ resolve: (name, context, next) => next(name.startsWith('.') && context.parentURL?.endsWith('.ts') && !/\\.\\w+$/.test(name) ? name + '.ts' : name, context) })
      import(process.argv[1]).then(({ delegatedCgroup }) => delegatedCgroup()).then((found) => console.log(found.dir))`
    const child = spawn(process.execPath, [
      '--no-warnings',
      '--experimental-transform-types',
      '-e',
      script,
      join(import.meta.dirname, 'cgroups.ts'),
    ])
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await new Promise((resolve) => child.once('close', resolve))
    expect(said.trim()).toBe(join(dirname(root.dir), `keyframe.${child.pid}`))
    expect([existsSync(stale), existsSync(said.trim())]).toEqual([false, false])
  })
})

describe('the limits of a command', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keyframe-cgroup-'))
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  it('are written where there are controllers, and what they did is read', () => {
    const dir = join(folder, 'c1')
    const all = { dir: folder, controllers: ['memory', 'pids', 'cpu'] }
    const command = new CommandCgroup(dir, all, { ...DEFAULT_LIMITS, maxMemoryBytes: 1000, maxProcesses: 7 })
    const written = Object.fromEntries(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'utf8')]))
    expect(written).toEqual({ 'memory.max': '1000', 'memory.swap.max': '0', 'memory.oom.group': '1', 'pids.max': '10', 'cpu.weight': '50' })
    writeFileSync(join(dir, 'memory.events'), 'low 0\nhigh 0\nmax 12\noom 1\noom_kill 3\n')
    writeFileSync(join(dir, 'pids.events'), 'max 2\n')
    writeFileSync(join(dir, 'memory.peak'), '900\n')
    writeFileSync(join(dir, 'pids.peak'), '9\n')
    writeFileSync(join(dir, 'cpu.stat'), 'usage_usec 2500\nuser_usec 2000\n')
    expect({
      hit: command.limitsHit(),
      memory: command.peakMemoryBytes(),
      processes: command.peakProcesses(),
      cpuMs: command.cpuMs(),
    }).toEqual({ hit: ['memory', 'processes'], memory: 900, processes: 7, cpuMs: 2.5 })
  })

  it('are left to others where there are none', () => {
    const command = new CommandCgroup(join(folder, 'c1'), { dir: folder, controllers: [] }, DEFAULT_LIMITS)
    expect(readdirSync(join(folder, 'c1'))).toEqual([])
    expect([command.limitsHit(), command.peakMemoryBytes(), command.peakProcesses(), command.cpuMs()]).toEqual([[], null, null, null])
  })
})

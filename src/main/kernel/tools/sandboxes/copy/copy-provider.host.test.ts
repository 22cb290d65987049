import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { removeTree } from '../../../checkpoints/remove-tree'
import { treeHash, writeOwned } from '../../../testing/overlay-fixture'
import { guestOwner } from '../guest-owner'
import { isRunning } from '../process-tree'
import { DEFAULT_LIMITS, DEFAULT_PROFILE, type CommandResult, type Sandbox, type SandboxLimits, type SandboxSpec } from '../sandbox'
import { startGuard } from './branch-guard'
import { COMMAND_VARIABLE, markedProcesses } from './branch-processes'
import { createCopyProvider } from './copy-provider'

let root: string
let baseDir: string
let before: string
const open: Sandbox[] = []

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'keyframe-copies-'))
  baseDir = join(root, 'base')
  writeOwned(baseDir, { 'kept.txt': 'kept\n', 'gone.txt': 'gone\n', 'src/a.txt': 'a\n', 'secret/key.pem': 'key\n', 'node_modules/': '' })
  before = treeHash(baseDir)
})
afterEach(async () => {
  for (const sandbox of open.splice(0)) await sandbox.dispose()
  expect(markedProcesses((mark) => mark.startsWith(`${process.pid}-`))).toEqual([])
  expect(treeHash(baseDir)).toBe(before)
  await removeTree(root)
})

async function branch(spec: Partial<SandboxSpec> = {}): Promise<Sandbox> {
  const dir = join(root, 'branches', `b${open.length}`)
  const provider = createCopyProvider({ nodePath: realpathSync(process.execPath) })
  const sandbox = await provider.open({ dir, baseDir, layerDir: null, dependencies: [], binds: [], limits: DEFAULT_LIMITS, ...spec })
  open.push(sandbox)
  return sandbox
}

const limited = (limits: Partial<SandboxLimits>): Promise<Sandbox> => branch({ limits: { ...DEFAULT_LIMITS, ...limits } })

function sh(sandbox: Sandbox, script: string, timeoutMs = 30_000): Promise<CommandResult> {
  return sandbox.run({ argv: ['sh', '-c', script] }, { timeoutMs })
}

/** Polls for what another process does. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10))
}

it('runs commands in a copy of its own, as nobody in particular, with a clean environment', async () => {
  const sandbox = await branch({ ports: { first: 20_000, last: 20_009 }, pinnedNodeFirst: true })
  const changed = await sh(
    sandbox,
    'cat kept.txt; echo new > kept.txt; rm gone.txt; id -u; echo $HOME $TMPDIR $PORT $KEYFRAME_PORT_LAST; pwd',
  )
  expect(changed).toMatchObject({ exitCode: 0, stderr: '', timedOut: false, limit: null })
  const [kept, uid, places, cwd] = changed.stdout.split('\n')
  expect([kept, Number(uid), cwd]).toEqual(['kept', guestOwner().uid, sandbox.guest.workspace])
  expect(places).toBe(`${join(sandbox.guest.workspace, '../home')} ${join(sandbox.guest.workspace, '../tmp')} 20000 20009`)
  const variables = await sh(
    sandbox,
    'env | cut -d= -f1 | sort | tr "\\n" " "; node --version; ls /proc/self/fd | wc -l; grep NoNewPrivs /proc/self/status',
  )
  expect(variables.stdout).toContain(' KEYFRAME_COMMAND KEYFRAME_PORT_FIRST KEYFRAME_PORT_LAST LANG ')
  expect(variables.stdout).toContain(process.version)
  expect(variables.stdout).toMatch(/\n4\nNoNewPrivs:\t1\n$/)
  expect(variables.stdout).not.toMatch(/npm_(?!config_(https_|no)?proxy)|VITEST/)
})

it('keeps branches apart, and shares a folder with the kernel', async () => {
  const [one, two] = [await branch(), await branch()]
  await sh(one, 'echo mine > src/a.txt; echo out > "$1/out"; true'.replace('$1', one.guest.exchange))
  expect((await sh(two, 'cat src/a.txt')).stdout).toBe('a\n')
  expect(readFileSync(join(one.exchangeDir, 'out'), 'utf8')).toBe('out\n')
  expect((await one.run({ argv: ['cat', 'a.txt'], cwd: 'src' }, { timeoutMs: 9000 })).stdout).toBe('mine\n')
})

it('refuses what cannot be started', async () => {
  const sandbox = await branch()
  const run = (argv: string[], cwd?: string) => sandbox.run({ argv, ...(cwd === undefined ? {} : { cwd }) }, { timeoutMs: 9000 })
  await expect(run([])).rejects.toMatchObject({ code: 'sandbox.no-command' })
  await expect(run(['true'], 'absent')).rejects.toMatchObject({ code: 'sandbox.no-such-folder' })
  await expect(run(['true'], '../..')).rejects.toMatchObject({ code: 'sandbox.bad-path' })
  await expect(run(['echo', 'a\0b'])).rejects.toMatchObject({ code: 'sandbox.bad-argument' })
  await expect(run(['A=b'])).rejects.toMatchObject({ code: 'sandbox.bad-argument' })
  expect((await run(['no-such-program'])).exitCode).toBe(127)
  await sandbox.dispose()
  await expect(run(['true'])).rejects.toMatchObject({ code: 'sandbox.ended' })
})

it('ends all of a command with it: children, daemons in sessions of their own, and on a time-out', async () => {
  const sandbox = await branch()
  const left = await sh(sandbox, 'setsid sh -c "sleep 1000 & sleep 1000" > /dev/null 2>&1 & sleep 1000 & echo done')
  expect(left).toMatchObject({ exitCode: 0, stdout: 'done\n' })
  expect(await sandbox.processes()).toEqual([])
  const late = await sh(sandbox, '(setsid sleep 1000 &) ; sleep 1000', 300)
  expect(late).toMatchObject({ exitCode: 137, timedOut: true })
  expect(await sandbox.processes()).toEqual([])
  const controller = new AbortController()
  const aborted = sandbox.run({ argv: ['sleep', '1000'] }, { timeoutMs: 60_000, signal: controller.signal })
  await until(async () => (await sandbox.processes()).length === 1)
  controller.abort(new Error('by hand'))
  await expect(aborted).rejects.toThrow('by hand')
})

it('speaks with long-living children, and knows them and their ports', async () => {
  const sandbox = await branch()
  const script = `const s = require('net').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port)); process.stdin.on('data', (d) => process.stderr.write('got ' + d))`
  const child = await sandbox.spawn({ argv: [sandbox.guest.resolve('/opt/keyframe/bin/node'), '-e', script] })
  let [out, err] = ['', '']
  child.onStdout((chunk) => (out += chunk.toString()))
  child.onStderr((chunk) => (err += chunk.toString()))
  child.write('hello')
  await until(() => out.endsWith('\n') && err !== '')
  expect(err).toBe('got hello')
  const { ports, usage, network } = await sandbox.activity()
  expect(ports).toEqual([{ port: Number(out), address: '127.0.0.1', program: expect.stringContaining('createServer') as string }])
  expect(usage).toMatchObject({ maxProcesses: DEFAULT_LIMITS.maxProcesses, peakProcesses: 1 })
  expect(usage.cpuMs).toBeGreaterThan(0)
  expect(usage.peakMemoryBytes).toBeGreaterThan(2 ** 20)
  expect(network).toEqual([])
  child.kill()
  expect(await child.exited).toBe(137)
})

it('gives a terminal with job control', async () => {
  const sandbox = await branch()
  const pty = await sandbox.pty({ argv: ['bash', '--norc', '-i'], env: { PS1: '> ' } }, { cols: 100, rows: 30 })
  let seen = ''
  pty.onData((data) => (seen += data))
  pty.write('sleep 1000 & jobs; stty size; echo "uid=$UID"\n')
  await until(() => seen.includes(`uid=${guestOwner().uid}`))
  expect(seen).toMatch(/Running\s+sleep 1000/)
  expect(seen).toContain('30 100')
  expect((await sandbox.processes()).map((line) => line.split(' ')[0])).toEqual(['bash', 'sleep'])
  pty.resize(50, 10)
  pty.write('stty size; exit 7\n')
  expect(await pty.exited).toBe(7)
  expect(seen).toContain('10 50')
  expect(await sandbox.processes()).toEqual([])
})

it('stops everything while it is frozen, and lets it go on', async () => {
  const sandbox = await branch()
  const counter = await sandbox.spawn({
    argv: ['sh', '-c', 'setsid sh -c "while :; do echo >> count; done" & while :; do echo >> own; done'],
  })
  const size = (name: string): number => lstatSync(join(sandbox.upperDir, name), { throwIfNoEntry: false })?.size ?? 0
  await until(() => size('count') > 0 && size('own') > 0)
  await sandbox.frozen(async () => {
    const then = [size('count'), size('own')]
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect([size('count'), size('own')]).toEqual(then)
  })
  const [count, own] = [size('count'), size('own')]
  await until(() => size('count') > count && size('own') > own)
  counter.kill()
  await counter.exited
})

it('ends a command that takes more memory, time, processes or disk than it may', async () => {
  const memory = await limited({ maxMemoryBytes: 150 * 2 ** 20 })
  const hog = ['node', '-e', `const kept = []; setInterval(() => kept.push(Buffer.alloc(2 ** 24, 1)), 10)`]
  expect(await memory.run({ argv: hog }, { timeoutMs: 60_000 })).toMatchObject({ limit: 'memory', exitCode: 137 })
  expect((await memory.activity()).limits).toEqual(['memory'])
  const cpu = await limited({ maxCpuSeconds: 1 })
  expect(await sh(cpu, 'while :; do :; done', 60_000)).toMatchObject({ limit: 'cpu' })
  const processes = await limited({ maxProcesses: 20 })
  const many = await sh(
    processes,
    'for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do sleep 1000 & done; wait',
    60_000,
  )
  expect(many.limit === 'processes' || many.stderr.includes('Cannot fork')).toBe(true)
  const disk = await limited({ maxDiskBytes: 20 * 2 ** 20 })
  expect(await sh(disk, 'while :; do head -c 4194304 /dev/zero >> large; sleep 0.02; done', 60_000)).toMatchObject({ limit: 'disk' })
  await expect(sh(disk, 'true')).rejects.toMatchObject({ code: 'sandbox.disk-full' })
})

it('leaves out what the role may not read, and protects what it may not write', async () => {
  const sandbox = await branch({ profile: { ...DEFAULT_PROFILE, workspace: 'read-only', masked: ['secret'], executable: false } })
  const tried = await sh(sandbox, 'cat kept.txt; ls; echo x > kept.txt; echo y > src/new; rm -f gone.txt; mkdir made')
  expect(tried.stdout).toBe('kept\ngone.txt\nkept.txt\nnode_modules\nsrc\n')
  expect(readFileSync(join(sandbox.upperDir, 'kept.txt'), 'utf8')).toBe('kept\n')
  expect(readdirSync(join(sandbox.upperDir, 'src'))).toEqual(['a.txt'])
  expect(existsSync(join(sandbox.upperDir, 'gone.txt'))).toBe(true)
  expect(sandbox.notices).toEqual([expect.stringContaining('can be executed')])
})

it('copies dependency folders, so that nothing reaches the live ones', async () => {
  const live = join(root, 'live')
  mkdirSync(join(live, 'tool/bin'), { recursive: true })
  mkdirSync(join(live, '.bin'))
  writeFileSync(join(live, 'tool/bin/tool'), '#!/bin/sh\necho tool\n')
  chmodSync(join(live, 'tool/bin/tool'), 0o755)
  symlinkSync('../tool/bin/tool', join(live, '.bin/tool'))
  symlinkSync('../../src', join(live, 'linked'))
  const was = treeHash(live)
  const sandbox = await branch({ dependencies: [{ path: 'node_modules', liveDir: live }] })
  const result = await sh(
    sandbox,
    'node_modules/.bin/tool; echo changed > node_modules/tool/bin/tool; rm -r node_modules/.bin; readlink node_modules/linked',
  )
  expect(result).toMatchObject({ exitCode: 0, stdout: 'tool\n../../src\n' })
  expect(treeHash(live)).toBe(was)
  expect(sandbox.notices).toEqual([])
})

it('finds bound tools where they are, and copies those that the guest cannot reach beside each other', async () => {
  const hidden = join(root, 'hidden')
  mkdirSync(hidden, { mode: 0o700 })
  writeFileSync(join(hidden, 'main.mjs'), `import { name } from './name.mjs'\nconsole.log(name)\n`)
  writeFileSync(join(hidden, 'name.mjs'), `export const name = 'bound'\n`)
  const binds = ['main.mjs', 'name.mjs'].map((name) => ({ hostPath: join(hidden, name), guestPath: `/opt/own/${name}` }))
  const sandbox = await branch({ binds: [...binds, { hostPath: '/usr/share', guestPath: '/opt/share' }] })
  const main = sandbox.guest.resolve('/opt/own/main.mjs')
  expect((await sandbox.run({ argv: ['node', main] }, { timeoutMs: 30_000 })).stdout).toBe('bound\n')
  expect(sandbox.guest.resolve('/opt/share/doc/x')).toBe('/usr/share/doc/x')
  expect(sandbox.guest.resolve('/opt/elsewhere')).toBe('/opt/elsewhere')
})

it('ends what a killed kernel left behind', async () => {
  const mark = `${process.pid}-0`
  const guard = await startGuard(mark)
  const owner = process.geteuid?.() === 0 ? guestOwner() : {}
  const left = [`${mark}.1`, `${mark}.2`, `${mark}0.1`].map((value) =>
    spawn('sleep', ['1000'], { env: { PATH: '/usr/bin:/bin', [COMMAND_VARIABLE]: value }, detached: true, stdio: 'ignore', ...owner }),
  )
  await until(() => markedProcesses((value) => value.startsWith(mark)).length === 3)
  // The end of its input is all that the guard learns of the kernel's death.
  await guard.end()
  expect(left.map(({ pid = 0 }) => isRunning(pid))).toEqual([false, false, true])
  left[2]?.kill('SIGKILL')
  await until(() => left.every(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null))
})

it('leaves nothing behind where the guest cannot reach the data folder', async () => {
  const sandbox = await branch()
  const place = dirname(sandbox.upperDir)
  await sandbox.dispose()
  // As root the folder of the test is closed to the guest, so the copy lies elsewhere and goes with the sandbox.
  expect(existsSync(place)).toBe(process.geteuid?.() !== 0)
})

it('decides about and records what programs ask the proxy for', async () => {
  const server = createServer((_, response) => response.end('reached'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve))
  const { port } = server.address() as AddressInfo
  const fetching = `fetch('http://127.0.0.2:${port}/').then(async (r) => console.log(await r.text()), (e) => console.log(String(e.cause)))`
  const ask = (sandbox: Sandbox) =>
    sandbox.run({ argv: [sandbox.guest.resolve('/opt/keyframe/bin/node'), '-e', fetching] }, { timeoutMs: 30_000 })
  const closed = await branch()
  expect((await ask(closed)).stdout).toMatch(/^Error/)
  expect((await closed.activity()).network).toMatchObject([{ host: '127.0.0.2', port, address: '127.0.0.2', allowed: false, count: 1 }])
  const opened = await branch({
    profile: { ...DEFAULT_PROFILE, egress: ({ host }) => ({ allowed: host === '127.0.0.2', reason: 'permitted' }) },
  })
  expect((await ask(opened)).stdout).toBe('reached\n')
  expect((await opened.activity()).network).toMatchObject([{ host: '127.0.0.2', port, allowed: true, reason: 'permitted', count: 1 }])
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

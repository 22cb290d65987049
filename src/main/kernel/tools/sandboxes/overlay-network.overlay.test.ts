import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { overlayFixture, type OverlayFixture } from '../../testing/overlay-fixture'
import { egressBinds } from '../guest/guest-binds'
import { GUEST_NODE } from './guest-view'
import { commandLine, descendantsOf, hasEnded } from './process-tree'
import { DEFAULT_PROFILE, type CommandResult, type EgressGate, type Sandbox, type SandboxProcess } from './sandbox'
import { syscallProbe } from './syscall-probe'

const APP_ROOT = join(import.meta.dirname, '../../../../..')

let fixture: OverlayFixture

const sh = (sandbox: Sandbox, script: string): Promise<CommandResult> =>
  sandbox.run({ argv: ['bash', '-c', script] }, { timeoutMs: 20_000 })

const node = (sandbox: Sandbox, script: string): Promise<CommandResult> =>
  sandbox.run({ argv: [GUEST_NODE, '-e', script] }, { timeoutMs: 20_000 })

beforeEach(() => {
  fixture = overlayFixture({ 'README.md': 'read me\n' })
})

afterEach(() => fixture.dispose())

/** A server inside that answers with its branch's name. */
async function serve(sandbox: Sandbox, name: string, port: number): Promise<SandboxProcess> {
  const script = `require('node:http').createServer((_, answer) => answer.end('${name}')).listen(${port}, '127.0.0.1', () => console.log('ready'))`
  const server = await sandbox.spawn({ argv: [GUEST_NODE, '-e', script] })
  await new Promise<void>((resolve) => server.onStdout(() => resolve()))
  return server
}

const ask = (port: number): string => `fetch('http://127.0.0.1:${port}').then((a) => a.text(), (e) => e.cause.code).then(console.log)`

describe('a branch’s own network', () => {
  it('lets a command reach the server of another one of the same branch only', async () => {
    const [one, two] = await Promise.all([fixture.open('one'), fixture.open('two')])
    await serve(one, 'one', 8000)
    await serve(two, 'two', 8000)
    expect(await node(one, ask(8000))).toMatchObject({ stdout: 'one\n' })
    expect(await node(two, ask(8000))).toMatchObject({ stdout: 'two\n' })
    await serve(one, 'more', 8001)
    expect(await node(two, ask(8001))).toMatchObject({ stdout: 'ECONNREFUSED\n' })
    await expect(fetch('http://127.0.0.1:8001')).rejects.toThrow('fetch failed')
    expect((await one.activity()).ports).toEqual([
      { port: 8000, address: '127.0.0.1', program: expect.stringMatching(/^\/opt\/keyframe\/bin\/node -e require/) },
      { port: 8001, address: '127.0.0.1', program: expect.stringMatching(/^\/opt\/keyframe\/bin\/node -e require/) },
    ])
    expect(one.notices).toEqual([])
  })

  it('cannot be reconfigured from inside', async () => {
    const sandbox = await fixture.open('one')
    const result = await sh(
      sandbox,
      'ip link set lo down; ip link add d0 type dummy; ip addr add 10.0.0.1/8 dev lo; echo 1 > /proc/sys/net/ipv4/ip_forward; tail -n +3 /proc/net/dev | cut -d: -f1',
    )
    expect(result.stdout.trim()).toBe('lo')
    expect(result.stderr.match(/not permitted|Read-only|Permission denied/g)).toHaveLength(4)
  })

  it('counts what had no route', async () => {
    const sandbox = await fixture.open('one')
    expect((await sandbox.activity()).unroutable).toBe(0)
    await sh(sandbox, 'for i in 1 2 3; do exec 3<>/dev/tcp/1.1.1.$i/53; done; exec 3<>/dev/udp/169.254.169.254/53')
    expect((await sandbox.activity()).unroutable).toBeGreaterThanOrEqual(3)
    expect((await sandbox.activity()).unroutable).toBe(0)
    expect((await sandbox.activity()).ports).toEqual([])
  })

  it('announces the ports that are the branch’s', async () => {
    const sandbox = await fixture.open('one', { ports: { first: 20_020, last: 20_039 } })
    expect(await sh(sandbox, 'echo $PORT $KEYFRAME_PORT_FIRST $KEYFRAME_PORT_LAST')).toMatchObject({ stdout: '20020 20020 20039\n' })
  })

  it('shares temporary files and the home folder between its commands, with no other branch', async () => {
    const [one, two] = await Promise.all([fixture.open('one'), fixture.open('two')])
    await sh(one, 'echo t > /tmp/t; echo h > ~/h; echo s > /dev/shm/s')
    expect(await sh(one, 'cat /tmp/t ~/h /dev/shm/s; stat -c %a /tmp')).toMatchObject({ stdout: 't\nh\ns\n1777\n' })
    expect(await sh(two, 'ls -A /tmp ~ /dev/shm')).toMatchObject({ stdout: '/dev/shm:\n\n/home/agent:\n\n/tmp:\n' })
  })
})

describe('a role that may reach something', () => {
  const asked: string[] = []
  const gate: EgressGate = ({ host, port, address }) => {
    asked.push(`${host}:${port} ${address}`)
    return { allowed: host === 'allowed.test', reason: host === 'allowed.test' ? 'listed' : 'not listed' }
  }
  const withEgress = { profile: { ...DEFAULT_PROFILE, egress: gate }, binds: egressBinds(APP_ROOT) }

  it('asks through the proxy, and is refused there or answered', async () => {
    asked.length = 0
    const outside = createServer((_, answer) => answer.end('outside'))
    await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve))
    const { port } = outside.address() as AddressInfo
    try {
      const everything: EgressGate = (request) => (request.address === '127.0.0.1' ? { allowed: true, reason: 'a test' } : gate(request))
      const sandbox = await fixture.open('one', { ...withEgress, profile: { ...DEFAULT_PROFILE, egress: everything } })
      const viaProxy = (host: string): string =>
        `require('node:http').get({ host: '127.0.0.1', port: 3128, path: 'http://${host}:${port}/' }, async (a) => { let s = ''; for await (const c of a) s += c; console.log(a.statusCode, s.split('\\n')[0]) })`
      expect((await node(sandbox, viaProxy('127.0.0.1'))).stdout).toBe('200 outside\n')
      expect((await node(sandbox, viaProxy('192.0.2.1'))).stdout).toMatch(/^403 /)
      // Past the proxy there is nothing.
      expect((await node(sandbox, ask(port))).stdout).toBe('ECONNREFUSED\n')
      const { network, ports } = await sandbox.activity()
      expect(network.map(({ host, allowed, reason }) => ({ host, allowed, reason }))).toEqual([
        { host: '127.0.0.1', allowed: true, reason: 'a test' },
        { host: '192.0.2.1', allowed: false, reason: 'not listed' },
      ])
      expect({ ports, again: (await sandbox.activity()).network }).toEqual({ ports: [], again: [] })
      expect(await sandbox.processes()).toEqual([])
    } finally {
      outside.close()
    }
  })

  it('finds the proxy in its variables, and only its socket', async () => {
    const sandbox = await fixture.open('one', withEgress)
    const result = await sh(
      sandbox,
      'echo $HTTPS_PROXY $https_proxy $ALL_PROXY $NO_PROXY $npm_config_proxy; ls -A /run; rm /run/keyframe-proxy.sock; kill -9 -1; ls /proc | grep -c "^[0-9]"',
    )
    const url = 'http://127.0.0.1:3128'
    expect(result.stdout.split('\n').slice(0, 3)).toEqual([
      `${url} ${url} ${url} localhost,127.0.0.1,::1 ${url}`,
      'keyframe',
      'keyframe-proxy.sock',
    ])
    expect(result.stderr).toContain('Read-only file system')
  })

  it('gets its relay back when that has ended', async () => {
    const sandbox = await fixture.open('one', withEgress)
    const relays = descendantsOf(process.pid).filter((pid) => /relay/.test(commandLine(pid) ?? ''))
    expect(relays.length).toBeGreaterThan(0)
    for (const pid of relays) if (!hasEnded(pid)) process.kill(pid, 'SIGKILL')
    while (descendantsOf(process.pid).some((pid) => relays.includes(pid))) await new Promise((resolve) => setTimeout(resolve, 10))
    expect((await sh(sandbox, 'exec 3<>/dev/tcp/127.0.0.1/3128 && echo connected')).stdout).toBe('connected\n')
  })

  it('has none under a filter without internet sockets, and is told', async () => {
    const sandbox = await fixture.open('one', { ...withEgress, profile: { ...withEgress.profile, seccomp: 'read-only' } })
    expect(sandbox.notices).toEqual(['There is no network: the system call filter of this role has no internet sockets.'])
    expect(await sh(sandbox, 'echo "$HTTP_PROXY"; ls /run')).toMatchObject({ stdout: '\nkeyframe\n' })
  })

  it('leaves no socket and no relay when it ends, also when it cannot be opened', async () => {
    await expect(fixture.open('one', { ...withEgress, baseDir: join(fixture.root, 'nowhere') })).rejects.toThrow()
    const sandbox = await fixture.open('two', withEgress)
    await sandbox.dispose()
    expect(descendantsOf(process.pid).filter((pid) => /relay/.test(commandLine(pid) ?? ''))).toEqual([])
    for (const name of ['one', 'two']) expect(existsSync(join(fixture.root, 'branches', name, 'egress/proxy.sock'))).toBe(false)
  })
})

describe('what is used', () => {
  it('is counted for ended and live commands, and starts again at each look', async () => {
    const sandbox = await fixture.open('one')
    await sh(sandbox, 'head -c 3000000 /dev/zero > zeros; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; sleep 0.3 & sleep 0.3 & wait')
    const { usage, limits, killedByFilter } = await sandbox.activity()
    expect(usage.cpuMs).toBeGreaterThan(20)
    expect(usage.peakMemoryBytes).toBeGreaterThan(1_000_000)
    expect(usage.peakProcesses).toBeGreaterThanOrEqual(3)
    expect(usage.diskBytes).toBeGreaterThan(2_900_000)
    expect({ limits, killedByFilter }).toEqual({ limits: [], killedByFilter: 0 })
    const next = (await sandbox.activity()).usage
    expect(next).toMatchObject({ cpuMs: 0, peakMemoryBytes: 0, peakProcesses: 0 })
  })

  it.skipIf(process.arch !== 'x64')(
    'has the programs that the filter killed',
    { meta: { reason: 'only x86-64 has a second system call table' } },
    async () => {
      // The x32 form of getpid, which would step around the filter's rules.
      const probes = join(fixture.root, 'probes')
      mkdirSync(probes)
      const elf = syscallProbe('x64', 0x40000000 | 39, [])
      writeFileSync(join(probes, 'old'), elf, { mode: 0o755 })
      const sandbox = await fixture.open('one', { binds: [{ hostPath: probes, guestPath: '/opt/keyframe/probes' }] })
      expect(await sandbox.run({ argv: ['/opt/keyframe/probes/old'] }, { timeoutMs: 5000 })).toMatchObject({ exitCode: 159 })
      expect((await sandbox.activity()).killedByFilter).toBe(1)
      expect((await sandbox.activity()).killedByFilter).toBe(0)
    },
  )
})

import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { overlayFixture, type OverlayFixture } from '../../testing/overlay-fixture'
import { guestOwner } from './guest-owner'
import { findProgram } from './host-programs'
import { commandLine, descendantsOf, hasEnded } from './process-tree'
import type { CommandResult, Sandbox } from './sandbox'
import { IOCTL } from './seccomp-program'
import { syscallProbe } from './syscall-probe'

const APP_ROOT = join(import.meta.dirname, '../../../../..')

let fixture: OverlayFixture

const sh = (sandbox: Sandbox, script: string): Promise<CommandResult> =>
  sandbox.run({ argv: ['bash', '-c', script] }, { timeoutMs: 20_000 })

beforeEach(() => {
  fixture = overlayFixture({ 'README.md': 'read me\n' })
})

afterEach(() => fixture.dispose())

const status = (pid: number, field: string): string =>
  new RegExp(`^${field}:[^\\S\\n]*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]?.trim() ?? ''

/** One line a refusal, as the program compiled from `probe.c` prints them. */
const REFUSALS = [
  'mount EPERM',
  'umount2 EPERM',
  'pivot_root EPERM',
  'chroot EPERM',
  'ptrace EPERM',
  'keyctl EPERM',
  'add_key EPERM',
  'unshare EPERM',
  'clone EPERM',
  'clone3 ENOSYS',
  'setns EPERM',
  'bpf EPERM',
  'perf_event_open EPERM',
  'io_uring_setup ENOSYS',
  'userfaultfd EPERM',
  'open_by_handle_at EPERM',
  'process_vm_readv EPERM',
  'pidfd_getfd EPERM',
  'fsopen EPERM',
  'open_tree EPERM',
  'mount_setattr EPERM',
  'future ENOSYS',
  'init_module EPERM',
  'tiocsti EPERM',
  'tiocsti-high EPERM',
  'tioclinux EPERM',
  'vsock EAFNOSUPPORT',
  'packet EAFNOSUPPORT',
  'alg EAFNOSUPPORT',
  'netfilter EPROTONOSUPPORT',
  'setuid EINVAL',
  'unix OK',
  'inet OK',
  'fork OK',
  'thread-id OK',
]

const PROBE = `
#define _GNU_SOURCE
#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#define T(name, call) do { errno = 0; long r = (call); printf("%s %s\\n", name, r < 0 ? strerrorname_np(errno) : "OK"); fflush(stdout); } while (0)
int main(void) {
  T("mount", syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, 0));
  T("umount2", syscall(SYS_umount2, "/tmp", 2));
  T("pivot_root", syscall(SYS_pivot_root, ".", "."));
  T("chroot", syscall(SYS_chroot, "/"));
  T("ptrace", syscall(SYS_ptrace, 16, 1, 0, 0));
  T("keyctl", syscall(SYS_keyctl, 0, -3, 1));
  T("add_key", syscall(SYS_add_key, "user", "x", "y", 1, -3));
  T("unshare", syscall(SYS_unshare, CLONE_NEWUSER));
  T("clone", ({ long p = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); if (p == 0) _exit(0); p; }));
  T("clone3", syscall(435, 0, 0));
  T("setns", syscall(SYS_setns, 0, 0));
  T("bpf", syscall(SYS_bpf, 0, 0, 0));
  T("perf_event_open", syscall(SYS_perf_event_open, 0, 0, -1, -1, 0));
  T("io_uring_setup", syscall(425, 1, 0));
  T("userfaultfd", syscall(SYS_userfaultfd, 0));
  T("open_by_handle_at", syscall(SYS_open_by_handle_at, -1, 0, 0));
  T("process_vm_readv", syscall(SYS_process_vm_readv, 1, 0, 0, 0, 0, 0));
  T("pidfd_getfd", syscall(438, -1, 0, 0));
  T("fsopen", syscall(430, "tmpfs", 0));
  T("open_tree", syscall(428, -100, "/", 1));
  T("mount_setattr", syscall(442, -1, 0, 0, 0, 0));
  T("future", syscall(480));
  T("init_module", syscall(SYS_init_module, 0, 0, ""));
  T("tiocsti", ioctl(0, 0x5412, "x"));
  T("tiocsti-high", syscall(SYS_ioctl, 0, 0x100005412UL, "x"));
  T("tioclinux", ioctl(0, 0x541C, "x"));
  T("vsock", socket(40, SOCK_STREAM, 0));
  T("packet", socket(17, SOCK_RAW, 0));
  T("alg", socket(38, SOCK_SEQPACKET, 0));
  T("netfilter", socket(16, SOCK_RAW, 12));
  T("setuid", setuid(0));
  T("unix", socket(AF_UNIX, SOCK_STREAM, 0));
  T("inet", socket(AF_INET, SOCK_STREAM, 0));
  T("fork", ({ long p = fork(); if (p == 0) _exit(0); p; }));
  T("thread-id", syscall(SYS_gettid));
#ifdef __x86_64__
  pid_t p = fork();
  if (!p) { long r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(20)); _exit(0); }
  int st; waitpid(p, &st, 0); printf("i386 %s\\n", WIFSIGNALED(st) ? "killed" : "ran");
  p = fork();
  if (!p) { syscall(0x40000000 | 39); _exit(0); }
  waitpid(p, &st, 0); printf("x32 %s\\n", WIFSIGNALED(st) ? "killed" : "ran");
#endif
  return 0;
}
`

const compiler = findProgram('gcc')

describe('the kernel', () => {
  it.skipIf(compiler === null)('refuses what a guest must not ask for', async () => {
    const source = join(fixture.root, 'probe.c')
    const program = join(fixture.root, 'probe')
    writeFileSync(source, PROBE)
    execFileSync(compiler ?? '', ['-w', '-o', program, source])
    const sandbox = await fixture.open('one', { binds: [{ hostPath: program, guestPath: '/opt/keyframe/probe' }] })
    const result = await sandbox.run({ argv: ['/opt/keyframe/probe'] }, { timeoutMs: 5000 })
    const byArch = process.arch === 'x64' ? ['i386 killed', 'x32 killed'] : []
    expect(result.stdout.trim().split('\n')).toEqual([...REFUSALS, ...byArch])
  })

  it('refuses to type into the terminal that a command is on', async () => {
    const sandbox = await fixture.open('one')
    const arch = process.arch === 'arm64' ? 'arm64' : 'x64'
    const probe = syscallProbe(arch, IOCTL[arch === 'x64' ? 0 : 1] ?? -1, [0, 0x5412, 'x'])
    writeFileSync(join(sandbox.exchangeDir, 'probe'), probe, { mode: 0o755 })
    const terminal = await sandbox.pty({ argv: ['/run/keyframe/probe'] }, { cols: 80, rows: 24 })
    expect(await terminal.exited).toBe(1)
  })
})

describe('identity', () => {
  it('is nobody inside and outside, in every process', async () => {
    const sandbox = await fixture.open('one')
    const child = await sandbox.spawn({ argv: ['sh', '-c', 'sleep 100 & sleep 100'] })
    while ((await sandbox.processes()).length < 3) await new Promise((resolve) => setTimeout(resolve, 10))
    const { uid, gid } = guestOwner()
    const pids = [child.pid, ...descendantsOf(child.pid)]
    expect(pids.length).toBeGreaterThanOrEqual(5)
    for (const pid of pids) {
      expect(status(pid, 'Uid').split(/\s+/)).toEqual(Array(4).fill(`${uid}`))
      expect(status(pid, 'Gid').split(/\s+/)).toEqual(Array(4).fill(`${gid}`))
      if (process.getuid?.() === 0) expect(status(pid, 'Groups')).toBe('')
    }
    expect(await sh(sandbox, 'id; cat /proc/self/uid_map | tr -s " "; whoami')).toMatchObject({
      stdout: expect.stringMatching(/^uid=1001\(agent\) gid=1001\(agent\)[^\n]*\n 1001 0 1\nagent\n$/),
    })
    child.kill()
    await child.exited
  })

  it('cannot make a program that runs as somebody else', async () => {
    const sandbox = await fixture.open('one')
    const result = await sh(
      sandbox,
      'cp /usr/bin/id . && chmod 4755 id && ./id -u; grep -E "^(NoNewPrivs|Seccomp|CapBnd):" /proc/self/status; su -c id </dev/null',
    )
    expect(result.stdout).toMatch(/^1001\nCapBnd:\s+0000000000000000\nNoNewPrivs:\s+1\nSeccomp:\s+2\n$/)
    expect(result.exitCode).not.toBe(0)
  })
})

describe('what is inherited', () => {
  it('is no variable, descriptor or command line of the application', async () => {
    process.env['KEYFRAME_TEST_SECRET'] = 'do not tell'
    try {
      const sandbox = await fixture.open('one')
      const terminal = await sandbox.pty({ argv: ['sleep', '100'] }, { cols: 80, rows: 24 })
      const result = await sh(sandbox, 'env; cat /proc/*/environ; cat /proc/*/cmdline; echo; ls /proc/self/fd')
      expect(result.stdout).not.toContain('do not tell')
      expect(result.stdout).not.toContain(fixture.root)
      expect(result.stdout).toMatch(/\n0\n1\n2\n3\n$/)
      expect(await sh(sandbox, 'wc -c < /proc/1/environ')).toMatchObject({ stdout: '0\n' })
      let seen = ''
      const second = await sandbox.pty({ argv: ['bash', '-c', 'wc -c < /proc/1/environ; ls /proc/self/fd; env'] }, { cols: 80, rows: 24 })
      second.onData((data) => (seen += data))
      expect(await second.exited).toBe(0)
      expect(seen.replaceAll('\r', '')).toMatch(/^0\n0 +1 +2 +3\n/)
      expect(seen).not.toContain('do not tell')
      terminal.kill()
      await terminal.exited
    } finally {
      delete process.env['KEYFRAME_TEST_SECRET']
    }
  })

  it('is no file of the host but the system’s own', async () => {
    const sandbox = await fixture.open('one')
    const result = await sh(
      sandbox,
      `ls -d /work /srv /mnt /sys /boot /var/lib /etc/shadow ${fixture.root} 2>/dev/null; ls /home /run /var /tmp; cat /etc/passwd | wc -l`,
    )
    expect(result.stdout).toBe('/home:\nagent\n\n/run:\nkeyframe\n\n/tmp:\n\n/var:\ntmp\n2\n')
  })

  it('is read-only but for the workspace and its temporary folders', async () => {
    const sandbox = await fixture.open('one')
    const script =
      'for d in / /usr /etc /opt /opt/keyframe /opt/keyframe/bin /dev /run /var /proc/sys/kernel /workspace /tmp /var/tmp /dev/shm /home/agent /run/keyframe; do (: > $d/x) 2>/dev/null && echo $d; done; echo x >/dev/null'
    expect(await sh(sandbox, script)).toMatchObject({
      exitCode: 0,
      stdout: '/workspace\n/tmp\n/var/tmp\n/dev/shm\n/home/agent\n/run/keyframe\n',
    })
  })
})

describe('the network', () => {
  it('is empty: no ports, no names, no abstract sockets of the machine', async () => {
    const servers = [createServer(), createServer()]
    const abstract = `\0keyframe-test-${process.pid}`
    try {
      await Promise.all([
        new Promise<void>((resolve) => servers[0]?.listen(0, '127.0.0.1', resolve)),
        new Promise<void>((resolve) => servers[1]?.listen(abstract, resolve)),
      ])
      const address = servers[0]?.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      const script = `
        const net = require('node:net')
        const attempt = (options) => new Promise((resolve) => { const s = net.connect(options); s.on('connect', () => resolve('connected')); s.on('error', (e) => resolve(e.code)) })
        Promise.all([attempt({ host: '127.0.0.1', port: ${port} }), attempt({ path: ${JSON.stringify(abstract)} }), attempt({ host: '169.254.169.254', port: 80 }),
          attempt({ host: '1.1.1.1', port: 53 }), require('node:dns').promises.lookup('example.com').then(() => 'found', (e) => e.code)]).then((all) => console.log(all.join(' ')))`
      const sandbox = await fixture.open('one')
      const result = await sandbox.run({ argv: ['/opt/keyframe/bin/node', '-e', script] }, { timeoutMs: 15_000 })
      expect(result).toMatchObject({
        stderr: '',
        stdout: expect.stringMatching(/^ECONNREFUSED ECONNREFUSED ENETUNREACH ENETUNREACH (EAI_AGAIN|ENOTFOUND)\n$/),
      })
    } finally {
      for (const server of servers) server.close()
    }
  })
})

/** Opens a sandbox in a process of its own, with children of every kind in it, and prints their process ids. */
const OWNER = `
import { registerHooks } from 'node:module'
registerHooks({ resolve: (name, context, next) => next(name.startsWith('.') && context.parentURL.endsWith('.ts') && !/\\.\\w+$/.test(name) ? name + '.ts' : name, context) })
const [folder, root, appRoot] = process.argv.slice(2)
const { createOverlayProvider } = await import(folder + '/overlay-sandbox.ts')
const { DEFAULT_LIMITS } = await import(folder + '/sandbox.ts')
const { DEFAULT_PROFILE } = await import(folder + '/sandbox.ts')
const { descendantsOf } = await import(folder + '/process-tree.ts')
const { egressBinds } = await import(folder + '/../guest/guest-binds.ts')
const profile = { ...DEFAULT_PROFILE, egress: () => ({ allowed: false, reason: 'a test' }) }
const sandbox = await createOverlayProvider({ nodePath: process.execPath }).open({ dir: root + '/branches/owned', baseDir: root + '/base', layerDir: null, dependencies: [], binds: egressBinds(appRoot), limits: DEFAULT_LIMITS, profile })
const argv = ['sh', '-c', 'trap "" HUP TERM INT; (setsid sleep 300 &); sleep 300']
void sandbox.run({ argv }, { timeoutMs: 300000 })
await sandbox.spawn({ argv })
await sandbox.pty({ argv }, { cols: 80, rows: 24 })
while ((await sandbox.processes()).length < 9) await new Promise((resolve) => setTimeout(resolve, 10))
console.log(JSON.stringify(descendantsOf(process.pid)))
setInterval(() => {}, 1000)
`

/** Empty for a process that has gone or may not be looked into. */
function networkOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    // Whoever ends between two looks is in no network; a supervisor's may be seen by nobody but root.
    return ''
  }
}

it('leaves no process, no mount and no network when the application is killed', async () => {
  mkdirSync(join(fixture.root, 'branches'))
  writeFileSync(join(fixture.root, 'owner.mjs'), OWNER)
  const folder = fileURLToPath(new URL('.', import.meta.url)).replace(/\/$/, '')
  const owner = spawn(
    process.execPath,
    ['--no-warnings', '--experimental-transform-types', join(fixture.root, 'owner.mjs'), folder, fixture.root, APP_ROOT],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const pids = await new Promise<number[]>((resolve, reject) => {
    let said = ''
    owner.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.endsWith('\n')) resolve(JSON.parse(said) as number[])
    })
    owner.once('exit', (code) => reject(new Error(`the owner ended with ${code}`)))
  })
  // The holder, for each of the three commands two supervisors and three processes of its own, and the relay with its two.
  expect(pids.length).toBeGreaterThanOrEqual(19)
  expect(pids.filter((pid) => commandLine(pid)?.includes('egress-relay.mjs')).length).toBeGreaterThan(0)
  const networks = new Set(pids.map(networkOf).filter(Boolean))
  const own = [...networks].filter((network) => network !== networkOf(process.pid))
  expect({ all: networks.size, own: own.length }).toEqual({ all: 1, own: 1 })
  owner.kill('SIGKILL')
  for (let round = 0; round < 500 && !pids.every(hasEnded); round += 1) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(pids.filter((pid) => !hasEnded(pid))).toEqual([])
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(fixture.root)
  const everybody = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  expect(everybody.map(Number).filter((pid) => own.includes(networkOf(pid)))).toEqual([])
})

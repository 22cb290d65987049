import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileStore } from '../../checkpoints/file-store'
import { MemoryContentStore } from '../../testing/memory-content-store'
import { overlayFixture, treeHash, type OverlayFixture } from '../../testing/overlay-fixture'
import { callTool } from '../../testing/driver-harness'
import { createFilesystemDriver } from '../drivers/filesystem/filesystem-driver'
import { createShellDriver } from '../drivers/shell/shell-driver'
import { FILE_GUEST_SCRIPT, fileGuestBinds, shellGuestBinds } from '../guest/guest-binds'
import { guestOwner } from './guest-owner'
import { GUEST_NODE } from './guest-view'
import { findProgram } from './host-programs'
import { DEFAULT_PROFILE, type CommandResult, type Sandbox, type SandboxProfile } from './sandbox'
import { REFUSED_TO_READERS, SOCKET, TRACING, type SeccompArch } from './seccomp-program'
import { syscallProbe, type ProbeArgument } from './syscall-probe'

const APP_ROOT = join(import.meta.dirname, '../../../../..')
const READER: SandboxProfile = { ...DEFAULT_PROFILE, workspace: 'read-only', executable: false, seccomp: 'read-only' }

let fixture: OverlayFixture
let before: string

const sh = (sandbox: Sandbox, script: string): Promise<CommandResult> =>
  sandbox.run({ argv: ['bash', '-c', script] }, { timeoutMs: 20_000 })

beforeEach(() => {
  fixture = overlayFixture({
    'README.md': 'read me\n',
    'tool.sh': '#!/bin/sh\necho ran\n',
    'src/a.ts': 'export const a: number = 1\n',
    'src/secret/key.pem': 'key\n',
    'src/secret/deep/other.pem': 'other\n',
    '.env': 'TOKEN=1\n',
  })
  before = treeHash(fixture.baseDir)
})

afterEach(async () => {
  expect(treeHash(fixture.baseDir)).toBe(before)
  await fixture.dispose()
})

describe('a workspace that may only be read', () => {
  it('cannot be written, the folders beside it can', async () => {
    const sandbox = await fixture.open('one', { profile: { ...DEFAULT_PROFILE, workspace: 'read-only' } })
    const result = await sh(
      sandbox,
      'cat README.md; for c in "echo x > new" "echo x >> README.md" "rm README.md" "mkdir made" "mv src other" "chmod 777 src"; do eval "$c" 2>&1 | grep -c "Read-only file system"; done; echo x > /tmp/x; echo x > ~/x; echo x > /run/keyframe/x; ls /tmp',
    )
    expect(result.stdout).toBe('read me\n1\n1\n1\n1\n1\n1\nx\n')
    expect(readdirSync(sandbox.upperDir)).toEqual([])
  })

  it('covers dependency folders too', async () => {
    const liveDir = join(fixture.root, 'live')
    mkdirSync(join(liveDir, 'pkg'), { recursive: true })
    writeFileSync(join(liveDir, 'pkg/file'), 'live\n')
    const sandbox = await fixture.open('one', {
      profile: { ...DEFAULT_PROFILE, workspace: 'read-only' },
      dependencies: [{ path: 'src', liveDir }],
    })
    expect(await sh(sandbox, 'cat src/pkg/file; echo x > src/pkg/new')).toMatchObject({
      stdout: 'live\n',
      stderr: expect.stringContaining('Read-only file system'),
    })
  })
})

describe('a workspace that may not be executed', () => {
  it('runs nothing that lies where the guest can write, and its interpreters still do', async () => {
    const sandbox = await fixture.open('one', { profile: { ...DEFAULT_PROFILE, executable: false } })
    const script =
      'for d in /workspace /tmp ~ /run/keyframe /dev/shm; do cp /usr/bin/true $d/mine && chmod 755 $d/mine && $d/mine 2>/dev/null; echo "$d $?"; done; chmod 755 tool.sh; ./tool.sh 2>/dev/null; echo $?; sh tool.sh'
    expect((await sh(sandbox, script)).stdout).toBe(
      '/workspace 126\n/tmp 126\n/home/agent 126\n/run/keyframe 126\n/dev/shm 126\n126\nran\n',
    )
  })

  it('is executable otherwise, in a separate sandbox', async () => {
    const sandbox = await fixture.open('one')
    expect((await sh(sandbox, 'chmod 755 tool.sh; ./tool.sh; cp /usr/bin/true /tmp/mine && /tmp/mine; echo $?')).stdout).toBe('ran\n0\n')
  })
})

describe('masked files', () => {
  const masked = { ...DEFAULT_PROFILE, masked: ['.env', 'src/secret', 'src/secret/key.pem', 'not/there'] }

  it('are not there, by any name', async () => {
    const sandbox = await fixture.open('one', { profile: masked })
    const result = await sh(
      sandbox,
      `cat .env; cat src/secret/key.pem; ls -A . src; /opt/keyframe/bin/node -e 'try { fs.statSync(".env") } catch (e) { console.log(e.code) }'`,
    )
    expect(result).toMatchObject({ stdout: '.:\nREADME.md\nsrc\ntool.sh\n\nsrc:\na.ts\nENOENT\n' })
    expect(result.stderr.match(/No such file or directory/g)).toHaveLength(2)
  })

  it('do not disturb a capture: what is not seen is not deleted, what is made is a change', async () => {
    const root = join(fixture.root, 'repository')
    mkdirSync(join(root, 'src/secret'), { recursive: true })
    for (const file of ['.env', 'src/a.ts', 'src/secret/key.pem', 'src/secret/other.pem']) writeFileSync(join(root, file), `${file}\n`)
    const content = new MemoryContentStore()
    const store = createFileStore({ root, dataDir: join(fixture.root, 'data'), content, owner: guestOwner(), nodePath: process.execPath })
    const base = await store.freezeBase({})
    const sandbox = await fixture.open('one', { baseDir: base.dir, profile: masked })
    const tracker = store.track(sandbox.upperDir, null, base)
    const changes = async (script: string) => {
      expect(await sh(sandbox, script)).toMatchObject({ exitCode: 0, stderr: '' })
      return (await sandbox.frozen(() => tracker.capture())).changes.map(({ path, change }) => `${change} ${path}`)
    }
    expect(await changes('ls -A; cat src/a.ts; touch t; rm t')).toEqual([])
    expect(await changes('echo mine > .env; mkdir -p src/secret; echo own > src/secret/own.pem')).toEqual([
      'changed .env',
      'created src/secret/own.pem',
    ])
    expect(await changes('rm .env; rm -r src/secret')).toEqual(['changed .env', 'deleted src/secret/own.pem'])
    expect((await tracker.capture()).manifest).toBeNull()
    await sandbox.dispose()
    const open = await fixture.open('two', { baseDir: base.dir })
    expect(await sh(open, 'cat .env src/secret/key.pem')).toMatchObject({ stdout: '.env\nsrc/secret/key.pem\n' })
  })

  it('are masked once for each base and list', async () => {
    await Promise.all(['one', 'two', 'three'].map((name) => fixture.open(name, { profile: masked })))
    await fixture.open('four', { profile: { ...masked, masked: ['.env'] } })
    expect(readdirSync(join(fixture.root, 'branches/.masks'))).toHaveLength(2)
  })
})

describe('the filter for readers', () => {
  it('refuses what makes things', async () => {
    const arch: SeccompArch = process.arch === 'arm64' ? 'arm64' : 'x64'
    const calls: Record<string, readonly ProbeArgument[]> = {
      linkat: [-100, 'a', -100, 'b', 0],
      symlinkat: ['a', -100, 'b'],
      mknodat: [-100, 'fifo', 0o010644, 0],
      fchownat: [-100, '/tmp', 0, 0, 0],
      setxattr: ['/tmp', 'user.x', 'y', 1, 0],
      memfd_create: ['x', 0],
    }
    const probes = Object.entries(calls).map(([name, args]) => [name, REFUSED_TO_READERS[name], args] as const)
    const all = [...probes, ['ptrace', TRACING['ptrace'], [16, 1, 0, 0]] as const, ['inet', SOCKET, [2, 1, 0]] as const]
    const tools = join(fixture.root, 'probes')
    mkdirSync(tools)
    for (const [name, numbers, args] of all) {
      writeFileSync(join(tools, name), syscallProbe(arch, numbers?.[arch === 'x64' ? 0 : 1] ?? -1, args), { mode: 0o755 })
    }
    const binds = [{ hostPath: tools, guestPath: '/opt/keyframe/probes' }]
    const run =
      'for p in linkat symlinkat mknodat fchownat setxattr memfd_create ptrace inet; do /opt/keyframe/probes/$p; echo "$p $?"; done'
    const reader = await fixture.open('one', { profile: READER, binds })
    expect((await sh(reader, run)).stdout).toBe(
      'linkat 1\nsymlinkat 1\nmknodat 1\nfchownat 1\nsetxattr 1\nmemfd_create 1\nptrace 1\ninet 97\n',
    )
    const builder = await fixture.open('two', { binds })
    expect((await sh(builder, `cd /tmp; ${run}`)).stdout).toMatch(
      /^linkat 2\nsymlinkat 0\nmknodat 0\nfchownat 22\nsetxattr 0\nmemfd_create 253\nptrace 1\ninet 253\n$/,
    )
  })

  it.skipIf(findProgram('gcc') === null)(
    'lets a role that may trace follow its own children',
    { meta: { reason: 'gcc is missing' } },
    async () => {
      const source =
        '#include <stdio.h>\n#include <unistd.h>\n#include <sys/ptrace.h>\n#include <sys/wait.h>\nint main(void) { pid_t p = fork(); if (!p) { for (;;) pause(); } int s; long r = ptrace(PTRACE_ATTACH, p, 0, 0); if (!r) waitpid(p, &s, 0); printf("%ld\\n", r); kill(p, 9); return 0; }\n'
      const build = 'gcc -w -include signal.h -o /tmp/trace -x c - && /tmp/trace'
      for (const trace of [false, true]) {
        const sandbox = await fixture.open(`${trace}`, { profile: { ...DEFAULT_PROFILE, trace } })
        const result = await sandbox.run({ argv: ['sh', '-c', build] }, { timeoutMs: 20_000, stdin: source })
        expect(result.stdout).toBe(trace ? '0\n' : '-1\n')
      }
    },
  )

  it('lets a language server answer a reader', async () => {
    const modules = ['typescript', 'typescript-language-server']
    const binds = modules.map((name) => ({
      hostPath: join(APP_ROOT, 'node_modules', name),
      guestPath: `/opt/keyframe/node_modules/${name}`,
    }))
    const sandbox = await fixture.open('one', { profile: READER, binds })
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { processId: null, rootUri: 'file:///workspace', capabilities: {} },
    })
    const server = await sandbox.spawn({
      argv: [GUEST_NODE, '/opt/keyframe/node_modules/typescript-language-server/lib/cli.mjs', '--stdio'],
    })
    const answered = new Promise<string>((resolve) => {
      let said = ''
      server.onStdout((chunk) => {
        said += chunk.toString()
        if (said.includes('"id":1')) resolve(said)
      })
      void server.exited.then(() => resolve(`it ended after: ${said}`))
    })
    server.write(`Content-Length: ${body.length}\r\n\r\n${body}`)
    expect(await answered).toContain('"definitionProvider":')
    server.kill()
    await server.exited
  })

  it('lets a reader’s programs work: shells, search, git, Node, the drivers', async () => {
    const sandbox = await fixture.open('one', { profile: READER, binds: [...fileGuestBinds(APP_ROOT), ...shellGuestBinds(APP_ROOT)] })
    const script = [
      'set -e',
      'cat README.md | grep -c read',
      'cat <(echo substituted)',
      findProgram('rg') === null ? 'echo src/a.ts' : 'rg -l number',
      'export GIT_DIR=/tmp/g GIT_WORK_TREE=/workspace; git init -q --template= /tmp/g 2>/dev/null || true; git add README.md; git status --porcelain | head -1',
      `/opt/keyframe/bin/node -e 'new worker_threads.Worker("console.log(1)", { eval: true }); child_process.execFileSync("true")'`,
    ].join('\n')
    expect(await sh(sandbox, script)).toMatchObject({
      exitCode: 0,
      stdout: '1\nsubstituted\nsrc/a.ts\nA  README.md\n1\n',
    })
    const shell = createShellDriver({ onTerminalData: () => undefined })
    const files = createFilesystemDriver({ guestNode: GUEST_NODE, guestScript: FILE_GUEST_SCRIPT })
    try {
      for (const driver of [shell, files]) await driver.restore(null, sandbox)
      expect(await callTool(shell, sandbox, 'shell.run', { command: 'echo shell; cat README.md' })).toMatchObject({ exitCode: 0 })
      expect(JSON.stringify(await callTool(files, sandbox, 'fs.read', { path: 'README.md' }))).toContain('read me')
    } finally {
      for (const driver of [shell, files]) await driver.dispose()
    }
  })
})

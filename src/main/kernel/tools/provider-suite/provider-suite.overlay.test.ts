import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noEngineReason, startDockerEngine } from '../../testing/docker-engine'
import { failureOf } from '../../testing/driver-harness'
import { openProviderBench, type BenchBranch, type ProviderBench } from '../../testing/provider-bench'
import { createCopyProvider } from '../sandboxes/copy/copy-provider'
import { createDockerProvider } from '../sandboxes/docker/docker-sandbox'
import { GUARANTEE_NAMES, type GuaranteeName } from '../sandboxes/guarantee-names'
import { GUEST_NODE } from '../sandboxes/guest-view'
import { createOverlayProvider } from '../sandboxes/overlay-sandbox'
import { descendantsOf, hasEnded } from '../sandboxes/process-tree'
import type { CommandResult, SandboxProvider } from '../sandboxes/sandbox'

interface Level {
  readonly name: 'overlay' | 'copy' | 'docker'
  /** Why it cannot be tried here. */
  readonly reason: string | null
  start(): Promise<{ provider: SandboxProvider; stop(): Promise<void> }>
}

const nodePath = process.execPath
const alone = (provider: SandboxProvider) => Promise.resolve({ provider, stop: () => Promise.resolve() })

const LEVELS: readonly Level[] = [
  { name: 'overlay', reason: null, start: () => alone(createOverlayProvider({ nodePath })) },
  { name: 'copy', reason: null, start: () => alone(createCopyProvider({ nodePath })) },
  {
    name: 'docker',
    reason: noEngineReason(),
    async start() {
      const engine = await startDockerEngine()
      const { dockerPath, host, image } = engine
      return { provider: createDockerProvider({ dockerPath, host, image, nodePath }), stop: () => engine.dispose() }
    },
  },
]

const FILES = {
  'README.md': 'read me\n',
  'src/a.ts': 'export const a = 1\n',
  'src/deep/b.ts': 'import { a } from "../a"\nconsole.log(a)\n',
  'src/old/one.txt': '1\n',
  'src/old/two.txt': '2\n',
  'secret/key.pem': 'key\n',
  '.gitignore': 'ignored/\n',
}

/** What every level has shown, for the table at the end. */
const shown = new Map<string, readonly { what: string; given: string }[]>()
/** The files of the same changes on each level. */
const captured = new Map<string, unknown>()

for (const level of LEVELS) {
  describe.skipIf(level.reason !== null)(`the tools on level ${level.name}`, { meta: { reason: level.reason ?? '' } }, () => {
    let provider: SandboxProvider
    let stop: () => Promise<void>
    let bench: ProviderBench
    let branch: BenchBranch
    let listener: Server
    let outside: string

    const given = (what: GuaranteeName): string => provider.guarantees.find((guarantee) => guarantee.what === what)?.given ?? 'not said'
    const run = async (on: BenchBranch, argv: readonly string[], timeoutMs = 20_000): Promise<CommandResult> =>
      (await on.device.sandbox()).run({ argv }, { timeoutMs })
    const node = async (on: BenchBranch, code: string): Promise<string> => {
      const sandbox = await on.device.sandbox()
      const result = await sandbox.run({ argv: [sandbox.guest.resolve(GUEST_NODE), '-e', code] }, { timeoutMs: 20_000 })
      return `${result.stdout}${result.stderr}`
    }

    beforeAll(async () => {
      listener = createServer((socket) => socket.end('outside\n'))
      await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
      outside = mkdtempSync(join(tmpdir(), 'keyframe-outside-'))
      writeFileSync(join(outside, 'file'), 'of the host\n')
      chmodSync(outside, 0o755)
      ;({ provider, stop } = await level.start())
      bench = await openProviderBench(provider, FILES)
      branch = bench.branch()
    })

    afterAll(async () => {
      listener.close()
      rmSync(outside, { recursive: true, force: true })
      await bench.dispose()
      await stop()
    })

    it('says what it gives of every boundary', () => {
      expect(provider.level).toBe(level.name)
      expect(provider.guarantees.map(({ what }) => what)).toEqual(GUARANTEE_NAMES)
      shown.set(level.name, provider.guarantees)
    })

    it('reads, writes, edits, creates and stats files', async () => {
      const { version, text } = await branch.call('fs.read', { path: 'src/a.ts' })
      expect(text).toBe('export const a = 1\n')
      const written = await branch.call('fs.write', { path: 'src/a.ts', text: 'export const a = 2\n', expectedVersion: version })
      expect(written.created).toBe(false)
      const stale = branch.call('fs.write', { path: 'src/a.ts', text: 'x', expectedVersion: version })
      expect((await failureOf(stale)).code).toBe('fs.stale-version')
      await branch.call('fs.replace', { path: 'src/deep/b.ts', oldText: 'console.log(a)', newText: 'console.log(a + 1)' })
      await branch.call('fs.create', { path: 'new/folder/script.sh', text: '#!/bin/sh\necho run\n', executable: true })
      expect((await failureOf(branch.call('fs.create', { path: 'README.md', text: '' }))).code).toBe('fs.exists')
      expect((await failureOf(branch.call('fs.read', { path: 'nowhere' }))).code).toBe('fs.not-found')
      expect((await failureOf(branch.call('fs.read', { path: '../outside' }))).code).toMatch(/^fs\./)
      expect(await branch.call('fs.stat', { path: 'new/folder/script.sh' })).toMatchObject({ type: 'file', mode: 0o755, sizeBytes: 19 })
      expect((await run(branch, ['./new/folder/script.sh'])).stdout).toBe('run\n')
    })

    it('applies edits of several files all or none', async () => {
      const edit = (newText: string) => ({ startLine: 1, startColumn: 0, endLine: 1, endColumn: 4, newText })
      const before = await branch.call('fs.read', { path: 'README.md' })
      const wrong = branch.call('fs.applyEdit', {
        files: [
          { path: 'README.md', version: before.version, edits: [edit('READ')] },
          { path: 'nowhere.md', version: null, edits: [edit('x')] },
        ],
        create: [],
        move: [],
        remove: [],
      })
      await failureOf(wrong)
      expect((await branch.call('fs.read', { path: 'README.md' })).text).toBe('read me\n')
      await branch.call('fs.applyEdit', {
        files: [{ path: 'README.md', version: before.version, edits: [edit('READ')] }],
        create: [{ path: 'made.md', text: 'made\n' }],
        move: [],
        remove: [],
      })
      expect((await branch.call('fs.read', { path: 'README.md' })).text).toBe('READ me\n')
    })

    it('moves folders of the base, removes, lists and finds', async () => {
      await branch.call('fs.move', { from: 'src/old', to: 'src/moved' })
      expect((await branch.call('fs.remove', { path: 'src/moved/two.txt' })).removed).toBe(1)
      const { entries } = await branch.call('fs.list', { path: 'src', depth: 3 })
      expect(entries.map((entry) => entry.path).sort()).toEqual(['src/a.ts', 'src/deep', 'src/deep/b.ts', 'src/moved', 'src/moved/one.txt'])
      expect((await branch.call('fs.glob', { pattern: '**/*.ts' })).paths.sort()).toEqual(['src/a.ts', 'src/deep/b.ts'])
    })

    it('searches text and names', async () => {
      const { hits } = await branch.call('code.search', { query: 'const a', limit: 10 })
      expect(hits).toMatchObject([{ path: 'src/a.ts', line: 1, column: 7 }])
      expect((await branch.call('search.files', { query: 'one.txt' })).files[0]?.path).toBe('src/moved/one.txt')
    })

    it('asks language servers', async () => {
      const { symbols } = await branch.call('lsp.documentSymbols', { path: 'src/a.ts' })
      expect(symbols.map((symbol) => symbol.name)).toEqual(['a'])
    })

    it('keeps a shell’s folder, variables and jobs, and runs in the background', async () => {
      expect(await branch.sh('cd src && word=kept && pwd | sed s,.*/,,')).toEqual({ exitCode: 0, output: 'src\n' })
      expect(await branch.sh('echo $word; ls -1; (exit 4)')).toEqual({ exitCode: 4, output: 'kept\na.ts\ndeep\nmoved\n' })
      expect(await branch.sh('[ "$(id -u)" != 0 ] && echo unprivileged')).toEqual({ exitCode: 0, output: 'unprivileged\n' })
      const { job } = await branch.call('shell.start', { command: 'echo from the job; sleep 0.2; exit 3' })
      expect(await branch.call('shell.wait', { session: job, timeoutMs: 20_000 })).toMatchObject({ exitCode: 3, state: 'ended' })
      expect((await branch.call('shell.output', { session: job })).text).toContain('from the job')
      const slow = await branch.call('shell.run', { command: 'sleep 30', timeoutMs: 300 })
      expect(slow.timedOut).toBe(true)
      expect(await branch.sh('echo $word')).toMatchObject({ output: 'kept\n' })
    })

    it('captures the same files as every other level', async () => {
      await branch.sh('cd ..; ln -s README.md link; chmod 600 made.md; mkdir -p ignored; echo i > ignored/i; : > "odd name\n.txt"')
      const { manifest, changes } = await branch.device.capture()
      const { files, base } = bench
      const tree = await files.at(base, manifest).tree()
      const details = {
        tree: [...tree].sort((a, b) => (a.path < b.path ? -1 : 1)),
        changes: [...changes].sort((a, b) => (a.path < b.path ? -1 : 1)),
      }
      captured.set(level.name, details)
      expect(details).toEqual(captured.get('overlay'))
      expect(tree.filter((entry) => entry.status !== 'same').map((entry) => `${entry.status} ${entry.path}`)).toContain('created link')
      expect((await branch.device.capture()).changes).toEqual([])
    })

    it('forks: files, modes and shells of the checkpoint, apart from then on', async () => {
      await branch.sh('cd src/deep; export word=forked')
      const origin = await branch.device.capture()
      const fork = bench.branch({ origin })
      expect(await fork.sh('echo $word; pwd | sed s,.*/,,; cat b.ts')).toMatchObject({
        output: 'forked\ndeep\nimport { a } from "../a"\nconsole.log(a + 1)\n',
      })
      expect(await fork.sh('cd ../..; stat -c "%a %N" link made.md new/folder/script.sh; ls -1 src')).toMatchObject({
        output: "777 'link' -> 'README.md'\n600 'made.md'\n755 'new/folder/script.sh'\na.ts\ndeep\nmoved\n",
      })
      await fork.sh('rm -r src/moved; echo fork > only-here')
      expect((await branch.call('fs.stat', { path: 'only-here' })).type).toBe('absent')
      const forked = await fork.device.capture()
      expect(forked.changes.map(({ path, change }) => `${change} ${path}`).sort()).toEqual([
        'created only-here',
        'deleted src/moved/one.txt',
      ])
    })

    it('restores an earlier checkpoint', async () => {
      const before = await branch.device.capture()
      await branch.sh('cd /tmp; word=lost; rm -rf "$OLDPWD/b.ts"')
      await branch.device.capture()
      await branch.device.reset(before)
      expect(await branch.sh('echo $word; ls -1')).toMatchObject({ output: 'forked\nb.ts\n' })
      expect((await branch.device.capture()).changes).toEqual([])
    })

    it('ends everything when a branch is closed', async () => {
      const short = bench.branch()
      const sandbox = await short.device.sandbox()
      const child = await sandbox.spawn({ argv: ['sh', '-c', 'sleep 300 & (setsid sleep 301 &); wait'] })
      while ((await sandbox.processes()).filter((line) => line.startsWith('sleep 30')).length < 2)
        await new Promise((done) => setTimeout(done, 10))
      const pids = [child.pid, ...descendantsOf(child.pid)]
      await short.device.dispose()
      expect(await child.exited).toBeGreaterThan(128)
      expect(pids.filter((pid) => !hasEnded(pid))).toEqual([])
    })

    it('shows ports, processes and use of what runs', async () => {
      const sandbox = await branch.device.sandbox()
      await sandbox.activity()
      const code = 'require("net").createServer().listen(Number(process.env.PORT), "127.0.0.1", () => console.log("up"))'
      const server = await sandbox.spawn({ argv: [sandbox.guest.resolve(GUEST_NODE), '-e', code] })
      await new Promise<void>((resolve) => server.onStdout(() => resolve()))
      const { ports, usage } = await sandbox.activity()
      expect(ports).toMatchObject([{ address: '127.0.0.1', program: expect.stringContaining('createServer') as string }])
      expect(usage.peakMemoryBytes).toBeGreaterThan(1_000_000)
      expect(usage.diskBytes).toBeGreaterThan(0)
      server.kill()
      await server.exited
      expect((await sandbox.activity()).ports).toEqual([])
    })

    it('gives of each boundary what it says', async () => {
      const address = listener.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      const found: Partial<Record<GuaranteeName, boolean>> = {}
      const connect = `require('net').connect(${port}, '127.0.0.1').on('data', (d) => console.log(String(d))).on('error', (e) => console.log(e.code))`
      found['Network'] = !(await node(branch, connect)).includes('outside')
      found['Files outside the workspace'] = !(
        await node(branch, `console.log(require('fs').readFileSync('${outside}/file', 'utf8'))`)
      ).includes('of the host')
      found['Other processes'] = !(
        await node(
          branch,
          `try { process.kill(${process.pid}, 0); console.log('seen') } catch (e) { console.log(e.code === 'EPERM' ? 'seen' : 'not') }`,
        )
      ).includes('seen')
      found['System calls'] = (await run(branch, ['unshare', '--user', 'true'])).exitCode !== 0
      const reader = bench.branch({ profile: { workspace: 'read-only', masked: ['secret'] } })
      found['Writes in the workspace'] = (await run(reader, ['sh', '-c', 'echo x > README.md'])).exitCode !== 0
      found['Reads in the workspace'] = (await run(reader, ['cat', 'secret/key.pem'])).exitCode !== 0
      const small = bench.branch({
        limits: { maxMemoryBytes: 160 * 1024 ** 2, maxOpenFiles: 50, maxCpuSeconds: 1, maxDiskBytes: 12 * 1024 ** 2 },
      })
      const sandbox = await small.device.sandbox()
      const greedy = 'const all = []; setInterval(() => all.push(Buffer.alloc(5e6, 1)), 4)'
      const memory = await sandbox.run({ argv: [sandbox.guest.resolve(GUEST_NODE), '-e', greedy] }, { timeoutMs: 20_000 })
      found['Memory'] = memory.limit === 'memory'
      found['CPU time'] = (await run(small, ['sh', '-c', 'while :; do :; done'])).limit === 'cpu'
      found['Processes and files open'] = (await run(small, ['sh', '-c', 'ulimit -n'])).stdout === '50\n'
      found['Disk'] = (await run(small, ['sh', '-c', 'while :; do head -c 1000000 /dev/zero >> big; sleep 0.02; done'])).limit === 'disk'
      const open = `require('net').createServer().on('error', (e) => console.log(e.code)).listen(28123, '127.0.0.1', () => console.log('up'))`
      const others = [bench.branch(), bench.branch()]
      const servers: string[] = []
      for (const other of others) {
        const inside = await other.device.sandbox()
        const server = await inside.spawn({ argv: [inside.guest.resolve(GUEST_NODE), '-e', open] })
        servers.push(await new Promise<string>((resolve) => server.onStdout((chunk) => resolve(chunk.toString().trim()))))
      }
      found['Own ports'] = servers.join(' ') === 'up up'
      for (const other of [reader, small, ...others]) await other.device.dispose()

      for (const [what, holds] of Object.entries(found) as [GuaranteeName, boolean][]) {
        if (given(what) === 'yes') expect(`${what}: ${holds}`).toBe(`${what}: true`)
        // A level that says that it protects from nothing is not to be trusted by half either.
        if (given(what) === 'no') expect(`${what}: ${holds}`).toBe(`${what}: false`)
      }
    })
  })
}

it('levels differ in what they give', () => {
  const levels = [...shown.keys()]
  const width = Math.max(...GUARANTEE_NAMES.map((name) => name.length))
  const row = (what: string, cells: readonly string[]): string => `${what.padEnd(width)}  ${cells.map((cell) => cell.padEnd(8)).join('')}`
  const rows = GUARANTEE_NAMES.map((what) =>
    row(
      what,
      levels.map((level) => shown.get(level)?.find((guarantee) => guarantee.what === what)?.given ?? ''),
    ),
  )
  process.stdout.write(`\n${[row('', levels), ...rows].join('\n')}\n`)
  expect(levels).toContain('overlay')
  expect(levels).toContain('copy')
})

import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { overlayFixture, treeHash, writeOwned, type OverlayFixture } from '../../testing/overlay-fixture'
import { guestOwner } from './guest-owner'
import { commandLine, hasEnded, processState } from './process-tree'
import { DEFAULT_LIMITS, type CommandResult, type Sandbox } from './sandbox'

let fixture: OverlayFixture
let before: string

const sh = (sandbox: Sandbox, script: string, options: Partial<Parameters<Sandbox['run']>[1]> = {}): Promise<CommandResult> =>
  sandbox.run({ argv: ['sh', '-c', script] }, { timeoutMs: 20_000, ...options })

const failsWith = (code: string): unknown => expect.objectContaining({ failure: expect.objectContaining({ code }) })

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let round = 0; round < 1500; round += 1) {
    if (await condition()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('it did not happen in fifteen seconds')
}

beforeEach(() => {
  fixture = overlayFixture({ 'README.md': 'read me\n', 'src/a.ts': 'a\n', 'src/b.ts': 'b\n', 'node_modules/': '' })
  before = treeHash(fixture.baseDir)
})

afterEach(async () => {
  expect(treeHash(fixture.baseDir)).toBe(before)
  await fixture.dispose()
})

describe('files', () => {
  it('writes land only in the upper', async () => {
    const sandbox = await fixture.open('one')
    const result = await sh(sandbox, 'echo more >> src/a.ts && rm src/b.ts && mkdir made && echo new > made/file && cat src/a.ts && ls src')
    expect(result).toMatchObject({ exitCode: 0, stdout: 'a\nmore\na.ts\n', stderr: '' })
    const upper = (path: string): string => join(sandbox.upperDir, path)
    expect(readFileSync(upper('src/a.ts'), 'utf8')).toBe('a\nmore\n')
    expect(lstatSync(upper('src/b.ts')).isCharacterDevice()).toBe(true)
    expect(statSync(upper('made/file'))).toMatchObject(guestOwner())
    expect(existsSync(upper('README.md'))).toBe(false)
  })

  it('removes a folder of the base', async () => {
    const sandbox = await fixture.open('one')
    expect(await sh(sandbox, 'rm -rf src && mkdir src && ls -a src')).toMatchObject({ exitCode: 0, stdout: '.\n..\n' })
  })

  it('shows a materialised layer over the base', async () => {
    const layerDir = join(fixture.root, 'layer')
    writeOwned(layerDir, { 'src/a.ts': 'layered\n', 'extra.txt': 'extra\n' })
    const sandbox = await fixture.open('one', { layerDir })
    expect(await sh(sandbox, 'cat src/a.ts src/b.ts extra.txt; echo x > extra.txt')).toMatchObject({
      exitCode: 0,
      stdout: 'layered\nb\nextra\n',
    })
    expect(readFileSync(join(layerDir, 'extra.txt'), 'utf8')).toBe('extra\n')
  })

  it('two sandboxes over one base do not see each other', async () => {
    const [one, two] = await Promise.all([fixture.open('one'), fixture.open('two')])
    await sh(one, 'echo one > mine.txt; echo one > /tmp/mine.txt; echo one > README.md')
    expect(await sh(two, 'ls; cat README.md; ls /tmp')).toMatchObject({ stdout: 'README.md\nnode_modules\nsrc\nread me\n' })
  })

  it('keeps its files when it is opened again', async () => {
    const one = await fixture.open('one')
    await sh(one, 'echo kept > kept.txt')
    await one.dispose()
    await expect(sh(one, 'true')).rejects.toThrow(failsWith('sandbox.ended'))
    expect(await sh(await fixture.open('one'), 'cat kept.txt')).toMatchObject({ stdout: 'kept\n' })
  })

  it('shares the exchange folder with the host', async () => {
    const sandbox = await fixture.open('one')
    writeFileSync(join(sandbox.exchangeDir, 'in'), 'from the host\n')
    expect(await sh(sandbox, 'cat /run/keyframe/in; echo from inside > /run/keyframe/out')).toMatchObject({ stdout: 'from the host\n' })
    expect(readFileSync(join(sandbox.exchangeDir, 'out'), 'utf8')).toBe('from inside\n')
  })

  it('binds tools read-only, files and folders, from a data folder that the guest cannot enter', async () => {
    mkdirSync(join(fixture.root, 'tools/inner'), { recursive: true })
    writeFileSync(join(fixture.root, 'tools/inner/tool.sh'), 'echo tool\n')
    const sandbox = await fixture.open('one', {
      binds: [
        { hostPath: join(fixture.root, 'tools'), guestPath: '/opt/keyframe/tools' },
        { hostPath: join(fixture.root, 'tools/inner/tool.sh'), guestPath: '/opt/keyframe/one.sh' },
      ],
    })
    const result = await sh(
      sandbox,
      'sh /opt/keyframe/tools/inner/tool.sh; sh /opt/keyframe/one.sh; echo x > /opt/keyframe/tools/inner/tool.sh',
    )
    expect(result).toMatchObject({ stdout: 'tool\ntool\n', stderr: expect.stringContaining('Read-only file system') })
  })
})

describe('dependency folders', () => {
  it('are copy-on-write over the live folder, which is never written', async () => {
    const liveDir = join(fixture.root, 'live/node_modules')
    mkdirSync(join(liveDir, 'pkg/lib'), { recursive: true })
    writeFileSync(join(liveDir, 'pkg/lib/index.js'), 'live\n')
    const live = treeHash(liveDir)
    const sandbox = await fixture.open('one', { dependencies: [{ path: 'node_modules', liveDir }] })
    const script =
      'cat node_modules/pkg/lib/index.js && mkdir node_modules/.vite && echo c > node_modules/.vite/c && echo d > node_modules/pkg/lib/d && ls -A node_modules node_modules/pkg/lib && rm node_modules/pkg/lib/index.js && ls node_modules/pkg/lib'
    expect(await sh(sandbox, script)).toMatchObject({
      exitCode: 0,
      stdout: 'live\nnode_modules:\n.vite\npkg\n\nnode_modules/pkg/lib:\nd\nindex.js\nd\n',
      stderr: '',
    })
    expect(treeHash(liveDir)).toBe(live)
    expect(existsSync(join(sandbox.upperDir, 'node_modules'))).toBe(false)
    await sandbox.dispose()
    const again = await fixture.open('one', { dependencies: [{ path: 'node_modules', liveDir }] })
    expect(await sh(again, 'cat node_modules/.vite/c')).toMatchObject({ stdout: 'c\n' })
  })

  it.runIf(process.getuid?.() === 0)('of root: existing files can be read and deleted, not rewritten, as the comment says', async () => {
    const liveDir = join(fixture.root, 'live')
    mkdirSync(join(liveDir, 'pkg'), { recursive: true })
    writeFileSync(join(liveDir, 'pkg/file'), 'live\n')
    const sandbox = await fixture.open('one', { dependencies: [{ path: 'node_modules', liveDir }] })
    const script =
      'cd node_modules/pkg; for t in "echo x >> file" "mv file other" "chmod 700 file"; do sh -c "$t" 2>/dev/null && echo "did $t"; done; cat file && rm file && echo deleted && echo own > file && cat file'
    const result = await sh(sandbox, script)
    expect(result.stdout).toBe('live\ndeleted\nown\n')
    expect(readFileSync(join(liveDir, 'pkg/file'), 'utf8')).toBe('live\n')
    expect(readdirSync(join(fixture.root, 'branches/.skeletons'))).toHaveLength(1)
  })

  it('are not mounted through a link that was left in their place', async () => {
    const liveDir = join(fixture.root, 'live')
    mkdirSync(liveDir)
    writeFileSync(join(liveDir, 'bash'), 'not the real one\n')
    const first = await fixture.open('one')
    await sh(first, 'rmdir node_modules && ln -s /usr/bin node_modules')
    await first.dispose()
    const second = await fixture.open('one', { dependencies: [{ path: 'node_modules', liveDir }] })
    expect(second.notices).toEqual(['node_modules is not mounted: the branch has no folder there any more.'])
    expect(await sh(second, 'readlink node_modules; bash -c "echo works"')).toMatchObject({ exitCode: 0, stdout: '/usr/bin\nworks\n' })
  })

  it('that were changed since the first sandbox over the base are noticed, their caches are not', async () => {
    const liveDir = join(fixture.root, 'live/node_modules')
    mkdirSync(join(liveDir, 'pkg'), { recursive: true })
    const dependencies = [{ path: 'node_modules', liveDir }]
    const notices = async (branch: string) => (await fixture.open(branch, { dependencies })).notices
    expect(await notices('one')).toEqual([])
    mkdirSync(join(liveDir, '.vite/deps'), { recursive: true })
    expect(await notices('two')).toEqual([])
    writeFileSync(join(fixture.root, 'live/package-lock.json'), '{}')
    const changed = ['node_modules was changed in the repository since the run began: earlier frames saw other dependencies.']
    expect(await notices('three')).toEqual(changed)
    mkdirSync(join(liveDir, 'pkg/deep'))
    expect(await notices('four')).toEqual(changed)
    rmSync(liveDir, { recursive: true })
    expect(await notices('five')).toEqual(['node_modules is not mounted: the repository has no such folder any more.'])
  })

  it('without a mount point in the base are refused', async () => {
    await expect(fixture.open('one', { dependencies: [{ path: 'vendor', liveDir: fixture.root }] })).rejects.toThrow(
      failsWith('sandbox.no-mount-point'),
    )
  })

  it('outside of the workspace are refused', async () => {
    await expect(fixture.open('one', { dependencies: [{ path: '../x', liveDir: fixture.root }] })).rejects.toThrow(
      failsWith('sandbox.bad-path'),
    )
  })
})

describe('commands', () => {
  it('get arguments, folder, variables and input, and give back the exit code', async () => {
    const sandbox = await fixture.open('one')
    const command = {
      argv: ['sh', '-c', 'pwd; echo "$1 $WORD"; cat; echo oops >&2; exit 7', 'sh', "it's $HOME"],
      cwd: 'src',
      env: { WORD: 'a "b"\n' },
    }
    const result = await sandbox.run(command, { timeoutMs: 5000, stdin: 'input\n' })
    expect(result).toEqual({
      exitCode: 7,
      stdout: `/workspace/src\nit's $HOME a "b"\n\ninput\n`,
      stderr: 'oops\n',
      truncated: false,
      durationMs: expect.any(Number),
      timedOut: false,
      limit: null,
    })
  })

  it('stream their output while they run', async () => {
    const sandbox = await fixture.open('one')
    const seen: [string, string][] = []
    const script = 'echo first; while [ ! -e /run/keyframe/go ]; do sleep 0.02; done; echo second >&2'
    const running = sh(sandbox, script, { onOutput: (stream, chunk) => seen.push([stream, chunk]) })
    await until(() => seen.length > 0)
    writeFileSync(join(sandbox.exchangeDir, 'go'), '')
    await running
    expect(seen).toEqual([
      ['stdout', 'first\n'],
      ['stderr', 'second\n'],
    ])
  })

  it('keep both ends of too much output', async () => {
    const sandbox = await fixture.open('one')
    const result = await sh(sandbox, 'echo begin; yes | head -c 3000000; echo end', { maxOutputBytes: 1000 })
    expect(result).toMatchObject({ exitCode: 0, truncated: true })
    expect(result.stdout).toMatch(/^begin\n(y\n)+.*\n\[\.\.\. \d+ bytes left out \.\.\.\]\n.*\n(y\n)+end\n$/)
  })

  it('that are not found end with 127, in folders that are not there are refused', async () => {
    const sandbox = await fixture.open('one')
    expect(await sandbox.run({ argv: ['no-such-program'] }, { timeoutMs: 5000 })).toMatchObject({ exitCode: 127 })
    await expect(sandbox.run({ argv: ['true'], cwd: 'nowhere' }, { timeoutMs: 5000 })).rejects.toThrow(failsWith('sandbox.no-such-folder'))
    await expect(sandbox.run({ argv: ['true'], cwd: 'src/../..' }, { timeoutMs: 5000 })).rejects.toThrow(failsWith('sandbox.bad-path'))
    const injection = { argv: ['true'], env: { A: 'x\0--bind\0/\0/host' } }
    await expect(sandbox.run(injection, { timeoutMs: 5000 })).rejects.toThrow(failsWith('sandbox.bad-environment'))
    await expect(sandbox.run({ argv: [] }, { timeoutMs: 5000 })).rejects.toThrow(failsWith('sandbox.no-command'))
  })

  it('end with everything they started when their time is over', async () => {
    const sandbox = await fixture.open('one')
    const running = sh(sandbox, '(setsid sleep 100 &) ; sleep 100 & trap "" TERM INT; sleep 100', { timeoutMs: 2000 })
    await until(async () => (await sandbox.processes()).filter((line) => line === 'sleep 100').length === 3)
    expect(await running).toMatchObject({ exitCode: 137, timedOut: true })
    expect(await sandbox.processes()).toEqual([])
  })

  it('are cancelled by a signal', async () => {
    const sandbox = await fixture.open('one')
    const controller = new AbortController()
    const running = sh(sandbox, 'sleep 100', { signal: controller.signal })
    await until(async () => (await sandbox.processes()).includes('sleep 100'))
    controller.abort()
    await expect(running).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
    expect(await sandbox.processes()).toEqual([])
    await expect(sh(sandbox, 'true', { signal: controller.signal })).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
  })

  it('leave nothing behind when they are cancelled while they start', async () => {
    const sandbox = await fixture.open('one')
    for (let delayMs = 0; delayMs < 12; delayMs += 1) {
      const signal = AbortSignal.timeout(delayMs)
      await expect(sh(sandbox, 'sleep 54321', { signal })).rejects.toThrow()
    }
    const left = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && commandLine(Number(name))?.endsWith('sleep 54321'))
    expect(left).toEqual([])
  })

  it('leave no daemon behind', async () => {
    const sandbox = await fixture.open('one')
    const result = await sh(
      sandbox,
      '(setsid sh -c "while :; do date +%N > beat; sleep 0.01; done" >/dev/null 2>&1 &); until [ -s beat ]; do :; done; echo started',
    )
    expect(result).toMatchObject({ exitCode: 0, stdout: 'started\n' })
    const beat = readFileSync(join(sandbox.upperDir, 'beat'), 'utf8')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(readFileSync(join(sandbox.upperDir, 'beat'), 'utf8')).toBe(beat)
  })

  it('run long beside each other as children with pipes', async () => {
    const sandbox = await fixture.open('one')
    const child = await sandbox.spawn({ argv: ['cat'] })
    let said = ''
    child.onStdout((chunk) => (said += chunk.toString()))
    child.write('one\n')
    await until(() => said === 'one\n')
    expect(await sandbox.processes()).toEqual(['cat'])
    child.write(Buffer.from('two\n'))
    child.end()
    expect(await child.exited).toBe(0)
    expect(said).toBe('one\ntwo\n')
    const unread = await sandbox.spawn({ argv: ['sh', '-c', 'yes | head -c 1000000; yes | head -c 1000000 >&2'] })
    expect(await unread.exited).toBe(0)
    const killed = await sandbox.spawn({ argv: ['sleep', '100'] })
    killed.kill()
    expect(await killed.exited).toBe(137)
  })
})

describe('limits', () => {
  it('a fork bomb is limited to its processes', async () => {
    const sandbox = await fixture.open('one', { limits: { ...DEFAULT_LIMITS, maxProcesses: 40 } })
    const result = await sandbox.run(
      { argv: ['bash', '-c', 'for i in $(seq 200); do sleep 20 & done; echo survived'] },
      { timeoutMs: 3000 },
    )
    expect(result.stderr).toContain('Resource temporarily unavailable')
    const bomb = await sandbox.run({ argv: ['bash', '-c', 'f() { f | f & }; f; sleep 0.5'] }, { timeoutMs: 1500, maxOutputBytes: 1000 })
    expect(bomb.durationMs).toBeLessThan(10_000)
    expect(await sandbox.processes()).toEqual([])
  })

  it('a command that takes too much memory ends', async () => {
    const sandbox = await fixture.open('one', { limits: { ...DEFAULT_LIMITS, maxMemoryBytes: 256 * 1024 ** 2 } })
    const grow = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(16 * 1024 ** 2, 1)), 10)'
    expect(await sandbox.run({ argv: ['/opt/keyframe/bin/node', '-e', grow] }, { timeoutMs: 15_000 })).toMatchObject({
      exitCode: 137,
      limit: 'memory',
      timedOut: false,
    })
  })

  it('a command that takes too much processor time ends', async () => {
    const sandbox = await fixture.open('one', { limits: { ...DEFAULT_LIMITS, maxCpuSeconds: 1 } })
    expect(await sh(sandbox, 'while :; do :; done')).toMatchObject({ exitCode: 152, limit: 'cpu', timedOut: false })
  })

  it('a branch that takes too much disk ends its commands; then files stay small until something is deleted', async () => {
    const sandbox = await fixture.open('one', { limits: { ...DEFAULT_LIMITS, maxDiskBytes: 50 * 1024 ** 2 } })
    const script =
      'mkdir hidden; i=0; while [ $i -lt 100 ]; do head -c 4000000 /dev/zero > hidden/$i; chmod 000 hidden; sleep 0.05; chmod 700 hidden; i=$((i+1)); done'
    expect(await sh(sandbox, script)).toMatchObject({ exitCode: 137, limit: 'disk', timedOut: false })
    expect((await sandbox.activity()).limits).toEqual(['disk'])
    const refused = await sh(sandbox, 'exec head -c 3000000 /dev/zero > more')
    expect(refused).toMatchObject({ exitCode: 153, limit: 'disk', stderr: expect.stringContaining('Delete some') })
    expect((await sh(sandbox, 'echo x > small')).exitCode).toBe(0)
    const shell = await sandbox.spawn({
      argv: ['bash', '-c', 'trap "" XFSZ; while read -r line; do eval "$line" 2>/dev/null && echo did || echo did not; done'],
    })
    let said = ''
    shell.onStdout((chunk) => (said += chunk.toString()))
    shell.write('head -c 3000000 /dev/zero > here\n')
    await until(() => said === 'did not\n')
    expect(await sh(sandbox, 'chmod 700 hidden; rm -r hidden; ls')).toMatchObject({ exitCode: 0, limit: null })
    expect(await sh(sandbox, 'echo x > small; cat small')).toMatchObject({ exitCode: 0, stdout: 'x\n', stderr: '' })
    shell.write('head -c 3000000 /dev/zero > here\n')
    await until(() => said === 'did not\ndid\n')
    shell.kill()
    await shell.exited
  })

  it('opens no more files than allowed and dumps no core', async () => {
    const sandbox = await fixture.open('one', { limits: { ...DEFAULT_LIMITS, maxOpenFiles: 64 } })
    expect(await sh(sandbox, 'ulimit -n; ulimit -c')).toMatchObject({ stdout: '64\n0\n' })
  })
})

describe('freezing', () => {
  it('stops every process, keeps new ones waiting, and lets all go on', async () => {
    const sandbox = await fixture.open('one')
    const beat = join(sandbox.upperDir, 'beat')
    const child = await sandbox.spawn({ argv: ['bash', '-c', 'while :; do echo $((n++)) > beat; sleep 0.005; done'] })
    await until(() => existsSync(beat))
    let later: Promise<CommandResult> | undefined
    const [first, second] = await sandbox.frozen(async () => {
      later = sh(sandbox, 'echo late')
      const then = readFileSync(beat, 'utf8')
      await new Promise((resolve) => setTimeout(resolve, 150))
      return [then, readFileSync(beat, 'utf8')]
    })
    expect(second).toBe(first)
    expect(await later).toMatchObject({ stdout: 'late\n' })
    await until(() => readFileSync(beat, 'utf8') !== first)
    await expect(sandbox.frozen(() => Promise.reject(new Error('capture failed')))).rejects.toThrow('capture failed')
    const after = readFileSync(beat, 'utf8')
    await until(() => readFileSync(beat, 'utf8') !== after)
    child.kill()
    await child.exited
  })

  it('leaves suspended what was suspended before', async () => {
    const sandbox = await fixture.open('one')
    const child = await sandbox.spawn({ argv: ['sh', '-c', 'echo $$; kill -STOP $$; echo woken'] })
    let said = ''
    child.onStdout((chunk) => (said += chunk.toString()))
    await until(async () => said === '2\n' || said.length > 2)
    await new Promise((resolve) => setTimeout(resolve, 50))
    await sandbox.frozen(async () => undefined)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(said).not.toContain('woken')
    child.kill()
    await child.exited
  })
})

describe('the end', () => {
  it('dispose ends everything and can be called twice', async () => {
    const sandbox = await fixture.open('one')
    const child = await sandbox.spawn({ argv: ['sh', '-c', 'sleep 100 & sleep 100'] })
    const running = sh(sandbox, 'sleep 100')
    await until(async () => (await sandbox.processes()).length === 5)
    await Promise.all([sandbox.dispose(), sandbox.dispose()])
    expect(await child.exited).toBe(137)
    expect(await running).toMatchObject({ exitCode: 137, timedOut: false })
    expect(processState(child.pid) === null || hasEnded(child.pid)).toBe(true)
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(fixture.root)
  })

  it('a base that is not there is a clear failure', async () => {
    await expect(fixture.open('one', { baseDir: join(fixture.root, 'nowhere') })).rejects.toThrow(failsWith('sandbox.missing-folder'))
    symlinkSync(fixture.baseDir, join(fixture.root, 'odd, name: with \\ and "quotes" \' é'))
    const sandbox = await fixture.open('two', { baseDir: join(fixture.root, 'odd, name: with \\ and "quotes" \' é') })
    expect(await sh(sandbox, 'cat README.md')).toMatchObject({ stdout: 'read me\n' })
  })
})

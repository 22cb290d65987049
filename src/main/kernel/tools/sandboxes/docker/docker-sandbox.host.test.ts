import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { noEngineReason, startDockerEngine, type DockerEngine } from '../../../testing/docker-engine'
import { failureOf } from '../../../testing/driver-harness'
import { writeOwned } from '../../../testing/overlay-fixture'
import { startFromSource } from '../../../testing/start-from-source'
import { egressBinds } from '../../guest/guest-binds'
import { guestOwner } from '../guest-owner'
import { descendantsOf, hasEnded } from '../process-tree'
import { isWorldReadable } from '../toolchains'
import { DEFAULT_LIMITS, DEFAULT_PROFILE, type CommandResult, type Sandbox, type SandboxSpec } from '../sandbox'
import { detectDocker } from './detect-docker'
import { createDockerProvider, type DockerProvider } from './docker-sandbox'
import { KERNEL_LABEL, kernelMark } from '../kernel-mark'

const reason = noEngineReason()
const APP_ROOT = resolve(import.meta.dirname, '../../../../../..')
const NODE = '/opt/keyframe/bin/node'

const sh = (sandbox: Sandbox, script: string, timeoutMs = 20_000): Promise<CommandResult> =>
  sandbox.run({ argv: ['bash', '-c', script] }, { timeoutMs })

const out = async (sandbox: Sandbox, script: string): Promise<string> => {
  const result = await sh(sandbox, script)
  return `${result.stdout}${result.stderr}`
}

describe.skipIf(reason !== null)('sandboxes of containers', { meta: { reason: reason ?? '' } }, () => {
  let engine: DockerEngine
  let provider: DockerProvider
  let root: string
  let opened: Sandbox[]
  let branches = 0

  const open = async (spec: Partial<SandboxSpec> = {}): Promise<Sandbox> => {
    const dir = join(root, 'branches', `${(branches += 1)}`)
    const sandbox = await provider.open({
      dir,
      baseDir: join(root, 'base'),
      layerDir: null,
      dependencies: [],
      binds: [],
      limits: DEFAULT_LIMITS,
      ...spec,
    })
    opened.push(sandbox)
    return sandbox
  }

  beforeAll(async () => {
    engine = await startDockerEngine()
    root = mkdtempSync(join(tmpdir(), 'keyframe-docker-'))
    provider = createDockerProvider({
      dockerPath: engine.dockerPath,
      host: engine.host,
      image: engine.image,
      nodePath: process.execPath,
    })
    opened = []
    writeOwned(join(root, 'base'), {
      'README.md': 'read me\n',
      'gone.txt': 'gone\n',
      'folder/deep/file': 'deep\n',
      'secret/key.pem': 'key\n',
      'node_modules/': '',
      'odd name, with: signs\\/file': 'odd\n',
    })
  })

  afterAll(async () => {
    for (const sandbox of opened) await sandbox.dispose()
    await engine.dispose()
    rmSync(root, { recursive: true, force: true })
  })

  it('proves its boundary by trying', async () => {
    const { requirements, proofs } = await detectDocker(provider)
    expect(requirements.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'Docker engine ok',
      'Docker image ok',
      'container sandbox ok',
    ])
    expect(proofs.filter((proof) => !proof.holds)).toEqual([])
    expect(proofs.length).toBeGreaterThan(18)
  })

  it('keeps the changes of each branch in its own layer, in the form that captures read', async () => {
    const sandbox = await open()
    const script = 'echo new > made; rm gone.txt; rm -r folder; mkdir folder; echo x >> README.md; ls; cat "odd name, with: signs\\\\/file"'
    expect(await out(sandbox, script)).toBe('README.md\nfolder\nmade\nnode_modules\nodd name, with: signs\\\nsecret\nodd\n')
    expect(lstatSync(join(sandbox.upperDir, 'gone.txt')).isCharacterDevice()).toBe(true)
    expect(readFileSync(join(sandbox.upperDir, 'README.md'), 'utf8')).toBe('read me\nx\n')
    expect(lstatSync(join(sandbox.upperDir, 'made')).uid).toBe(guestOwner().uid)
    expect(readFileSync(join(root, 'base/gone.txt'), 'utf8')).toBe('gone\n')
    const opaque = await out(sandbox, `${NODE} -e "console.log(require('fs').readdirSync('folder').length)"`)
    expect(opaque).toBe('0\n')
  })

  it('mounts layers whose names hold the signs that mount options are divided by', async () => {
    const layerDir = join(root, 'a layer: with, odd\\signs')
    writeOwned(layerDir, { 'from-layer': 'layer\n' })
    const sandbox = await open({ layerDir, dir: join(root, 'branches', 'odd: branch, \\name') })
    expect(await out(sandbox, 'cat from-layer README.md; echo more > more')).toBe('layer\nread me\n')
    expect(readFileSync(join(sandbox.upperDir, 'more'), 'utf8')).toBe('more\n')
  })

  it('mounts dependencies copy-on-write, and not where the agent left a link or nothing', async () => {
    const liveDir = join(root, 'live_modules')
    writeOwned(liveDir, { 'left-pad/index.js': 'pad\n' })
    const dependencies = [{ path: 'node_modules', liveDir }]
    const sandbox = await open({ dependencies })
    expect(await out(sandbox, 'cat node_modules/left-pad/index.js; echo y > node_modules/left-pad/new; ls node_modules/left-pad')).toBe(
      'pad\nindex.js\nnew\n',
    )
    expect(readdirSync(join(liveDir, 'left-pad'))).toEqual(['index.js'])
    expect(readdirSync(sandbox.upperDir)).toEqual([])
    const layerDir = join(root, 'layer-without')
    writeOwned(layerDir, {})
    execFileSync('mknod', [join(layerDir, 'node_modules'), 'c', '0', '0'])
    const without = await open({ dependencies, layerDir })
    expect(await out(without, 'ls -d node_modules 2>&1 | grep -c "No such"')).toBe('1\n')
    expect(without.notices.join()).toContain('node_modules is not mounted')
  })

  describe('profiles', () => {
    it('give a read-only workspace without execution and without what is masked', async () => {
      const profile = { ...DEFAULT_PROFILE, workspace: 'read-only' as const, executable: false, masked: ['secret', 'gone.txt'] }
      const sandbox = await open({ profile })
      expect(await out(sandbox, 'echo x > new; echo x > README.md')).toMatch(/Read-only file system[\s\S]*Read-only file system/)
      expect(await out(sandbox, 'ls -a; cat secret/key.pem')).not.toMatch(/key\n|gone\.txt/)
      expect(await out(sandbox, 'grep /workspace /proc/mounts')).toMatch(/ ro,nosuid,nodev,noexec,/)
      expect(readdirSync(sandbox.upperDir)).toEqual([])
    })

    it('let a workspace be written but not executed', async () => {
      const sandbox = await open({ profile: { ...DEFAULT_PROFILE, executable: false } })
      expect(await out(sandbox, 'cp /bin/true ./own; chmod +x own; ./own')).toContain('Permission denied')
      expect(await out(sandbox, 'cp /bin/true /tmp/own; /tmp/own; echo $?')).toBe('0\n')
    })

    it('use the system call filter of the role', async () => {
      const sandbox = await open({ profile: { ...DEFAULT_PROFILE, seccomp: 'read-only' } })
      const code = `require('net').connect(80,'127.0.0.1').on('error', (e) => console.log(e.code))`
      expect((await sandbox.run({ argv: [NODE, '-e', code] }, { timeoutMs: 10_000 })).stdout).toContain('EAFNOSUPPORT')
    })

    it('reach the network through the proxy only, as the gate decides', async () => {
      const server = createServer((_request, response) => response.end('from outside'))
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      try {
        const gate = ({ port: asked }: { port: number }): { allowed: boolean; reason: string } => ({
          allowed: asked === port,
          reason: 'by port',
        })
        const sandbox = await open({ profile: { ...DEFAULT_PROFILE, egress: gate }, binds: egressBinds(APP_ROOT) })
        const ask = (to: number): string =>
          `require('http').get({host:'127.0.0.1',port:3128,path:'http://127.0.0.1:${to}/'},(r)=>r.on('data',(d)=>console.log(r.statusCode,String(d).slice(0,12))))`
        expect((await sandbox.run({ argv: [NODE, '-e', ask(port)] }, { timeoutMs: 10_000 })).stdout).toBe('200 from outside\n')
        expect((await sandbox.run({ argv: [NODE, '-e', ask(port === 9 ? 10 : 9)] }, { timeoutMs: 10_000 })).stdout).toMatch(/^403 /)
        const direct = `require('net').connect(${port},'127.0.0.1').on('error',(e)=>console.log(e.code))`
        expect((await sandbox.run({ argv: [NODE, '-e', direct] }, { timeoutMs: 10_000 })).stdout).toBe('ECONNREFUSED\n')
        const { network } = await sandbox.activity()
        expect(network.map(({ host, allowed }) => `${host} ${allowed}`)).toEqual(['127.0.0.1 true', '127.0.0.1 false'])
        expect((await sandbox.activity()).ports).toEqual([])
        expect(await out(sandbox, 'echo $HTTPS_PROXY')).toBe('http://127.0.0.1:3128\n')
      } finally {
        server.close()
      }
    })
  })

  describe('commands', () => {
    let sandbox: Sandbox
    beforeAll(async () => {
      sandbox = await open()
    })

    it('give their output, exit code and input, and say when they were ended', async () => {
      expect(await sandbox.run({ argv: ['bash', '-c', 'cat; echo err >&2; exit 3'] }, { timeoutMs: 9000, stdin: 'in' })).toMatchObject({
        exitCode: 3,
        stdout: 'in',
        stderr: 'err\n',
        timedOut: false,
        limit: null,
      })
      expect(await sandbox.run({ argv: ['sleep', '60'] }, { timeoutMs: 100 })).toMatchObject({ exitCode: 137, timedOut: true })
      expect(await sandbox.run({ argv: ['no-such-program'] }, { timeoutMs: 9000 })).toMatchObject({ exitCode: 127 })
      expect((await failureOf(sandbox.run({ argv: ['ls'], cwd: 'nowhere' }, { timeoutMs: 9000 }))).code).toBe('sandbox.no-such-folder')
      expect((await failureOf(sandbox.run({ argv: ['ls'], cwd: '../x' }, { timeoutMs: 9000 }))).code).toBe('sandbox.bad-path')
      expect((await failureOf(sandbox.run({ argv: ['echo', 'x'.repeat(200_000)] }, { timeoutMs: 9000 }))).code).toBe('sandbox.bad-argument')
      const large = await sandbox.run({ argv: ['seq', '1', '300000'] }, { timeoutMs: 9000, maxOutputBytes: 10_000 })
      expect(large).toMatchObject({ exitCode: 0, truncated: true })
      expect(large.stdout.endsWith('299999\n300000\n')).toBe(true)
    })

    it('end with everything that they started, daemons and those that kill their supervisor too', async () => {
      const daemon = `(setsid env -i sleep 61 >/dev/null 2>&1 &); (setsid bash -c "trap '' TERM HUP INT; sleep 62 & wait" &) ; sleep 0.2; echo started`
      expect(await sh(sandbox, daemon)).toMatchObject({ exitCode: 0, stdout: 'started\n' })
      expect(await sandbox.processes()).toEqual([])
      const murder = await sh(sandbox, '(setsid sleep 63 &); kill -9 $PPID; sleep 64')
      expect(murder.exitCode).toBe(137)
      expect(await out(sandbox, 'cat /proc/[0-9]*/cmdline | tr "\\0" " " | grep -c "sleep [6]"')).toBe('0\n')
    })

    it('are aborted, also before they have begun', async () => {
      const abort = new AbortController()
      const running = sandbox.run({ argv: ['sleep', '60'] }, { timeoutMs: 60_000, signal: abort.signal })
      abort.abort(new Error('enough'))
      await expect(running).rejects.toThrow('enough')
      expect(await sandbox.processes()).toEqual([])
    })

    it('are stopped while their files are read', async () => {
      const child = await sandbox.spawn({ argv: ['bash', '-c', 'n=0; while :; do echo $((n+=1)) > counter; done'] })
      const read = (): string => readFileSync(join(sandbox.upperDir, 'counter'), 'utf8')
      while (!existsSync(join(sandbox.upperDir, 'counter'))) await new Promise((done) => setTimeout(done, 20))
      await sandbox.frozen(async () => {
        const before = read()
        await new Promise((done) => setTimeout(done, 100))
        expect(read()).toBe(before)
      })
      const after = read()
      while (read() === after) await new Promise((done) => setTimeout(done, 20))
      child.kill()
      expect(await child.exited).toBe(137)
    })

    it('have terminals of the asked size, job control and their own keys', async () => {
      const pty = await sandbox.pty({ argv: ['bash', '--norc', '-i'] }, { cols: 91, rows: 33 })
      let seen = ''
      pty.onData((data) => (seen += data))
      const until = async (text: string | RegExp): Promise<void> => {
        await vi.waitUntil(() => (typeof text === 'string' ? seen.includes(text) : text.test(seen)), { timeout: 15_000 })
      }
      pty.write('stty size; readlink /proc/self/fd/0; id -un\r')
      await until(/33 91\r\n\/dev\/pts\/\d+\r\nagent\r\n/)
      pty.resize(120, 40)
      pty.write('sleep 50\r')
      await until('sleep 50\r\n')
      await vi.waitUntil(async () => (await sandbox.processes()).includes('sleep 50'), { timeout: 15_000 })
      // Ctrl-Z, and Ctrl-P Ctrl-Q, by which the engine would leave the terminal.
      pty.write('\x1a')
      await until('Stopped')
      pty.write('\x10\x11\x15jobs; stty size\r')
      await until(/Stopped +sleep 50[\s\S]*40 120/)
      pty.write('kill -9 %1; exit 5\r')
      await until('exit')
      pty.write('exit 5\r')
      expect(await pty.exited).toBe(5)
    })

    it('are seen with their ports and what they used', async () => {
      await sandbox.activity()
      const code = `require('net').createServer().listen(8123,'127.0.0.1',()=>console.log('up')); while(process.cpuUsage().user<200000);`
      const server = await sandbox.spawn({ argv: [NODE, '-e', code] })
      await new Promise<void>((done) => server.onStdout(() => done()))
      const { ports, usage, limits } = await sandbox.activity()
      expect(ports).toEqual([{ port: 8123, address: '127.0.0.1', program: expect.stringContaining('/opt/keyframe/bin/node -e') as string }])
      expect(usage.cpuMs).toBeGreaterThan(100)
      expect(usage.peakMemoryBytes).toBeGreaterThan(5_000_000)
      expect(limits).toEqual([])
      server.kill()
      await server.exited
    })
  })

  describe('limits', () => {
    it('end what takes too much memory', async () => {
      const sandbox = await open({ limits: { ...DEFAULT_LIMITS, maxMemoryBytes: 128 * 1024 ** 2 } })
      const code = 'const all=[]; for(;;) all.push(Buffer.alloc(1e7, 1))'
      expect(await sandbox.run({ argv: [NODE, '-e', code] }, { timeoutMs: 20_000 })).toMatchObject({
        exitCode: 137,
        limit: 'memory',
        timedOut: false,
      })
      expect((await sandbox.activity()).limits).toEqual(['memory'])
    })

    it('refuse too many processes and open files, and end what computes too long', async () => {
      const sandbox = await open({ limits: { ...DEFAULT_LIMITS, maxProcesses: 20, maxOpenFiles: 64, maxCpuSeconds: 1 } })
      // bash would try again for half a minute.
      const many = await sandbox.run({ argv: ['sh', '-c', 'for n in $(seq 40); do sleep 1 & done'] }, { timeoutMs: 20_000 })
      expect(many.stderr).toContain('Cannot fork')
      expect((await sandbox.activity()).limits).toContain('processes')
      expect(await out(sandbox, 'ulimit -n')).toBe('64\n')
      expect(await sh(sandbox, 'while :; do :; done')).toMatchObject({ exitCode: 152, limit: 'cpu' })
    })

    it('end what fills the disk, and let room be made again', async () => {
      const sandbox = await open({ limits: { ...DEFAULT_LIMITS, maxDiskBytes: 20 * 1024 ** 2 } })
      expect(await sh(sandbox, 'while :; do head -c 4000000 /dev/zero >> big; sleep 0.02; done')).toMatchObject({ limit: 'disk' })
      const refused = await sh(sandbox, 'head -c 3000000 /dev/zero > more')
      expect(refused.exitCode).not.toBe(0)
      expect(refused.stderr).toContain('are allowed')
      expect(await sh(sandbox, 'rm big')).toMatchObject({ exitCode: 0 })
      expect(await sh(sandbox, 'echo more > more; cat more')).toMatchObject({ exitCode: 0, stdout: 'more\n' })
    })
  })

  it('ends with everything when it is disposed of, and opens again over the same files', async () => {
    const dir = join(root, 'branches', 'again')
    const sandbox = await open({ dir })
    const child = await sandbox.spawn({ argv: ['bash', '-c', 'echo kept > kept; sleep 70'] })
    while (!existsSync(join(sandbox.upperDir, 'kept'))) await new Promise((done) => setTimeout(done, 10))
    const tree = [child.pid, ...descendantsOf(child.pid)]
    await sandbox.dispose()
    expect(await child.exited).toBe(137)
    expect(tree.every(hasEnded)).toBe(true)
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(`upperdir=${dir}`)
    expect((await failureOf(sh(sandbox, 'true'))).code).toBe('sandbox.ended')
    const again = await open({ dir })
    expect(await out(again, 'cat kept')).toBe('kept\n')
  })

  it('ends with the kernel, however that ends', async () => {
    const dir = join(root, 'branches', 'killed')
    const kernel = startFromSource('docker-process.ts', [engine.host, engine.image, dir, join(root, 'base')])
    const [line = ''] = await new Promise<string[]>((done) =>
      kernel.stdout?.once('data', (chunk: Buffer) => done(chunk.toString().split('\n'))),
    )
    const pids = line.split(' ').map(Number)
    const tree = pids.flatMap((pid) => [pid, ...descendantsOf(pid)])
    expect(tree.length).toBeGreaterThan(4)
    expect(readFileSync('/proc/mounts', 'utf8')).toContain(`upperdir=${dir}`)
    kernel.kill('SIGKILL')
    await vi.waitUntil(() => tree.every(hasEnded) && !readFileSync('/proc/mounts', 'utf8').includes(`upperdir=${dir}`), { timeout: 15_000 })
    const marked = (): string => engine.docker('ps', '--all', '--format', '{{.Labels}}', '--filter', `label=${KERNEL_LABEL}`)
    await vi.waitUntil(() => !marked().includes(`=${kernel.pid}:`), { timeout: 15_000 })
  })

  const isReachable = isWorldReadable(import.meta.filename) && isWorldReadable(process.execPath)
  it.skipIf(!isReachable)('serves ordinary users too', { meta: { reason: 'the sources are not readable for other users' } }, async () => {
    const socket = engine.host.slice('unix://'.length)
    chmodSync(dirname(socket), 0o711)
    chmodSync(socket, 0o666)
    const user = startFromSource('docker-user-process.ts', [engine.host, engine.image], { uid: 64_321, gid: 64_321 })
    let said = ''
    user.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await new Promise((done) => user.once('close', done))
    expect(JSON.parse(said)).toEqual({ uid: 64_321, broken: [], proofs: 21, timedOut: true, processes: [], isRemoved: true })
  })

  it('removes what kernels that are no more left in the engine, and nothing of others', async () => {
    const create = (mark: string): string => engine.docker('create', '--label', `${KERNEL_LABEL}=${mark}`, engine.image, 'true').trim()
    const volume = (mark: string): string => engine.docker('volume', 'create', '--label', `${KERNEL_LABEL}=${mark}`).trim()
    const [left, other] = [create('1:2:another-boot'), create(kernelMark())]
    const [leftVolume, otherVolume] = [volume('garbage'), volume(kernelMark())]
    // A kernel that is killed in the middle of a capture leaves a container that does not notice.
    const still = engine
      .docker('run', '--detach', '--network=none', '--label', `${KERNEL_LABEL}=1:2:another-boot`, engine.image, 'sleep', '300')
      .trim()
    engine.docker('pause', still)
    const foreign = engine.docker('create', engine.image, 'true').trim()
    await createDockerProvider({ dockerPath: engine.dockerPath, host: engine.host, nodePath: process.execPath }).engine()
    const containers = engine.docker('ps', '--all', '--quiet', '--no-trunc').split('\n')
    expect([left, still, other, foreign].map((id) => containers.includes(id))).toEqual([false, false, true, true])
    const volumes = engine.docker('volume', 'ls', '--quiet').split('\n')
    expect([leftVolume, otherVolume].map((name) => volumes.includes(name))).toEqual([false, true])
    engine.docker('rm', other, foreign)
    engine.docker('volume', 'rm', otherVolume)
  })

  it('says what is missing: an image, a C library, an engine', async () => {
    const options = { dockerPath: engine.dockerPath, host: engine.host, nodePath: process.execPath }
    const base = join(root, 'base')
    expect((await failureOf(createDockerProvider({ ...options, image: 'nothing:here' }).image(base))).failure).toMatchObject({
      code: 'sandbox.no-image',
      action: expect.stringContaining('docker pull nothing:here') as string,
    })
    mkdirSync(join(root, 'musl/bin'), { recursive: true })
    writeFileSync(join(root, 'musl/bin/sh'), '')
    execFileSync('tar', ['-C', join(root, 'musl'), '-cf', join(root, 'musl.tar'), '.'])
    engine.docker('import', join(root, 'musl.tar'), 'musl:1')
    expect((await failureOf(createDockerProvider({ ...options, image: 'musl:1' }).image(base))).code).toBe('sandbox.unsuitable-image')
    const nowhere = createDockerProvider({ ...options, host: 'unix:///nonexistent.sock' })
    const { requirements } = await detectDocker(nowhere)
    expect(requirements).toMatchObject([{ name: 'Docker engine', state: 'missing' }])
    expect((await failureOf(createDockerProvider({ ...options, host: 'tcp://192.0.2.1:2375' }).engine())).code).toBe('docker.not-here')
  })

  it('builds the workspace’s own image from the base, once, without network', async () => {
    const base = join(root, 'with-dockerfile')
    writeOwned(base, {
      '.devcontainer/devcontainer.json':
        '{ // our own\n "build": { "dockerfile": "Own", "context": "..", "args": { "WHO": "me" }, }, "features": {}, }',
      '.devcontainer/Own': `FROM ${engine.image}\nARG WHO\nCOPY mark /mark\nVOLUME /declared /tmp\nRUN echo $WHO > /who; cat /proc/net/dev | tail -n +3 | cut -d: -f1 > /interfaces\n`,
      mark: 'from the base\n',
    })
    const options = { dockerPath: engine.dockerPath, host: engine.host, nodePath: process.execPath, image: 'auto' }
    const own = createDockerProvider(options)
    const image = await own.image(base)
    expect(image.notices).toEqual(['Of .devcontainer/devcontainer.json only the image is used, not features.'])
    expect(image.name).toMatch(/^keyframe-workspace:[0-9a-f]{24}$/)
    const sandbox = await own.open({
      dir: join(root, 'branches/own'),
      baseDir: base,
      layerDir: null,
      dependencies: [],
      binds: [],
      limits: DEFAULT_LIMITS,
    })
    opened.push(sandbox)
    expect(await out(sandbox, 'cat /mark /who; tr -d " " < /interfaces')).toBe('from the base\nme\nlo\n')
    expect(
      await out(sandbox, 'grep " /declared " /proc/mounts | cut -d" " -f1; df -m /declared | tail -1 | tr -s " " | cut -d" " -f2'),
    ).toBe('tmpfs\n256\n')
    expect((await createDockerProvider(options).image(base)).name).toBe(image.name)
    writeOwned(base, { '.devcontainer/devcontainer.json': '{ "build": { "dockerfile": "../../../etc/passwd" } }' })
    expect((await failureOf(createDockerProvider(options).image(base))).code).toBe('sandbox.bad-recipe')
    writeOwned(base, { '.devcontainer/devcontainer.json': '{}', Dockerfile: `FROM ${engine.image}\nRUN exit 9\n` })
    expect((await failureOf(createDockerProvider(options).image(base))).code).toBe('sandbox.image-build-failed')
  })
})

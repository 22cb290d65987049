import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findProgram } from '../tools/sandboxes/host-programs'

/** A Docker engine of the test's own, with one small image made of this system's programs. */
export interface DockerEngine {
  readonly dockerPath: string
  /** `unix:///...` */
  readonly host: string
  readonly image: string
  docker(...args: string[]): string
  /** Ends the engine with everything in it. */
  dispose(): Promise<void>
}

/** Why there is no engine for tests on this machine; null when there can be one. */
export function noEngineReason(): string | null {
  if (process.platform !== 'linux') return 'a Docker engine for tests needs Linux'
  if (process.geteuid?.() !== 0) return 'a Docker engine for tests is only started by root'
  const missing = ['dockerd', 'docker', 'setpriv', 'ldd', 'tar'].filter((program) => findProgram(program) === null)
  return missing.length === 0 ? null : `not installed: ${missing.join(', ')}`
}

const IMAGE = 'keyframe-test:1'
const READY_MS = 30_000

/** Its socket, data and image lie in one temporary folder; it makes no network, bridge or firewall rule. */
export async function startDockerEngine(): Promise<DockerEngine> {
  const dir = mkdtempSync(join(tmpdir(), 'keyframe-engine-'))
  const host = `unix://${dir}/engine.sock`
  const log = openSync(join(dir, 'log'), 'w')
  const options = ['--storage-driver=overlay2', '--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-masq=false']
  const places = [`--data-root=${dir}/data`, `--exec-root=${dir}/exec`, `--pidfile=${dir}/pid`, `--host=${host}`]
  // It ends with the tests, also when these are killed.
  const bound = ['--pdeathsig', 'TERM', findProgram('dockerd') ?? 'dockerd']
  const engine = spawn(findProgram('setpriv') ?? 'setpriv', [...bound, ...options, ...places], { stdio: ['ignore', log, log] })
  closeSync(log)
  const dockerPath = findProgram('docker') ?? 'docker'
  const docker = (...args: string[]): string =>
    execFileSync(dockerPath, ['--host', host, ...args], { encoding: 'utf8', env: { HOME: dir } })
  try {
    await answers(engine, `${dir}/engine.sock`, join(dir, 'log'))
    importImage(docker, join(dir, 'root'))
  } catch (thrown) {
    await end(engine, dir)
    throw thrown
  }
  return { dockerPath, host, image: IMAGE, docker, dispose: () => end(engine, dir) }
}

async function answers(engine: ChildProcess, socket: string, log: string): Promise<void> {
  for (let waitedMs = 0; !existsSync(socket); waitedMs += 50) {
    if (engine.exitCode !== null || waitedMs > READY_MS)
      throw new Error(`dockerd does not answer:\n${readFileSync(log, 'utf8').slice(-2000)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** It ends its containers and its containerd before itself. */
async function end(engine: ChildProcess, dir: string): Promise<void> {
  if (engine.exitCode === null) {
    const ended = new Promise((resolve) => engine.once('exit', resolve))
    engine.kill('SIGTERM')
    await ended
  }
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
}

const PROGRAMS = [
  ...['sh', 'bash', 'cat', 'ls', 'env', 'id', 'git', 'rg', 'stty', 'ps', 'sleep', 'mkdir', 'rm', 'mv', 'cp', 'ln', 'touch', 'chmod'],
  ...['head', 'tail', 'wc', 'sort', 'uniq', 'tr', 'cut', 'grep', 'sed', 'find', 'seq', 'printf', 'echo', 'true', 'false', 'date'],
  ...['nohup', 'truncate', 'su', 'yes', 'xargs', 'tee', 'nice', 'mknod'],
  ...['mktemp', 'setsid', 'timeout', 'dd', 'df', 'du', 'stat', 'readlink', 'realpath', 'mkfifo', 'kill', 'basename', 'dirname', 'test'],
]

/** Copies programs with the libraries that they are linked to: some 25 MB. */
function importImage(docker: (...args: string[]) => string, root: string): void {
  for (const folder of ['usr/bin', 'usr/lib', 'usr/lib64', 'etc', 'tmp', 'var/tmp', 'root', 'proc', 'sys', 'dev', 'run']) {
    mkdirSync(join(root, folder), { recursive: true })
  }
  for (const name of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name))
  symlinkSync('usr/bin', join(root, 'sbin'))
  const put = (from: string, to: string): void => {
    const target = join(root, to.startsWith('/usr/') ? to : `/usr${to}`)
    mkdirSync(dirname(target), { recursive: true })
    copyFileSync(realpathSync(from), target)
  }
  const programs = PROGRAMS.flatMap((name) => findProgram(name) ?? [])
  for (const program of programs) put(program, program)
  // Node is mounted into containers and finds its libraries there.
  for (const line of execFileSync(findProgram('ldd') ?? 'ldd', [...programs.map((path) => realpathSync(path)), process.execPath], {
    encoding: 'utf8',
  }).split('\n')) {
    const library = /(\/\S+) \(0x/.exec(line)?.[1]
    if (library !== undefined) put(library, library)
  }
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/bash\n')
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n')
  const archive = `${root}.tar`
  execFileSync(findProgram('tar') ?? 'tar', ['-C', root, '-cf', archive, '.'])
  docker('import', archive, IMAGE)
  rmSync(root, { recursive: true })
  rmSync(archive)
}

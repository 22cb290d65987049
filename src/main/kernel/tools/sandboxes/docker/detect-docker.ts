import { lstatSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { DoctorReport, Requirement } from '../../../../../shared/contract/methods'
import { toFailure } from '../../../../../shared/failure'
import { guestOwner } from '../guest-owner'
import { GUEST_NODE } from '../guest-view'
import { removeTree } from '../../../checkpoints/remove-tree'
import { DEFAULT_LIMITS, MOUNTED_GUEST, type CommandResult, type Sandbox } from '../sandbox'
import { ENOSYS, EPERM } from '../seccomp-program'
import type { DockerProvider } from './docker-sandbox'
import { listenOnLoopback, makeProbeBase } from '../isolation-probes'

type Proof = DoctorReport['proofs'][number]

export interface DockerFinding {
  readonly requirements: readonly Requirement[]
  /** Empty when no container could be started. */
  readonly proofs: readonly Proof[]
}

/**
 * Finds out what a Docker engine of this machine enforces by trying: a throw-away branch is opened in a container and each proof is an
 * attempt inside it. Takes a second or two, leaves nothing behind, never throws for what the machine cannot do.
 */
export async function detectDocker(provider: DockerProvider): Promise<DockerFinding> {
  const requirements: Requirement[] = []
  const need = async (name: string, look: () => Promise<string>): Promise<boolean> => {
    try {
      requirements.push({ name, state: 'ok', detail: await look(), remedy: null })
      return true
    } catch (thrown) {
      const failure = toFailure(thrown)
      requirements.push({ name, state: 'missing', detail: failure.message, remedy: failure.action ?? null })
      return false
    }
  }
  const dir = mkdtempSync(join(tmpdir(), 'keyframe-doctor-'))
  try {
    const baseDir = makeProbeBase(dir)
    const isReady =
      (await need('Docker engine', async () => `Version ${(await provider.engine()).ServerVersion}, on this machine.`)) &&
      (await need('Docker image', async () => `${(await provider.image(baseDir)).name} is there and tools can run in it.`))
    if (!isReady) return { requirements, proofs: [] }
    const proofs: Proof[] = []
    await need('container sandbox', async () => {
      proofs.push(...(await prove(provider, dir, baseDir)))
      return 'Opened with its layers mounted.'
    })
    return { requirements, proofs }
  } finally {
    await removeTree(dir)
  }
}

/** What must not be seen inside. Nothing for an account whose home folder is not its own to read, or not there. */
function homeEntries(): string[] {
  try {
    return readdirSync(homedir())
      .map((name) => join(homedir(), name))
      .slice(0, 500)
  } catch (thrown) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes((thrown as NodeJS.ErrnoException).code ?? '')) return []
    throw thrown
  }
}

const MEMORY_BYTES = 512 * 1024 ** 2

async function prove(provider: DockerProvider, dir: string, baseDir: string): Promise<Proof[]> {
  const listener = createServer((socket) => socket.destroy())
  let sandbox: Sandbox | null = null
  try {
    const port = await listenOnLoopback(listener)
    const limits = { ...DEFAULT_LIMITS, maxMemoryBytes: MEMORY_BYTES }
    sandbox = await provider.open({ dir: join(dir, 'branch'), baseDir, layerDir: null, dependencies: [], binds: [], limits })
    const question = { port, paths: ['/var/run/docker.sock', '/run/docker.sock', ...homeEntries()] }
    const argv = [GUEST_NODE, '-e', SCRIPT, JSON.stringify(question)]
    const result = await sandbox.run({ argv }, { timeoutMs: 20_000 })
    const greedy = [GUEST_NODE, '-e', `const kept = []; for (let n = 0; n < 16; n++) kept.push(Buffer.alloc(${MEMORY_BYTES / 8}, n))`]
    const memory = await sandbox.run({ argv: greedy }, { timeoutMs: 20_000 })
    return judge(result, memory, { baseDir, upperDir: sandbox.upperDir })
  } finally {
    await sandbox?.dispose()
    listener.close()
  }
}

/** Runs inside, in the Node that is mounted there: the image need not have anything. */
const SCRIPT = `
const fs = require('node:fs'), net = require('node:net'), { spawnSync } = require('node:child_process')
const { port, paths } = JSON.parse(process.argv[1])
const status = fs.readFileSync('/proc/self/status', 'utf8')
const field = (name) => (new RegExp('^' + name + ':\\\\s*(.*)$', 'm').exec(status) || [])[1] || ''
const probes = {}
for (const name of fs.readdirSync('.')) if (name.startsWith('probe-')) probes[name.slice(6)] = spawnSync('./' + name).status
const written = []
for (const folder of ['/', '/usr', '/usr/bin', '/etc', '/opt', '/opt/keyframe/bin', '/dev', '/var', '/run', '/sys', '/sys/fs/cgroup', '/proc/sys/kernel']) {
  try { fs.writeFileSync(folder + '/keyframe-probe', ''); written.push(folder) } catch {}
}
fs.writeFileSync('kept.txt', 'changed'); fs.rmSync('gone.txt'); fs.rmSync('folder', { recursive: true }); fs.mkdirSync('made'); fs.writeFileSync('made/file', 'new')
const socket = net.connect(port, '127.0.0.1')
const done = (connect) => {
  process.stdout.write(JSON.stringify({
    uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(),
    processes: fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).length,
    interfaces: Object.keys(require('node:os').networkInterfaces()).concat(fs.readFileSync('/proc/net/dev', 'utf8').split('\\n').slice(2).map((line) => line.split(':')[0].trim()).filter(Boolean)),
    connect, probes, written,
    seen: paths.filter((path) => fs.existsSync(path)),
    variables: Object.keys(process.env),
    descriptors: String(spawnSync('/bin/sh', ['-c', 'echo /proc/self/fd/*'], { stdio: ['ignore', 'pipe', 'ignore'] }).stdout).trim(),
    capabilities: ['CapEff', 'CapPrm', 'CapBnd', 'CapAmb', 'CapInh'].map(field),
    filter: field('NoNewPrivs') + ' ' + field('Seccomp') + ' ' + field('Seccomp_filters'),
    boot: fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    workspace: fs.readdirSync('.').filter((name) => !name.startsWith('probe-')).sort(), node: process.version,
  }))
  process.exit(0)
}
socket.once('connect', () => done('connected')).once('error', (error) => done(error.code))
`

const Found = z.object({
  uid: z.number(),
  gid: z.number(),
  groups: z.array(z.number()),
  processes: z.number(),
  interfaces: z.array(z.string()),
  connect: z.string(),
  probes: z.record(z.string(), z.number().nullable()),
  written: z.array(z.string()),
  seen: z.array(z.string()),
  variables: z.array(z.string()),
  descriptors: z.string(),
  capabilities: z.array(z.string()),
  filter: z.string(),
  boot: z.string(),
  workspace: z.array(z.string()),
  node: z.string(),
})

/** Variables of the application that no image has a reason to set. */
function isForeign(name: string): boolean {
  const guests = ['HOME', 'HOSTNAME', 'LANG', 'LOGNAME', 'PATH', 'PWD', 'OLDPWD', 'SHELL', 'SHLVL', 'TERM', 'TMPDIR', 'USER', '_']
  return !guests.includes(name) && process.env[name] !== undefined && !name.endsWith('_VERSION')
}

const EINVAL = 22

function judge(result: CommandResult, memory: CommandResult, host: { baseDir: string; upperDir: string }): Proof[] {
  const parsed = Found.safeParse(result.exitCode === 0 ? JSON.parse(result.stdout) : null)
  if (!parsed.success) {
    const detail = `It ended with ${result.exitCode}: ${result.stderr.trim().slice(0, 300)}`
    return [{ name: 'attempts could be made', holds: false, detail }]
  }
  const found = parsed.data
  const owner = guestOwner()
  const refused = (probe: string, name: string, errors: readonly number[]): Proof => {
    const answer = found.probes[probe] ?? null
    const detail = answer === 0 ? 'the kernel allowed it' : `the kernel answered with error ${answer ?? 'unknown'}`
    return { name, holds: answer !== null && errors.includes(answer), detail }
  }
  const list = (names: readonly string[], none: string): string => (names.length === 0 ? none : names.slice(0, 10).join(' '))
  const foreign = found.variables.filter(isForeign)
  const interfaces = [...new Set(found.interfaces)]
  const made = lstatSync(join(host.upperDir, 'made/file'), { throwIfNoEntry: false })
  const whiteout = lstatSync(join(host.upperDir, 'gone.txt'), { throwIfNoEntry: false })
  const isApart =
    readFileSync(join(host.baseDir, 'kept.txt'), 'utf8') === 'original\n' &&
    readFileSync(join(host.baseDir, 'folder/file'), 'utf8') === 'original\n' &&
    whiteout?.isCharacterDevice() === true &&
    found.workspace.join(' ') === 'kept.txt made'
  return [
    {
      name: 'unprivileged user inside',
      holds: found.uid === owner.uid && found.uid !== 0,
      detail: `uid ${found.uid}, groups ${found.groups.join(' ')}`,
    },
    { name: 'not root outside', holds: made?.uid === owner.uid && made.uid !== 0, detail: `files belong to uid ${made?.uid ?? 'nobody'}` },
    { name: 'home folder and engine not visible', holds: found.seen.length === 0, detail: list(found.seen, 'nothing of them was found') },
    { name: 'other processes not visible', holds: found.processes <= 10, detail: `${found.processes} processes are seen, its own` },
    {
      name: 'no network',
      holds: interfaces.join() === 'lo' && found.connect === 'ECONNREFUSED',
      detail: `interfaces: ${interfaces.join(' ')}; a port of this machine: ${found.connect}`,
    },
    refused('mount', 'mount refused', [EPERM]),
    refused('ptrace', 'ptrace refused', [EPERM]),
    refused('unshare', 'new user namespace refused', [EPERM]),
    refused('setuid', 'becoming uid 0 refused', [EPERM, EINVAL]),
    refused('keyctl', 'keyrings refused', [EPERM]),
    refused('tiocsti', 'typing into a terminal refused', [EPERM]),
    refused('io_uring', 'io_uring absent', [ENOSYS]),
    { name: 'write outside refused', holds: found.written.length === 0, detail: list(found.written, 'nothing outside could be written') },
    { name: 'no environment of the application', holds: foreign.length === 0, detail: list(foreign, 'only variables of its own') },
    {
      name: 'no inherited descriptors',
      holds: found.descriptors.split(' ').every((path) => /\/fd\/[0-3]$/.test(path)),
      detail: found.descriptors.replaceAll('/proc/self/fd/', ''),
    },
    {
      name: 'no capabilities',
      holds: found.capabilities.every((set) => /^0+$/.test(set)),
      detail: [...new Set(found.capabilities)].join(' '),
    },
    {
      name: 'system call filters on',
      holds: /^1 2 ([2-9]|$)/.test(found.filter),
      detail: `no new privileges, filter mode and filters: ${found.filter}`,
    },
    {
      name: 'memory limit holds',
      holds: memory.limit === 'memory',
      detail: memory.limit === 'memory' ? 'a program beyond it was ended' : `a program beyond it ended with ${memory.exitCode}`,
    },
    {
      name: 'same system',
      holds: found.boot === readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      detail: 'the engine runs on this machine’s own kernel',
    },
    {
      name: 'overlay keeps changes apart',
      holds: isApart,
      detail: isApart ? 'writes, deletions and new files stayed in the upper' : `inside: ${found.workspace.join(' ')}`,
    },
    { name: 'Node inside', holds: /^v\d+\./.test(found.node), detail: `${found.node}, workspace at ${MOUNTED_GUEST.workspace}` },
  ]
}

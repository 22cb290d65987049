import { accessSync, constants, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DoctorReport, Requirement } from '../../../../shared/contract/methods'
import { toFailure } from '../../../../shared/failure'
import { guestOwner } from './guest-owner'
import { namespaceRequirement, networkRequirement, programRequirements } from './isolation-requirements'
import { GUEST_NODE } from './guest-view'
import { findProgram } from './host-programs'
import { overlayGuarantees } from './overlay-guarantees'
import { createOverlayProvider } from './overlay-sandbox'
import { removeTree } from '../../checkpoints/remove-tree'
import { DEFAULT_LIMITS, DEFAULT_PROFILE, type CommandResult, type Sandbox, type SandboxProfile } from './sandbox'
import { ENOSYS, EPERM } from './seccomp-program'
import { listenOnLoopback, makeProbeBase } from './isolation-probes'

type Proof = DoctorReport['proofs'][number]

const EINVAL = 22

/**
 * Finds out what the machine enforces by trying: a throw-away sandbox is opened and each proof is an attempt inside it.
 * Takes a few hundred milliseconds, leaves nothing behind, and never throws for what the machine cannot do.
 */
export async function detectIsolation(options: { nodePath: string }): Promise<DoctorReport> {
  if (process.platform !== 'linux') {
    const requirement: Requirement = { name: 'Linux', state: 'missing', detail: `This is ${process.platform}.`, remedy: null }
    return {
      level: 'none',
      summary: 'No overlay sandboxes: they need Linux.',
      requirements: [requirement],
      guarantees: [],
      proofs: [],
    }
  }
  const requirements = [...programRequirements(), networkRequirement(), await namespaceRequirement(), nodeRequirement(options.nodePath)]
  const proofs: Proof[] = []
  if (requirements.every((requirement) => requirement.state !== 'missing')) {
    try {
      proofs.push(...(await prove(options.nodePath)))
      requirements.push({ name: 'overlay file system', state: 'ok', detail: 'Mounted without privileges.', remedy: null })
    } catch (thrown) {
      const failure = toFailure(thrown)
      requirements.push({ name: 'overlay sandbox', state: 'missing', detail: failure.message, remedy: overlayRemedy(failure.message) })
    }
  }
  const missing = requirements.filter((requirement) => requirement.state === 'missing').map((requirement) => requirement.name)
  const broken = proofs.filter((proof) => !proof.holds).map((proof) => proof.name)
  if (missing.length === 0 && broken.length === 0) {
    const summary = `Overlay sandboxes: ${proofs.length} of ${proofs.length} attempts to get out of one were refused or contained.`
    return { level: 'overlay', summary, requirements, guarantees: overlayGuarantees(), proofs }
  }
  const reason = missing.length > 0 ? `missing: ${missing.join(', ')}` : `does not hold: ${broken.join(', ')}`
  return { level: 'none', summary: `No isolation (${reason}).`, requirements, guarantees: [], proofs }
}

function nodeRequirement(nodePath: string): Requirement {
  const name = 'Node for the inside'
  try {
    accessSync(nodePath, constants.X_OK)
    return { name, state: 'ok', detail: nodePath, remedy: null }
  } catch (thrown) {
    return { name, state: 'missing', detail: toFailure(thrown).message, remedy: 'npm install' }
  }
}

function overlayRemedy(complaint: string): string | null {
  if (/unknown filesystem type|No such device/.test(complaint)) return 'sudo modprobe overlay'
  return null
}

/** Runs in the sandbox: every line is a name, a tab and what was found. */
const SCRIPT = `
say() { printf '%s\\t%s\\n' "$1" "$2"; }
say uid "$(id -u) $(id -ru)"
seen=; while IFS= read -r p; do [ -e "$p" ] && seen="$seen $p"; done < /run/keyframe/home-entries; say home "$seen"
n=0; for p in /proc/[0-9]*; do n=$((n+1)); done; say processes "$n $(readlink /proc/self/ns/pid)"
say interfaces "$(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' \\n')"
say route "$(bash -c 'exec 3<>/dev/tcp/192.0.2.1/80' 2>&1)"
say connect "$(bash -c 'exec 3<>/dev/tcp/127.0.0.1/'"$PORT" 2>&1 && echo connected)"
for p in mount ptrace unshare setuid keyctl tiocsti io_uring; do /workspace/probe-$p; say $p $?; done
out=; for p in / /usr /usr/local/bin /etc /opt /opt/keyframe/bin /dev /var; do (: > $p/keyframe-probe) 2>/dev/null && out="$out $p"; done; say outside "$out"
say environ "$(cat /proc/1/environ | wc -c)"
say variables "$(env | cut -d= -f1 | sort | tr '\\n' ' ')"
say descriptors "$(ls /proc/self/fd | tr '\\n' ' ')"
say capabilities "$(grep -E '^Cap(Eff|Prm|Bnd|Amb)' /proc/self/status | cut -f2 | sort -u | tr '\\n' ' ')"
say filter "$(grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status | cut -f2 | tr '\\n' ' ')"
echo changed > kept.txt && rm gone.txt && rm -rf folder && mkdir made && echo new > made/file && say overlay "$(cat kept.txt) $(ls)"
say node "$(/opt/keyframe/bin/node --version)"
`

async function prove(nodePath: string): Promise<Proof[]> {
  const dir = mkdtempSync(join(tmpdir(), 'keyframe-doctor-'))
  const listener = createServer((socket) => socket.destroy())
  const open: Sandbox[] = []
  try {
    const baseDir = makeProbeBase(dir)
    const port = await listenOnLoopback(listener)
    const provider = createOverlayProvider({ nodePath })
    const common = { baseDir, layerDir: null, dependencies: [], binds: [], limits: DEFAULT_LIMITS }
    const keep = async (opening: Promise<Sandbox>): Promise<Sandbox> => {
      const sandbox = await opening
      open.push(sandbox)
      return sandbox
    }
    const opening = [
      keep(provider.open({ ...common, dir: join(dir, 'branch') })),
      keep(provider.open({ ...common, dir: join(dir, 'reader'), profile: READER })),
    ] as const
    await Promise.allSettled(opening)
    const [sandbox, reader] = await Promise.all(opening)
    const entries = homeEntries()
    writeFileSync(join(sandbox.exchangeDir, 'home-entries'), entries.map((entry) => `${entry}\n`).join(''))
    const result = await sandbox.run({ argv: ['sh', '-c', SCRIPT], env: { PORT: `${port}` } }, { timeoutMs: 15_000 })
    const { unroutable } = await sandbox.activity()
    const proofs = judge(result, { baseDir, upperDir: sandbox.upperDir, homeEntries: entries.length, unroutable })
    const [network, role] = await Promise.all([proveNetwork(sandbox, reader), proveReader(reader)])
    return [...proofs, ...network, ...role]
  } finally {
    for (const sandbox of open) await sandbox.dispose()
    listener.close()
    await removeTree(dir)
  }
}

/** What a role that only looks at part of the workspace is given. */
const READER: SandboxProfile = { ...DEFAULT_PROFILE, workspace: 'read-only', executable: false, masked: ['gone.txt', 'folder'] }

const SERVER_PORT = 8000
const CONNECT = ['bash', '-c', `exec 3<>/dev/tcp/127.0.0.1/${SERVER_PORT} && echo reached`]

/** A server of one branch: its next command reaches it, another branch does not. */
async function proveNetwork(sandbox: Sandbox, other: Sandbox): Promise<Proof[]> {
  // Without a network of the branch there is nothing to prove; the requirements say so.
  if (findProgram('ip') === null) return []
  const script = `require('node:net').createServer(() => {}).listen(${SERVER_PORT}, '127.0.0.1', () => console.log('ready'))`
  const server = await sandbox.spawn({ argv: [GUEST_NODE, '-e', script] })
  await Promise.race([new Promise<void>((resolve) => server.onStdout(() => resolve())), server.exited])
  const [own, foreign] = await Promise.all([sandbox, other].map((from) => from.run({ argv: CONNECT }, { timeoutMs: 5000 })))
  const { ports } = await sandbox.activity()
  server.kill()
  await server.exited
  const said = (result: CommandResult | undefined): string => result?.stdout.trim() || result?.stderr.trim().split(': ').at(-1) || 'nothing'
  return [
    { name: 'own servers reachable', holds: own?.stdout === 'reached\n', detail: said(own) },
    { name: 'servers of other branches not', holds: foreign?.stdout === '' && /refused/i.test(foreign.stderr), detail: said(foreign) },
    {
      name: 'open ports seen',
      holds: ports.some(({ port }) => port === SERVER_PORT),
      detail: ports.map(({ port, program }) => `${port} of ${program?.split(' ')[0] ?? 'an unknown program'}`).join(', ') || 'none',
    },
  ]
}

async function proveReader(reader: Sandbox): Promise<Proof[]> {
  const script =
    'for c in "echo x > made" "rm kept.txt" ./probe-mount "cat gone.txt" "ls folder"; do sh -c "$c" >/dev/null 2>&1; echo $?; done; ls'
  const { stdout } = await reader.run({ argv: ['sh', '-c', script] }, { timeoutMs: 5000 })
  const [write = '', remove = '', execute = '', masked = '', folder = ''] = stdout.split('\n')
  const names = stdout.split('\n').slice(5)
  const isHidden =
    masked === '1' && folder !== '0' && names.includes('kept.txt') && !names.includes('gone.txt') && !names.includes('folder')
  return [
    {
      name: 'read-only workspace',
      holds: write !== '0' && remove !== '0',
      detail: `writing and deleting ended with ${write} and ${remove}`,
    },
    { name: 'workspace not executable', holds: execute === '126', detail: `a program in it ended with ${execute}` },
    { name: 'masked files not there', holds: isHidden, detail: `what is seen: ${names.join(' ').trim()}` },
  ]
}

/** Names in the home folder that a sandbox must not see: those that are not above a toolchain or the temporary folder. */
function homeEntries(): string[] {
  const home = homedir()
  const needed = [...(process.env['PATH'] ?? '').split(':'), tmpdir(), join(home, '.rustup')]
  return readdirSync(home)
    .map((name) => join(home, name))
    .filter((path) => !path.includes('\n') && !needed.some((entry) => entry === path || entry.startsWith(`${path}/`)))
    .slice(0, 500)
}

const GUEST_VARIABLES = new Set('HOME LANG LOGNAME PATH PORT PWD OLDPWD SHELL SHLVL TERM TMPDIR USER RUSTUP_HOME _'.split(' '))

function judge(result: CommandResult, host: { baseDir: string; upperDir: string; homeEntries: number; unroutable: number }): Proof[] {
  const found = new Map(result.stdout.split('\n').map((line) => [line.split('\t')[0] ?? '', line.slice(line.indexOf('\t') + 1).trim()]))
  const said = (name: string): string => found.get(name) ?? `nothing was reported: ${result.stderr.trim().slice(0, 200)}`
  const refused = (name: string, what: string, errors: readonly number[]): Proof => {
    const answer = said(name)
    const detail = answer === '0' ? 'the kernel allowed it' : `the kernel answered with error ${answer}`
    return { name: what, holds: errors.includes(Number(answer)), detail }
  }
  const madeBy = lstatSync(join(host.upperDir, 'made/file'), { throwIfNoEntry: false })?.uid ?? null
  // What a command had no route to is counted in its network, which without ip ends with the command.
  const isCounted = findProgram('ip') !== null
  const [processes = '', namespace = ''] = said('processes').split(' ')
  const strangers = said('variables')
    .split(' ')
    .filter((name) => !GUEST_VARIABLES.has(name))
  const whiteout = lstatSync(join(host.upperDir, 'gone.txt'), { throwIfNoEntry: false })
  const isMerged =
    said('overlay').startsWith('changed ') &&
    readFileSync(join(host.baseDir, 'kept.txt'), 'utf8') === 'original\n' &&
    readFileSync(join(host.baseDir, 'folder/file'), 'utf8') === 'original\n' &&
    whiteout?.isCharacterDevice() === true
  return [
    { name: 'uid 1001 inside', holds: said('uid') === '1001 1001', detail: said('uid') },
    {
      name: 'not root outside',
      holds: madeBy !== null && madeBy !== 0 && madeBy === guestOwner().uid,
      detail: `files belong to uid ${madeBy}`,
    },
    {
      name: 'home folder not visible',
      holds: found.get('home') === '',
      detail: said('home') === '' ? `none of ${host.homeEntries} entries was found` : `visible: ${said('home')}`,
    },
    {
      name: 'other processes not visible',
      holds: Number(processes) > 0 && Number(processes) <= 8 && namespace !== readlinkSync('/proc/self/ns/pid'),
      detail: `${processes} processes are seen, its own`,
    },
    {
      name: 'no network',
      holds: said('interfaces') === 'lo' && /refused/i.test(said('connect')),
      detail: `interfaces: ${said('interfaces')}; a port of this machine: ${said('connect').split(': ').at(-1)}`,
    },
    {
      name: 'no route out',
      holds: /unreachable/i.test(said('route')) && (host.unroutable > 0 || !isCounted),
      detail: `${said('route').split(': ').at(-1)}${isCounted ? `; ${host.unroutable} attempts were counted` : ''}`,
    },
    refused('mount', 'mount refused', [EPERM]),
    refused('ptrace', 'ptrace refused', [EPERM]),
    refused('unshare', 'new user namespace refused', [EPERM]),
    refused('setuid', 'becoming uid 0 refused', [EPERM, EINVAL]),
    refused('keyctl', 'keyrings refused', [EPERM]),
    refused('tiocsti', 'typing into a terminal refused', [EPERM]),
    refused('io_uring', 'io_uring absent', [ENOSYS]),
    { name: 'write outside refused', holds: found.get('outside') === '', detail: said('outside') || 'nothing outside could be written' },
    {
      name: 'no environment of the application',
      holds: said('environ') === '0' && strangers.length === 0,
      detail: `/proc/1/environ has ${said('environ')} bytes; ${strangers.length === 0 ? 'only variables of its own' : `foreign: ${strangers.join(' ')}`}`,
    },
    {
      name: 'no inherited descriptors',
      holds: said('descriptors') === '0 1 2 3',
      detail: `${said('descriptors')} (3 is the listing itself)`,
    },
    { name: 'no capabilities', holds: /^0+$/.test(said('capabilities')), detail: said('capabilities') },
    { name: 'system call filter on', holds: said('filter') === '1 2', detail: `no new privileges and filter mode: ${said('filter')}` },
    {
      name: 'overlay keeps changes apart',
      holds: isMerged,
      detail: isMerged ? 'writes, deletions and new files stayed in the upper' : said('overlay'),
    },
    { name: 'Node inside', holds: /^v\d+\./.test(said('node')), detail: said('node') },
  ]
}

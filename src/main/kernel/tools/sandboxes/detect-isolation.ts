import {
  accessSync,
  chownSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DoctorReport, Requirement } from '../../../../shared/contract/methods'
import { toFailure } from '../../../../shared/failure'
import { guestOwner, mustDropRoot } from './guest-owner'
import { namespaceRequirement, programRequirements } from './isolation-requirements'
import { createOverlayProvider } from './overlay-sandbox'
import { removeTree } from '../../checkpoints/remove-tree'
import { DEFAULT_LIMITS, type CommandResult, type Sandbox } from './sandbox'
import { ENOSYS, EPERM, IOCTL, REFUSED, TRACING, type SeccompArch } from './seccomp-program'
import { syscallProbe, type ProbeArgument } from './syscall-probe'

type Proof = DoctorReport['proofs'][number]

const LATER = 'Containers and plain copies as weaker levels are not built yet.'
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
      summary: `No isolation: sandboxes need Linux. ${LATER}`,
      requirements: [requirement],
      guarantees: [],
      proofs: [],
    }
  }
  const requirements = [...programRequirements(), await namespaceRequirement(), nodeRequirement(options.nodePath)]
  const proofs: Proof[] = []
  if (requirements.every((requirement) => requirement.state === 'ok')) {
    try {
      proofs.push(...(await prove(options.nodePath)))
      requirements.push({ name: 'overlay file system', state: 'ok', detail: 'Mounted without privileges.', remedy: null })
    } catch (thrown) {
      const failure = toFailure(thrown)
      requirements.push({ name: 'overlay sandbox', state: 'missing', detail: failure.message, remedy: overlayRemedy(failure.message) })
    }
  }
  const missing = requirements.filter((requirement) => requirement.state !== 'ok').map((requirement) => requirement.name)
  const broken = proofs.filter((proof) => !proof.holds).map((proof) => proof.name)
  if (missing.length === 0 && broken.length === 0) {
    const summary = `Overlay sandboxes: ${proofs.length} of ${proofs.length} attempts to get out of one were refused or contained.`
    return { level: 'overlay', summary, requirements, guarantees: [], proofs }
  }
  const reason = missing.length > 0 ? `missing: ${missing.join(', ')}` : `does not hold: ${broken.join(', ')}`
  return { level: 'none', summary: `No isolation (${reason}). ${LATER}`, requirements, guarantees: [], proofs }
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
  let sandbox: Sandbox | null = null
  try {
    const baseDir = makeBase(dir)
    const port = await listen(listener)
    sandbox = await createOverlayProvider({ nodePath }).open({
      dir: join(dir, 'branch'),
      baseDir,
      layerDir: null,
      dependencies: [],
      binds: [],
      limits: DEFAULT_LIMITS,
    })
    const entries = homeEntries()
    writeFileSync(join(sandbox.exchangeDir, 'home-entries'), entries.map((entry) => `${entry}\n`).join(''))
    const result = await sandbox.run({ argv: ['sh', '-c', SCRIPT], env: { PORT: `${port}` } }, { timeoutMs: 15_000 })
    return judge(result, { baseDir, upperDir: sandbox.upperDir, homeEntries: entries.length })
  } finally {
    await sandbox?.dispose()
    listener.close()
    await removeTree(dir)
  }
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

function makeBase(dir: string): string {
  const baseDir = join(dir, 'base')
  mkdirSync(join(baseDir, 'folder'), { recursive: true })
  const files: Record<string, string | Buffer> = { 'kept.txt': 'original\n', 'gone.txt': 'original\n', 'folder/file': 'original\n' }
  const arch: SeccompArch = process.arch === 'arm64' ? 'arm64' : 'x64'
  const probes: Record<string, readonly [readonly [number | null, number | null] | undefined, readonly ProbeArgument[]]> = {
    mount: [REFUSED['mount'], ['tmpfs', '/tmp', 'tmpfs', 0, 0]],
    ptrace: [TRACING['ptrace'], [16, 1, 0, 0]],
    unshare: [REFUSED['unshare'], [0x10000000]],
    setuid: [[105, 146], [0]],
    keyctl: [REFUSED['keyctl'], [0, -3, 1]],
    tiocsti: [IOCTL, [0, 0x5412, 'x']],
    io_uring: [
      [425, 425],
      [1, 0],
    ],
  }
  for (const [name, [numbers, args]] of Object.entries(probes)) {
    files[`probe-${name}`] = syscallProbe(arch, numbers?.[arch === 'x64' ? 0 : 1] ?? -1, args)
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(baseDir, name), content, { mode: 0o755 })
  if (mustDropRoot()) {
    const { uid, gid } = guestOwner()
    for (const path of ['', 'folder', ...Object.keys(files)]) chownSync(join(baseDir, path), uid, gid)
  }
  return baseDir
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

const GUEST_VARIABLES = new Set('HOME LANG LOGNAME PATH PORT PWD OLDPWD SHELL SHLVL TERM TMPDIR USER RUSTUP_HOME _'.split(' '))

function judge(result: CommandResult, host: { baseDir: string; upperDir: string; homeEntries: number }): Proof[] {
  const found = new Map(result.stdout.split('\n').map((line) => [line.split('\t')[0] ?? '', line.slice(line.indexOf('\t') + 1).trim()]))
  const said = (name: string): string => found.get(name) ?? `nothing was reported: ${result.stderr.trim().slice(0, 200)}`
  const refused = (name: string, what: string, errors: readonly number[]): Proof => {
    const answer = said(name)
    const detail = answer === '0' ? 'the kernel allowed it' : `the kernel answered with error ${answer}`
    return { name: what, holds: errors.includes(Number(answer)), detail }
  }
  const madeBy = lstatSync(join(host.upperDir, 'made/file'), { throwIfNoEntry: false })?.uid ?? null
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

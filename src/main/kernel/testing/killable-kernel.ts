import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Node runs the sources themselves; imports in them have no endings. */
const FROM_SOURCE = `
import { registerHooks } from 'node:module'
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('.') || context.parentURL?.includes('/node_modules/') || /\\.[a-z]+$/.test(specifier)) return next(specifier, context)
    return next(specifier + '.ts', context)
  },
})
`

export interface KilledKernel {
  readonly runId: string | null
  /** Kinds of the frames that it said are durable, by number. */
  readonly acknowledged: ReadonlyMap<number, string>
  /** The state that its run ended in, when it was not killed before. */
  readonly ended: string | null
  readonly stderr: string
}

export interface KillMoment {
  /** Frames that it acknowledges before the clock starts, or the kind of the frame that starts it. */
  readonly after: number | string
  readonly delayMs: number
}

/** Runs `kernel-process.ts` and ends it by SIGKILL at the moment given, or lets it end by itself when that is null. */
export function runKilledKernel(args: readonly string[], moment: KillMoment | null): Promise<KilledKernel> {
  const hook = `data:text/javascript,${encodeURIComponent(FROM_SOURCE)}`
  const program = join(import.meta.dirname, 'kernel-process.ts')
  const child = spawn(process.execPath, ['--no-warnings', '--experimental-transform-types', '--import', hook, program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const acknowledged = new Map<number, string>()
  let runId: string | null = null
  let ended: string | null = null
  let timer: NodeJS.Timeout | null = null
  let rest = ''
  let stderr = ''
  const kill = (): void => void child.kill('SIGKILL')
  const take = (line: string): void => {
    const [word = '', first = '', n, kind] = line.split(' ')
    if (word === 'end') ended = first
    if (word !== 'frame' || kind === undefined) return
    runId = first
    acknowledged.set(Number(n), kind)
    if (moment !== null && timer === null && (kind === moment.after || acknowledged.size === moment.after))
      timer = setTimeout(kill, moment.delayMs)
  }
  if (moment !== null && moment.after === 0) timer = setTimeout(kill, moment.delayMs)
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  })
  return new Promise((resolve) =>
    child.once('close', () => {
      if (timer !== null) clearTimeout(timer)
      resolve({ runId, acknowledged, ended, stderr })
    }),
  )
}

/** Processes other than this one that name the folder in their arguments or have something of it mounted in a namespace of their own. */
export function processesUsing(folder: string): string[] {
  const own = readMaybe('/proc/self/mountinfo')
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) return []
    const command = readMaybe(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
    const mounts = readMaybe(`/proc/${pid}/mountinfo`)
    if (!command.includes(folder) && (mounts === own || !mounts.includes(folder))) return []
    return [`${pid} ${command}`]
  })
}

/** '' for a process that has ended meanwhile. */
function readMaybe(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && ['ENOENT', 'ESRCH', 'EINVAL', 'EACCES', 'EPERM'].includes(String(thrown.code)))
      return ''
    throw thrown
  }
}

import { z } from 'zod'

/** Beyond it a shell's state is not kept, and a restored session starts with the last one that was; the restore says so. */
export const MAX_STATE_BYTES = 16 * 1024 * 1024

/** Bytes as JSON: text where they are UTF-8, else base64. */
const CapturedBytes = z.object({ encoding: z.enum(['utf-8', 'base64']), data: z.string().max(2 * MAX_STATE_BYTES) })
export type CapturedBytes = z.infer<typeof CapturedBytes>

/** State of one session at a prompt, as its shell wrote it (see `__kf_state` in shell-integration.bash) and only it reads it. */
const CapturedShellState = z.object({ state: CapturedBytes, history: CapturedBytes })

export const CapturedSession = z.object({
  session: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  cols: z.number().int().min(2).max(1000),
  rows: z.number().int().min(1).max(1000),
  cwd: z.string(),
  /** Null for a session that never reached a prompt. */
  shell: CapturedShellState.nullable(),
  /** Command lines of its background jobs, as `jobs -l` shows them. */
  jobs: z.array(z.string()),
  /** What the workspace was called inside; absent: `/workspace`. */
  workspace: z.string().optional(),
  /** What else was there and cannot be made again: open files, programs in the foreground, processes left running. */
  lost: z.array(z.string()).optional(),
})
export type CapturedSession = z.infer<typeof CapturedSession>

export const CapturedShells = z.object({
  version: z.literal(1),
  sessions: z.array(CapturedSession).max(16),
  /** Background jobs that ran. */
  jobs: z.array(z.string()).optional(),
  /** Names of jobs are not used twice on a branch. */
  lastJob: z.number().int().optional(),
})

/** A state as bytes: what is restored, and compared with what came of it. */
export interface ShellBytes {
  readonly state: Buffer
  readonly history: Buffer
}

export interface ShellState {
  readonly sequence: number
  readonly cwd: string
  readonly jobs: readonly string[]
  /** "3 /workspace/notes.txt" */
  readonly descriptors: readonly string[]
  /** Exported variables; null where the state does not tell. */
  readonly environment: ReadonlyMap<string, string> | null
}

export const STATE_FIELDS = {
  cwd: 3,
  umask: 4,
  shopt: 5,
  options: 6,
  variables: 7,
  functions: 8,
  aliases: 9,
  traps: 10,
  jobs: 11,
  directories: 12,
  limits: 13,
  descriptors: 14,
} as const

const FIELDS_OF_VERSION_1 = 13
const ENVIRONMENT_AT = 15
const MAX_JOBS = 100
const MAX_CWD_CHARACTERS = 4096

/** Fields of a whole state file, the last one "end"; null when it is not one. */
export function stateFields(bytes: Buffer): string[] | null {
  const fields = bytes.toString('utf8').split('\0')
  if (fields.pop() !== '' || fields.at(-1) !== 'end') return null
  if (fields[0] === 'keyframe-shell-1') return fields.length === FIELDS_OF_VERSION_1 ? fields : null
  return fields[0] === 'keyframe-shell-2' && fields.length > ENVIRONMENT_AT ? fields : null
}

/** What the kernel itself needs of a state file, which may be cut; null when it is not one. The rest is only for the shell inside. */
export function parseShellState(bytes: Buffer, complete = true): ShellState | null {
  const fields = complete ? stateFields(bytes) : bytes.toString('utf8').split('\0')
  if (fields === null || !/^keyframe-shell-[12]$/.test(fields[0] ?? '')) return null
  const [, sequence, , cwd] = fields
  if (sequence === undefined || !/^\d{1,9}$/.test(sequence) || cwd === undefined || !cwd.startsWith('/') || cwd.length > MAX_CWD_CHARACTERS)
    return null
  const second = fields[0] === 'keyframe-shell-2'
  return {
    sequence: Number(sequence),
    cwd,
    jobs: linesOf(fields[STATE_FIELDS.jobs]),
    descriptors: second ? linesOf(fields[STATE_FIELDS.descriptors]) : [],
    environment: second && complete ? environmentOf(fields.slice(ENVIRONMENT_AT, -1)) : null,
  }
}

function linesOf(field = ''): string[] {
  const lines = field.split('\n').filter((line) => line.trim() !== '')
  return lines.slice(0, MAX_JOBS).map((line) => line.slice(0, 500))
}

function environmentOf(entries: readonly string[]): Map<string, string> {
  const found = new Map<string, string>()
  for (const entry of entries) {
    const equals = entry.indexOf('=')
    if (equals > 0) found.set(entry.slice(0, equals), entry.slice(equals + 1))
  }
  return found
}

/** The same state where the workspace has another name (level copy): directory, directory stack and previous directory follow. */
function movedState(state: Buffer, from: string, to: string): Buffer {
  const fields = from === to ? null : stateFields(state)
  if (fields === null) return state
  const inside = (path: string): string => (path === from || path.startsWith(`${from}/`) ? to + path.slice(from.length) : path)
  const moved = fields.map((field, index) => {
    if (index === STATE_FIELDS.cwd) return inside(field)
    if (index === STATE_FIELDS.directories && fields[0] === 'keyframe-shell-2') return field.split('\n').map(inside).join('\n')
    if (index === STATE_FIELDS.variables)
      return field.replace(/^(declare -x OLDPWD=")([^"\n]*)"$/m, (_line, start: string, path: string) => `${start}${inside(path)}"`)
    return field
  })
  return Buffer.from(moved.map((field) => `${field}\0`).join(''))
}

/** What a session begins with in a workspace of this name. */
export function restoredFrom(restored: CapturedSession | null, workspace: string): { cwd: string; bytes: ShellBytes | null } {
  if (restored === null) return { cwd: workspace, bytes: null }
  const { shell, cwd, workspace: from = '/workspace' } = restored
  return {
    cwd: cwd === from || cwd.startsWith(`${from}/`) ? workspace + cwd.slice(from.length) : cwd,
    bytes:
      shell === null ? null : { state: movedState(capturedBytes(shell.state), from, workspace), history: capturedBytes(shell.history) },
  }
}

/** What is said of a state of so many bytes, 0 for one that is kept. */
export function lostState(tooLargeBytes: number): string[] {
  if (tooLargeBytes === 0) return []
  return [`variables and functions: ${tooLargeBytes} bytes are more than is kept (${MAX_STATE_BYTES}); those of an earlier prompt are`]
}

export function captureBytes(bytes: Buffer): CapturedBytes {
  const text = bytes.toString('utf8')
  if (Buffer.from(text, 'utf8').equals(bytes)) return { encoding: 'utf-8', data: text }
  return { encoding: 'base64', data: bytes.toString('base64') }
}

export function capturedBytes({ encoding, data }: CapturedBytes): Buffer {
  return Buffer.from(data, encoding === 'base64' ? 'base64' : 'utf8')
}

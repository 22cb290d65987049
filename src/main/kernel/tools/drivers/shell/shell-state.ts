import { z } from 'zod'

/** Beyond it a shell's state is not kept, and a restored session starts with the last one that was. */
export const MAX_STATE_BYTES = 4 * 1024 * 1024

/** Bytes as JSON: text where they are UTF-8, else base64. */
const CapturedBytes = z.object({ encoding: z.enum(['utf-8', 'base64']), data: z.string().max(2 * MAX_STATE_BYTES) })
export type CapturedBytes = z.infer<typeof CapturedBytes>

/** State of one session at a prompt, as its shell wrote it (see `__kf_state` in shell-integration.bash) and only it reads it. */
export const CapturedShellState = z.object({ state: CapturedBytes, history: CapturedBytes })
export type CapturedShellState = z.infer<typeof CapturedShellState>

export const CapturedSession = z.object({
  session: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  cols: z.number().int().min(2).max(1000),
  rows: z.number().int().min(1).max(1000),
  cwd: z.string(),
  /** Null for a session that never reached a prompt. */
  shell: CapturedShellState.nullable(),
  /** Command lines of its background jobs, as `jobs -l` shows them. */
  jobs: z.array(z.string()),
})
export type CapturedSession = z.infer<typeof CapturedSession>

export const CapturedShells = z.object({ version: z.literal(1), sessions: z.array(CapturedSession).max(16) })

export interface ShellState {
  readonly sequence: number
  readonly cwd: string
  readonly jobs: readonly string[]
}

const FIELDS = 14
const MAX_JOBS = 100
const MAX_CWD_CHARACTERS = 4096

/**
 * What the kernel itself needs of a state file, of which `complete` says whether it is all there; null when it is not one. The rest
 * is only for the shell inside.
 */
export function parseShellState(bytes: Buffer, complete = true): ShellState | null {
  const fields = bytes.toString('utf8').split('\0')
  const [format, sequence, , cwd] = fields
  if (format !== 'keyframe-shell-1' || fields.length > FIELDS) return null
  if (complete && (fields.length !== FIELDS || fields[12] !== 'end')) return null
  if (sequence === undefined || !/^\d{1,9}$/.test(sequence) || cwd === undefined || !cwd.startsWith('/') || cwd.length > MAX_CWD_CHARACTERS)
    return null
  const jobs = (fields[11] ?? '').split('\n').filter((line) => line.trim() !== '')
  return { sequence: Number(sequence), cwd, jobs: jobs.slice(0, MAX_JOBS).map((line) => line.slice(0, 500)) }
}

export function captureBytes(bytes: Buffer): CapturedBytes {
  const text = bytes.toString('utf8')
  if (Buffer.from(text, 'utf8').equals(bytes)) return { encoding: 'utf-8', data: text }
  return { encoding: 'base64', data: bytes.toString('base64') }
}

export function capturedBytes({ encoding, data }: CapturedBytes): Buffer {
  return Buffer.from(data, encoding === 'base64' ? 'base64' : 'utf8')
}

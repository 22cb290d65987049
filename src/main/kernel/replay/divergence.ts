import type { Json } from '../../../shared/canonical-json'
import { canonicalJson } from '../../../shared/canonical-json'

export interface Divergence {
  readonly frame: number
  readonly kind: string
  readonly reason: string
  readonly fields: { path: string; recorded: string; replayed: string }[]
}

/** The first frame at which a replay computed something else than was recorded. */
export class ReplayDiverged extends Error {
  override readonly name = 'ReplayDiverged'
  constructor(readonly divergence: Divergence) {
    super(`diverged at frame ${divergence.frame}: ${divergence.reason}`)
  }
}

/** The recording ends here: an interrupted run. Everything before it was the same. */
export class ReplayEnded extends Error {
  override readonly name = 'ReplayEnded'
  constructor() {
    super('the recording ends here')
  }
}

const MAX_FIELDS = 20
const MAX_VALUE_LENGTH = 200

/** The leaves in which two JSON values differ, as `a.b[2].c`, at most 20. */
export function fieldDifferences(recorded: unknown, replayed: unknown): Divergence['fields'] {
  const fields: Divergence['fields'] = []
  walk(recorded, replayed, '', fields)
  return fields
}

function walk(recorded: unknown, replayed: unknown, path: string, fields: Divergence['fields']): void {
  if (fields.length >= MAX_FIELDS) return
  if (isContainer(recorded) && isContainer(replayed) && Array.isArray(recorded) === Array.isArray(replayed)) {
    const keys = new Set([...Object.keys(recorded), ...Object.keys(replayed)])
    for (const key of [...keys].sort()) {
      const step = Array.isArray(recorded) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
      walk(Reflect.get(recorded, key), Reflect.get(replayed, key), step, fields)
    }
    return
  }
  const [before, after] = [show(recorded), show(replayed)]
  if (before !== after) fields.push({ path, recorded: before, replayed: after })
}

function isContainer(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null
}

function show(value: unknown): string {
  if (value === undefined) return '(absent)'
  const text = canonicalJson(value)
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}...` : text
}

import type { Schema } from '@cedar-policy/cedar-wasm/nodejs'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { KeyframeError } from '../../../../shared/failure'
import { type RoleLimits, RoleSettings } from '../../../../shared/policy'
import { DEFAULT_LIMITS } from '../sandboxes/sandbox'
import { PolicyTextError, type ReadPolicy, readPolicies } from './cedar-text'

/** A role as its two files say. */
export interface RoleDefinition {
  readonly settings: RoleSettings
  readonly limits: RoleLimits
  readonly text: string
  readonly policies: readonly ReadPolicy[]
  readonly source: 'shipped' | 'user'
  /** Of the Cedar file; null for shipped ones. */
  readonly path: string | null
}

/** Prefix of the policies that hold for every role. */
export const EVERY_ROLE = 'every-role'

/** Throws `policy.invalid` with the place of the first mistake. */
export function defineRole(
  settings: RoleSettings,
  text: string,
  schema: Schema | null,
  from: { readonly source: RoleDefinition['source']; readonly path: string | null },
): RoleDefinition {
  const policies = readRoleText(settings.id, text, schema, from.path ?? `${settings.id}.cedar`)
  return { settings, limits: { ...DEFAULT_LIMITS, ...definedLimits(settings) }, text, policies, ...from }
}

/** Texts that were read before: a change of one file makes all others be read again. */
const known = new Map<string, readonly ReadPolicy[]>()
const MOST_KNOWN = 256

/** Throws `policy.invalid`. A null schema: the text is shipped, and fits it. */
export function readRoleText(prefix: string, text: string, schema: Schema | null, path: string): readonly ReadPolicy[] {
  const key = `${prefix}\0${schema === null ? '' : 'checked'}\0${text}`
  const before = known.get(key)
  if (before !== undefined) return before
  try {
    const policies = readPolicies(text, schema, (annotation, number) => `${prefix}/${annotation ?? number}`)
    if (known.size >= MOST_KNOWN) known.clear()
    known.set(key, policies)
    return policies
  } catch (thrown) {
    if (!(thrown instanceof PolicyTextError)) throw thrown
    throw new KeyframeError({
      code: 'policy.invalid',
      message: `${path}: ${thrown.message}`,
      action: `Mend line ${thrown.problem.line}, column ${thrown.problem.column}.`,
      details: { path, ...thrown.problem },
    })
  }
}

/** Throws `policy.invalid`: the file is no JSON, or says what settings cannot say. */
export function parseRoleSettings(json: string, path: string): RoleSettings {
  const invalid = (message: string, cause?: unknown): KeyframeError =>
    new KeyframeError({ code: 'policy.invalid', message: `${path}: ${message}`, action: 'Mend the file.', details: { path } }, { cause })
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (thrown) {
    throw invalid(thrown instanceof Error ? jsonProblem(thrown.message, json) : String(thrown), thrown)
  }
  const parsed = RoleSettings.strict().safeParse(value)
  if (!parsed.success) throw invalid(z.prettifyError(parsed.error))
  return parsed.data
}

export function readRoleFiles(base: string, schema: Schema | null, source: RoleDefinition['source']): RoleDefinition {
  const settings = parseRoleSettings(readText(`${base}.json`), `${base}.json`)
  const path = `${base}.cedar`
  return defineRole(settings, readText(path), schema, { source, path: source === 'shipped' ? null : path })
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    const missing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT'
    const why = missing
      ? 'it is missing; a role has two files.'
      : `it cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`
    throw new KeyframeError(
      { code: 'policy.invalid', message: `${path}: ${why}`, action: 'Write it, or remove the other one.', details: { path } },
      { cause: thrown },
    )
  }
}

/** Node tells the position in the text, or line and column, depending on the mistake. */
function jsonProblem(message: string, json: string): string {
  const position = /position (\d+)/u.exec(message)?.[1]
  if (position === undefined || message.includes('line ')) return message
  const before = json.slice(0, Number(position))
  return `${message} (line ${before.split('\n').length}, column ${before.length - before.lastIndexOf('\n')})`
}

function definedLimits(settings: RoleSettings): Partial<RoleLimits> {
  return Object.fromEntries(Object.entries(settings.limits).filter(([, value]) => value !== undefined))
}

import { chmodSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { KeyframeError } from '../../../../shared/failure'
import { PolicyGrant } from '../../../../shared/policy'
import { writeFileAtomically } from './atomic-file'

const GrantFile = z.object({ version: z.literal(1), grants: z.array(PolicyGrant) }).strict()

/** Permissions that always hold, as their file says. Empty when there is none; throws `policy.invalid` for one that cannot be read. */
export function readGrantFile(path: string): PolicyGrant[] {
  const invalid = (message: string, cause?: unknown): KeyframeError =>
    new KeyframeError(
      { code: 'policy.invalid', message: `${path}: ${message}`, action: 'Mend the file, or move it away to begin with none.' },
      { cause },
    )
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return []
    throw invalid(thrown instanceof Error ? thrown.message : String(thrown), thrown)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (thrown) {
    throw invalid(thrown instanceof Error ? thrown.message : String(thrown), thrown)
  }
  const parsed = GrantFile.safeParse(value)
  if (!parsed.success) throw invalid(z.prettifyError(parsed.error))
  return parsed.data.grants
}

/** Readable by its owner alone. */
export function writeGrantFile(path: string, grants: readonly PolicyGrant[]): void {
  writeFileAtomically(path, `${JSON.stringify({ version: 1, grants }, null, 2)}\n`)
  chmodSync(path, 0o600)
}

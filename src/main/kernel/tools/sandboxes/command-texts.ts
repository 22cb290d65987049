import { KeyframeError } from '../../../../shared/failure'

/** Longest single argument that Linux takes, and a bound for all of them that fits beside what Keyframe adds. */
const MAX_ARGUMENT_BYTES = 128 * 1024 - 1
const MAX_ARGUMENTS_BYTES = 1024 * 1024

/**
 * Throws `sandbox.bad-argument` for a command that cannot be handed to the system as it is: a zero byte would end a text early (and begin
 * an option of the caller's choosing where options are passed as text), and what is too long fails with an answer that says nothing.
 */
export function checkCommandTexts(request: {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}): void {
  const texts = [...request.argv, request.cwd, ...Object.entries(request.env).map(([name, value]) => `${name}=${value}`)]
  const sizes = texts.map((text) => Buffer.byteLength(text))
  const total = sizes.reduce((sum, size) => sum + size + 1, 0)
  const wrong = texts.some((text) => text.includes('\0'))
    ? 'contains a zero byte'
    : total > MAX_ARGUMENTS_BYTES || sizes.some((size) => size > MAX_ARGUMENT_BYTES)
      ? 'is longer than the system takes'
      : null
  if (wrong === null) return
  throw new KeyframeError({
    code: 'sandbox.bad-argument',
    message: `The command cannot be started: one of its arguments, its folder or its environment ${wrong}.`,
    action: 'Put long input into a file of the workspace and pass its name.',
  })
}

/** The `code` of a file system error (`ENOENT`, ...), or null for anything else that was thrown. */
export function fsCode(thrown: unknown): string | null {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code
  return null
}

/** For `catch`: goes on when the error is one of these, throws it again otherwise. */
export function expectFsError(thrown: unknown, ...codes: string[]): void {
  const code = fsCode(thrown)
  if (code === null || !codes.includes(code)) throw thrown
}

import { KeyframeError } from '../../../../shared/failure'

/** Runs a parser; what it throws for a broken file becomes the file's problem. */
export function parsed<T>(path: string, format: string, parse: () => T): T {
  try {
    return parse()
  } catch (thrown) {
    // Only where, not what: messages of parsers quote the file, which may hold secrets.
    const place = thrown instanceof Error ? /line (\d{1,9})|position (\d{1,9})/.exec(thrown.message)?.[0] : undefined
    throw new KeyframeError({
      code: 'memory.unreadable-configuration',
      message: `${path} is no valid ${format}${place === undefined ? '' : ` (${place})`}.`,
      action: 'Correct the file; the rest of the repository is indexed.',
    })
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

import picomatch from 'picomatch'

/** Globs are compiled here, so that the process inside needs no library for them. */
export function globSource(pattern: string): string {
  return picomatch.makeRe(pattern.replace(/^\.\//, ''), { dot: true, nonegate: true }).source
}

/** The folder that a pattern looks into: all of it before the first part with a wildcard. */
export function globFolder(pattern: string): string {
  const { base } = picomatch.scan(pattern.replace(/^\.\//, ''))
  return base === '' ? '.' : base
}

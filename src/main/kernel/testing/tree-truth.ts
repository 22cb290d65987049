/** Prints a whole tree: types, modes, sizes, times, link targets, then content hashes. For `OverlayMount.run` and `sh`. */
export const LIST_TREE = `find . -mindepth 1 \\( -type d -printf '%P\\td %m\\t0\\n' -o -type l -printf '%P\\tl %l\\t0\\n' -o -printf '%P\\t%y %m %s\\t%T@\\n' \\) | LC_ALL=C sort; find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum`

/** The two listings without times when these agree to 2 microseconds (times are kept as microseconds), otherwise with them. */
export function comparable(first: string, second: string): [string[], string[]] {
  const times = (text: string) => text.split('\n').map((line) => Number(line.split('\t')[2] ?? 0))
  const [a, b] = [times(first), times(second)]
  const close = a.length === b.length && a.every((time, i) => Math.abs(time - (b[i] ?? 0)) < 2e-6)
  const strip = (text: string) => text.split('\n').map((line) => (close ? line.split('\t').slice(0, 2).join('\t') : line))
  return [strip(first), strip(second)]
}

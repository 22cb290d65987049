import { diff3Merge } from 'node-diff3'
import { decodeText, detectEncoding, detectEol, encodeText } from './text-format'

export type TextMerge = { readonly merged: Buffer } | { readonly conflict: string }

/**
 * Three-way merge by lines. Line ends are compared apart from text where each side uses one kind; the result keeps the live
 * file's encoding, and its line ends unless only the branch changed them.
 */
export function mergeText(base: Buffer, branch: Buffer, live: Buffer): TextMerge {
  const encoding = detectEncoding(live)
  const texts = [base, branch, live].map((bytes) => decodeText(bytes, detectEncoding(bytes)))
  const [baseText, branchText, liveText] = texts
  if (typeof baseText !== 'string' || typeof branchText !== 'string' || typeof liveText !== 'string') {
    return { conflict: 'it is binary and was changed on both sides' }
  }
  const [baseEol, branchEol, liveEol] = [detectEol(baseText), detectEol(branchText), detectEol(liveText)]
  const uniform = baseEol !== 'mixed' && branchEol !== 'mixed' && liveEol !== 'mixed'
  const lines = (text: string): string[] => text.split(uniform ? /\r?\n/ : '\n')
  const regions = diff3Merge(lines(branchText), lines(baseText), lines(liveText), { excludeFalseConflicts: true })
  const out: string[] = []
  for (const region of regions) {
    if (region.ok === undefined) return { conflict: conflictText(out.length, region.conflict?.b ?? []) }
    out.push(...region.ok)
  }
  const eol = liveEol === baseEol || liveEol === 'none' ? branchEol : liveEol
  const merged = encodeText(out.join(uniform && eol === 'crlf' ? '\r\n' : '\n'), encoding)
  return merged === null ? { conflict: `the change has characters that ${encoding} cannot carry` } : { merged }
}

function conflictText(linesBefore: number, live: readonly string[]): string {
  const first = live.find((line) => line.trim() !== '')
  return `both sides changed the same lines near line ${linesBefore + 1}${first === undefined ? '' : ` (“${first.trim().slice(0, 60)}”)`}`
}

import type { ContextItem } from '../../../shared/context'
import type { ContentHash } from '../../../shared/ids'
import { IN_FOCUS, isInFocus } from './context-budget'
import type { ContextDraft } from './context-draft'
import { fileId, type FileText } from './tool-items'

export interface FileNow {
  readonly path: string
  /** Null: the file is gone, or no text (binary, too large). */
  readonly text: string | null
  readonly version: ContentHash | null
}

/** Largest share of its tier that one file may take; what a person adds may take all of it. */
export const FILE_SHARE = { focused: 1 / 8, file: 1 / 4 } as const
/** Lines that are shown anew may be longer than they were. */
const SPARE_TOKENS = 200
/** Of what the index found out by itself: it comes again when it is wanted. */
export const FOUND = 'found:'

/** The whole file replaces every older version and part of it; the tier of the item that it replaces is kept. */
export function putFile(draft: ContextDraft, file: FileText, source: ContextItem['source'], reason: string): void {
  const id = fileId(file.path, file.lines)
  for (const item of draft.where((one) => one.kind === 'file' && one.source.path === file.path && one.id !== id && !one.pinned)) {
    const older = item.source.version !== file.version
    if (file.lines === null || (older && item.id !== fileId(file.path))) {
      draft.apply({ op: 'evict', id: item.id, rule: older ? 'replaced by a newer version' : 'part of the whole file that was read since' })
    } else if (older && !item.stale) draft.apply({ op: 'stale', id: item.id, stale: true })
  }
  const before = draft.item(id)
  const isByHand = source.by === 'human'
  if (before !== undefined && before.source.version === file.version && !before.stale && (!isByHand || before.whole === undefined)) {
    draft.touch(id)
    return
  }
  const tier = before?.tier === 'L1' ? 'L1' : 'L2'
  const lines = file.lines === null ? {} : { lines: { from: file.lines.from, to: file.lines.to } }
  const share = Math.floor(draft.limits[tier] * (tier === 'L1' ? FILE_SHARE.focused : FILE_SHARE.file))
  const allowed = isByHand ? draft.limits[tier] : before?.pinned === true ? Math.max(share, before.tokens) : share
  draft.put({
    id,
    tier,
    kind: 'file',
    title: file.lines === null ? file.path : `${file.path}:${file.lines.from}-${file.lines.to}`,
    text: file.text,
    source: { ...source, ...lines },
    reason: before !== undefined && isInFocus(before) ? IN_FOCUS : reason,
    maxTokens: before?.pinned === true ? Math.min(allowed, roomOfPin(draft, before, tier)) : allowed,
  })
}

/** What a pinned item may take without pushing the pinned ones together over the budget: a file that grew must not stop a run. */
function roomOfPin(draft: ContextDraft, pin: ContextItem, tier: 'L1' | 'L2'): number {
  let others = 0
  for (const item of draft.unordered()) if (item.tier === tier && item.pinned && item.id !== pin.id) others += item.tokens
  return Math.max(0, draft.limits[tier] - others)
}

/** What shows one of these files is older than it now. */
export function markStale(draft: ContextDraft, paths: readonly string[]): void {
  if (paths.length === 0) return
  const changed = new Set(paths)
  const shows = (item: ContextItem): boolean => item.source.path !== undefined && changed.has(item.source.path)
  for (const item of draft.where((one) => !one.stale && isOfFile(one) && shows(one))) draft.apply({ op: 'stale', id: item.id, stale: true })
}

/** Shows a file's content, or what the index said of it; results of calls say what held when they were made. */
function isOfFile(item: ContextItem): boolean {
  return item.kind === 'file' || item.source.node !== undefined || item.id.startsWith(FOUND)
}

/** Out of date in a way that reading the file again mends. */
export function isRefreshable(item: ContextItem): boolean {
  return item.stale && item.kind === 'file' && item.source.path !== undefined
}

export function refreshFile(draft: ContextDraft, file: FileNow): void {
  const { path, text, version } = file
  const shown = draft.where((item) => isOfFile(item) && item.source.path === path)
  if (shown.length === 0) return
  if (text === null || version === null) {
    for (const item of shown) if (!item.pinned) draft.apply({ op: 'evict', id: item.id, rule: 'the file is gone' })
    return
  }
  const reason = 'read again after it had changed'
  const files = shown.filter((item) => item.kind === 'file')
  const whole = files.find((item) => item.source.lines === undefined && item.id === fileId(path))
  if (whole !== undefined) {
    const by = whole.source.by === 'human' ? 'human' : 'kernel'
    putFile(draft, { path, text, version, lines: null }, { by, frame: draft.frame, path, version }, reason)
  }
  const lines = text.split('\n')
  for (const item of files) {
    const part = item.source.lines
    if (part === undefined || draft.item(item.id) === undefined || item.source.version === version) continue
    const tier = item.tier === 'L1' ? 'L1' : 'L2'
    draft.put({
      ...{ id: item.id, kind: item.kind, title: item.title, tier, reason },
      text: lines.slice(part.from - 1, part.to).join('\n'),
      source: { ...item.source, version },
      maxTokens: Math.min(item.tokens * 2 + SPARE_TOKENS, item.pinned ? roomOfPin(draft, item, tier) : draft.limits[tier]),
    })
  }
  for (const item of shown) {
    if (!item.id.startsWith(FOUND) || !item.stale || item.pinned) continue
    draft.apply({ op: 'evict', id: item.id, rule: 'its file has changed; the index tells it again when it is wanted' })
  }
}

/** A file that a result points at counts as used; one that fell out comes back when that pushes nothing else out. */
export function promoteFile(draft: ContextDraft, path: string, rule: string, bringBack: boolean): void {
  const id = fileId(path)
  if (draft.item(id) !== undefined) {
    draft.touch(id)
    return
  }
  if (!bringBack) return
  const entry = draft.evicted.findLast((evicted) => evicted.item.id === id)
  if (entry === undefined || draft.tokens('L2') + entry.item.tokens > draft.limits.L2) return
  draft.apply({ op: 'bring-back', id, to: 'L2' })
  const back = draft.item(id)
  if (back === undefined) return
  draft.move(back, 'L2', rule)
  // While it was out nobody told whether it changed: it is read again before it counts as current.
  draft.apply({ op: 'stale', id, stale: true })
}

import type { FileDiff } from '../../../shared/files'
import type { HunkSelection, MergeOutcome } from '../../../shared/frames'
import { Slices } from '../workspace/slices'
import type { BranchFiles } from './branch-files'
import { changesLifecycleScripts, isDangerousPath, isInsideGit, linkLeadsOut } from './branch-paths'
import type { MergeGuard } from './files'
import { compareViews, type ViewChange, type ViewFile, type ViewLink } from './branch-view'
import { applyHunks, makeHunks } from './hunks'
import { readLiveFile, type LiveFile } from './live-file'
import { mergeText } from './merge-text'
import { decodeText, detectEncoding, encodeText } from './text-format'

export interface MergeWrite {
  readonly path: string
  readonly change: 'created' | 'changed' | 'deleted'
  readonly hunks: number
  /** What must lie there now: its hash, or null when nothing may. */
  readonly expected: { readonly kind: 'file' | 'symlink'; readonly hash: string; readonly mode: number } | null
  readonly result: { readonly kind: 'file' | 'symlink'; readonly mode: number; readonly bytes: Buffer } | null
}

export interface MergePlan {
  readonly writes: readonly MergeWrite[]
  readonly conflicts: MergeOutcome['conflicts']
  readonly skipped: readonly string[]
  /** Dangerous paths among the wanted ones that nobody has approved yet. */
  readonly needsApproval: readonly string[]
}

const RUNS_CODE = 'it can run code on this machine and was not approved'

interface Side {
  readonly kind: 'file' | 'symlink'
  readonly hash: string
  readonly mode: number
  readonly bytes: () => Promise<Buffer>
}

/** What a merge would do to the live repository as it is now: base as the ancestor, hunks that were not kept left out. Writes nothing. */
export async function planMerge(
  root: string,
  base: BranchFiles,
  branch: BranchFiles,
  selection: HunkSelection | null,
  approved: ReadonlySet<string> | 'all',
  guard?: MergeGuard,
): Promise<MergePlan> {
  const slices = new Slices()
  const plan = {
    writes: [] as MergeWrite[],
    conflicts: [] as MergeOutcome['conflicts'],
    skipped: [] as string[],
    needsApproval: [] as string[],
  }
  for (const change of compareViews(base.view, branch.view)) {
    if (slices.due()) await slices.rest()
    const { path } = change
    const kept = selection === null || !Object.hasOwn(selection, path) ? null : (selection[path] ?? [])
    if (kept?.length === 0) {
      plan.skipped.push(path)
      continue
    }
    if (isInsideGit(path)) {
      plan.conflicts.push({ path, reason: 'the repository’s own .git is never merged into' })
      continue
    }
    const before = change.before === null ? null : sideOf(base, path, change.before)
    const wanted = await selectHunks(change, base, branch, kept)
    if (wanted === 'nothing') {
      plan.skipped.push(path)
      continue
    }
    if (approved !== 'all' && !approved.has(path)) {
      const reason = (await isDangerous(path, before, wanted.side)) ? RUNS_CODE : (guard?.(path) ?? null)
      if (reason !== null) {
        plan.needsApproval.push(path)
        plan.conflicts.push({ path, reason })
        continue
      }
    }
    const live = await readLiveFile(root, path)
    const step = await mergeSides(before, wanted.side, live)
    if ('conflict' in step) plan.conflicts.push({ path, reason: step.conflict })
    else if (step.write !== null) plan.writes.push({ path, hunks: wanted.hunks, ...step.write })
  }
  return plan
}

function sideOf(files: BranchFiles, path: string, leaf: ViewFile | ViewLink): Side {
  return { kind: leaf.type, hash: leaf.hash, mode: leaf.type === 'file' ? leaf.mode : 0o777, bytes: () => files.bytesOf(path, leaf) }
}

/** The branch's side with only the kept hunks in it. */
async function selectHunks(
  change: ViewChange,
  base: BranchFiles,
  branch: BranchFiles,
  kept: readonly string[] | null,
): Promise<{ side: Side | null; hunks: number } | 'nothing'> {
  const { path, before, after } = change
  const whole = after === null ? null : sideOf(branch, path, after)
  if (before?.type === 'symlink' || after?.type === 'symlink') return { side: whole, hunks: 0 }
  const oldBytes = before === null ? Buffer.alloc(0) : await base.bytesOf(path, before)
  const newBytes = after === null ? Buffer.alloc(0) : await branch.bytesOf(path, after)
  const encoding = detectEncoding(newBytes)
  const oldText = decodeText(oldBytes, detectEncoding(oldBytes))
  const newText = decodeText(newBytes, encoding)
  if (oldText === null || newText === null) return { side: whole, hunks: 0 }
  const hunks = makeHunks(path, oldText, newText)
  if (kept === null) return { side: whole, hunks: hunks.length }
  const chosen = hunks.filter((hunk) => kept.includes(hunk.id))
  if (chosen.length === 0) return 'nothing'
  if (chosen.length === hunks.length) return { side: whole, hunks: hunks.length }
  const bytes = encodeText(applyHunks(oldText, newText, chosen), after === null ? detectEncoding(oldBytes) : encoding)
  if (bytes === null) return { side: whole, hunks: hunks.length }
  return {
    side: { kind: 'file', hash: '', mode: after?.mode ?? before?.mode ?? 0o644, bytes: () => Promise.resolve(bytes) },
    hunks: chosen.length,
  }
}

async function isDangerous(path: string, before: Side | null, wanted: Side | null): Promise<boolean> {
  if (isDangerousPath(path)) return true
  if (wanted?.kind === 'symlink') return linkLeadsOut(path, (await wanted.bytes()).toString('utf8'))
  if (wanted?.kind !== 'file' || path.split('/').at(-1) !== 'package.json') return false
  return changesLifecycleScripts(
    path,
    before === null ? null : (await before.bytes()).toString('utf8'),
    (await wanted.bytes()).toString('utf8'),
  )
}

type Step = { conflict: string } | { write: Omit<MergeWrite, 'path' | 'hunks'> | null }

async function mergeSides(before: Side | null, wanted: Side | null, live: LiveFile): Promise<Step> {
  if (live.kind === 'blocked') {
    // Nothing of ours lies there, so there is nothing to delete.
    return wanted === null ? { write: null } : { conflict: live.reason }
  }
  if (live.kind === 'absent') {
    if (wanted === null) return { write: null }
    if (before !== null) return { conflict: 'you deleted it and the branch changed it' }
    return { write: { change: 'created', expected: null, result: await resultOf(wanted, wanted.mode) } }
  }
  const expected = { kind: live.kind, hash: live.hash, mode: live.kind === 'file' ? live.mode : 0o777 }
  const untouched = before !== null && before.kind === live.kind && before.hash === live.hash
  if (wanted === null) {
    return untouched ? { write: { change: 'deleted', expected, result: null } } : { conflict: 'the branch deleted it and you changed it' }
  }
  const mode = live.kind === 'file' ? mergedMode(before, wanted, live.mode) : wanted.mode
  const bytes = await wanted.bytes()
  if (wanted.kind === live.kind && wanted.hash === live.hash && mode === expected.mode) return { write: null }
  if (untouched) return { write: { change: 'changed', expected, result: { kind: wanted.kind, mode, bytes } } }
  if (wanted.kind !== 'file' || live.kind !== 'file' || (before !== null && before.kind !== 'file')) {
    return wanted.hash === live.hash ? { write: null } : { conflict: 'both sides changed it, and one of them is a symbolic link' }
  }
  if (live.bytes === null) return { conflict: 'it is too large to merge and was changed on both sides' }
  if (before === null) {
    if (!live.bytes.equals(bytes)) return { conflict: 'both sides created it' }
    return { write: { change: 'changed', expected, result: { kind: 'file', mode, bytes } } }
  }
  const merged = mergeText(await before.bytes(), bytes, live.bytes)
  if ('conflict' in merged) return merged
  if (merged.merged.equals(live.bytes) && mode === live.mode) return { write: null }
  return { write: { change: 'changed', expected, result: { kind: 'file', mode, bytes: merged.merged } } }
}

/** The live file's permission bits, with those that the branch turned on or off. */
function mergedMode(before: Side | null, wanted: Side, live: number): number {
  const turned = before === null ? 0 : (before.mode ^ wanted.mode) & 0o777
  return ((live & ~turned) | (wanted.mode & turned)) & 0o777
}

async function resultOf(side: Side, mode: number): Promise<MergeWrite['result']> {
  return { kind: side.kind, mode, bytes: await side.bytes() }
}

/** Paths that a merge leaves out unless a person approves them by name. */
export function needingApproval(diffs: readonly FileDiff[], guard?: MergeGuard): string[] {
  return diffs.flatMap(({ path, dangerous }) => (!isInsideGit(path) && (dangerous || (guard?.(path) ?? null) !== null) ? [path] : []))
}

import { hash } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { copyFile, mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { canonicalJson } from '../../../shared/canonical-json'
import { KeyframeError } from '../../../shared/failure'
import { MergeOutcome } from '../../../shared/frames'
import { bytesOfPath, fsPath } from '../workspace/path-bytes'
import { MERGE_GUEST } from './merge-guest'
import { runMergeGuest } from './merge-jail'
import type { MergePlan, MergeWrite } from './plan-merge'

const PLAN = 'plan.json'
const DONE = 'done.json'

const Side = z.object({ kind: z.enum(['file', 'symlink']), hash: z.string(), mode: z.number().int() }).nullable()
const StoredPlan = z.object({
  /** Hash of the arguments of the merge: a journal belongs to one merge. */
  arguments: z.string(),
  id: z.string(),
  ops: z.array(
    z.object({
      name: z.string(),
      /** Parts of the path, base64: names are bytes. */
      path: z.array(z.string()),
      change: z.enum(['created', 'changed', 'deleted']),
      hunks: z.number().int(),
      expected: Side,
      result: Side,
    }),
  ),
  /** Folders to remove when they became empty, deepest first. */
  prune: z.array(z.array(z.string())),
  conflicts: MergeOutcome.shape.conflicts,
  skipped: MergeOutcome.shape.skipped,
})
type StoredPlan = z.infer<typeof StoredPlan>
const Outcome = MergeOutcome.omit({ branchId: true })
export type AppliedMerge = z.infer<typeof Outcome>

/**
 * Carries out a merge so that a crash at any point leaves each file wholly old or wholly new, and a second call with the same
 * arguments ends with all of them new. Order of events: pre-images and results synced into `journalDir`; `plan.json` renamed into
 * place (from here on the merge goes forward); the guest; `done.json`. `plan` is only asked for when nothing was prepared yet.
 */
export async function applyMerge(
  root: string,
  journalDir: string,
  nodePath: string,
  mergeArguments: unknown,
  plan: () => Promise<{ plan: MergePlan; prune: readonly string[] }>,
): Promise<AppliedMerge> {
  const argumentsHash = hash('sha256', canonicalJson(mergeArguments))
  await mkdir(journalDir, { recursive: true, mode: 0o700 })
  let stored = await readStored(journalDir)
  if (stored === null) {
    const made = await plan()
    stored = await prepare(root, journalDir, argumentsHash, made.plan, made.prune)
  } else if (stored.arguments !== argumentsHash) {
    throw new KeyframeError({
      code: 'merge.other-arguments',
      message: 'Another merge of this branch was begun and is not finished.',
      action: 'Finish it with the choices it was begun with, then merge again.',
    })
  }
  const doneFile = join(journalDir, DONE)
  if (existsSync(doneFile)) return Outcome.parse(JSON.parse(await readFile(doneFile, 'utf8')))
  const outcome = await perform(root, journalDir, nodePath, stored)
  await writeWhole(journalDir, DONE, JSON.stringify(outcome))
  return outcome
}

async function readStored(journalDir: string): Promise<StoredPlan | null> {
  const file = join(journalDir, PLAN)
  return existsSync(file) ? StoredPlan.parse(JSON.parse(await readFile(file, 'utf8'))) : null
}

async function prepare(
  root: string,
  journalDir: string,
  argumentsHash: string,
  plan: MergePlan,
  prune: readonly string[],
): Promise<StoredPlan> {
  for (const name of await readdir(journalDir)) await rm(join(journalDir, name), { recursive: true, force: true })
  await mkdir(join(journalDir, 'new'))
  await mkdir(join(journalDir, 'old'))
  const ops: StoredPlan['ops'] = []
  const saving: Promise<void>[] = []
  for (const [i, write] of plan.writes.entries()) {
    saving.push(saveSides(root, journalDir, i, write))
    if (saving.length >= 32) await Promise.all(saving.splice(0))
    const result = write.result
    ops.push({
      name: write.path,
      path: partsOf(write.path),
      change: write.change,
      hunks: write.hunks,
      expected: write.expected,
      result: result === null ? null : { kind: result.kind, mode: result.mode, hash: hash('sha256', result.bytes) },
    })
  }
  await Promise.all(saving)
  await writeSynced(join(journalDir, 'apply.mjs'), MERGE_GUEST)
  for (const folder of ['new', 'old']) await sync(join(journalDir, folder))
  const stored: StoredPlan = {
    arguments: argumentsHash,
    id: argumentsHash.slice(0, 12),
    ops,
    prune: prune.map(partsOf),
    conflicts: plan.conflicts,
    skipped: [...plan.skipped],
  }
  await writeWhole(journalDir, PLAN, JSON.stringify(stored))
  return stored
}

/** The result, and the pre-image that a person could go back to. */
async function saveSides(root: string, journalDir: string, i: number, write: MergeWrite): Promise<void> {
  if (write.result !== null) await writeSynced(join(journalDir, 'new', String(i)), write.result.bytes)
  if (write.expected?.kind !== 'file') return
  const copy = join(journalDir, 'old', String(i))
  await copyFile(fsPath(join(root, write.path)), copy, constants.COPYFILE_FICLONE)
  await sync(copy)
}

async function perform(root: string, journalDir: string, nodePath: string, stored: StoredPlan): Promise<AppliedMerge> {
  const outcome: AppliedMerge = { applied: [], conflicts: [...stored.conflicts], skipped: stored.skipped }
  if (stored.ops.length === 0) return outcome
  const report = await runMergeGuest(root, journalDir, nodePath)
  if ('failed' in report) {
    const full = report.failed.code === 'ENOSPC' || report.failed.code === 'EDQUOT'
    throw new KeyframeError({
      code: full ? 'merge.disk-full' : 'merge.failed',
      message: full
        ? 'The disk is full. Nothing was changed in the repository.'
        : `The merge failed before it changed anything: ${report.failed.message}`,
      action: full ? 'Free some space and merge again.' : 'Put right what is named there and merge again.',
      retryable: true,
    })
  }
  for (const [i, op] of stored.ops.entries()) {
    if (report.states[i] === 'done') outcome.applied.push({ path: op.name, change: op.change, hunks: op.hunks })
    else outcome.conflicts.push({ path: op.name, reason: 'it was changed while the merge was under way' })
  }
  return outcome
}

function partsOf(path: string): string[] {
  return path.split('/').map((part) => bytesOfPath(part).toString('base64'))
}

async function writeWhole(dir: string, name: string, text: string): Promise<void> {
  await writeSynced(join(dir, `${name}.new`), text)
  await rename(join(dir, `${name}.new`), join(dir, name))
  await sync(dir)
}

async function writeSynced(path: string, bytes: Uint8Array | string): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

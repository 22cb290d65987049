import type { ContextChange, ContextItem, ContextItemKind, ContextState, TokenCounting } from '../../../shared/context'
import { cacheImpact, promptChange } from '../../../shared/context'
import type { ContextPreview } from '../../../shared/contract/methods'
import { type Failure, KeyframeError } from '../../../shared/failure'
import type { Plan, ToolOutcome, Verdict } from '../../../shared/frames'
import type { ContentHash } from '../../../shared/ids'
import { compact, demote, enforceBudgets, IN_FOCUS, isInFocus, isToolResult } from './context-budget'
import { ContextDraft, type ContextEnv, tierLimits } from './context-draft'
import { applyEdit, type ResolvedEdit } from './context-edits'
import { FILE_SHARE, type FileNow, markStale, promoteFile, putFile, refreshFile } from './file-items'
import { type FoundItem, takeFound } from './found-items'
import {
  bestScoreOf,
  errorId,
  fileId,
  fileOf,
  type FileText,
  isErrorOf,
  kindOfResult,
  oneLine,
  pathsOf,
  shortKey,
  sourcesOf,
  toolTarget,
  toolTitle,
} from './tool-items'

/** What happened, as the run engine tells it. Everything needed is in the event: the manager looks nothing up but content by hash. */
export type ContextEvent =
  /** `counting`: who counts tokens from now on; nothing changes when it is left out. */
  | { readonly type: 'task'; readonly text: string; readonly counting?: TokenCounting }
  /** AGENTS.md and the like; replaces the instruction items that were there before. */
  | {
      readonly type: 'instructions'
      readonly files: readonly { readonly path: string; readonly text: string; readonly version?: ContentHash }[]
    }
  /** `frame` is the frame of the outcome: where the item says that it came from. */
  | { readonly type: 'tool-outcome'; readonly frame: number; readonly outcome: ToolOutcome; readonly args: unknown }
  /** What the workspace's own checks said of the branch, at the frame of their verdict. */
  | { readonly type: 'checks'; readonly frame: number; readonly verdict: Verdict }
  | { readonly type: 'plan'; readonly plan: Plan }
  /** A second note with the same id replaces the first; an empty text takes the note away. */
  | {
      readonly type: 'note'
      readonly id: string
      readonly title: string
      readonly text: string
      readonly kind?: ContextItemKind
      readonly by: 'kernel' | 'agent' | 'human'
    }
  /** The files that matter now, instead of those of the last focus. `texts` are their contents; a path without one is only ranked up. */
  | { readonly type: 'focus'; readonly paths: readonly string[]; readonly texts: readonly FileNow[] }
  | { readonly type: 'files-changed'; readonly paths: readonly string[]; readonly frame: number }
  /** `where` names the step that failed; a second error there replaces the first. */
  | { readonly type: 'error'; readonly frame: number; readonly failure: Failure; readonly where: string }
  /** Ids of error items that no longer hold. */
  | { readonly type: 'resolved'; readonly ids: readonly string[] }
  | { readonly type: 'edits'; readonly edits: readonly ResolvedEdit[]; readonly by: 'human' | 'agent' }
  | { readonly type: 'refresh'; readonly files: readonly FileNow[] }
  /**
   * What was found out asynchronously about what the run works on, and a time to condense. Comes with a frame of its own that no program
   * computes; leaving it out harms nothing.
   */
  | { readonly type: 'background'; readonly found: readonly FoundItem[] }
  /** A shorter text for an item, by a model: taken only while the item still has the text that was summarised. */
  | { readonly type: 'summary'; readonly id: string; readonly of: ContentHash; readonly text: string; readonly by: string }

/** Largest share of its tier that one item of the kernel's may take; what a person writes may take all of it. */
const SHARE = {
  task: 1 / 4,
  instructions: 1 / 4,
  plan: 1 / 8,
  toolResult: 1 / 8,
  error: 1 / 16,
  note: 1 / 8,
} as const
/** Of a search, the first hits bring their files back from L3; of references, all. */
const BEST_HITS = 3
/** Of L1, for all files in focus together. */
const FOCUS_ROOM = 1 / 2

/**
 * What an event changes in the tiers, budgets enforced: after the changes neither tier is over. A function of its arguments
 * alone, so a replay computes the same changes. Throws KeyframeError `context.pinned-over-budget` or, for edits, why one cannot
 * be made; nothing has been applied then. Linear in the number of items but for evictions; counts tokens of new text only.
 */
export function contextChanges(state: ContextState, event: ContextEvent, env: ContextEnv): ContextChange[] {
  return draftOf(state, event, env).changes
}

/** The same with, at their end, what they cost a provider's prompt cache where they break its prefix: what a frame records. */
export function recordedChanges(state: ContextState, event: ContextEvent, env: ContextEnv): ContextChange[] {
  const draft = draftOf(state, event, env)
  if (!draft.changes.some((change) => REACHES_PROMPT.has(change.op))) return draft.changes
  const cost = promptChange(state, draft.state)
  return cost === null ? draft.changes : [...draft.changes, cost]
}

const REACHES_PROMPT: ReadonlySet<ContextChange['op']> = new Set(['put', 'move', 'evict', 'bring-back', 'rewrite', 'remove'])

function draftOf(state: ContextState, event: ContextEvent, env: ContextEnv): ContextDraft {
  const draft = new ContextDraft(state, env)
  take(draft, event)
  enforceBudgets(draft)
  return draft
}

/** What the edits would lead to, by the same function that applies them; a failure is part of the answer. */
export function previewEdits(state: ContextState, edits: readonly ResolvedEdit[], env: ContextEnv): ContextPreview {
  const before = tierViews(state)
  try {
    const draft = new ContextDraft(state, env)
    take(draft, { type: 'edits', edits, by: 'human' })
    const asked = new Set(draft.changes.flatMap((change) => (change.op === 'evict' ? [change.id] : [])))
    enforceBudgets(draft)
    const fallsOut = draft.changes.flatMap((change) => (change.op === 'evict' && !asked.has(change.id) ? [change.id] : []))
    const after = draft.state
    const cache = { ...cacheImpact(state, after), refillUsd: null }
    return { before, after: tierViews(after), changes: draft.changes, fallsOut, failure: null, cache }
  } catch (thrown) {
    if (!(thrown instanceof KeyframeError)) throw thrown
    return failedPreview(state, thrown.failure)
  }
}

/** What cannot be made changes nothing. */
export function failedPreview(state: ContextState, failure: Failure): ContextPreview {
  const before = tierViews(state)
  return { before, after: before, changes: [], fallsOut: [], failure, cache: null }
}

/** Sums as the window shows them. L3 lists what was evicted and can be brought back; it has no budget. */
export function tierViews(state: ContextState): ContextPreview['before'] {
  const limits = tierLimits(state.budget, state.tokenizer)
  const views = { L1: { tokens: 0, items: 0 }, L2: { tokens: 0, items: 0 } }
  for (const item of Object.values(state.items)) {
    if (item.tier !== 'L1' && item.tier !== 'L2') continue
    views[item.tier].tokens += item.tokens
    views[item.tier].items += 1
  }
  return [
    { tier: 'L1', ...views.L1, budgetTokens: limits.L1 },
    { tier: 'L2', ...views.L2, budgetTokens: limits.L2 },
    {
      tier: 'L3',
      tokens: state.evicted.reduce((sum, entry) => sum + entry.item.tokens, 0),
      items: state.evicted.length,
      budgetTokens: null,
    },
  ]
}

function take(draft: ContextDraft, event: ContextEvent): void {
  switch (event.type) {
    case 'task':
      takeCounting(draft, event.counting)
      return pinnedText(draft, 'task', 'task', oneLine(event.text, 80), event.text, SHARE.task, 'what the run is for')
    case 'plan':
      return pinnedText(draft, 'plan', 'plan', event.plan.title, planText(event.plan), SHARE.plan, 'the plan that is followed')
    case 'instructions':
      return takeInstructions(draft, event.files)
    case 'tool-outcome':
      return takeOutcome(draft, event.outcome, event.args, event.frame)
    case 'checks':
      return takeChecks(draft, event.verdict, event.frame)
    case 'note':
      return takeNote(draft, event)
    case 'focus':
      return takeFocus(draft, event.paths, event.texts)
    case 'files-changed':
      return markStale(draft, event.paths)
    case 'error':
      return takeError(draft, `error:${shortKey(event.where)}`, event.where, event.failure, { by: 'kernel', frame: event.frame })
    case 'resolved':
      for (const id of event.ids) {
        const item = draft.item(id)
        if (item?.kind === 'error') resolve(draft, item, `resolved at frame ${draft.frame}`)
      }
      return
    case 'edits':
      for (const [index, edit] of event.edits.entries()) applyEdit(draft, edit, index, event.by)
      return
    case 'refresh':
      for (const file of event.files) refreshFile(draft, file)
      return
    case 'background':
      takeFound(draft, event.found)
      return compact(draft)
    case 'summary': {
      const item = draft.item(event.id)
      // Pinned text stays as it is.
      if (item === undefined || item.pinned || item.content !== event.of) return
      draft.summarise(item, event.text, `summarised by ${event.by}`)
    }
  }
}

function takeCounting(draft: ContextDraft, counting: TokenCounting | undefined): void {
  const known = draft.state.tokenizer
  if (counting === undefined) return
  const { name, exact, marginPercent } = counting
  if (known?.name === name && known.exact === exact && known.marginPercent === marginPercent) return
  draft.apply({ op: 'tokenizer', id: name, exact, marginPercent })
}

/** Kernel-pinned items shrink before they could push the pinned total over the budget. */
function pinnedText(
  draft: ContextDraft,
  id: string,
  kind: ContextItemKind,
  title: string,
  text: string,
  share: number,
  reason: string,
): void {
  const others = draft.unordered().filter((item) => item.tier === 'L1' && item.pinned && item.id !== id && item.kind !== 'error')
  const room = draft.limits.L1 - others.reduce((sum, item) => sum + item.tokens, 0)
  const maxTokens = Math.max(0, Math.min(Math.floor(draft.limits.L1 * share), room))
  draft.put({ id, tier: 'L1', kind, title, text, source: { by: 'kernel', frame: draft.frame }, reason, pinned: true, maxTokens })
}

function takeInstructions(
  draft: ContextDraft,
  files: readonly { readonly path: string; readonly text: string; readonly version?: ContentHash }[],
): void {
  const ids = new Set(files.map((file) => `instruction:${shortKey(file.path)}`))
  for (const item of draft.where((one) => one.kind === 'instruction' && !ids.has(one.id))) {
    if (item.pinned) draft.apply({ op: 'pin', id: item.id, pinned: false, rule: 'the instruction file is gone' })
    draft.apply({ op: 'evict', id: item.id, rule: 'the instruction file is gone' })
  }
  for (const file of files) {
    const id = `instruction:${shortKey(file.path)}`
    const share = SHARE.instructions / files.length
    const version = file.version === undefined ? {} : { version: file.version }
    const others = draft.unordered().filter((item) => item.tier === 'L1' && item.pinned && item.id !== id && item.kind !== 'error')
    const room = draft.limits.L1 - others.reduce((sum, item) => sum + item.tokens, 0)
    draft.put({
      id,
      tier: 'L1',
      kind: 'instruction',
      title: file.path,
      text: file.text,
      source: { by: 'kernel', frame: null, path: file.path, ...version },
      reason: 'instructions of the repository',
      pinned: true,
      maxTokens: Math.max(0, Math.min(Math.floor(draft.limits.L1 * share), room)),
    })
  }
}

function takeOutcome(draft: ContextDraft, outcome: ToolOutcome, args: unknown, frame: number): void {
  const target = toolTarget(args)
  const score = bestScoreOf(outcome)
  const source = { by: 'agent' as const, frame, tool: outcome.tool, ...target, ...(score === null ? {} : { score }) }
  const title = toolTitle(outcome.tool, target)
  if (!outcome.ok) {
    const failure = outcome.error ?? { code: 'tool.failed', message: outcome.text, retryable: false }
    takeError(draft, errorId(outcome.tool, target), title, failure, source)
  } else {
    for (const item of draft.where((one) => isErrorOf(one, outcome.tool, target)))
      resolve(draft, item, `${title} succeeded at frame ${frame}`)
  }
  const file = fileOf(outcome, args)
  const changed = outcome.sideEffects.files.map((change) => change.path).filter((path) => path !== file?.path)
  markStale(draft, changed)
  if (file !== null)
    putFile(draft, file, { ...source, version: file.version }, outcome.tool === 'fs.read' ? 'read by the agent' : 'written by the agent')
  if (outcome.ok) putResult(draft, outcome, title, source, file)
  for (const part of sourcesOf(outcome)) {
    const whole = draft.item(fileId(part.path))
    // The whole file in the same version shows the part already.
    if (whole !== undefined && whole.source.version === part.version) continue
    putFile(draft, part, { ...source, path: part.path, version: part.version }, `${title} points at it`)
  }
  const isReference = kindOfResult(outcome) === 'references'
  for (const [index, path] of pathsOf(outcome).slice(0, 50).entries())
    promoteFile(draft, path, `${title} points at it`, isReference || index < BEST_HITS)
}

function putResult(draft: ContextDraft, outcome: ToolOutcome, title: string, source: ContextItem['source'], file: FileText | null): void {
  const id = `tool:${source.frame}`
  const kind = kindOfResult(outcome)
  const about =
    file === null ? null : `${file.path}${file.lines === null ? '' : `, lines ${file.lines.from} to ${file.lines.to} of ${file.lines.of}`}`
  draft.put({
    id,
    tier: 'L1',
    kind,
    title,
    text:
      about === null
        ? outcome.text
        : `${outcome.tool === 'fs.read' ? 'Read' : 'Wrote'} ${about}; its text is in item ${fileId(file?.path ?? '', file?.lines)}.`,
    source,
    reason: `result of ${outcome.tool}`,
    maxTokens: Math.floor(draft.limits.L1 * SHARE.toolResult),
  })
  const content = draft.item(id)?.content
  const isEarlier = (item: ContextItem): boolean => item.id !== id && isToolResult(item) && !item.pinned && item.title === title
  for (const item of draft.where((one) => isEarlier(one) && (one.content === content || (kind === 'tests' && one.kind === 'tests')))) {
    const rule = item.content === content ? 'same result again' : 'the same tests ran again'
    draft.apply({ op: 'evict', id: item.id, rule: `${rule} at frame ${source.frame}` })
  }
}

/** Failed checks are worked on in L1; what passed is known in L2. */
function takeChecks(draft: ContextDraft, verdict: Verdict, frame: number): void {
  const checks = verdict.checks.map(({ check, state, command, detail }) => {
    return `${check} ${state}${command === null ? '' : ` (${command})`}${detail === '' ? '' : `: ${detail}`}`
  })
  draft.put({
    id: 'tests:checks',
    tier: verdict.passed ? 'L2' : 'L1',
    kind: 'tests',
    title: `Checks ${verdict.passed ? 'passed' : 'failed'}`,
    text: [`${verdict.passed ? 'Passed' : 'Failed'}, score ${verdict.score ?? 'not known'}.`, ...checks].join('\n'),
    source: { by: 'kernel', frame },
    reason: 'verdict of the checks of the workspace',
    maxTokens: Math.floor(draft.limits.L1 * SHARE.toolResult),
  })
}

function takeError(draft: ContextDraft, id: string, title: string, failure: Failure, source: ContextItem['source']): void {
  const action = failure.action === undefined ? '' : `\n${failure.action}`
  draft.put({
    id,
    tier: 'L1',
    kind: 'error',
    title: `${title}: ${failure.code}`,
    text: `${failure.code}: ${failure.message}${action}`,
    source,
    reason: 'unresolved error',
    pinned: true,
    maxTokens: Math.floor(draft.limits.L1 * SHARE.error),
  })
}

function resolve(draft: ContextDraft, item: ContextItem, rule: string): void {
  if (item.pinned) draft.apply({ op: 'pin', id: item.id, pinned: false, rule })
  if (item.tier === 'L1') demote(draft, item, rule)
}

function takeNote(draft: ContextDraft, note: Extract<ContextEvent, { type: 'note' }>): void {
  const id = `note:${shortKey(note.id)}`
  const item = draft.item(id)
  if (note.text === '') {
    if (item === undefined) return
    if (item.pinned) draft.apply({ op: 'pin', id, pinned: false, rule: 'taken back by its author' })
    draft.apply({ op: 'evict', id, rule: 'taken back by its author' })
    return
  }
  const source = { by: note.by, frame: draft.frame }
  const maxTokens = note.by === 'human' ? draft.limits.L1 : Math.floor(draft.limits.L1 * SHARE.note)
  draft.put({
    id,
    tier: 'L1',
    kind: note.kind ?? 'scratchpad',
    title: note.title,
    text: note.text,
    source,
    reason: `noted by the ${note.by}`,
    maxTokens,
  })
  if (note.by !== 'human') dropRepeated(draft, id)
}

/** Scratchpad notes with the text of the newest one. */
function dropRepeated(draft: ContextDraft, id: string): void {
  const newest = draft.item(id)
  const repeats = (item: ContextItem): boolean =>
    item.kind === 'scratchpad' && item.id !== id && !item.pinned && item.content === newest?.content && item.title === newest.title
  for (const item of draft.where(repeats)) draft.apply({ op: 'evict', id: item.id, rule: `noted again at frame ${draft.frame}` })
}

function takeFocus(draft: ContextDraft, paths: readonly string[], texts: readonly FileNow[]): void {
  const ids = new Set(paths.map((path) => fileId(path)))
  for (const item of draft.where((one) => one.kind === 'file' && isInFocus(one) && !ids.has(one.id)))
    draft.move(item, item.pinned ? item.tier : 'L2', 'no longer in focus')
  for (const { path, text, version } of texts) {
    if (text === null || version === null) continue
    putFile(draft, { path, text, version, lines: null }, { by: 'agent', frame: draft.frame, path, version }, IN_FOCUS)
  }
  let room = draft.limits.L1 * FOCUS_ROOM
  for (const path of paths) {
    const item = draft.item(fileId(path))
    if (item === undefined) continue
    // A small file is worked on in L1; a large one stays in L2, ahead of the others.
    const toL1 = item.tokens <= draft.limits.L1 * FILE_SHARE.focused && item.tokens <= room
    if (toL1) room -= item.tokens
    const to = toL1 || item.pinned ? (item.pinned ? item.tier : 'L1') : 'L2'
    if (item.tier !== to || !isInFocus(item)) draft.move(item, to, IN_FOCUS)
    draft.touch(item.id)
  }
}

function planText(plan: Plan): string {
  const steps = plan.steps.map((step) => `- [${step.state}] ${step.title}`)
  const files = plan.affectedFiles.length === 0 ? [] : [`Files: ${plan.affectedFiles.join(', ')}`]
  return [plan.title, ...steps, ...files, ...plan.notes].join('\n')
}

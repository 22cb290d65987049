import type { MethodResult } from '../../shared/contract/methods'
import type { KernelClient } from '../../shared/contract/service'
import type { HumanAnswer } from '../../shared/frames'
import type { RunId } from '../../shared/ids'
import type { GrantScope } from '../../shared/policy'
import type { Terminal } from './command'
import { oneLine } from './print'

export type Pending = MethodResult<'humans.list'>[number]

export async function pendingOf(client: KernelClient, runId: RunId): Promise<Pending[]> {
  return (await client.call('humans.list', {})).filter((request) => request.runId === runId)
}

export function printPending(pending: readonly Pending[], terminal: Terminal): void {
  for (const request of pending) {
    terminal.err(`\nWaiting for a person: ${oneLine(request.title)}`)
    for (const line of details(request)) terminal.err(`  ${line}`)
  }
  terminal.err('\nAnswer in the window (`keyframe open`), run this in a terminal, or decide beforehand with --yes or --deny.')
}

/** Asks each in turn. False when the person ended the input. */
export async function askPending(client: KernelClient, pending: readonly Pending[], terminal: Terminal): Promise<boolean> {
  for (const request of pending) {
    terminal.err(`\n${oneLine(request.title)}`)
    for (const line of details(request)) terminal.err(`  ${line}`)
    const answer = await askOne(request, terminal)
    if (answer === null) return false
    await client.call('humans.answer', { runId: request.runId, answer })
  }
  return true
}

async function askOne(request: Pending, terminal: Terminal): Promise<HumanAnswer | null> {
  const base = { requestId: request.requestId, shown: request.shown }
  const choices = choicesOf(request)
  for (;;) {
    const given = (await terminal.ask(promptOf(request, choices)))?.trim()
    if (given === undefined) return null
    if (request.type === 'provide-context') return { ...base, decision: 'answer', text: given }
    if (/^(d|deny|n|no)$/i.test(given)) return { ...base, decision: 'deny' }
    if (request.authorize !== undefined) {
      const scope = SCOPES.find(({ answers }) => answers.test(given))?.scope
      if (scope === undefined) continue
      return { ...base, decision: 'approve', scope, ...(scope === 'once' ? {} : { patterns: request.authorize.patterns.slice(0, 1) }) }
    }
    if (choices.length === 0) {
      if (/^(a|approve|y|yes)$/i.test(given)) return { ...base, decision: 'approve' }
      continue
    }
    const chosen = given === '' ? choices.find((choice) => choice.recommended) : choices[Number(given) - 1]
    if (chosen === undefined) continue
    if (request.type === 'review-merge') {
      const branch = request.branches?.find((one) => one.branchId === chosen.id)
      return branch === undefined ? null : { ...base, decision: 'approve', branchId: branch.branchId }
    }
    return { ...base, decision: 'choose', optionId: chosen.id }
  }
}

/** Enter alone permits nothing. */
const SCOPES: readonly { scope: GrantScope; answers: RegExp }[] = [
  { scope: 'once', answers: /^(o|once)$/i },
  { scope: 'run', answers: /^(r|run)$/i },
  { scope: 'always', answers: /^always$/i },
]

interface Choice {
  readonly id: string
  readonly label: string
  readonly recommended: boolean
}

function choicesOf(request: Pending): Choice[] {
  if (request.type === 'review-merge') {
    return (request.branches ?? []).map((branch, place) => {
      const score = branch.verdict.score === null ? 'no score' : branch.verdict.score.toFixed(2)
      return { id: branch.branchId, label: `${branch.label} (${branch.branchId}, ${score})`, recommended: place === 0 }
    })
  }
  return (request.options ?? []).map((option) => ({ id: option.id, label: option.label, recommended: option.recommended === true }))
}

function promptOf(request: Pending, choices: readonly Choice[]): string {
  if (request.type === 'provide-context') return '> '
  if (request.authorize !== undefined) {
    const [pattern] = request.authorize.patterns
    const always = pattern === undefined ? '' : `, "always" for ${pattern.action} ${oneLine(pattern.pattern, 60)}`
    return `[o]nce, for this [r]un${always}, or [d]eny? `
  }
  if (choices.length === 0) return '[a]pprove or [d]eny? '
  const recommended = choices.findIndex((choice) => choice.recommended)
  return `1-${choices.length}${recommended === -1 ? '' : ` (Enter: ${recommended + 1})`} or [d]eny? `
}

function details(request: Pending): string[] {
  const plan =
    request.plan === undefined
      ? []
      : [...request.plan.steps.map((step) => `- ${oneLine(step.title)}`), ...fileLines(request.plan.affectedFiles)]
  const choices = choicesOf(request).map(
    (choice, place) => `${place + 1}. ${oneLine(choice.label)}${choice.recommended ? ' (recommended)' : ''}`,
  )
  return [...request.body.split('\n').map((line) => oneLine(line)), ...plan, ...choices].filter((line) => line !== '')
}

function fileLines(files: readonly string[]): string[] {
  const shown = files.slice(0, 20).map((file) => `  ${oneLine(file)}`)
  const more = files.length - shown.length
  return files.length === 0 ? [] : [`${files.length} files:`, ...shown, ...(more > 0 ? [`  and ${more} more`] : [])]
}

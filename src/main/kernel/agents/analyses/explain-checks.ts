import type { CheckResult } from '../../../../shared/frames'
import type { AgentApi } from '../agent-api'
import { type AgentResult, failureText, listed, plural, tryReadSource } from '../refactorings/agent-tools'
import { SourceSyntax } from '../refactorings/source-syntax'
import { failedTests, type FailurePlace, failurePlaces } from './failure-places'

const MAX_PLACES = 8
const LINES_AROUND = 2
const CHECK_TIMEOUT_MS = 600_000
/** What shells say of a program that is not installed. */
const COMMAND_NOT_FOUND = 127

interface Ran {
  readonly check: CheckResult['check']
  readonly command: string | null
  readonly state: CheckResult['state']
  readonly detail: string
  readonly output: string
}

/**
 * `run checks and explain failures`. The judge knows which checks there are, but only holds against a branch what it made worse;
 * here the question is what fails at all, so each command is run as it is.
 */
export async function explainChecks(api: AgentApi): Promise<AgentResult> {
  await api.setState('checking', {})
  const verdict = await api.judge()
  const ran: Ran[] = []
  for (const check of verdict.checks) ran.push(await runAgain(api, check))
  const failed = ran.filter((check) => check.state === 'failed')
  const passed = ran.filter((check) => check.state === 'passed')
  const lines = ran.map(describeRan)
  await api.setState('explaining', { failed: failed.length })
  for (const check of failed) lines.push('', ...(await explain(api, check)))
  const names = (checks: readonly Ran[]): string => checks.map((check) => check.check).join(', ')
  const summary =
    failed.length > 0
      ? `${names(failed)} failed.`
      : passed.length > 0
        ? `${names(passed)} passed.`
        : 'No check is available in this workspace.'
  const text = [summary, '', ...lines].join('\n')
  await api.remember('checks', 'Checks', text, failed.length > 0 ? 'error' : 'tests')
  await api.message(text, failed.length > 0 ? 'error' : passed.length > 0 ? 'success' : 'warning')
  await api.setState('done', { failed: failed.length, passed: passed.length })
  return { ok: failed.length === 0 && passed.length > 0, summary }
}

async function runAgain(api: AgentApi, check: CheckResult): Promise<Ran> {
  const known = { check: check.check, command: check.command }
  if (check.command === null) return { ...known, state: 'not-available', detail: check.detail, output: '' }
  const reply = await api.runCommand(check.command, { timeoutMs: CHECK_TIMEOUT_MS })
  if (!reply.ok) return { ...known, state: 'not-available', detail: failureText(reply.outcome), output: '' }
  const { exitCode, output } = reply.output
  if (exitCode === 0) return { ...known, state: 'passed', detail: '', output }
  if (exitCode === COMMAND_NOT_FOUND) return { ...known, state: 'not-available', detail: firstLine(check.detail), output }
  return { ...known, state: 'failed', detail: `exit code ${exitCode}`, output }
}

function describeRan(ran: Ran): string {
  const command = ran.command === null ? '' : ` (\`${ran.command}\`)`
  return `- ${ran.check}${command}: ${ran.state === 'not-available' ? 'not available' : ran.state}${ran.detail === '' ? '' : `, ${ran.detail}`}`
}

async function explain(api: AgentApi, check: Ran): Promise<string[]> {
  const { output } = check
  const places = failurePlaces(output)
  const tests = check.check === 'tests' ? failedTests(output) : []
  const lines = [`## ${check.check}`]
  if (tests.length > 0) lines.push(`Failed: ${listed(tests, 6)}.`)
  if (places.length === 0) {
    lines.push('The output names no place in the workspace. Its end:', ...lastLines(output, 15).map((line) => `    ${line}`))
    return lines
  }
  await api.focusOn([...new Set(places.map((place) => place.path))].slice(0, MAX_PLACES))
  for (const place of places.slice(0, MAX_PLACES)) lines.push('', ...(await showPlace(api, place)))
  if (places.length > MAX_PLACES) lines.push('', `${plural(places.length - MAX_PLACES, 'more place')} in the output.`)
  return lines
}

async function showPlace(api: AgentApi, place: FailurePlace): Promise<string[]> {
  const source = await tryReadSource(api, place.path)
  const title = `${place.path}:${place.line}${place.message === '' ? '' : ` ${place.message}`}`
  if (source === null) return [title]
  const inside = await new SourceSyntax(place.path, source.text).enclosingNames(place.line)
  const all = source.text.split(/\r?\n/)
  const from = Math.max(0, place.line - 1 - LINES_AROUND)
  const shown = all.slice(from, place.line + LINES_AROUND).map((text, index) => {
    const number = from + index + 1
    return `    ${number === place.line ? '>' : ' '} ${String(number).padStart(4)} ${text}`
  })
  return [`${title}${inside.length > 0 ? ` (in ${inside.join('.')})` : ''}`, ...shown]
}

function firstLine(text: string): string {
  return text.trim().split(/\r?\n/)[0] ?? ''
}

function lastLines(text: string, count: number): string[] {
  return text.trimEnd().split(/\r?\n/).slice(-count)
}

import type { CheckResult } from '../../../../shared/frames'
import type { AgentApi } from '../agent-api'
import { type AgentResult, failureText, listed, plural, tryReadSource } from '../refactorings/agent-tools'
import { describeVerdict } from '../refactorings/rehearsal'
import { SourceSyntax } from '../refactorings/source-syntax'
import { failedTests, type FailurePlace, failurePlaces } from './failure-places'

const MAX_PLACES = 8
const LINES_AROUND = 2
const CHECK_TIMEOUT_MS = 600_000

/** `run checks and explain failures`: judges the branch, runs what failed again for its whole output, and shows the places it names. */
export async function explainChecks(api: AgentApi): Promise<AgentResult> {
  await api.setState('checking', {})
  const verdict = await api.judge()
  const failed = verdict.checks.filter((check) => check.state === 'failed')
  const missing = verdict.checks.filter((check) => check.state === 'not-available')
  const lines = [describeVerdict(verdict), '', ...verdict.checks.map(describeCheck)]
  await api.setState('explaining', { failed: failed.length })
  for (const check of failed) lines.push('', ...(await explain(api, check)))
  const summary =
    failed.length > 0
      ? `${listed(
          failed.map((check) => check.check),
          3,
        )} failed.`
      : missing.length === verdict.checks.length
        ? 'No check is available in this workspace.'
        : `${listed(
            verdict.checks.filter((check) => check.state === 'passed').map((check) => check.check),
            3,
          )} passed.`
  const text = lines.join('\n')
  await api.remember('checks', 'Checks', text, failed.length > 0 ? 'error' : 'tests')
  await api.message(text, failed.length > 0 ? 'error' : missing.length === verdict.checks.length ? 'warning' : 'success')
  await api.setState('done', { failed: failed.length })
  return { ok: failed.length === 0 && missing.length < verdict.checks.length, summary }
}

function describeCheck(check: CheckResult): string {
  const command = check.command === null ? '' : ` (\`${check.command}\`)`
  return `- ${check.check}${command}: ${check.state === 'not-available' ? 'not available' : check.state}. ${firstLine(check.detail)}`
}

async function explain(api: AgentApi, check: CheckResult): Promise<string[]> {
  const output = await wholeOutput(api, check)
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

/** A verdict keeps the gist of an output; the places are found in the whole of it. */
async function wholeOutput(api: AgentApi, check: CheckResult): Promise<string> {
  if (check.command === null) return check.detail
  const again = await api.runCommand(check.command, { timeoutMs: CHECK_TIMEOUT_MS })
  if (!again.ok) return `${check.detail}\n${failureText(again.outcome)}`
  return again.output.exitCode === 0
    ? `${check.detail}\nRun again, the command passed: this check may depend on time or order.`
    : again.output.output
}

async function showPlace(api: AgentApi, place: FailurePlace): Promise<string[]> {
  const source = await tryReadSource(api, place.path)
  const title = `${place.path}:${place.line}${place.message === '' ? '' : ` ${place.message}`}`
  if (source === null) return [title]
  const syntax = await SourceSyntax.parse(place.path, source.text)
  const inside = syntax.enclosingNames(place.line)
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

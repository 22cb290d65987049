import { describe, expect, it } from 'vitest'
import type { RunSummary } from '../../shared/contract/methods'
import type { KernelClient } from '../../shared/contract/service'
import type { Frame, HumanAnswer } from '../../shared/frames'
import { BranchId, ContentHash, RunId } from '../../shared/ids'
import { createSmallService, type SmallService } from '../kernel/testing/small-service'
import { connectInProcess } from '../rpc/memory-transport'
import { exitCodeOf, followRun, runResult } from './follow-run'
import { createScriptedTerminal } from './testing/scripted-terminal'

const runId = RunId.parse('r0123456789')
const b0 = BranchId.parse('b0')
const hash = ContentHash.parse('a'.repeat(64))
const started = { kind: 'agent.message' as const, payload: { text: 'Looking for it.', level: 'info' as const } }
const merged = {
  kind: 'merge.outcome' as const,
  payload: { branchId: b0, applied: [{ path: 'src/b.ts', change: 'changed' as const, hunks: 1 }], conflicts: [], skipped: [] },
}
const ended = { kind: 'run.ended' as const, payload: { outcome: 'completed' as const, summary: 'renamed' } }

/** A run that a test moves along: each `add` is a frame, as the kernel would announce it. */
function scriptedRun(): {
  service: SmallService
  client: KernelClient
  add(frame: Pick<Frame, 'kind' | 'payload'>, state: RunSummary['state']): void
  ask(): void
  answers: HumanAnswer[]
  controls: string[]
} {
  const frames: Frame[] = []
  const answers: HumanAnswer[] = []
  const controls: string[] = []
  let state: RunSummary['state'] = 'running'
  let isAsking = false
  const summary = (): RunSummary => ({
    runId,
    task: 'rename',
    agent: 'refactorer',
    state,
    startedAtMs: 1000,
    endedAtMs: state === 'completed' ? 3000 : null,
    frames: frames.length,
    checkpoints: 0,
    toolCalls: 0,
    tokens: 12,
    branches: [],
    summary: state === 'completed' ? 'renamed' : null,
    inDoubt: [],
  })
  const request = {
    requestId: 'q1',
    type: 'choose-option' as const,
    title: 'Which symbol?\u001b[31m',
    body: 'Two are named so.',
    options: [
      { id: 'one', label: 'src/a.ts', recommended: true },
      { id: 'two', label: 'src/b.ts' },
    ],
    shown: hash,
    runId,
    branchId: b0,
    frame: 2,
    atMs: 0,
  }
  const service = createSmallService({
    'runs.get': summary,
    'frames.list': ({ from, limit }: { from: number; limit: number }) => ({
      frames: frames.slice(from - 1, from - 1 + limit),
      total: frames.length,
    }),
    'humans.list': () => (isAsking ? [request] : []),
    'humans.answer': ({ answer }: { answer: HumanAnswer }) => {
      answers.push(answer)
      isAsking = false
      add(ended, 'completed')
      return {}
    },
    'runs.control': ({ action }: { action: string }) => {
      controls.push(action)
      state = 'paused'
      return {}
    },
  })
  function add(frame: Pick<Frame, 'kind' | 'payload'>, next: RunSummary['state']): void {
    const whole = {
      ...frame,
      runId,
      n: frames.length + 1,
      branchId: b0,
      atMs: 1000 + frames.length,
      cause: null,
      key: null,
      checkpoint: null,
      hash,
    } as Frame
    frames.push(whole)
    state = next
    service.emit('frames.appended', { runId, frames: [whole] })
  }
  return {
    service,
    client: connectInProcess(service),
    add,
    ask: () => {
      isAsking = true
      state = 'waiting'
      service.emit('humans.changed', { pending: 1 })
    },
    answers,
    controls,
  }
}

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10))

describe('followRun', () => {
  it('shows each frame once, in order, until the run ends', async () => {
    const { client, add } = scriptedRun()
    add(started, 'running')
    const terminal = createScriptedTerminal()
    const following = followRun(client, runId, terminal, { quiet: false, answer: false })
    await soon()
    add(merged, 'running')
    await soon()
    add(ended, 'completed')
    expect(await following).toBe('over')
    expect(terminal.errText().split('\n')).toEqual([
      '    1 b0  agent.message     Looking for it.',
      '    2 b0  merge.outcome     1 files merged, 0 conflicts, 0 left out',
      '    3 b0  run.ended         completed: renamed',
    ])
    expect(await runResult(client, runId)).toMatchObject({
      outcome: 'completed',
      merged: ['src/b.ts'],
      forks: 0,
      durationMs: 2000,
      frames: 3,
    })
  })

  it('ends when a person is needed and nobody can be asked', async () => {
    const { client, add, ask } = scriptedRun()
    add(started, 'running')
    const terminal = createScriptedTerminal()
    const following = followRun(client, runId, terminal, { quiet: true, answer: false })
    await soon()
    ask()
    expect(await following).toBe('waiting')
    expect(exitCodeOf('waiting', false)).toBe(3)
    expect(terminal.errText()).toContain(
      'Waiting for a person: Which symbol? [31m\n  Two are named so.\n  1. src/a.ts (recommended)\n  2. src/b.ts',
    )
    expect(terminal.errText()).not.toContain('\u001b')
  })

  it.each([
    ['2', { decision: 'choose', optionId: 'two' }],
    ['', { decision: 'choose', optionId: 'one' }],
    ['n', { decision: 'deny' }],
  ])('asks in the terminal and passes on "%s"', async (given, answer) => {
    const { client, add, ask, answers } = scriptedRun()
    add(started, 'running')
    ask()
    expect(await followRun(client, runId, createScriptedTerminal([given]), { quiet: true, answer: true })).toBe('over')
    expect(answers).toEqual([{ requestId: 'q1', shown: hash, ...answer }])
  })

  it('asks again after an answer that is none', async () => {
    const { client, add, ask, answers } = scriptedRun()
    add(started, 'running')
    ask()
    const terminal = createScriptedTerminal(['7', 'maybe', '1'])
    await followRun(client, runId, terminal, { quiet: true, answer: true })
    expect([terminal.questions.length, answers[0]?.optionId]).toEqual([3, 'one'])
  })

  it('pauses the run when it is interrupted', async () => {
    const { client, add, controls } = scriptedRun()
    add(started, 'running')
    const terminal = createScriptedTerminal()
    const following = followRun(client, runId, terminal, { quiet: true, answer: false })
    await soon()
    terminal.interrupt()
    expect(await following).toBe('interrupted')
    expect(controls).toEqual(['interrupt'])
    expect(exitCodeOf('interrupted', false)).toBe(130)
  })
})

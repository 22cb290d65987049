import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KeyframeError } from '../../../shared/failure'
import { MAIN_BRANCH, type RunId } from '../../../shared/ids'
import { initialState } from '../../../shared/run-state'
import { createRedactor } from '../journal/redaction'
import { openJournal, type SqliteJournal } from '../journal/sqlite-journal'
import { ReplayDiverged, ReplayEnded } from '../replay/divergence'
import { BranchRecorder, stateHash } from './branch-recorder'

const RUN = 'r0000000001' as RunId
let dataDir: string
let journal: SqliteJournal
let time: number

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'keyframe-recorder-'))
  journal = openJournal({ dataDir, redactor: createRedactor() })
  time = 1000
})
afterEach(() => {
  journal.close()
  rmSync(dataDir, { recursive: true, force: true })
})

function recorderOf(mode: 'live' | 'replay' = 'live'): BranchRecorder {
  return new BranchRecorder({
    runId: RUN,
    branchId: MAIN_BRANCH,
    journal,
    redactor: createRedactor(),
    clock: () => (time += 10),
    tape: journal.frames(RUN),
    initial: initialState(),
    mode,
  })
}

const performed: string[] = []

async function command(recorder: BranchRecorder, text: string, crash: boolean | KeyframeError = false) {
  return recorder.effect(
    {
      intent: 'tool.intent',
      request: { tool: 'shell.run', args: { command: text }, effect: 'workspace', allowedBy: [] },
      outcome: 'tool.outcome',
      effectClass: 'workspace',
    },
    async () => {
      if (crash instanceof KeyframeError) throw crash
      if (crash) throw new Error('power cut')
      performed.push(text)
      return {
        payload: {
          tool: 'shell.run',
          ok: true,
          output: { text },
          text,
          sideEffects: { files: [], processes: [] },
          isolation: 'overlay',
          durationMs: 5,
        },
        checkpoint: { manifest: null, shell: null, memoryVersion: 0, reason: 'ran' },
      }
    },
    { recover: (intent) => ({ intent: intent.n, effect: 'workspace', resolution: 'redo', detail: 'put back' }) },
  )
}

/** A small program: what it says depends on the time and on the commands' results. */
async function program(recorder: BranchRecorder, words = 'hello'): Promise<void> {
  recorder.note('agent.message', { text: `${words} at ${recorder.now()}`, level: 'info' })
  const first = await command(recorder, 'one')
  recorder.note('agent.message', { text: `got ${first.payload.text}`, level: 'info' })
  await command(recorder, 'two')
}

describe('a recorded branch', () => {
  beforeEach(() => performed.splice(0))

  it('replays without performing anything and ends in the same state', async () => {
    const live = recorderOf()
    await program(live)
    const before = journal.length(RUN)
    const replay = recorderOf('replay')
    await program(replay)
    expect(performed).toEqual(['one', 'two'])
    expect(journal.length(RUN)).toBe(before)
    expect(stateHash(replay.state)).toBe(stateHash(live.state))
    expect(replay.framesChecked).toBe(6)
  })

  it('stops at the first frame that is computed differently and names the field', async () => {
    await program(recorderOf())
    const thrown: unknown = await program(recorderOf('replay'), 'good day').catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(ReplayDiverged)
    expect((thrown as ReplayDiverged).divergence).toEqual({
      frame: 1,
      kind: 'agent.message',
      reason: 'the payload differs',
      fields: [{ path: 'text', recorded: '"hello at 1010"', replayed: '"good day at 1010"' }],
    })
  })

  it('notices a state that does not fold to the recorded checkpoint', async () => {
    await program(recorderOf())
    const replay = new BranchRecorder({
      runId: RUN,
      branchId: MAIN_BRANCH,
      journal,
      redactor: createRedactor(),
      clock: () => 0,
      tape: journal.frames(RUN),
      initial: { ...initialState(), waived: ['tokens'] },
      mode: 'replay',
    })
    await expect(program(replay)).rejects.toMatchObject({
      divergence: { frame: 3, reason: 'the folded state differs from the checkpoint' },
    })
  })

  it('ends a replay where an interrupted recording ends', async () => {
    const live = recorderOf()
    live.note('agent.message', { text: 'hello at 1010', level: 'info' })
    await expect(program(recorderOf('replay'))).rejects.toBeInstanceOf(ReplayEnded)
  })

  it('records an effect that could not be performed; the program goes on from it, and so does its replay', async () => {
    const refusal = new KeyframeError({ code: 'sandbox.full', message: 'No room is left.', action: 'Delete something.' })
    const goesOn = async (recorder: BranchRecorder): Promise<void> => {
      const thrown: unknown = await command(recorder, 'one', refusal).catch((error: unknown) => error)
      if (!(thrown instanceof KeyframeError)) throw thrown
      recorder.note('agent.message', { text: `${thrown.code} ${thrown.failure.action}`, level: 'warning' })
      await command(recorder, 'two')
    }
    const live = recorderOf()
    await goesOn(live)
    expect(journal.frames(RUN).map((frame) => [frame.kind, frame.cause])).toEqual([
      ['tool.intent', null],
      ['error', 1],
      ['agent.message', null],
      ['tool.intent', null],
      ['tool.outcome', 4],
    ])
    const replay = recorderOf('replay')
    await goesOn(replay)
    expect(performed).toEqual(['two'])
    expect(stateHash(replay.state)).toBe(stateHash(live.state))
  })

  it('records nothing of what the journal does not take', async () => {
    const full = new KeyframeError({ code: 'journal.full', message: 'The disk is full.' })
    await expect(command(recorderOf(), 'one', full)).rejects.toBe(full)
    expect(journal.frames(RUN).map((frame) => frame.kind)).toEqual(['tool.intent'])
  })

  it('goes on after a crash: answers from the journal, then redoes what is in doubt', async () => {
    const live = recorderOf()
    live.note('agent.message', { text: `hello at ${live.now()}`, level: 'info' })
    await expect(command(live, 'one', true)).rejects.toThrow('power cut')
    const resumed = recorderOf()
    await program(resumed)
    expect(performed).toEqual(['one', 'two'])
    expect(journal.frames(RUN).map((frame) => [frame.n, frame.kind, frame.cause])).toEqual([
      [1, 'agent.message', null],
      [2, 'tool.intent', null],
      [3, 'recovery', 2],
      [4, 'tool.outcome', 2],
      [5, 'agent.message', null],
      [6, 'tool.intent', null],
      [7, 'tool.outcome', 6],
    ])
    const replay = recorderOf('replay')
    await program(replay)
    expect(stateHash(replay.state)).toBe(stateHash(resumed.state))
  })

  it('refuses to go on with a program that does something else than was recorded', async () => {
    await program(recorderOf())
    await expect(program(recorderOf(), 'good day')).rejects.toMatchObject({ code: 'run.diverged' })
  })

  it('folds observed frames where they stood and does not compare them', async () => {
    const live = recorderOf()
    live.note('agent.message', { text: `hello at ${live.now()}`, level: 'info' })
    live.ambient('control', { action: 'pause', text: null, by: 'person' })
    live.ambient('control', { action: 'resume', text: null, by: 'person' })
    await command(live, 'one')
    live.ambient('terminal.data', { session: 'main', stream: 'output', data: 'x' })
    live.note('agent.message', { text: 'got one', level: 'info' })
    await command(live, 'two')
    const replay = recorderOf('replay')
    await program(replay)
    expect(stateHash(replay.state)).toBe(stateHash(live.state))
  })

  it('goes on after and replays past a merge that a person asked for meanwhile', async () => {
    const live = recorderOf()
    live.note('agent.message', { text: `hello at ${live.now()}`, level: 'info' })
    const byHand = { branchId: MAIN_BRANCH, atMs: 1, key: null, checkpoint: null }
    journal.append(RUN, [{ ...byHand, kind: 'merge.intent', cause: null, payload: { branchId: MAIN_BRANCH, hunks: null } }])
    const outcome = { branchId: MAIN_BRANCH, applied: [{ path: 'a', change: 'changed' as const, hunks: 1 }], conflicts: [], skipped: [] }
    journal.append(RUN, [{ ...byHand, kind: 'merge.outcome', cause: 2, payload: outcome }])
    const resumed = recorderOf()
    await program(resumed)
    expect(resumed.state.merged).toBe(true)
    const replay = recorderOf('replay')
    await program(replay)
    expect(stateHash(replay.state)).toBe(stateHash(resumed.state))
  })
})

import { expect, it } from 'vitest'
import type { FramePayload } from '../../../shared/frames'
import { frame, message } from '../../app/testing/frame-fixtures'
import { effectsUpTo } from './effects-up-to'
import { usageRows } from './usage-rows'

type Files = FramePayload<'tool.outcome'>['sideEffects']['files']

function outcome(n: number, files: Files, change: Partial<FramePayload<'tool.outcome'>> = {}): ReturnType<typeof frame> {
  return frame(n, 'b0', 'tool.outcome', {
    tool: 'shell.exec',
    ok: true,
    output: null,
    text: '',
    sideEffects: { files, processes: [] },
    isolation: 'overlay',
    durationMs: 1,
    ...change,
  })
}

it('adds up what the calls did to each file', () => {
  const { calls, files } = effectsUpTo([
    message(1, 'b0'),
    outcome(2, [
      { path: 'new.ts', change: 'created', sizeBytes: 1 },
      { path: 'gone.ts', change: 'deleted' },
      { path: 'temp', change: 'created' },
      { path: 'run.sh', change: 'mode' },
    ]),
    outcome(3, [
      { path: 'new.ts', change: 'changed', sizeBytes: 9 },
      { path: 'gone.ts', change: 'created' },
      { path: 'temp', change: 'deleted' },
      { path: 'run.sh', change: 'changed' },
    ]),
  ])
  expect(calls).toBe(2)
  expect(files).toEqual([
    { path: 'gone.ts', change: 'changed' },
    { path: 'new.ts', change: 'created', sizeBytes: 9 },
    { path: 'run.sh', change: 'changed' },
  ])
})

it('lists denials, the newest first, also where none was recorded one by one', () => {
  const denial = { by: 'network', action: 'net.egress', resource: 'x:443', reason: 'no', enforcedBy: 'system' } as const
  const { denied } = effectsUpTo([
    outcome(1, [], { denials: [denial] }),
    outcome(2, []),
    outcome(3, [], { ok: false, error: { code: 'policy.denied', message: 'Denied.', retryable: false } }),
  ])
  expect(denied).toEqual([
    { frame: 3, tool: 'shell.exec', denials: [], message: 'Denied.' },
    { frame: 1, tool: 'shell.exec', denials: [denial], message: '' },
  ])
})

it('shows limits as shares that never leave the bar', () => {
  const rows = usageRows({
    cpuMs: 10,
    peakMemoryBytes: 512,
    maxMemoryBytes: 1_024,
    peakProcesses: 9,
    maxProcesses: 10,
    diskBytes: 4_096,
    maxDiskBytes: 2_048,
  })
  expect(rows.map(({ name, share, tone, usedText, maxText }) => [name, share, tone, usedText, maxText])).toEqual([
    ['Memory', 0.5, 'plain', '512 B', '1.0 KiB'],
    ['Processes', 0.9, 'warning', '9', '10'],
    ['Disk', 1, 'danger', '4.0 KiB', '2.0 KiB'],
  ])
})

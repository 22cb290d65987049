import { expect, it } from 'vitest'
import { type BreakpointCondition, type BreakpointSettings, MAX_BREAKPOINTS } from '../../../shared/breakpoints'
import { BranchId } from '../../../shared/ids'
import { BreakpointList } from './breakpoint-list'

function settings(condition: BreakpointCondition = { on: 'error' }): BreakpointSettings {
  return { name: '', enabled: true, condition, runId: null, branchId: null, fromHit: 1 }
}

class Kept {
  readonly values = new Map<string, string>()
  readonly logged: string[] = []
  changes = 0

  getSetting(key: string): string | null {
    return this.values.get(key) ?? null
  }

  setSetting(key: string, value: string): void {
    this.values.set(key, value)
  }

  list(): BreakpointList {
    return new BreakpointList(
      this,
      () => (this.changes += 1),
      (line) => this.logged.push(line),
    )
  }
}

it('keeps what was saved, changed and removed', () => {
  const kept = new Kept()
  const list = kept.list()
  const first = list.save(settings(), null)
  const second = list.save(settings({ on: 'human' }), null)
  expect(list.save({ ...settings(), enabled: false }, first.id)).toEqual({ ...first, enabled: false })
  expect(kept.list().all).toEqual([{ ...first, enabled: false }, second])
  list.remove(first.id)
  expect(kept.list().all).toEqual([second])
  expect(kept.changes).toBe(4)
})

it('says what is wrong with a breakpoint and changes nothing', () => {
  const kept = new Kept()
  const list = kept.list()
  const code = (work: () => unknown): string => {
    try {
      work()
      return 'none'
    } catch (thrown) {
      return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'other'
    }
  }
  expect(code(() => list.save(settings({ on: 'kind', kinds: ['run.started'] }), null))).toBe('breakpoint.never-hit')
  expect(code(() => list.save({ ...settings(), branchId: BranchId.parse('b1') }, null))).toBe('breakpoint.branch-without-run')
  expect(code(() => list.save(settings({ on: 'file', pattern: '*.{ts', access: 'any' }), null))).toBe('breakpoint.bad-pattern')
  expect(code(() => list.save(settings(), 'nobody'))).toBe('breakpoint.not-found')
  expect(code(() => list.remove('nobody'))).toBe('breakpoint.not-found')
  for (let made = 0; made < MAX_BREAKPOINTS; made += 1) list.save(settings(), null)
  expect(code(() => list.save(settings(), null))).toBe('breakpoint.too-many')
  expect(list.all).toHaveLength(MAX_BREAKPOINTS)
})

it('begins empty, and says so, when what was kept cannot be read', () => {
  const kept = new Kept()
  kept.setSetting('timeline.breakpoints', '[{"id": 1')
  expect(kept.list().all).toEqual([])
  expect(kept.logged[0]).toContain('could not be read')
})

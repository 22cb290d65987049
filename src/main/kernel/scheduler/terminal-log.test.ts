import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TerminalLog } from './terminal-log'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function logTo(written: string[], fails: () => boolean = () => false) {
  const troubles: string[] = []
  const log = new TerminalLog(
    (session, stream, data) => {
      if (fails()) throw new Error('disk full')
      written.push(`${session} ${stream} ${data}`)
    },
    (message) => troubles.push(message),
  )
  return { log, troubles }
}

describe('terminal data', () => {
  it('is gathered by session and stream', () => {
    const written: string[] = []
    const { log } = logTo(written)
    log.push('main', 'output', 'a')
    log.push('main', 'output', 'b')
    log.push('user', 'input', 'x')
    log.push('main', 'output', 'c')
    expect(written).toEqual([])
    vi.advanceTimersByTime(1_100)
    expect(written).toEqual(['main output abc', 'user input x'])
  })

  it('is written at once when there is much of it', () => {
    const written: string[] = []
    const { log } = logTo(written)
    log.flush()
    log.push('main', 'output', 'x'.repeat(40_000))
    expect(written).toHaveLength(1)
  })

  it('waits while the journal cannot be written, and says so', () => {
    const written: string[] = []
    let full = true
    const { log, troubles } = logTo(written, () => full)
    log.push('main', 'output', 'kept')
    vi.advanceTimersByTime(1_100)
    expect(troubles[0]).toContain('disk full')
    full = false
    vi.advanceTimersByTime(2_100)
    expect(written).toEqual(['main output kept'])
  })

  it('forgets what is pending when it is closed', () => {
    const written: string[] = []
    const { log } = logTo(written)
    log.push('main', 'output', 'a')
    log.close()
    vi.advanceTimersByTime(5_000)
    expect(written).toEqual([])
  })
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import {
  childrenOf,
  commandLine,
  descendantsOf,
  hasEnded,
  isRunning,
  processState,
  proportionalBytes,
  residentBytes,
  signalProcess,
} from './process-tree'

const NO_PROCESS = 2 ** 22 + 1

it('sees children of any thread, their command lines, memory and end', async () => {
  const child = spawn('sh', ['-c', 'sleep 100 & wait'], { stdio: 'ignore' })
  const pid = child.pid ?? 0
  expect(childrenOf(process.pid)).toContain(pid)
  while (descendantsOf(pid).length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  const [inner = 0] = descendantsOf(pid)
  while (commandLine(inner) !== 'sleep 100') await new Promise((resolve) => setTimeout(resolve, 5))
  expect(isRunning(inner)).toBe(true)
  expect(residentBytes(inner)).toBeGreaterThan(0)
  expect(await proportionalBytes(inner)).toBeLessThanOrEqual(residentBytes(inner))
  expect(signalProcess(inner, 'SIGKILL')).toBe(true)
  await once(child, 'exit')
  expect(hasEnded(inner)).toBe(true)
  expect(signalProcess(inner, 'SIGKILL')).toBe(false)
})

it('takes a process that is not there for ended, everywhere', async () => {
  expect(processState(NO_PROCESS)).toBeNull()
  expect(hasEnded(NO_PROCESS)).toBe(true)
  expect([childrenOf(NO_PROCESS), descendantsOf(NO_PROCESS), commandLine(NO_PROCESS), residentBytes(NO_PROCESS)]).toEqual([[], [], null, 0])
  expect(await proportionalBytes(NO_PROCESS)).toBe(0)
  expect(signalProcess(NO_PROCESS, 'SIGKILL')).toBe(false)
})

it('never signals a group', () => {
  expect(() => signalProcess(0, 'SIGCONT')).toThrow(RangeError)
  expect(() => signalProcess(-1, 'SIGCONT')).toThrow(RangeError)
})

import { expect, it } from 'vitest'
import { foregroundGroup, killForegroundGroup, parseForegroundGroup } from './foreground-group'

it('finds the foreground group after a name with brackets', () => {
  expect(parseForegroundGroup('12 (a) b) (c) S 1 12 12 34816 77 4194304 0')).toBe(77)
  expect(parseForegroundGroup('12 (daemon) S 1 12 12 0 -1 4194304 0')).toBeNull()
  expect(parseForegroundGroup('')).toBeNull()
})

it('kills nothing without a terminal or without knowing the shell', () => {
  expect(foregroundGroup(2 ** 30)).toBeNull()
  expect(killForegroundGroup(2 ** 30, 5)).toBe(false)
  expect(killForegroundGroup(process.pid, null)).toBe(false)
})

import { expect, it } from 'vitest'
import { count, formatBytes, formatDuration, formatScore, formatTokens } from './format'

it('writes numbers as the window does', () => {
  expect([0, 940, 12_400, 999_949, 999_950, 1_250_000].map(formatTokens)).toEqual(['0', '940', '12.4k', '999.9k', '1.00M', '1.25M'])
  expect([12, 1_200, 65_000, 4_320_000].map(formatDuration)).toEqual(['12 ms', '1.2 s', '1 m 05 s', '1 h 12 m'])
  expect([512, 3_482, 1_258_291].map(formatBytes)).toEqual(['512 B', '3.4 KiB', '1.2 MiB'])
  expect([count(1, 'file'), count(1_840, 'file'), count(2, 'branch', 'branches')]).toEqual(['1 file', '1,840 files', '2 branches'])
  expect([formatScore(null), formatScore(0.915)]).toEqual(['not scored', '0.92'])
})

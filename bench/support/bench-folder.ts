import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'

/** The folder of this run of the benchmarks: made by scripts/bench.mjs, deleted by it when all have ended, so that no benchmark pays for it. */
export function benchFolder(): string {
  const folder = process.env['KEYFRAME_BENCH_DIR']
  if (folder === undefined) throw new Error('benchmarks are started with `npm run bench -- NAME`')
  return folder
}

/** A new empty folder for one benchmark. */
export function freshFolder(name: string): string {
  mkdirSync(benchFolder(), { recursive: true })
  return mkdtempSync(join(benchFolder(), `${name}-`))
}

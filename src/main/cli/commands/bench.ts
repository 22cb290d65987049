import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findAppRoot } from '../app-root'
import { flag } from '../arguments'
import { type Command, EXIT, JSON_HELP, JSON_OPTION } from '../command'

export const command: Command = {
  usage: 'bench [NAME] [--json]',
  options: JSON_OPTION,
  optionHelp: [['NAME', 'this benchmark only'], JSON_HELP],
  maxPositionals: 1,
  /** Benchmarks measure the source, not the build, so they run through the development entry. */
  async run(input, terminal) {
    const script = join(findAppRoot(), 'scripts', 'bench.mjs')
    if (!existsSync(script)) {
      terminal.err('Benchmarks are part of the development checkout, which this is not.')
      return EXIT.badInput
    }
    const args = [script, ...input.positionals, ...(flag(input, 'json') ? ['--json'] : [])]
    const child = spawn(process.execPath, args, { stdio: 'inherit' })
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', resolve)
    })
    return code === 0 ? EXIT.done : EXIT.failed
  },
}

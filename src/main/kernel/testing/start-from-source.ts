import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'

/** Node runs the sources themselves; imports in them have no endings. */
const HOOK = `
import { registerHooks } from 'node:module'
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('.') || context.parentURL?.includes('/node_modules/') || /\\.[a-z]+$/.test(specifier)) return next(specifier, context)
    return next(specifier + '.ts', context)
  },
})
`

/** Starts a program of this folder in a process of its own, which a test may kill. */
export function startFromSource(program: string, args: readonly string[], user?: { uid: number; gid: number }): ChildProcess {
  const hook = `data:text/javascript,${encodeURIComponent(HOOK)}`
  const options = ['--no-warnings', '--experimental-transform-types', '--import', hook]
  return spawn(process.execPath, [...options, join(import.meta.dirname, program), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: '/',
    ...user,
  })
}

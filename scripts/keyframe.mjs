// The command line in development: builds it when its sources changed, then runs it with the pinned Node.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cliEntry, isBuilt, node24 } from './checkout.mjs'

if (!existsSync(node24) || !isBuilt('main')) {
  const { ensureDependencies } = await import('./install.mjs')
  await ensureDependencies()
  const { ensureBuilt } = await import('./build.mjs')
  const args = process.argv.slice(2)
  await ensureBuilt(args[0] === 'open' || args[0] === 'serve' ? 'all' : 'main')
}

const child = spawn(node24, ['--disable-warning=ExperimentalWarning', cliEntry, ...process.argv.slice(2)], { stdio: 'inherit' })
// A terminal sends Ctrl-C to the whole group itself; what is sent to this process alone is passed on.
process.on('SIGINT', () => process.stdin.isTTY !== true && child.kill('SIGINT'))
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (signal === 'SIGINT' ? 2 : signal === 'SIGTERM' ? 15 : 9)
})

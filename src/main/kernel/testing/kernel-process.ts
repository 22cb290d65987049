import { resolve } from 'node:path'
import { openKernel } from '../kernel'

/**
 * A kernel in a process of its own, for tests that end it without warning: `ROOT HOME start TASK...` or `ROOT HOME resume RUN`.
 * Prints `frame RUN N KIND` once each frame is durable, then `end STATE`.
 */
const [root = '', home = '', action = '', ...words] = process.argv.slice(2)
const caller = { id: 'process', signal: new AbortController().signal }
const kernel = await openKernel({
  root,
  home,
  appRoot: resolve(import.meta.dirname, '../../../..'),
  nodePath: process.execPath,
  log: (line) => process.stderr.write(`${line}\n`),
})
kernel.subscribe((event, data) => {
  if (event !== 'frames.appended' || !('frames' in data) || !Array.isArray(data.frames)) return
  for (const frame of data.frames) process.stdout.write(`frame ${frame.runId} ${frame.n} ${frame.kind}\n`)
}, caller)

async function begin(): Promise<string> {
  if (action === 'start')
    return (await kernel.call('runs.start', { agent: 'refactorer', task: words.join(' '), approval: 'yes' }, caller)).runId
  const [runId = ''] = words
  await kernel.call('runs.resume', { runId }, caller)
  return runId
}

const runId = await begin()
for (;;) {
  const { state } = await kernel.call('runs.get', { runId }, caller)
  if (state !== 'running' && state !== 'waiting' && state !== 'paused') {
    process.stdout.write(`end ${state}\n`)
    break
  }
  await new Promise((wait) => setTimeout(wait, 50))
}
await kernel.close()

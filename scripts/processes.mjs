// Child processes for the scripts. Node built-ins only.
import { spawn } from 'node:child_process'
import { root } from './checkout.mjs'

/**
 * Runs a program to its end. `output` is what it printed, kept unless `inherit`; `onOutput` sees it as it comes.
 * Resolves in any case; `code` is null when it was ended by a signal or could not be started.
 */
export function runProcess(program, args, { env = process.env, cwd = root, inherit = false, onOutput = () => {}, timeoutMs } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env,
      stdio: inherit ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      ...(timeoutMs ? { timeout: timeoutMs } : {}),
    })
    let output = ''
    const take = (chunk) => {
      output += chunk
      onOutput(chunk)
    }
    child.stdout?.setEncoding('utf8').on('data', take)
    child.stderr?.setEncoding('utf8').on('data', take)
    child.on('error', (error) => resolve({ code: null, output: `${output}${error.message}\n` }))
    child.on('close', (code) => resolve({ code, output }))
  })
}

/** Shows a line with the seconds so far while `work` is under way: rewritten on a terminal, now and then elsewhere. */
export async function withProgress(label, work, detail = () => '') {
  const started = Date.now()
  const onTerminal = process.stderr.isTTY === true
  const show = () => {
    const text = `${label} … ${Math.round((Date.now() - started) / 1000)} s ${detail()}`
    process.stderr.write(onTerminal ? `\r\x1b[K${text}` : `${text}\n`)
  }
  process.stderr.write(onTerminal ? label : `${label} …\n`)
  const timer = setInterval(show, onTerminal ? 500 : 10_000)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    process.stderr.write(`${onTerminal ? '\r\x1b[K' : ''}${label}: ${((Date.now() - started) / 1000).toFixed(1)} s\n`)
  }
}

/** Ends the script with a message for a person. */
export function giveUp(message, code = 1) {
  process.stderr.write(`${message}\n`)
  process.exit(code)
}

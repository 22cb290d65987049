import { BoundedText } from './bounded-text'
import type { CommandOutcome } from './command-outcome'

/** As much as a model can use of one command's output. */
const SHOWN_CHARACTERS = 30_000
const SHOWN_PROCESSES = 10

/** A command's outcome as its reader is shown it: the output cut in the middle, then what is not in it. */
export function readable(outcome: CommandOutcome): string {
  const { exitCode, timedOut, restarted, state, processes = [], hints = [], notRestored = [] } = outcome
  const shown = new BoundedText(SHOWN_CHARACTERS)
  shown.push(outcome.output)
  const notes: string[] = []
  if (timedOut) notes.push('[timed out]')
  if (state === 'running') notes.push('[still running: shell.input answers it, shell.wait waits for it, shell.interrupt ends it]')
  else if (exitCode !== 0) notes.push(`[exit code ${exitCode}]`)
  if (restarted) notes.push('[the shell ended; a new one has its directory and variables]')
  if (notRestored.length > 0) notes.push(`[not restored: ${notRestored.join('; ')}]`)
  if (state !== 'running' && processes.length > 0) {
    const lines = processes.slice(0, SHOWN_PROCESSES).map(({ pid, line }) => `${pid} ${line.slice(0, 200)}`)
    const more = processes.length > SHOWN_PROCESSES ? `, and ${processes.length - SHOWN_PROCESSES} more` : ''
    notes.push(`[left running: ${lines.join(', ')}${more}]`)
  }
  for (const hint of hints) notes.push(`[${hint.text}]`)
  return [shown.part().text.replaceAll('\r\n', '\n').replace(/\n$/, ''), ...notes].filter((part) => part !== '').join('\n')
}

import { constants } from 'node:os'

/** The number behind a signal's name; 0 for none, so that 128 + it stays an exit code. */
export function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : constants.signals[signal]
}

import { runCommandLine } from './command-line'
import { processTerminal } from './terminal'

// Node ends by itself when nothing is under way; a command that left something open is ended here all the same.
const code = await runCommandLine(process.argv.slice(2), processTerminal())
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))

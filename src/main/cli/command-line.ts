import { toFailure } from '../../shared/failure'
import { parseCommandArguments } from './arguments'
import { type Command, EXIT, type ExitCode, type Terminal, UsageError } from './command'

interface Entry {
  readonly summary: string
  load(): Promise<{ command: Command }>
}

/** In the order of the help. Each is loaded when it is called, so that starting costs only what is used. */
const COMMANDS: Readonly<Record<string, Entry>> = {
  open: { summary: 'open the window on a repository', load: () => import('./commands/open') },
  serve: { summary: 'serve the window and print its address', load: () => import('./commands/serve') },
  doctor: { summary: 'find out what this machine can enforce', load: () => import('./commands/doctor') },
  sample: { summary: 'make a private copy of the sample workspace', load: () => import('./commands/sample') },
  run: { summary: 'give an agent a task', load: () => import('./commands/run') },
  resume: { summary: 'go on with a run that was cut off', load: () => import('./commands/resume') },
  exec: { summary: 'run one command in a throw-away sandbox', load: () => import('./commands/exec') },
  tool: { summary: 'make one tool call there', load: () => import('./commands/tool') },
  runs: { summary: 'list the runs of a repository', load: () => import('./commands/runs') },
  frames: { summary: 'list the frames of a run', load: () => import('./commands/frames') },
  checkpoints: { summary: 'list the keyframes of a run', load: () => import('./commands/checkpoints') },
  state: { summary: 'everything that held at a frame', load: () => import('./commands/state') },
  context: { summary: 'the context tiers at a frame', load: () => import('./commands/context') },
  fork: { summary: 'continue differently from a frame', load: () => import('./commands/fork') },
  merge: { summary: "merge a branch's changes into the repository", load: () => import('./commands/merge') },
  restore: { summary: 'start a branch at an earlier frame', load: () => import('./commands/restore') },
  replay: { summary: 'replay a run and verify it', load: () => import('./commands/replay') },
  index: { summary: 'bring the index up to date', load: () => import('./commands/index-workspace') },
  search: { summary: 'search the repository', load: () => import('./commands/search') },
  graph: { summary: 'find symbols and the paths between them', load: () => import('./commands/graph') },
  policy: { summary: 'what a role may do, and what persons permitted', load: () => import('./commands/policy') },
  export: { summary: 'write a run to one file, without secrets', load: () => import('./commands/export') },
  import: { summary: 'step through a run that was exported elsewhere', load: () => import('./commands/import') },
  bench: { summary: 'measure', load: () => import('./commands/bench') },
}

export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [name, ...rest] = args
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    terminal.out(overview())
    return name === undefined ? EXIT.badInput : EXIT.done
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (entry === undefined) {
    terminal.err(`There is no command "${name}".\n\n${overview()}`)
    return EXIT.badInput
  }
  const { command } = await entry.load()
  const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest
  if (own.includes('--help') || own.includes('-h')) {
    terminal.out(`${entry.summary}\n\n${usage(command)}`)
    return EXIT.done
  }
  try {
    return await command.run(parseCommandArguments(command, rest), terminal)
  } catch (thrown) {
    return reportFailure(thrown, command, own.includes('--json'), terminal)
  }
}

function reportFailure(thrown: unknown, command: Command, json: boolean, terminal: Terminal): ExitCode {
  if (thrown instanceof UsageError) {
    terminal.err(`${thrown.message}\n\n${usage(command)}`)
    return EXIT.badInput
  }
  const failure = toFailure(thrown)
  if (json) terminal.out(JSON.stringify({ failure }, null, 2))
  terminal.err(`${failure.message}${failure.action === undefined ? '' : `\n${failure.action}`} (${failure.code})`)
  if (terminal.interrupted.aborted) return EXIT.interrupted
  return failure.code === 'port.in-use' || /\.(bad|invalid|unknown|not-found)/.test(failure.code) ? EXIT.badInput : EXIT.failed
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length))
  const lines = Object.entries(COMMANDS).map(([name, entry]) => `  ${name.padEnd(width)}  ${entry.summary}`)
  return `Usage: keyframe COMMAND [OPTIONS]\n\n${lines.join('\n')}\n\n\`keyframe COMMAND --help\` tells more. KEYFRAME_HOME moves the data folder.\nExit codes: 0 done, 1 failed or diverged, 2 bad arguments, 3 waiting for a person, 130 interrupted.`
}

function usage(command: Command): string {
  const width = Math.max(0, ...command.optionHelp.map(([option]) => option.length))
  const lines = command.optionHelp.map(([option, help]) => `  ${option.padEnd(width)}  ${help}`)
  return `Usage: keyframe ${command.usage}${lines.length === 0 ? '' : `\n\n${lines.join('\n')}`}`
}

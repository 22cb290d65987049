import { KeyframeError } from '../../../../../shared/failure'
import { type ToolSpec, defineTool, type ToolCallContext } from '../../driver'
import { ToolSchemas } from '../../schemas'
import type { ShellProcess } from '../../schemas/shell'
import type { Sandbox } from '../../sandboxes/sandbox'
import { lastOutput, type ShellJob, type ShellJobs } from './shell-jobs'
import { toPlainText } from './plain-text'
import { readable } from './readable-outcome'
import { AGENT_SESSION, isPersonSession } from './session-names'
import type { CommandOutcome, WaitOptions } from './command-outcome'
import type { ShellSession } from './shell-session'
import { keySequence } from './terminal-keys'

/** What the tools need of the driver. */
export interface ShellHolder {
  attach(sandbox: Sandbox): Promise<void>
  /** Made when there is none of the name. */
  session(name: string): ShellSession
  /** A session or a job's. Throws `shell.no-session`. */
  known(name: string): ShellSession
  sessions(): readonly ShellSession[]
  jobs(): ShellJobs
  startJob(command: string, from: string): Promise<ShellJob>
  close(name: string): Promise<void>
}

const DEFAULT_TIMEOUT_MS = 120_000
const DEFAULT_ANSWER_TIMEOUT_MS = 30_000
const TOOL_TIMEOUT_MS = 3_700_000
const SHORT_TOOL_TIMEOUT_MS = 60_000
const DEFAULT_PART_CHARACTERS = 30_000

export function shellTools(holder: ShellHolder): readonly ToolSpec[] {
  /** The session that a call is about. Throws `shell.not-yours` for those of a person. */
  const sessionOf = (args: { session?: string | undefined }): string => {
    const name = args.session ?? AGENT_SESSION
    if (!isPersonSession(name)) return name
    throw new KeyframeError({
      code: 'shell.not-yours',
      message: `The session ${name} is a person's own.`,
      action: 'Use another name.',
    })
  }
  const waiting = (
    args: { timeoutMs?: number | undefined; waitFor?: WaitOptions['waitFor'] },
    call: ToolCallContext,
    defaultMs: number,
  ): WaitOptions => ({
    timeoutMs: args.timeoutMs ?? defaultMs,
    waitFor: args.waitFor,
    signal: call.signal,
    onOutput: (chunk) => call.onOutput(chunk),
  })
  const answer = (session: string, { restarted, ...outcome }: CommandOutcome) => ({
    output: { session, ...outcome },
    text: readable({ restarted, ...outcome }),
  })

  const run = defineTool({
    name: 'shell.run',
    description:
      'Runs a bash command in the persistent terminal of the agent: directory, variables, functions and jobs stay for the next one. ' +
      'A command over its time is interrupted, then killed. With waitFor "input" the call comes back when the program waits for an answer ' +
      '(state "running"), to be given with shell.input. Long-running servers belong in shell.start.',
    ...ToolSchemas['shell.run'],
    effect: 'workspace',
    timeoutMs: TOOL_TIMEOUT_MS,
    capabilities: (args) => [{ action: 'process.spawn', resource: args.command }],
    async execute(args, call) {
      await holder.attach(call.sandbox)
      const name = sessionOf(args)
      return answer(name, await holder.session(name).run({ command: args.command, ...waiting(args, call, DEFAULT_TIMEOUT_MS) }))
    },
  })

  const start = defineTool({
    name: 'shell.start',
    description:
      'Starts a bash command in the background, in a terminal of its own with the directory and variables of a session, and returns its job: ' +
      'a name for shell.output, shell.wait, shell.input, shell.interrupt and shell.close. What it prints is kept.',
    ...ToolSchemas['shell.start'],
    effect: 'workspace',
    timeoutMs: SHORT_TOOL_TIMEOUT_MS,
    capabilities: (args) => [{ action: 'process.spawn', resource: args.command }],
    async execute(args, call) {
      await holder.attach(call.sandbox)
      const job = await holder.startJob(args.command, sessionOf(args))
      return {
        output: { job: job.name, command: job.command, cwd: job.session.cwd },
        text: `${job.name} runs: ${job.command}`,
      }
    },
  })

  const jobs = defineTool({
    name: 'shell.jobs',
    description: 'Lists the background jobs of the branch: command, state, exit code, last output.',
    ...ToolSchemas['shell.jobs'],
    effect: 'pure',
    timeoutMs: SHORT_TOOL_TIMEOUT_MS,
    async execute() {
      const listed = await Promise.all(
        holder
          .jobs()
          .all()
          .map(async (job) => ({
            job: job.name,
            command: job.command,
            state: job.state,
            exitCode: job.exitCode,
            durationMs: job.state === 'running' ? (job.session.runningMs ?? 0) : job.durationMs,
            printedCharacters: job.session.command?.output.length ?? 0,
            lastOutput: await toPlainText(lastOutput(job), job.session.cols),
          })),
      )
      const lines = listed.map((job) => {
        const state = job.state === 'ended' ? `exit code ${job.exitCode ?? '?'}` : job.state
        return `${job.job} [${state}, ${Math.round(job.durationMs / 1000)} s] ${job.command}\n${job.lastOutput}`.trimEnd()
      })
      return { output: { jobs: listed }, text: lines.join('\n') || 'No background jobs.' }
    },
  })

  const output = defineTool({
    name: 'shell.output',
    description: 'What a background job, or the last command of a session, has printed so far: from an offset, or the end of it.',
    ...ToolSchemas['shell.output'],
    effect: 'pure',
    timeoutMs: SHORT_TOOL_TIMEOUT_MS,
    async execute(args) {
      const session = holder.known(sessionOf(args))
      const printed = session.command?.output
      const total = printed?.length ?? 0
      const max = args.maxCharacters ?? DEFAULT_PART_CHARACTERS
      const asked = args.offset ?? -max
      const from = Math.min(total, asked < 0 ? Math.max(0, total + asked) : asked)
      const to = Math.min(total, from + max)
      const part = printed?.part(from, to) ?? { text: '', leftOut: 0 }
      const job = holder.jobs().find(args.session)
      const text = await toPlainText(part.text, session.cols)
      const end = session.command?.end ?? null
      const state = job?.state ?? (session.command === null || end !== null ? 'ended' : 'running')
      return {
        output: {
          session: args.session,
          state,
          exitCode: job === undefined ? (end?.exitCode ?? null) : job.exitCode,
          text,
          offset: from,
          nextOffset: to,
          totalCharacters: total,
          leftOut: part.leftOut,
        },
        text: `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}[${state}; characters ${from} to ${to} of ${total}]`,
      }
    },
  })

  const wait = defineTool({
    name: 'shell.wait',
    description:
      'Waits for a background job or a running command to end (or, with waitFor "input", to wait for an answer) and returns what it printed meanwhile. ' +
      'A time-out leaves it running.',
    ...ToolSchemas['shell.wait'],
    effect: 'workspace',
    timeoutMs: TOOL_TIMEOUT_MS,
    async execute(args, call) {
      return answer(args.session, await holder.known(sessionOf(args)).wait(waiting(args, call, DEFAULT_TIMEOUT_MS)))
    },
  })

  const input = defineTool({
    name: 'shell.input',
    description:
      'Types text, then keys by name, into the program that runs in a session or job, and returns what it printed since. ' +
      'Press "enter" to end a line. Comes back when the program waits again or has ended. Not for commands: those are shell.run.',
    ...ToolSchemas['shell.input'],
    effect: 'workspace',
    timeoutMs: TOOL_TIMEOUT_MS,
    async execute(args, call) {
      const name = sessionOf(args)
      const typed = (args.text ?? '').replaceAll('\r\n', '\n').replaceAll('\n', '\r') + keySequence(args.keys ?? [])
      const options = waiting({ ...args, waitFor: args.waitFor ?? 'input' }, call, DEFAULT_ANSWER_TIMEOUT_MS)
      return answer(name, await holder.known(name).answer(typed, options))
    },
  })

  const resize = defineTool({
    name: 'shell.resize',
    description: 'Sets the size of a session’s terminal.',
    ...ToolSchemas['shell.resize'],
    effect: 'idempotent',
    timeoutMs: SHORT_TOOL_TIMEOUT_MS,
    async execute(args, call) {
      await holder.attach(call.sandbox)
      const name = sessionOf(args)
      const session = holder.jobs().find(name)?.session ?? holder.session(name)
      session.resize(args.cols, args.rows)
      return {
        output: { session: name, cols: session.cols, rows: session.rows },
        text: `${name} has ${args.cols} columns, ${args.rows} rows.`,
      }
    },
  })

  const interrupt = defineTool({
    name: 'shell.interrupt',
    description: 'Presses ctrl-c in a session or job. With force, kills what that does not end; the session stays.',
    ...ToolSchemas['shell.interrupt'],
    effect: 'workspace',
    timeoutMs: SHORT_TOOL_TIMEOUT_MS,
    async execute(args, call) {
      const name = sessionOf(args)
      return answer(name, await holder.known(name).interrupt(args.force ?? false, waiting({}, call, DEFAULT_ANSWER_TIMEOUT_MS)))
    },
  })

  const close = defineTool({
    name: 'shell.close',
    description: 'Ends a session or a background job with everything that runs in it.',
    ...ToolSchemas['shell.close'],
    effect: 'workspace',
    timeoutMs: SHORT_TOOL_TIMEOUT_MS,
    async execute(args) {
      const ended = holder
        .known(sessionOf(args))
        .processes()
        .map(({ line }) => line)
      await holder.close(args.session)
      return {
        output: { session: args.session, ended },
        text: `${args.session} was closed${ended.length === 0 ? '.' : `; ended with it:\n${ended.join('\n')}`}`,
      }
    },
  })

  const sessions = defineTool({
    name: 'shell.sessions',
    description: 'Lists the terminals of the branch: directory, what runs in them, exit code of the last command.',
    ...ToolSchemas['shell.sessions'],
    effect: 'pure',
    timeoutMs: SHORT_TOOL_TIMEOUT_MS,
    async execute() {
      const listed = holder.sessions().map((one) => ({
        session: one.name,
        cwd: one.cwd,
        live: one.live,
        running: one.running(),
        lastExitCode: one.lastExitCode,
        processes: one.processes(),
        cols: one.cols,
        rows: one.rows,
      }))
      const lines = listed.map(
        (one) => `${one.session} in ${one.cwd}: ${one.running ?? (one.live ? 'at its prompt' : 'not running')}${tree(one.processes)}`,
      )
      return { output: { sessions: listed }, text: lines.join('\n') || 'No sessions.' }
    },
  })

  return [run, start, jobs, output, wait, input, resize, interrupt, close, sessions]
}

function tree(processes: readonly ShellProcess[]): string {
  return processes.map(({ pid, line }) => `\n  ${pid} ${line}`).join('')
}

import { z } from 'zod'

const session = z.string()
const timeoutMs = z.number().int().min(100).max(3_600_000)

/**
 * When a call comes back although the program still runs: `end` never, `input` when it has printed nothing for a while and is
 * not busy (it probably waits for an answer), a number after so many milliseconds.
 */
const waitFor = z.union([z.enum(['end', 'input']), z.number().int().min(0).max(3_600_000)])

export const ShellProcess = z.object({
  /** As programs inside the sandbox see it. */
  pid: z.number().int(),
  parent: z.number().int(),
  line: z.string(),
})
export type ShellProcess = z.infer<typeof ShellProcess>

/** Exported variables after a command against before it. Long values are cut. */
export const EnvironmentChange = z.object({
  added: z.array(z.object({ name: z.string(), value: z.string() })),
  changed: z.array(z.object({ name: z.string(), before: z.string(), after: z.string() })),
  removed: z.array(z.string()),
})
export type EnvironmentChange = z.infer<typeof EnvironmentChange>

export const ShellHint = z.object({
  code: z.enum([
    'cross-device',
    'read-only',
    'not-executable',
    'no-network',
    'disk-full',
    'not-permitted',
    'too-many-processes',
    'too-many-files',
    'killed',
  ]),
  text: z.string(),
})
export type ShellHint = z.infer<typeof ShellHint>

/** What is optional is absent in frames of before it was recorded. */
export const CommandOutput = z.object({
  session,
  /** -1 while the program runs. */
  exitCode: z.number().int(),
  /** What it printed, as plain text; since the last call that returned some of it where it was running then. */
  output: z.string(),
  truncated: z.boolean(),
  cwd: z.string(),
  timedOut: z.boolean(),
  state: z.enum(['ended', 'running']).optional(),
  command: z.string().optional(),
  durationMs: z.number().min(0).optional(),
  cwdBefore: z.string().optional(),
  environment: EnvironmentChange.optional(),
  /** What runs in the session when the call returns, the shell itself left out. */
  processes: z.array(ShellProcess).optional(),
  /** Why it may have failed, where the reason is the sandbox. */
  hints: z.array(ShellHint).optional(),
  /** What the shell lost since the call before: it was restored or made again. */
  notRestored: z.array(z.string()).optional(),
})

const JobState = z.enum(['running', 'ended', 'stopped'])

export const shellSchemas = {
  'shell.run': {
    input: z.object({
      command: z.string().min(1),
      timeoutMs: timeoutMs.optional(),
      session: session.optional(),
      waitFor: waitFor.optional(),
    }),
    output: CommandOutput,
  },
  'shell.start': {
    input: z.object({ command: z.string().min(1), session: session.optional() }),
    output: z.object({ job: session, command: z.string(), cwd: z.string() }),
  },
  'shell.jobs': {
    input: z.object({}),
    output: z.object({
      jobs: z.array(
        z.object({
          job: session,
          command: z.string(),
          /** `stopped`: it was closed, or its shell was lost. */
          state: JobState,
          exitCode: z.number().int().nullable(),
          durationMs: z.number().min(0),
          printedCharacters: z.number().int(),
          lastOutput: z.string(),
        }),
      ),
    }),
  },
  'shell.output': {
    input: z.object({
      session,
      /** In characters of what was printed; negative counts from the end. */
      offset: z.number().int().optional(),
      maxCharacters: z.number().int().min(1).max(1_000_000).optional(),
    }),
    output: z.object({
      session,
      state: JobState,
      exitCode: z.number().int().nullable(),
      text: z.string(),
      offset: z.number().int(),
      nextOffset: z.number().int(),
      totalCharacters: z.number().int(),
      /** Characters that were asked for and are in the terminal's record only. */
      leftOut: z.number().int(),
    }),
  },
  'shell.wait': {
    input: z.object({ session, timeoutMs: timeoutMs.optional(), waitFor: waitFor.optional() }),
    output: CommandOutput,
  },
  'shell.input': {
    input: z.object({
      session: session.optional(),
      text: z.string().max(1_000_000).optional(),
      /** Pressed after the text, by name: "enter", "ctrl-c", "ctrl-d", "up", "tab", "escape", "f1", ... */
      keys: z.array(z.string()).max(200).optional(),
      waitFor: waitFor.optional(),
      timeoutMs: timeoutMs.optional(),
    }),
    output: CommandOutput,
  },
  'shell.resize': {
    input: z.object({ session: session.optional(), cols: z.number().int().min(2).max(1000), rows: z.number().int().min(1).max(1000) }),
    output: z.object({ session, cols: z.number().int(), rows: z.number().int() }),
  },
  'shell.interrupt': {
    input: z.object({
      session: session.optional(),
      /** Kills what an interrupt does not end. */
      force: z.boolean().optional(),
    }),
    output: CommandOutput,
  },
  'shell.close': { input: z.object({ session }), output: z.object({ session, ended: z.array(z.string()) }) },
  'shell.sessions': {
    input: z.object({}),
    output: z.object({
      sessions: z.array(
        z.object({
          session,
          cwd: z.string(),
          live: z.boolean(),
          running: z.string().nullable(),
          lastExitCode: z.number().int().nullable(),
          processes: z.array(ShellProcess),
          cols: z.number().int(),
          rows: z.number().int(),
        }),
      ),
    }),
  },
} as const

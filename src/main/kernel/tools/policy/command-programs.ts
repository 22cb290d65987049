/** One program that a command line starts. */
export interface StartedProgram {
  /** Base name; empty when it is not known. */
  readonly name: string
  /** Name and arguments without quoting. */
  readonly line: string
  /** False when only running it would tell what is started. */
  readonly known: boolean
  /** Not looked up among the system's programs. */
  readonly byPath: boolean
}

/** Every program that a bash command line starts. */
export type CommandParser = (line: string) => readonly StartedProgram[]

/** In force until the grammar is loaded: nothing can be known. */
export const unreadCommand: CommandParser = (line) => [{ name: '', line, known: false, byPath: false }]

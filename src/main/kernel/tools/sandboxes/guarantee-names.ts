import type { Guarantee } from './sandbox'

/** The boundaries that every provider answers for, in the order of the table in the README. */
export const GUARANTEE_NAMES = [
  'Files outside the workspace',
  'Writes in the workspace',
  'Reads in the workspace',
  'Network',
  'Other processes',
  'System calls',
  'Memory',
  'CPU time',
  'Processes and files open',
  'Disk',
  'Own ports',
  'Dies with the kernel',
  'Fork and restore',
] as const

export type GuaranteeName = (typeof GUARANTEE_NAMES)[number]

/** What a level gives of each boundary: one entry a name, so that none can be left out. */
export type GuaranteeTable = Readonly<Record<GuaranteeName, Omit<Guarantee, 'what'>>>

/** The table in the shared order. */
export function guaranteeList(table: GuaranteeTable): Guarantee[] {
  return GUARANTEE_NAMES.map((what) => ({ what, ...table[what] }))
}

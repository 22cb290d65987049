import { RoleLimits, RoleSettings, type RoleView, type SeccompProfile } from '../../../shared/policy'

export type LimitName = keyof RoleLimits
export const LIMIT_NAMES = Object.keys(RoleLimits.shape) as LimitName[]

/** A limit in the unit in which a person thinks of it. */
export const LIMIT_UNIT: Readonly<Record<LimitName, { readonly title: string; readonly unit: string; readonly factor: number }>> = {
  maxMemoryBytes: { title: 'Memory', unit: 'MiB', factor: 1_048_576 },
  maxCpuSeconds: { title: 'Processor time', unit: 'seconds', factor: 1 },
  maxProcesses: { title: 'Processes', unit: '', factor: 1 },
  maxOpenFiles: { title: 'Open files', unit: '', factor: 1 },
  maxDiskBytes: { title: 'Disk', unit: 'MiB', factor: 1_048_576 },
  maxFiles: { title: 'Files', unit: '', factor: 1 },
}

/** A role of the user's as it is being edited. Limits are texts as typed; an empty one leaves the default. */
export interface RoleDraft {
  readonly id: string
  readonly title: string
  readonly summary: string
  readonly seccomp: SeccompProfile
  readonly workspace: RoleSettings['workspace']
  readonly limits: Readonly<Record<LimitName, string>>
  readonly text: string
  /** What was on disk when the edit began; null for a role that was never saved. */
  readonly base: RoleView | null
}

export function draftOf(view: RoleView): RoleDraft {
  return { ...fieldsOf(view), base: view }
}

/** A new role with everything of another one, under the first free name. */
export function copyOf(view: RoleView, taken: ReadonlySet<string>): RoleDraft {
  let number = 1
  const name = (): string => (number === 1 ? `my-${view.settings.id}` : `my-${view.settings.id}-${number}`)
  while (taken.has(name())) number += 1
  return { ...fieldsOf(view), id: name(), title: `${view.settings.title}, my own`, base: null }
}

export function isChanged(draft: RoleDraft): boolean {
  if (draft.base === null) return true
  const { base: _, ...fields } = draft
  return JSON.stringify(fields) !== JSON.stringify(fieldsOf(draft.base))
}

/** True when the file of the role was changed by somebody else since the edit began. */
export function isOvertaken(draft: RoleDraft, current: RoleView): boolean {
  return draft.base !== null && JSON.stringify(fieldsOf(draft.base)) !== JSON.stringify(fieldsOf(current))
}

/** The settings to save, or what is wrong by field. */
export function settingsOf(draft: RoleDraft): { readonly settings: RoleSettings | null; readonly problems: ReadonlyMap<string, string> } {
  const problems = new Map<string, string>()
  const limits: Partial<Record<LimitName, number>> = {}
  for (const name of LIMIT_NAMES) {
    const typed = draft.limits[name].trim()
    if (typed === '') continue
    const number = Number(typed)
    const amount = Math.round(number * LIMIT_UNIT[name].factor)
    if (Number.isFinite(number) && amount >= 1) limits[name] = amount
    else problems.set(name, 'a number above zero')
  }
  const { id, title, summary, seccomp, workspace } = draft
  const parsed = RoleSettings.safeParse({ id, title, summary, seccomp, limits, ...(workspace === undefined ? {} : { workspace }) })
  if (!parsed.success) for (const issue of parsed.error.issues) problems.set(String(issue.path[0] ?? 'id'), issue.message)
  return { settings: parsed.success && problems.size === 0 ? parsed.data : null, problems }
}

function fieldsOf({ settings, text }: RoleView): Omit<RoleDraft, 'base'> {
  return {
    id: settings.id,
    title: settings.title,
    summary: settings.summary,
    seccomp: settings.seccomp,
    workspace: settings.workspace,
    limits: Object.fromEntries(LIMIT_NAMES.map((name) => [name, typed(name, settings.limits[name])])) as Record<LimitName, string>,
    text,
  }
}

function typed(name: LimitName, amount: number | undefined): string {
  return amount === undefined ? '' : String(amount / LIMIT_UNIT[name].factor)
}

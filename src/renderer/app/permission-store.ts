import { createStore } from 'zustand/vanilla'
import type { PermissionActions } from '../components/permission-prompt'

export interface ShownPermission {
  /** Run and id of the request. */
  readonly key: string
  act(action: keyof PermissionActions): void
}

/** The prompts that can be seen now, the newest last: commands answer that one, and never one that is out of sight. */
export const shownPermissions = createStore<{ readonly prompts: readonly ShownPermission[] }>(() => ({ prompts: [] }))

export function showPermission(prompt: ShownPermission): () => void {
  shownPermissions.setState(({ prompts }) => ({ prompts: [...prompts, prompt] }))
  return () => shownPermissions.setState(({ prompts }) => ({ prompts: prompts.filter((other) => other !== prompt) }))
}

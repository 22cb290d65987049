import type { EnvironmentChange } from '../../schemas/shell'

const MAX_VALUE_CHARACTERS = 2_000
const MAX_VARIABLES = 200

/** By name, at most 200 of each kind. */
export function environmentChange(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): EnvironmentChange {
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted()
  const change: EnvironmentChange = { added: [], changed: [], removed: [] }
  for (const name of names) {
    const was = before.get(name)
    const is = after.get(name)
    if (is === undefined) change.removed.push(name)
    else if (was === undefined) change.added.push({ name, value: cut(is) })
    else if (was !== is) change.changed.push({ name, before: cut(was), after: cut(is) })
  }
  return {
    added: change.added.slice(0, MAX_VARIABLES),
    changed: change.changed.slice(0, MAX_VARIABLES),
    removed: change.removed.slice(0, MAX_VARIABLES),
  }
}

function cut(value: string): string {
  return value.length <= MAX_VALUE_CHARACTERS ? value : `${value.slice(0, MAX_VALUE_CHARACTERS)}...`
}

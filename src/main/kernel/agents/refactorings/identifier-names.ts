import { AgentStop } from './agent-tools'
import type { SymbolTarget } from './find-symbol'
import type { SourceSyntax } from './source-syntax'

/** Words that are no identifiers in a module, and those that would hide what every program relies on. */
const RESERVED = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for ' +
    'function if implements import in instanceof interface let new null package private protected public return static super switch this ' +
    'throw true try typeof undefined var void while with yield NaN Infinity'
  ).split(' '),
)
/** Names that no type may have. */
const TYPE_NAMES = new Set('any bigint boolean never number object string symbol undefined unknown void'.split(' '))

/** Throws AgentStop when the new name cannot stand for the symbol where it is declared. */
export async function refuseBadName(target: SymbolTarget, newName: string, syntax: SourceSyntax): Promise<void> {
  const { name, declaration } = target
  if (newName === name) throw new AgentStop(`${name} has that name already. Nothing was changed.`)
  if (name.startsWith('#') !== newName.startsWith('#')) {
    throw new AgentStop(`${name} and ${newName}: a rename does not change whether a member is private (#). Nothing was changed.`)
  }
  if (!/^#?[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(newName)) {
    throw new AgentStop(`“${newName}” is not an identifier: letters, digits, _ and $, not starting with a digit. Nothing was changed.`)
  }
  const member = declaration.scope === 'member'
  if (!member && RESERVED.has(newName)) throw new AgentStop(`“${newName}” is a reserved word. Nothing was changed.`)
  const isType =
    declaration.kind === 'class' || declaration.kind === 'interface' || declaration.kind === 'type' || declaration.kind === 'enum'
  if (isType && TYPE_NAMES.has(newName)) throw new AgentStop(`“${newName}” is the name of a built-in type. Nothing was changed.`)
  if (member && declaration.siblings.includes(newName)) {
    throw new AgentStop(
      `${declaration.containers.at(-1) ?? 'Its owner'} has a member ${newName} already (${target.path}). Nothing was changed.`,
    )
  }
  if (!member && (await syntax.usesName(newName))) {
    throw new AgentStop(`${newName} already stands for something else in ${target.path}. Nothing was changed.`)
  }
}

/** True for names that hardly stand in a text by accident: `applyDiscount`, `user_id`, not `total` or `Row`. */
export function isDistinctive(name: string): boolean {
  return name.length >= 6 && (/[a-z0-9][A-Z]/.test(name) || /[A-Za-z0-9]_[A-Za-z0-9]/.test(name))
}

import { posix } from 'node:path'
import type { NodeKind } from '../../../../shared/graph'
import type { Target } from '../code/file-facts'
import { named } from '../data/collect-facts'

const CODE_KINDS: readonly NodeKind[] = ['function', 'class', 'method', 'variable', 'type', 'interface', 'enum']
const OTHER_KINDS: readonly NodeKind[] = ['table', 'service', 'deployment', 'cronjob', 'configmap', 'feature_flag', 'column', 'schema']
/** Endings that are not members of anything. */
const KNOWN_ENDING =
  /\.(?:[cm]?[jt]sx?|py|go|rs|java|kt|c|cc|cpp|h|hpp|rb|php|swift|cs|sh|sql|ya?ml|json|toml|md|mdx|rst|tf|proto|graphql|css|scss|html|xml|cfg|ini|env|txt|lock|mod)$/
const IMAGE = /\.(?:png|svg|jpe?g|gif|webp|ico)$/i
const FILE = /\.[a-z][a-z0-9]{0,7}$/i

export interface NamedThing {
  readonly target: Target
  readonly confidence: number
  readonly method: string
}

/** What a link in a document leads to, when that is in the repository. */
export function linkTargets(folder: string, href: string): NamedThing[] {
  const [path = ''] = decoded(href).split(/[?#]/)
  if (path === '' || /^(?:[a-z][a-z0-9+.-]*:|\/\/|mailto:)/i.test(path)) return []
  const joined = inside(path.startsWith('/') ? path.slice(1) : posix.join(folder, path))
  if (joined === null || IMAGE.test(joined)) return []
  const target = (to: string): NamedThing => ({ target: { is: 'path', path: to }, confidence: 1, method: 'link' })
  return FILE.test(joined) || /(?:^|\/)[A-Z]\w*file$/.test(joined) ? [target(joined)] : [target(joined), target(`${joined}/README.md`)]
}

/**
 * What inline code names: a file of the repository, or something whose name is so distinctive that it is hardly anything else. Two of that name
 * make no relation, so words that many things are called by cost nothing.
 */
export function codeTargets(folder: string, code: string): NamedThing[] {
  const paths = pathTargets(folder, code)
  if (paths.length > 0) return paths
  const variable = /^\$?\{?([A-Z][A-Z0-9]*_[A-Z0-9_]+)\}?$/.exec(code)?.[1]
  if (variable !== undefined) return [{ target: named(variable, 'env_var', 'variable'), confidence: 0.7, method: 'name in a document' }]
  const called = /^([A-Za-z_$][\w$]*(?:(?:\.|::|#|->)[A-Za-z_$][\w$]*)*)(\(\s*[^()]{0,80}\))?$/.exec(code)
  const [, path, call] = called ?? []
  if (path === undefined)
    return /^[a-z][a-z0-9]*(?:-[a-z0-9]+)+$/.test(code) && code.length >= 4
      ? [byName(code, ['service', 'deployment', 'cronjob', 'configmap', 'feature_flag'], 0.6)]
      : []
  const parts = path.split(/\.|::|#|->/)
  const last = parts.at(-1) ?? ''
  if (parts.length > 1) {
    const holder = parts.findLast((part, index) => index < parts.length - 1 && /^[A-Z][a-z]/.test(part))
    if (holder !== undefined) return [byName(holder, ['class', 'interface', 'type', 'enum', 'variable'], 0.5)]
    return isDistinctive(last) || (call !== undefined && last.length >= 6) ? [byName(last, [...CODE_KINDS, 'column'], 0.5)] : []
  }
  if (last.length < 4) return []
  if (isDistinctive(last)) return [byName(last, [...CODE_KINDS, ...OTHER_KINDS], 0.7)]
  return call === undefined ? [] : [byName(last, ['function', 'method'], 0.6)]
}

/** camelCase, CamelCase or snake_case: not a word of any language of people. */
function isDistinctive(name: string): boolean {
  return name.length >= 4 && (/[a-z0-9][A-Z]/.test(name) || /[a-z0-9]_[a-z0-9]/i.test(name))
}

function byName(name: string, kinds: readonly NodeKind[], confidence: number): NamedThing {
  return { target: named(name, ...kinds), confidence, method: 'name in a document' }
}

function pathTargets(folder: string, code: string): NamedThing[] {
  const path = code.replace(/^(?:\.\/)+/, '').replace(/(?::\d+(?:-\d+)?|#L\d+(?:-L?\d+)?)$/, '')
  if (!/^[\w@.+-]+(?:\/[\w@.+\-[\]]+)*$/.test(path) || !(path.includes('/') ? FILE : KNOWN_ENDING).test(path) || /^[\d.]+$/.test(path))
    return []
  const target = (to: string, confidence: number): NamedThing => ({
    target: { is: 'path', path: to },
    confidence,
    method: 'path in a document',
  })
  const near = inside(posix.join(folder, path))
  const far = inside(path)
  return [...(far === null ? [] : [target(far, 0.9)]), ...(near === null || near === far ? [] : [target(near, 0.9)])]
}

function inside(path: string): string | null {
  const normal = posix.normalize(path).replace(/\/$/, '')
  return normal.startsWith('..') || normal.startsWith('/') || normal === '.' || normal === '' ? null : normal
}

function decoded(href: string): string {
  try {
    return decodeURIComponent(href)
  } catch (thrown) {
    if (!(thrown instanceof URIError)) throw thrown
    return href
  }
}

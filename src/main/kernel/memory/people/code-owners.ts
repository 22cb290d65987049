import { createHash } from 'node:crypto'
import { repositoryFiles } from '../code/repository-files'
import { FactsCollector, keyed } from '../data/collect-facts'
import type { ExtraFacts, RepositoryFacts } from '../facts-source'

/** Where GitHub and GitLab look, in their order; the first that is there counts. */
export const OWNER_FILES = ['.github/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS', '.gitlab/CODEOWNERS']
const MAX_RULES = 5_000
const MAX_PATTERN = 500
/** A file with more owners than this has none in particular. */
const OWNERS_OF_A_FILE = 10
const MAX_EDGES = 200_000
const OWNER = /^(?:@{1,2}[\w.-]+(?:\/[\w.-]+)*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)$/

export interface OwnerRule {
  readonly pattern: string
  /** Empty: files that match have no owner. */
  readonly owners: readonly string[]
  readonly line: number
  /** Of GitLab; rules of each section are matched apart. '' where there are none. */
  readonly section: string
}

/** Who owns which file by CODEOWNERS: an edge for each file and owner, with the line of the rule that decides. */
export const codeOwners: RepositoryFacts = {
  id: 'owners',
  state: async (root, paths) => {
    const found = ownerFile(root, paths)
    if (found === null) return 'none'
    return createHash('sha256')
      .update(`${found.path}\0${found.text}\0${paths.join('\0')}`)
      .digest('hex')
  },
  read: async (root, paths, signal) => {
    const found = ownerFile(root, paths)
    return found === null ? {} : ownedFiles(found, paths, signal)
  },
}

function ownerFile(root: string, paths: readonly string[]): { readonly path: string; readonly text: string } | null {
  const files = repositoryFiles(
    root,
    OWNER_FILES.filter((path) => paths.includes(path)),
  )
  for (const path of OWNER_FILES) {
    const text = files.text(path)
    if (text !== null) return { path, text }
  }
  return null
}

function ownedFiles(file: { readonly path: string; readonly text: string }, paths: readonly string[], signal: AbortSignal): ExtraFacts {
  const facts = new FactsCollector()
  const sections = new Map<string, { readonly rule: OwnerRule; readonly matches: (path: string) => boolean }[]>()
  for (const rule of readOwnerRules(file.text)) {
    const rules = sections.get(rule.section) ?? []
    rules.push({ rule, matches: matcher(rule.pattern) })
    sections.set(rule.section, rules)
  }
  let edges = 0
  for (const path of paths) {
    signal.throwIfAborted()
    for (const rules of sections.values()) {
      const decides = rules.findLast(({ matches }) => matches(path))
      for (const owner of decides?.rule.owners.slice(0, OWNERS_OF_A_FILE) ?? []) {
        if ((edges += 1) > MAX_EDGES) return facts.facts()
        const line = decides?.rule.line ?? 1
        facts.relate({ is: 'path', path }, 'owned_by', keyed(ownerKey(owner)), line, 1, `rule of ${file.path}`)
        facts.mention(ownerKey(owner), 'owner', owner, { line }, { source: file.path })
      }
    }
  }
  return facts.facts()
}

export function ownerKey(owner: string): string {
  return `owner:${owner.startsWith('@') ? owner : owner.toLowerCase()}`
}

/** The rules in their order; the last that matches a file decides. Lines that are none are passed over, as the hosts do. */
export function readOwnerRules(text: string): OwnerRule[] {
  const rules: OwnerRule[] = []
  let section = ''
  let defaults: readonly string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (rules.length >= MAX_RULES) break
    const words = wordsOf(line)
    const [first] = words
    if (first === undefined) continue
    // `[Section]`, `^[Optional]`, `[Section][2] @default`; a pattern with brackets has no blank after them.
    const heading = /^\^?\[([^\]]{1,200})\](?:\[\d+\])?(?:\s+(.*))?$/.exec(line.trim())
    if (heading !== null) {
      section = (heading[1] ?? '').toLowerCase()
      defaults = (heading[2] ?? '').split(/\s+/).filter((owner) => OWNER.test(owner))
      continue
    }
    if (first.length > MAX_PATTERN || first.startsWith('!')) continue
    const owners = words.slice(1).filter((owner) => OWNER.test(owner))
    rules.push({ pattern: first, owners: owners.length === 0 ? defaults : owners, line: index + 1, section })
  }
  return rules
}

/** Split at blanks that no backslash escapes; a comment ends the line. */
function wordsOf(line: string): string[] {
  const words = (line.trim().match(/(?:\\.|[^\s\\])+/g) ?? []).map((word) => word.replaceAll('\\ ', ' '))
  const comment = words.findIndex((word) => word.startsWith('#'))
  return (comment === -1 ? words : words.slice(0, comment)).map((word) => word.replace(/^\\#/, '#'))
}

/**
 * As .gitignore reads patterns: a slash inside anchors it, a folder means all that is in it; `*`, `?` and `**` and nothing else, as the hosts
 * have it. Its work is bounded by the product of both lengths, where a regular expression made of the pattern may never end.
 */
function matcher(pattern: string): (path: string) => boolean {
  const anchored = pattern.replace(/\/$/, '').includes('/')
  const parts = pattern.split('/').filter((part) => part !== '')
  if (parts.length === 0 || pattern === '*') return () => true
  const wanted = anchored || parts[0] === '**' ? parts : ['**', ...parts]
  // `docs/*` owns the files of the folder and not those below.
  const onlyFiles = anchored && parts.at(-1) === '*'
  const whole = pattern.endsWith('/') ? [[...wanted, '*', '**']] : onlyFiles ? [wanted] : [wanted, [...wanted, '**']]
  return (path) => {
    const segments = path.split('/')
    return whole.some((each) => matches(each, segments, (part) => part === '**', matchesPart))
  }
}

function matchesPart(part: string, segment: string): boolean {
  if (!part.includes('*') && !part.includes('?')) return part === segment
  return matches(
    [...part],
    [...segment],
    (mark) => mark === '*',
    (mark, letter) => mark === '?' || mark === letter,
  )
}

/** Greedy, going back to the last wildcard only. */
function matches(
  wanted: readonly string[],
  given: readonly string[],
  isAny: (part: string) => boolean,
  isOne: (part: string, item: string) => boolean,
): boolean {
  let [at, from, star, resume] = [0, 0, -1, 0]
  while (from < given.length) {
    const part = wanted[at]
    const item = given[from] ?? ''
    if (part !== undefined && isAny(part)) {
      star = at
      resume = from
      at += 1
    } else if (part !== undefined && isOne(part, item)) {
      at += 1
      from += 1
    } else if (star !== -1) {
      at = star + 1
      resume += 1
      from = resume
    } else return false
  }
  return wanted.slice(at).every(isAny)
}

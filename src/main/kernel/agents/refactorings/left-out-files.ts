import picomatch from 'picomatch'
import { isDangerousPath } from '../../checkpoints/branch-paths'
import type { AgentApi } from '../agent-api'

/** The globs of all lines `exclude: GLOB` in the notes and instructions of the context: people write them there to keep files out. */
export function excludedGlobs(api: Pick<AgentApi, 'getContext'>): string[] {
  const globs: string[] = []
  for (const { item, text } of api.getContext().items) {
    if (item.kind !== 'note' && item.kind !== 'instruction') continue
    for (const match of text.matchAll(/^[ \t]*(?:[-*][ \t]+)?exclude:[ \t]*(.+?)[ \t]*$/gim)) {
      for (const glob of (match[1] ?? '').split(/\s*,\s*(?![^{]*\})/)) if (glob !== '') globs.push(cleanGlob(glob))
    }
  }
  return [...new Set(globs)]
}

function cleanGlob(glob: string): string {
  const bare = glob.replace(/^[`'"]|[`'"]$/g, '').replace(/^\.\//, '')
  return bare.endsWith('/') ? `${bare}**` : bare
}

/** True for a path that one of the globs names, or that lies in a folder that one of them names. */
export function isExcluded(globs: readonly string[]): (path: string) => boolean {
  const matchers = globs.flatMap((glob) => [picomatch(glob, { dot: true }), picomatch(`${glob}/**`, { dot: true })])
  return (path) => matchers.some((matches) => matches(path))
}

const CODE = /\.[cm]?[jt]sx?$/
const DOCS = /\.(?:md|mdx|markdown|txt|rst|adoc)$/i
const TEST = /(?:^|\/)(?:__tests__|tests?|spec|e2e)\/|\.(?:test|spec)\.[cm]?[jt]sx?$/

export const isCode = (path: string): boolean => CODE.test(path)
export const isDocument = (path: string): boolean => DOCS.test(path)
export const isTest = (path: string): boolean => TEST.test(path)

const NEVER_IN_PROSE: readonly { readonly why: string; readonly pattern: RegExp }[] = [
  { why: 'dependencies', pattern: /(?:^|\/)(?:node_modules|vendor|third_party)\// },
  { why: 'lock files', pattern: /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|deno\.lock)$/ },
  {
    why: 'changelogs, which tell the past',
    pattern: /(?:^|\/)(?:changelog|changes|history|releases?|release-notes)(?:\.[a-z]+)?$|(?:^|\/)\.changeset\//i,
  },
  { why: 'migrations, which are released as they are', pattern: /\.sql$|(?:^|\/)migrations?\//i },
  { why: 'incident reports, which tell the past', pattern: /(?:^|\/)(?:incidents?|post-?mortems?)\//i },
  {
    why: 'generated files',
    pattern:
      /(?:^|\/)(?:dist|build|out|coverage|generated|__generated__|__snapshots__)\/|\.(?:gen|generated|min|pb)\.[a-z]+$|\.snap$|\.map$/i,
  },
]

/** Why words in this file stay as they are, by its path; null when they may be changed. */
export function leftOutOfProse(path: string): string | null {
  const rule = NEVER_IN_PROSE.find(({ pattern }) => pattern.test(path))
  if (rule !== undefined) return rule.why
  if (isDangerousPath(path)) return 'it can decide what runs on this machine'
  return isCode(path) || isDocument(path) ? null : 'neither code nor documentation'
}

export function isGenerated(text: string): boolean {
  return /@generated\b|\b(?:auto-?generated|generated (?:by|from|file))\b.*|\bdo not edit\b/i.test(text.split('\n', 5).join('\n'))
}

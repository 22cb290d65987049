import { posix } from 'node:path'
import type { Section } from './document-text'

export type DocumentKind = 'adr' | 'rfc' | 'runbook' | 'incident' | 'readme' | 'changelog' | 'doc'

const FOLDERS: readonly (readonly [RegExp, DocumentKind])[] = [
  [/(?:^|\/)(?:adrs?|decisions?|architecture[-_]decisions?|decision[-_](?:records?|log))\//i, 'adr'],
  [/(?:^|\/)(?:rfcs?|proposals?|peps|keps|enhancements)\//i, 'rfc'],
  [/(?:^|\/)(?:runbooks?|playbooks?|on[-_]?call|sops?)\//i, 'runbook'],
  [/(?:^|\/)(?:incidents?|incident[-_]reports?|post[-_]?mortems?|outages?|retrospectives?)\//i, 'incident'],
]
const NAMES: readonly (readonly [RegExp, DocumentKind])[] = [
  [/^readme(?:[._-]|$)/i, 'readme'],
  [/^(?:change[-_]?log|changes|history|news|release[-_]?notes|releases)(?:\.|$)/i, 'changelog'],
  [/^adr[-_ ]?\d+/i, 'adr'],
  [/^rfc[-_ ]?\d+/i, 'rfc'],
  [/runbook|playbook/i, 'runbook'],
  [/post[-_]?mortem|^incident[-_ ]/i, 'incident'],
]

/** By name, folder, and for decisions by their headings too. Indexes and templates of a folder are documents like others. */
export function documentKind(path: string, sections: readonly Section[]): DocumentKind {
  const name = posix.basename(path)
  const isAbout = /^(?:index|template|_?toc|summary|contributing|0000-template|adr-template)(?:\.|$)/i.test(name)
  const named = NAMES.find(([pattern]) => pattern.test(name))?.[1]
  if (named !== undefined) return named
  const inFolder = FOLDERS.find(([pattern]) => pattern.test(path))?.[1]
  if (inFolder !== undefined && !isAbout) return inFolder
  const titles = sections.map(({ title }) => title.toLowerCase())
  const has = (pattern: RegExp): boolean => titles.some((title) => pattern.test(title))
  if (has(/^status$/) && has(/^decision/) && has(/^(?:context|consequences)/)) return 'adr'
  if (has(/^root cause/) && has(/^(?:timeline|impact)/)) return 'incident'
  return 'doc'
}

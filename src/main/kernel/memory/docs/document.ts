import { type FactsCollector, keyed, THE_FILE } from '../data/collect-facts'
import type { YamlValue } from '../infra/yaml-documents'
import type { DocumentText } from './document-text'
import type { NamedThing } from './named-things'

/** What a document of any kind hands to those that read one kind. */
export interface Document {
  readonly path: string
  readonly folder: string
  readonly title: string
  readonly text: DocumentText
  readonly frontMatter: YamlValue | null
  readonly named: readonly (NamedThing & { readonly line: number })[]
}

/** Key of the node that a document stands for: of its path, since numbers begin again in every folder. */
export function documentKey(kind: 'decision' | 'incident', path: string): string {
  return `${kind}:${path.replace(/\.[a-z]+$/i, '')}`
}

/** A field of the front matter, or of a line `Status: accepted`, `* Status: accepted`, `**Status:** accepted`. */
export function fieldOf({ frontMatter, text }: Document, name: RegExp): string[] {
  for (const { name: key, value } of frontMatter?.entries ?? [])
    if (name.test(key) && value !== null && value.texts.length > 0) return value.texts
  for (const section of text.sections.slice(0, 4)) {
    for (const { text: line } of section.lines.slice(0, 40)) {
      const [, key = '', value = ''] =
        /^\s{0,3}(?:[-*+|>]\s*)?(?:\*\*|__)?([A-Za-z][\w /-]{1,40}?)(?:\*\*|__)?\s*(?::|\|)\s*(?:\*\*|__)?\s*(\S.*)$/.exec(line) ?? []
      if (!name.test(key.trim())) continue
      const words = value.replace(/\|\s*$/, '').trim()
      return words.split(/\s*[,;]\s*/).filter(Boolean)
    }
  }
  return []
}

export function contain(facts: FactsCollector, key: string, line: number): void {
  facts.relate(THE_FILE, 'contains', keyed(key), line, 1, 'syntax')
}

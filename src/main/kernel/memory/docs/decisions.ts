import type { Attributes } from '../code/file-facts'
import { type FactsCollector, keyed } from '../data/collect-facts'
import { contain, type Document, documentKey, fieldOf } from './document'
import { sectionItems, sectionText } from './document-text'
import { linkTargets } from './named-things'
import { mentionPerson } from './responsible'

const REPLACES = /\b(?:supersed|replac|obsolet|amend|deprecat|relate)/i

/** An ADR or RFC: the decision in it, how far it is, who took it, what else was thought of, and which it replaces. */
export function readDecision(facts: FactsCollector, document: Document, kind: 'adr' | 'rfc'): Attributes {
  const { path, text, title, named } = document
  const [statusField] = fieldOf(document, /^status$/i)
  const statusText = statusField ?? sectionText(text.sections, /^status\b/i, 200)
  const status = /\b(proposed|accepted|rejected|deprecated|superseded|draft|implemented|withdrawn|final|active|approved|done)\b/i
    .exec(statusText)?.[1]
    ?.toLowerCase()
  const date = [...fieldOf(document, /^(?:date|created|decided(?: on)?)$/i), statusText, sectionText(text.sections, /^date$/i)]
    .map((candidate) => /\b\d{4}-\d{2}-\d{2}\b/.exec(candidate)?.[0])
    .find((found) => found !== undefined)
  const deciders = fieldOf(document, /^(?:deciders?|decision[- ]makers?|authors?|approvers?)$/i)
  const decision = sectionText(text.sections, /^(?:decision|decision outcome|resolution|summary|proposal)\b/i)
  const alternatives = sectionItems(
    text.sections,
    /^(?:considered options|alternatives(?: considered)?|options(?: considered)?|rationale and alternatives)\b/i,
  )
  const number = /(?:^|[-_ /])(?:adr|rfc)?[-_ ]?0*(\d{1,5})(?=[-_. ])/i.exec(path.slice(path.lastIndexOf('/') + 1))?.[1]
  const attributes: Attributes = {
    ...(status !== undefined && { status }),
    ...(date !== undefined && { date }),
    ...(deciders.length > 0 && { deciders }),
    ...(number !== undefined && { number: Number(number) }),
    ...(alternatives.length > 0 && { alternatives }),
  }
  const heading = text.sections.find(({ level }) => level > 0)
  const line = heading?.line ?? 1
  const key = documentKey('decision', path)
  const name = title === '' ? path.slice(path.lastIndexOf('/') + 1) : title
  const endLine = text.sections.at(-1)?.endLine ?? line
  facts.declare(key, 'decision', name.slice(0, 200), { line, endLine }, `${kind.toUpperCase()} ${name.slice(0, 200)}`, attributes, decision)
  contain(facts, key, line)
  for (const { target, line: at, confidence, method } of named) {
    const isDocument = target.is === 'path' && /\.(?:md|mdx|markdown|rst|adoc)$/i.test(target.path)
    if (!isDocument) facts.relate(target, 'decided_by', keyed(key), at, confidence * 0.9, method)
  }
  for (const { text: row, line: at } of text.sections.flatMap((section) => section.lines)) {
    if (!REPLACES.test(row) || !row.includes('](')) continue
    for (const [, href = ''] of row.matchAll(/\]\(\s*([^\s()]{1,300})/g)) {
      for (const { target } of linkTargets(document.folder, href)) {
        if (target.is !== 'path' || target.path === path || !/\.(?:md|markdown|adoc|rst)$/.test(target.path)) continue
        const method = /supersed|replac|obsolet/i.test(row) ? (/\bby\b/i.test(row) ? 'superseded by' : 'supersedes') : 'related decision'
        facts.relate(keyed(key), 'references', keyed(documentKey('decision', target.path)), at, 0.95, method)
      }
    }
  }
  for (const decider of deciders) {
    const person = mentionPerson(facts, decider, line)
    if (person !== null) facts.relate(keyed(key), 'authored_by', keyed(person), line, 0.9, 'decider')
  }
  return attributes
}

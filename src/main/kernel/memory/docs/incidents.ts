import type { Attributes } from '../code/file-facts'
import { type FactsCollector, keyed, named as byName } from '../data/collect-facts'
import { contain, type Document, documentKey, fieldOf } from './document'
import { sectionItems, sectionText } from './document-text'

const CAUSE = /^(?:\d+[.)]\s*)?(?:root causes?|causes?|contributing factors|trigger|what (?:went wrong|happened)|five whys|analysis)\b/i
const COMMIT = /\b[0-9a-f]{7,40}\b/g

/** A postmortem: what went wrong, how badly, when, and what it was put down to. */
export function readIncident(facts: FactsCollector, document: Document): Attributes {
  const { path, text, title, named } = document
  const severity = fieldOf(document, /^(?:severity|sev|priority|impact level)$/i)[0] ?? /\b(SEV-?\d|P[0-4])\b/.exec(title)?.[1]
  const date = [...fieldOf(document, /^(?:date|started|start(?: time)?|detected|when)$/i), path, title]
    .map((candidate) => /\d{4}-\d{2}-\d{2}/.exec(candidate)?.[0])
    .find((found) => found !== undefined)
  const [status] = fieldOf(document, /^status$/i)
  const [duration] = fieldOf(document, /^duration$/i)
  const services = fieldOf(document, /^(?:services?|affected(?: services?)?|components?|systems?)$/i).map((service) =>
    service.replaceAll('`', ''),
  )
  const cause = sectionText(text.sections, CAUSE)
  const actions = sectionItems(text.sections, /^(?:action items?|follow[- ]?ups?|remediation|next steps)\b/i)
  const attributes: Attributes = {
    ...(severity !== undefined && { severity: severity.slice(0, 40) }),
    ...(date !== undefined && { date }),
    ...(status !== undefined && { status: status.slice(0, 40) }),
    ...(duration !== undefined && { duration: duration.slice(0, 60) }),
    ...(services.length > 0 && { services }),
    ...(cause !== '' && { cause }),
    ...(actions.length > 0 && { actions }),
  }
  const line = text.sections.find(({ level }) => level > 0)?.line ?? 1
  const key = documentKey('incident', path)
  const name = (title === '' ? path.slice(path.lastIndexOf('/') + 1) : title).slice(0, 200)
  const endLine = text.sections.at(-1)?.endLine ?? line
  facts.declare(
    key,
    'incident',
    name,
    { line, endLine },
    `Incident ${name}`,
    attributes,
    cause === '' ? sectionText(text.sections, /^summary\b/i) : cause,
  )
  contain(facts, key, line)
  const causes = text.sections.filter((section) => CAUSE.test(section.title))
  for (const { target, line: at, confidence, method } of named) {
    const blamed = causes.some((section) => section.line <= at && section.endLine >= at)
    facts.relate(keyed(key), blamed ? 'caused_by' : 'references', target, at, blamed ? confidence * 0.9 : confidence * 0.8, method)
  }
  for (const service of services) {
    const [word = ''] = service.split(/\s/)
    if (/^[\w-]{3,60}$/.test(word))
      facts.relate(keyed(key), 'references', byName(word, 'service', 'deployment'), line, 0.7, 'affected service')
  }
  const commits = causes
    .flatMap((section) => section.lines.flatMap(({ text: row }) => row.match(COMMIT) ?? []))
    .filter((word) => /\d/.test(word) && /[a-f]/.test(word))
  return commits.length === 0 ? attributes : { ...attributes, commits: [...new Set(commits)].slice(0, 10) }
}

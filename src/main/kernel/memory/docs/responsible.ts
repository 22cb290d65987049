import { type FactsCollector, keyed, THE_FILE } from '../data/collect-facts'
import { type Document, fieldOf } from './document'

/** Mentions a person or team as documents name them; the key, or null for a plain name, which says nothing that could be found elsewhere. */
export function mentionPerson(
  facts: FactsCollector,
  written: string,
  line: number,
  kind: 'owner' | 'oncall' | 'reviewer' = 'owner',
): string | null {
  const email = /[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+/.exec(written.slice(0, 300))?.[0].toLowerCase()
  if (email !== undefined) {
    facts.mention(`author:${email}`, 'author', email, { line })
    return `author:${email}`
  }
  const handle =
    /(?:^|[\s([])(@[\w-]{1,60}(?:\/[\w.-]{1,60})?)/.exec(written.slice(0, 300))?.[1] ?? /^#[\w-]{2,60}$/.exec(written.trim())?.[0]
  if (handle === undefined) return null
  facts.mention(`${kind}:${handle}`, kind, handle, { line })
  return `${kind}:${handle}`
}

/** "Owner: @team", "On-call: @team", "Reviewers: @ann" at the top of a document. */
export function readResponsible(facts: FactsCollector, document: Document): void {
  const roles = [
    [/^(?:owners?|owned by|maintainers?|team|service owner)$/i, 'owner'],
    [/^(?:on[- ]?call|pager|pagerduty|escalation(?: contact)?|primary on[- ]?call)$/i, 'oncall'],
    [/^(?:reviewers?|reviewed by)$/i, 'reviewer'],
  ] as const
  for (const [name, kind] of roles) {
    for (const written of fieldOf(document, name)) {
      const key = mentionPerson(facts, written, 1, kind)
      if (key !== null) facts.relate(THE_FILE, 'owned_by', keyed(key), 1, 0.9, `${kind} named in a document`)
    }
  }
}

import { FactsCollector, keyed, THE_FILE } from '../data/collect-facts'
import type { ExtraFacts, FactsSource } from '../facts-source'
import { containedInFile } from '../infra/contained-facts'
import { readYaml, unreadable, type YamlValue } from '../infra/yaml-documents'
import { OWNER_FILES, ownerKey, readOwnerRules } from './code-owners'

const MAX_PEOPLE = 200
const EMAIL = /[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+/
const PERSON = /^\s*(?:[-*+]\s+)?(?:"?([^"<>@\n]{0,80}?)"?\s*)?<?([\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+)>?/
const HANDLE = /(?<![\w/@.])@[\w-]{1,60}(?:\/[\w.-]{1,60})?(?![\w.]*@)/g

/** Owners as the rules declare them; which files they own is asked of the repository as a whole. */
export const ownerRules: FactsSource = {
  id: 'codeowners',
  claims: (path) => OWNER_FILES.includes(path),
  read({ text }): ExtraFacts {
    const facts = new FactsCollector()
    const counts = new Map<string, number>()
    const rules = readOwnerRules(text)
    for (const owner of rules.flatMap(({ owners }) => owners)) counts.set(owner, (counts.get(owner) ?? 0) + 1)
    for (const { owners, line } of rules) {
      for (const owner of owners) {
        const attributes = { rules: counts.get(owner) ?? 0, team: owner.includes('/') }
        facts.declare(ownerKey(owner), 'owner', owner, { line }, owner, attributes)
      }
    }
    return containedInFile(facts.facts({ fileAttributes: { rules: rules.length } }))
  },
}

/** package.json: authors, contributors and maintainers. */
export const packagePeople: FactsSource = {
  id: 'json',
  claims: (path) => /(?:^|\/)(?:package|composer)\.json$/.test(path),
  read({ text }): ExtraFacts {
    const facts = new FactsCollector()
    // JSON is YAML, and this gives lines.
    if (!/"(?:author|authors|contributors|maintainers)"/.test(text)) return facts.facts()
    const [root] = readYaml(text).roots
    for (const [field, owns] of [
      ['author', true],
      ['authors', true],
      ['maintainers', true],
      ['contributors', false],
    ] as const) {
      const value = root?.at(field) ?? null
      if (value === null) continue
      const people = value.isMap || value.text !== null ? [value] : value.items
      for (const person of people.slice(0, MAX_PEOPLE)) {
        const [, name, email] = PERSON.exec(person.text ?? `${person.textAt('name') ?? ''} <${person.textAt('email') ?? ''}>`) ?? []
        if (email !== undefined) relatePerson(facts, email, name ?? '', person.line, owns ? 'owned_by' : 'authored_by', field)
      }
    }
    return facts.facts()
  },
}

/** MAINTAINERS, AUTHORS and the like (people, one a line), OWNERS of Kubernetes (approvers and reviewers of a folder). */
export const peopleFiles: FactsSource = {
  id: 'people',
  claims: (path) => /(?:^|\/)(?:MAINTAINERS|AUTHORS|CONTRIBUTORS|OWNERS)(?:\.(?:md|txt|rst|ya?ml))?$/i.test(path),
  read({ path, text }): ExtraFacts {
    const facts = new FactsCollector()
    if (text.length > 1024 * 1024) throw unreadable('it has more than a million characters')
    const owns = /(?:MAINTAINERS|OWNERS)(?:\.\w+)?$/i.test(path)
    if (/OWNERS(?:\.ya?ml)?$/i.test(path) && /^(?:approvers|reviewers|emeritus_approvers|options|filters):/m.test(text)) {
      const [root] = readYaml(text).roots
      if (root !== undefined) readOwners(facts, root)
      return facts.facts()
    }
    let people = 0
    for (const [index, line] of text.split('\n').entries()) {
      if (people >= MAX_PEOPLE) break
      const row = line.slice(0, 500)
      const [, name, email] = (row.includes('@') && PERSON.exec(row.replace(/^\s*(?:M|R|L):\s*/, ''))) || []
      if (email !== undefined) {
        people += 1
        relatePerson(facts, email, name ?? '', index + 1, owns ? 'owned_by' : 'authored_by', 'person of a list')
      } else if (!row.startsWith('#!') && owns) {
        for (const handle of row.match(HANDLE) ?? []) {
          people += 1
          facts.mention(ownerKey(handle), 'owner', handle, { line: index + 1 })
          facts.relate(THE_FILE, 'owned_by', keyed(ownerKey(handle)), index + 1, 0.8, 'person of a list')
        }
      }
    }
    return facts.facts()
  },
}

/** catalog-info.yaml of Backstage, and service catalogues like it: who owns a component, what it is part of, and who is called at night. */
export const serviceCatalogue: FactsSource = {
  id: 'catalogue',
  claims: (path) => /(?:^|\/)(?:catalog-info|service-catalog|service\.datadog|opslevel)\.ya?ml$/i.test(path),
  read({ text }): ExtraFacts {
    const facts = new FactsCollector()
    const { roots, problem } = readYaml(text)
    if (problem !== null && roots.every((root) => !root.isMap)) throw unreadable(`line ${problem.line}: ${problem.message}`)
    for (const root of roots) readComponent(facts, root)
    return containedInFile(facts.facts())
  },
}

function readComponent(facts: FactsCollector, root: YamlValue): void {
  const name = root.textAt('metadata', 'name') ?? root.textAt('dd-service') ?? root.textAt('service', 'name') ?? root.textAt('name')
  if (name === null) return
  const type = root.textAt('kind') ?? 'Component'
  const line = (root.at('metadata', 'name') ?? root).line
  const isTeam = type === 'Group' || type === 'User'
  const key = isTeam ? `owner:${name}` : type === 'Component' ? `service:${name}` : `resource:${type}/${name}`
  const attributes = {
    type,
    ...optional('lifecycle', root.textAt('spec', 'lifecycle')),
    ...optional('componentType', root.textAt('spec', 'type')),
    ...optional('system', root.textAt('spec', 'system')),
    tags: root.textsAt('metadata', 'tags'),
  }
  const place = { line, endLine: root.endLine }
  facts.declare(
    key,
    isTeam ? 'owner' : type === 'Component' ? 'service' : 'resource',
    name,
    place,
    `${type} ${name}`,
    attributes,
    root.textAt('metadata', 'description') ?? '',
  )
  const owner = root.at('spec', 'owner') ?? root.at('team') ?? root.at('service', 'owner')
  if (owner?.text) {
    const owned = `owner:${reference(owner.text)}`
    facts.mention(owned, 'owner', reference(owner.text), { line: owner.line })
    facts.relate(keyed(key), 'owned_by', keyed(owned), owner.line, 1, 'service catalogue')
    facts.relate(THE_FILE, 'owned_by', keyed(owned), owner.line, 0.9, 'service catalogue')
  }
  for (const field of ['dependsOn', 'consumesApis', 'providesApis']) {
    for (const item of root.itemsAt('spec', field)) {
      if (item.text === null) continue
      const kind = /^resource:/i.test(item.text) ? 'resource:Resource' : field === 'dependsOn' ? 'service:' : 'resource:API'
      const target = kind === 'service:' ? `service:${reference(item.text)}` : `${kind}/${reference(item.text)}`
      facts.relate(keyed(key), 'depends_on', keyed(target), item.line, 0.95, 'service catalogue')
    }
  }
  for (const { name: annotation, key: at, value } of root.entriesAt('metadata', 'annotations')) {
    if (!/(?:pagerduty|opsgenie|victorops|on-?call)/i.test(annotation) || /key|token|secret/i.test(annotation) || !value?.text) continue
    const called = `oncall:${value.text.slice(0, 100)}`
    facts.mention(called, 'oncall', value.text.slice(0, 100), { line: at.line }, { system: annotation })
    facts.relate(keyed(key), 'owned_by', keyed(called), at.line, 0.9, 'on call')
  }
}

function readOwners(facts: FactsCollector, root: YamlValue): void {
  for (const [field, kind] of [
    ['approvers', 'owner'],
    ['reviewers', 'reviewer'],
  ] as const) {
    const lists = [root, ...root.entriesAt('filters').flatMap(({ value }) => value ?? [])]
    for (const item of lists.flatMap((list) => list.itemsAt(field)).slice(0, MAX_PEOPLE)) {
      if (item.text === null) continue
      const handle = EMAIL.test(item.text) ? item.text.toLowerCase() : `@${item.text.replace(/^@/, '')}`
      facts.mention(`${kind}:${handle}`, kind, handle, { line: item.line })
      facts.relate(THE_FILE, 'owned_by', keyed(`${kind}:${handle}`), item.line, 0.9, `${field} of a folder`)
    }
  }
}

function relatePerson(
  facts: FactsCollector,
  email: string,
  name: string,
  line: number,
  kind: 'owned_by' | 'authored_by',
  method: string,
): void {
  const key = `author:${email.toLowerCase()}`
  facts.mention(key, 'author', name.trim() === '' ? email : name.trim(), { line })
  facts.relate(THE_FILE, kind, keyed(key), line, 0.9, method)
}

/** `group:default/payments` is payments. */
function reference(written: string): string {
  return written.slice(written.lastIndexOf('/') + 1).replace(/^[a-z]+:/i, '')
}

function optional(name: string, text: string | null): Record<string, string> {
  return text === null ? {} : { [name]: text }
}

import type { Attributes } from '../code/file-facts'
import { FactsCollector, THE_FILE } from '../data/collect-facts'
import type { ExtraFacts, FactsSource } from '../facts-source'
import { folderOf } from '../infra/script-paths'
import { readYaml, unreadable } from '../infra/yaml-documents'
import { readDecision } from './decisions'
import type { Document } from './document'
import { documentKind } from './document-kind'
import { firstParagraph, readDocument } from './document-text'
import { readIncident } from './incidents'
import { codeTargets, linkTargets } from './named-things'
import { readResponsible } from './responsible'

const MAX_CHARACTERS = 2 * 1024 * 1024
const MAX_RELATIONS = 500
const MAX_HEADINGS = 40
const MAX_DOC_CHARACTERS = 300
const VERSION = /^\[?v?(\d+(?:\.\d+)+(?:[-+.\w]*)?)\]?|^(?:version|release)\s+v?(\d+(?:\.\d+)+\S*)/i

/** Markdown and its relatives: what a document is, what it names, and what was decided or went wrong. */
export const markdown: FactsSource = documents('markdown', /\.(?:md|mdx|markdown|mdc)$/i)
export const otherDocuments: FactsSource = documents(
  'text',
  /\.(?:rst|adoc|asciidoc)$|(?:^|\/)(?:README|CHANGELOG|CHANGES|HISTORY|NEWS)(?:\.txt)?$/,
)

function documents(id: string, claimed: RegExp): FactsSource {
  return {
    id,
    claims: (path) => claimed.test(path),
    read: ({ path, text }) => read(path, text),
  }
}

function read(path: string, source: string): ExtraFacts {
  if (source.length > MAX_CHARACTERS) throw unreadable(`it has more than ${MAX_CHARACTERS} characters`)
  const text = readDocument(source)
  const folder = folderOf(path)
  const kind = documentKind(path, text.sections)
  const frontMatter = text.frontMatter === '' ? null : (readYaml(text.frontMatter).roots[0] ?? null)
  const heading = text.sections.find(({ level }) => level > 0)
  const title = frontMatter?.textAt('title') ?? heading?.title ?? ''
  const named = [
    ...text.links.flatMap(({ href, line }) => linkTargets(folder, href).map((thing) => ({ ...thing, line }))),
    ...text.codes.flatMap(({ text: code, line }) => codeTargets(folder, code).map((thing) => ({ ...thing, line }))),
  ].filter(({ target }) => target.is !== 'path' || target.path !== path)
  const document: Document = { path, folder, title, text, frontMatter, named: named.slice(0, MAX_RELATIONS) }
  const facts = new FactsCollector()
  for (const { target, confidence, method, line } of document.named) facts.relate(THE_FILE, 'documents', target, line, confidence, method)
  readResponsible(facts, document)
  const special =
    kind === 'adr' || kind === 'rfc' ? readDecision(facts, document, kind) : kind === 'incident' ? readIncident(facts, document) : {}
  const headings = text.sections.flatMap((section) => (section.level > 0 && section.title !== '' ? [section.title] : []))
  const attributes: Attributes = {
    ...(title !== '' && { title: title.slice(0, 200) }),
    ...(headings.length > 0 && { headings: headings.slice(0, MAX_HEADINGS).map((each) => each.slice(0, 120)) }),
    ...(kind === 'changelog' && versionsOf(headings)),
    ...special,
  }
  const paragraph = firstParagraph(text.sections, MAX_DOC_CHARACTERS)
  const fileDoc = [title.slice(0, 200), paragraph].filter(Boolean).join(': ')
  // An incident has a node of its own; its file is a document.
  return facts.facts({ fileKind: kind === 'incident' ? 'doc' : kind, ...(fileDoc !== '' && { fileDoc }), fileAttributes: attributes })
}

function versionsOf(headings: readonly string[]): Attributes {
  const versions = headings.flatMap((heading) => {
    const [, plain, worded] = VERSION.exec(heading) ?? []
    return plain ?? worded ?? []
  })
  return versions.length === 0 ? {} : { latest: versions[0] ?? '', versions: versions.slice(0, 40) }
}

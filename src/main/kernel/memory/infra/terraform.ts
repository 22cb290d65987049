import type { NodeKind } from '../../../../shared/graph'
import type { Attributes } from '../code/file-facts'
import { FactsCollector, keyed, THE_FILE } from '../data/collect-facts'
import type { ExtraFacts, FactsSource } from '../facts-source'
import { containedInFile } from './contained-facts'
import { type HclBlock, readHcl } from './hcl-blocks'
import { mentionImage } from './image-name'
import { folderOf, repositoryPath } from './script-paths'
import { unreadable } from './yaml-documents'

const MAX_CHARACTERS = 1024 * 1024
/** First parts of paths that name something of the language. */
const OWN = new Set(['each', 'count', 'self', 'path', 'terraform', 'provider', 'dynamic'])
/** Texts that say what something is, and are no secret. */
const TOLD = new Set([
  'source',
  'version',
  'description',
  'type',
  'region',
  'provider',
  'engine',
  'runtime',
  'handler',
  'schedule_expression',
  'instance_type',
  'name',
  'bucket',
  'required_version',
])
const SECRET = /secret|password|token|key|credential/i

/** Terraform and OpenTofu. Names hold in a folder, so the keys of its blocks begin with it: `resource:infra/aws_s3_bucket.logs`, `resource:infra/var.region`. */
export const terraform: FactsSource = {
  id: 'terraform',
  claims: (path) => /\.(?:tf|tofu|hcl)$/i.test(path) && !/(?:^|\/)\.terraform(?:\.lock\.hcl$|\/)/.test(path),
  read({ path, text }): ExtraFacts {
    if (text.length > MAX_CHARACTERS) throw unreadable(`it has more than ${MAX_CHARACTERS} characters`)
    const { blocks, errorLine } = readHcl(text)
    if (errorLine !== null && blocks.length === 0) throw unreadable(`line ${errorLine}: braces do not match`)
    const facts = new FactsCollector()
    const folder = folderOf(path)
    for (const block of blocks) {
      if (block.type === 'locals') {
        for (const { name, line } of block.attributes)
          declare(facts, folder, `local.${name}`, 'resource', name, { line, endLine: line }, `local ${name}`, {})
        for (const use of block.references) refer(facts, folder, THE_FILE, use.path, use.line)
        continue
      }
      const name = nameOf(block)
      if (name === null) continue
      readBlock(facts, folder, block, name)
    }
    const types = [...new Set(blocks.map(({ type }) => type))]
    // Other programs have files of this format too.
    return containedInFile(facts.facts(facts.isEmpty && /\.hcl$/i.test(path) ? {} : { fileAttributes: { terraform: types } }))
  },
}

/** How the block is referred to in its folder; null for those that nothing refers to. */
function nameOf({ type, labels }: HclBlock): string | null {
  const [first, second] = labels
  if (type === 'resource' && first !== undefined && second !== undefined) return `${first}.${second}`
  if (type === 'data' && first !== undefined && second !== undefined) return `data.${first}.${second}`
  if (first === undefined || second !== undefined) return null
  if (type === 'variable') return `var.${first}`
  if (type === 'module' || type === 'output' || type === 'provider') return `${type}.${first}`
  return null
}

function keyOf(folder: string, name: string): string {
  return `resource:${folder === '' ? '' : `${folder}/`}${name}`
}

function declare(
  facts: FactsCollector,
  folder: string,
  name: string,
  kind: NodeKind,
  shown: string,
  place: { line: number; endLine: number },
  signature: string,
  attributes: Attributes,
  doc = '',
): void {
  facts.declare(keyOf(folder, name), kind, shown, place, signature, attributes, doc)
}

function readBlock(facts: FactsCollector, folder: string, block: HclBlock, name: string): void {
  const { type, labels } = block
  const texts = new Map(block.attributes.flatMap((attribute) => (attribute.text === null ? [] : [[attribute.name, attribute] as const])))
  const told = [...texts].flatMap(([field, { text }]) =>
    TOLD.has(field) && field !== 'description' && text !== null ? [[field, text.slice(0, 200)] as const] : [],
  )
  const repeated = block.attributes.some(({ name: field }) => field === 'for_each' || field === 'count')
  const attributes: Attributes = {
    block: type,
    ...(type === 'resource' || type === 'data' ? { resourceType: labels[0] ?? '' } : {}),
    ...Object.fromEntries(SECRET.test(name) ? told.filter(([field]) => field !== 'name') : told),
    ...(repeated && { repeated }),
    ...(type === 'variable' && { hasDefault: block.attributes.some(({ name: field }) => field === 'default') }),
  }
  const place = { line: block.line, endLine: block.endLine }
  const signature = `${type} ${labels.map((label) => `"${label}"`).join(' ')}`
  declare(facts, folder, name, 'resource', labels.at(-1) ?? name, place, signature, attributes, texts.get('description')?.text ?? '')
  const from = keyed(keyOf(folder, name))
  const source = texts.get('source')
  if (type === 'module' && source?.text) {
    const inside = /^\.{1,2}\//.test(source.text) ? repositoryPath(folder, source.text) : null
    if (inside !== null) facts.relate(from, 'depends_on', { is: 'path', path: `${inside}/main.tf` }, source.line, 0.9, 'source of a module')
    else if (!/^\.{1,2}\//.test(source.text)) {
      facts.mention(
        `package:terraform/${source.text}`,
        'package',
        source.text,
        { line: source.line },
        versionOf(texts.get('version')?.text ?? null),
      )
      facts.relate(from, 'depends_on', keyed(`package:terraform/${source.text}`), source.line, 1, 'source of a module')
    }
  }
  for (const inner of withInner(block)) {
    for (const { path, line } of inner.references) refer(facts, folder, from, path, line)
    for (const { name: field, text, line } of inner.attributes) {
      if (field !== 'image' && field !== 'image_uri') continue
      const image = text === null ? null : mentionImage(facts, text, line)
      if (image !== null) facts.relate(from, 'depends_on', keyed(image), line, 0.95, 'image of a resource')
    }
  }
}

function withInner(block: HclBlock): HclBlock[] {
  return [block, ...block.blocks.flatMap(withInner)]
}

function versionOf(version: string | null): Attributes {
  return version === null ? {} : { version }
}

function refer(facts: FactsCollector, folder: string, from: ReturnType<typeof keyed> | typeof THE_FILE, path: string, line: number): void {
  const [first = '', second = '', third = ''] = path.split('.')
  if (OWN.has(first) || second === '') return
  const name = first === 'data' ? `data.${second}.${third}` : `${first}.${second}`
  const isNamed = first === 'var' || first === 'local' || first === 'module' || first === 'data' || first.includes('_')
  const target = keyOf(folder, name)
  if (!isNamed || (from.is === 'key' && from.key === target)) return
  facts.relate(from, first === 'var' || first === 'local' ? 'reads' : 'depends_on', keyed(target), line, 0.95, 'reference of Terraform')
}

import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { ContentHash } from '../../../shared/ids'
import { Slices } from '../workspace/slices'

export interface BaseFile {
  readonly type: 'file'
  readonly mode: number
  readonly sizeBytes: number
  readonly hash: ContentHash
}
export interface BaseLink {
  readonly type: 'symlink'
  readonly target: string
  readonly hash: ContentHash
}
export interface BaseFolder {
  readonly type: 'directory'
  readonly mode: number
  /** An empty folder over which a dependency folder is mounted: no content of the workspace. */
  readonly mount: boolean
  readonly children: Map<string, BaseNode>
}
export type BaseNode = BaseFile | BaseLink | BaseFolder

/** What a frozen base holds, as a tree in memory: about 200 bytes a file. */
export interface BaseIndex {
  readonly root: BaseFolder
  readonly files: number
  /** Without the mount points. */
  readonly folders: number
  readonly notices: readonly string[]
  readonly mounts: readonly string[]
}

const Line = z.union([
  z.tuple([z.literal('f'), z.string(), z.number(), z.number(), ContentHash]),
  z.tuple([z.literal('l'), z.string(), z.string(), ContentHash]),
  z.tuple([z.literal('d'), z.string(), z.number()]),
  z.tuple([z.literal('m'), z.string(), z.number()]),
  z.tuple([z.literal('notice'), z.string()]),
])
type Line = z.infer<typeof Line>

/** Builds the tree in any order in which folders come before what they hold. */
export class BaseIndexBuilder {
  readonly root: BaseFolder = { type: 'directory', mode: 0o755, mount: false, children: new Map() }
  readonly notices: string[] = []
  readonly mounts: string[] = []
  #files = 0
  #folders = 0

  add(path: string, node: BaseNode): void {
    const slash = path.lastIndexOf('/')
    const parent = slash < 0 ? this.root : findNode(this.root, path.slice(0, slash))
    if (parent?.type !== 'directory') throw new Error(`base index: no folder for ${path}`)
    parent.children.set(path.slice(slash + 1), node)
    if (node.type !== 'directory') this.#files++
    else if (node.mount) this.mounts.push(path)
    else this.#folders++
  }

  finish(): BaseIndex {
    return { root: this.root, files: this.#files, folders: this.#folders, notices: this.notices, mounts: this.mounts }
  }
}

export function findNode(root: BaseFolder, path: string): BaseNode | null {
  let node: BaseNode = root
  if (path === '') return root
  for (const part of path.split('/')) {
    if (node.type !== 'directory') return null
    const next = node.children.get(part)
    if (next === undefined) return null
    node = next
  }
  return node
}

/** Every node with its path, folders before their children, names in code unit order: one order for one content. */
export function* walkBase(folder: BaseFolder, prefix = ''): Generator<[path: string, node: BaseNode]> {
  for (const name of [...folder.children.keys()].sort()) {
    const node = folder.children.get(name)
    if (node === undefined) continue
    yield [prefix + name, node]
    if (node.type === 'directory') yield* walkBase(node, `${prefix}${name}/`)
  }
}

/** Identity of a base: what it holds, without times and owners. */
export async function identifyBase(index: BaseIndex): Promise<ContentHash> {
  const slices = new Slices()
  const hash = createHash('sha256')
  for (const [path, node] of walkBase(index.root)) {
    if (slices.due()) await slices.rest()
    if (node.type === 'file') hash.update(`f ${node.mode.toString(8)} ${node.hash} ${JSON.stringify(path)}\n`)
    else if (node.type === 'symlink') hash.update(`l ${node.hash} ${JSON.stringify(path)}\n`)
    else hash.update(`${node.mount ? 'm' : 'd'} ${node.mode.toString(8)} ${JSON.stringify(path)}\n`)
  }
  return ContentHash.parse(hash.digest('hex'))
}

export async function writeBaseIndex(file: string, index: BaseIndex): Promise<void> {
  const out = createWriteStream(file, { flags: 'wx', flush: true })
  const failed = once(out, 'close')
  const slices = new Slices()
  const write = (line: Line) => out.write(`${JSON.stringify(line)}\n`)
  for (const notice of index.notices) write(['notice', notice])
  for (const [path, node] of walkBase(index.root)) {
    if (slices.due()) await slices.rest()
    if (node.type === 'file') write(['f', path, node.mode, node.sizeBytes, node.hash])
    else if (node.type === 'symlink') write(['l', path, node.target, node.hash])
    else write([node.mount ? 'm' : 'd', path, node.mode])
  }
  out.end()
  await failed
}

/** Throws ZodError or SyntaxError when the file is damaged, the file system's error when it is not there. */
export async function readBaseIndex(file: string): Promise<BaseIndex> {
  const builder = new BaseIndexBuilder()
  const slices = new Slices()
  const input = createReadStream(file)
  await once(input, 'open')
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (slices.due()) await slices.rest()
    const line = Line.parse(JSON.parse(text))
    if (line[0] === 'notice') builder.notices.push(line[1])
    else if (line[0] === 'f') builder.add(line[1], { type: 'file', mode: line[2], sizeBytes: line[3], hash: line[4] })
    else if (line[0] === 'l') builder.add(line[1], { type: 'symlink', target: line[2], hash: line[3] })
    else builder.add(line[1], { type: 'directory', mode: line[2], mount: line[0] === 'm', children: new Map() })
  }
  return builder.finish()
}

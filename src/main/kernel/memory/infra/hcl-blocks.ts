/** A block of HCL (`resource "aws_s3_bucket" "logs" { ... }`) with what it says directly; from 1, lines inclusive. */
export interface HclBlock {
  readonly type: string
  readonly labels: readonly string[]
  readonly line: number
  readonly endLine: number
  /** Direct attributes. A text is kept only when it is one plain string. */
  readonly attributes: readonly { readonly name: string; readonly line: number; readonly text: string | null }[]
  /** Paths of names anywhere in it: `aws_s3_bucket.logs.arn`, `var.region`, interpolations included. */
  readonly references: readonly { readonly path: string; readonly line: number }[]
  readonly blocks: readonly HclBlock[]
}

export interface HclFile {
  readonly blocks: readonly HclBlock[]
  /** Where braces do not match; null when all of it was read. */
  readonly errorLine: number | null
}

interface Open {
  readonly type: string
  readonly labels: readonly string[]
  readonly line: number
  /** False: an object, whose entries belong to the block around it. */
  readonly isBlock: boolean
  readonly attributes: { name: string; line: number; text: string | null }[]
  readonly references: { path: string; line: number }[]
  readonly blocks: HclBlock[]
}

const TOKEN =
  /(?<break>\n)|(?<skip>[ \t\r]+|#[^\n]*|\/\/[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/|$))|(?<heredoc><<-?\w+)|(?<string>"(?:[^"\\\n]|\\.)*"?)|(?<path>[A-Za-z_][\w-]*(?:\.(?:[A-Za-z_][\w-]*|\d+|\*)|\[(?:\d+|\*|"[^"\n]*")\])*)|(?<open>[{([])|(?<close>[})\]])|(?<assign>=(?![=>]))|(?<other>[^])/g
const INTERPOLATED = /[$%]\{([^}]*)/g
const PATH = /[A-Za-z_][\w-]*(?:\.(?:[A-Za-z_][\w-]*|\d+|\*)|\[(?:\d+|\*)\])+/g
const MAX_DEPTH = 200

/** Reads blocks, attributes and references; values are looked at only for the names in them. Linear in the size of the text. */
export function readHcl(text: string): HclFile {
  const root: Open = { type: '', labels: [], line: 1, isBlock: true, attributes: [], references: [], blocks: [] }
  const open: Open[] = [root]
  const around: string[] = []
  let line = 1
  let words: { text: string; quoted: boolean; line: number }[] = []
  let assigned: { name: string; line: number } | null = null
  let value: string[] = []
  const block = (): Open => open.findLast((candidate) => candidate.isBlock) ?? root
  const refer = (path: string): void => void (path.includes('.') && block().references.push({ path, line }))
  const end = (): void => {
    if (assigned !== null && (open.at(-1) ?? root).isBlock) {
      const [only] = value
      block().attributes.push({ ...assigned, text: value.length === 1 && only !== undefined ? only : null })
    }
    assigned = null
    value = []
    words = []
  }
  TOKEN.lastIndex = 0
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const groups = match.groups ?? {}
    const [token] = match
    if (groups['break'] !== undefined) {
      if (around.length === 0 || around.at(-1) === '{') end()
      line += 1
    } else if (groups['skip'] !== undefined) line += breaksIn(token)
    else if (groups['heredoc'] !== undefined) {
      const tag = token.replace(/^<<-?/, '')
      const stop = new RegExp(`^[ \\t]*${tag}[ \\t]*\\r?$`, 'm')
      const rest = text.slice(TOKEN.lastIndex)
      const found = stop.exec(rest)
      const body = rest.slice(0, found === null ? rest.length : found.index + found[0].length)
      for (const path of interpolations(body)) refer(path)
      value.push('', '')
      line += breaksIn(body)
      TOKEN.lastIndex += body.length
    } else if (groups['string'] !== undefined) {
      const inside = token.slice(1, token.endsWith('"') ? -1 : undefined)
      for (const path of interpolations(inside)) refer(path)
      if (assigned === null) words.push({ text: inside, quoted: true, line })
      else value.push(/[$%]\{/.test(inside) ? '' : inside, ...(/[$%]\{/.test(inside) ? [''] : []))
    } else if (groups['path'] !== undefined) {
      if (assigned === null) words.push({ text: token, quoted: false, line })
      else value.push('', '')
      refer(token.replaceAll(/\[[^\]]*\]/g, ''))
    } else if (groups['assign'] !== undefined) {
      const [first] = words
      if (assigned === null && first !== undefined && around.every((bracket) => bracket === '{'))
        assigned = { name: first.text, line: first.line }
      words = []
    } else if (groups['open'] !== undefined) {
      if (around.length >= MAX_DEPTH) return { blocks: root.blocks, errorLine: line }
      around.push(token)
      if (token !== '{') {
        value.push('', '')
        continue
      }
      const [first, ...labels] = words
      const isBlock = assigned === null && first !== undefined && !first.quoted && (open.at(-1) ?? root).isBlock
      open.push({
        type: isBlock ? first.text : '',
        labels: isBlock ? labels.map((label) => label.text) : [],
        line: first?.line ?? line,
        isBlock,
        attributes: [],
        references: [],
        blocks: [],
      })
      if (isBlock) {
        assigned = null
        value = []
        words = []
      } else value.push('', '')
    } else if (groups['close'] !== undefined) {
      const expected = token === '}' ? '{' : token === ')' ? '(' : '['
      if (around.pop() !== expected) return { blocks: root.blocks, errorLine: line }
      if (token !== '}') continue
      const closed = open.pop()
      if (closed === undefined || open.length === 0) return { blocks: root.blocks, errorLine: line }
      if (!closed.isBlock) continue
      if (assigned !== null)
        closed.attributes.push({ name: (assigned as { name: string }).name, line, text: value.length === 1 ? (value[0] ?? null) : null })
      assigned = null
      value = []
      words = []
      const { type, labels, attributes, references, blocks } = closed
      block().blocks.push({ type, labels, line: closed.line, endLine: line, attributes, references, blocks })
    } else value.push('', '')
  }
  end()
  return { blocks: root.blocks, errorLine: around.length === 0 ? null : line }
}

function interpolations(text: string): string[] {
  return [...text.matchAll(INTERPOLATED)].flatMap(([, inside = '']) => inside.match(PATH) ?? [])
}

function breaksIn(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1
  return count
}

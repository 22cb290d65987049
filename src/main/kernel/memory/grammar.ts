import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { Language, Parser } from 'web-tree-sitter'

const require = createRequire(import.meta.url)
const GRAMMARS = {
  typescript: 'tree-sitter-typescript/tree-sitter-typescript.wasm',
  tsx: 'tree-sitter-typescript/tree-sitter-tsx.wasm',
  javascript: 'tree-sitter-javascript/tree-sitter-javascript.wasm',
} as const
export type GrammarName = keyof typeof GRAMMARS

const CODE = /\.(?:([cm]?ts)|(tsx)|([cm]?jsx?))$/

/** Null for what is not TypeScript or JavaScript. */
export function grammarOf(path: string): GrammarName | null {
  const match = CODE.exec(path)
  if (match === null) return null
  if (match[1] !== undefined) return 'typescript'
  return match[2] === undefined ? 'javascript' : 'tsx'
}

/** One parser a grammar, from the WebAssembly files inside the grammars' own packages. */
export async function loadParsers(): Promise<Readonly<Record<GrammarName, Parser>>> {
  await Parser.init()
  const load = async (name: GrammarName) => {
    const parser = new Parser()
    parser.setLanguage(await Language.load(await readFile(require.resolve(GRAMMARS[name]))))
    return parser
  }
  return { typescript: await load('typescript'), tsx: await load('tsx'), javascript: await load('javascript') }
}

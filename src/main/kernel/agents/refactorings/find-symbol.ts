import type { HumanOption } from '../../../../shared/frames'
import type { SymbolRef, AgentApi } from '../agent-api'
import { editDistance } from '../task-language'
import { AgentStop, listed, plural, tryTool, useTool } from './agent-tools'
import { isCode, isTest } from './left-out-files'
import type { Declaration } from './parsed-source'
import type { SourceReader } from './source-reader'

export interface SymbolTarget extends SymbolRef {
  readonly name: string
  readonly declaration: Declaration
  /** Other symbols of this name in the workspace: words in prose may mean those. */
  readonly namesakes: number
}

type Candidate = Omit<SymbolTarget, 'namesakes'>

const MAX_FILES_READ = 40

/**
 * The declaration that a task's name means. Looks into memory first, then asks the language server, then searches the text;
 * what they say is checked against the files of this branch. Several candidates become a question. Throws AgentStop when
 * there is none (with the nearest names) or nobody chose.
 */
export async function findSymbol(
  reader: SourceReader,
  wanted: { name: string; file: string | null },
  purpose: string,
): Promise<SymbolTarget> {
  const { api } = reader
  const parts = wanted.name.split('.')
  const name = parts.at(-1) ?? wanted.name
  const containers = parts.slice(0, -1)
  const all = await declarationsInWorkspace(reader, name, wanted.file)
  const fitting = all.filter((candidate) => endsWith(candidate.declaration.containers, containers))
  const candidates = preferVisible(fitting)
  const [only] = candidates
  if (only === undefined) throw new AgentStop(await notFoundText(api, wanted, all))
  const namesakes = preferVisible(all).length - 1
  if (candidates.length === 1) return { ...only, namesakes }
  const chosen = await choose(api, wanted.name, purpose, candidates)
  return { ...chosen, namesakes }
}

/** Inside one file a dotted name may leave outer containers out. */
function endsWith(containers: readonly string[], wanted: readonly string[]): boolean {
  const tail = containers.slice(containers.length - wanted.length)
  return wanted.length <= containers.length && wanted.every((part, index) => tail[index] === part)
}

/** Locals and parameters only count when nothing else has the name. */
function preferVisible(candidates: readonly Candidate[]): Candidate[] {
  const visible = candidates.filter((candidate) => candidate.declaration.scope !== 'local')
  return visible.length > 0 ? visible : [...candidates]
}

async function declarationsInWorkspace(reader: SourceReader, name: string, file: string | null): Promise<Candidate[]> {
  const { api } = reader
  if (file !== null) return declarationsIn(reader, name, [(await reader.read(file)).path])
  const fromMemory = await tryTool(api, 'memory.find', { query: name, limit: 50 })
  const remembered = fromMemory.ok ? fromMemory.output.nodes.filter((node) => node.name === name).map((node) => node.path) : []
  const found = await declarationsIn(reader, name, remembered)
  if (found.length > 0) return found
  const fromServer = await tryTool(api, 'lsp.workspaceSymbols', { query: name })
  const served = fromServer.ok ? fromServer.output.symbols.filter((symbol) => symbol.name === name).map((symbol) => symbol.path) : []
  const foundByServer = await declarationsIn(reader, name, served)
  if (foundByServer.length > 0) return foundByServer
  // The last way to find it: when even this fails, the reason is told rather than that there is no such symbol.
  const { hits } = await useTool(api, 'code.search', { query: name, wholeWord: true, limit: 500 })
  return declarationsIn(
    reader,
    name,
    hits.map((hit) => hit.path),
  )
}

/** Overloads and merged declarations of one file are one symbol: the first is taken. */
async function declarationsIn(reader: SourceReader, name: string, paths: readonly string[]): Promise<Candidate[]> {
  const code = [...new Set(paths)].filter((path) => isCode(path) && !path.includes('node_modules/'))
  const candidates: Candidate[] = []
  for (const path of code.slice(0, MAX_FILES_READ).sort()) {
    const source = await reader.tryRead(path)
    if (source === null) continue
    const seen = new Set<string>()
    for (const declaration of await reader.syntaxOf(source).declarationsOf(name)) {
      const place = `${declaration.scope === 'local' ? declaration.line : declaration.scope} ${declaration.containers.join('.')}`
      if (seen.has(place)) continue
      seen.add(place)
      candidates.push({ name, path, line: declaration.line, column: declaration.column, declaration })
    }
  }
  return candidates
}

async function choose(api: AgentApi, name: string, purpose: string, candidates: readonly Candidate[]): Promise<Candidate> {
  const public_ = candidates.filter((candidate) => candidate.declaration.exported !== 'no' && !isTest(candidate.path))
  const byId = new Map(candidates.map((candidate) => [`${candidate.path}:${candidate.line}:${candidate.column}`, candidate]))
  const options: HumanOption[] = [...byId].map(([id, candidate]) => ({
    id,
    label: `${[...candidate.declaration.containers, candidate.name].join('.')} in ${candidate.path}`,
    detail: `${candidate.declaration.exported === 'no' ? '' : 'exported '}${candidate.declaration.kind}, line ${candidate.line}`,
    ...(public_.length === 1 && public_[0] === candidate ? { recommended: true } : {}),
  }))
  const body = `${plural(candidates.length, 'symbol')} of this name are declared in the workspace. Which one is meant?`
  const answer = await api.chooseOption(`${purpose}: which ${name}?`, body, options)
  if (answer.decision === 'deny') throw new AgentStop(`Nobody chose which ${name} is meant. Nothing was changed.`)
  const chosen = byId.get(answer.optionId ?? '')
  if (chosen !== undefined) return chosen
  const places = [...byId.values()].map((candidate) => candidate.path)
  throw new AgentStop(`${name} is declared in ${listed(places, 6)}. Say which one with “in FILE”. Nothing was changed.`)
}

async function notFoundText(api: AgentApi, wanted: { name: string; file: string | null }, others: readonly Candidate[]): Promise<string> {
  const where = wanted.file === null ? 'in the workspace' : `in ${wanted.file}`
  if (others.length > 0) {
    const names = others.map((other) => [...other.declaration.containers, other.name].join('.'))
    return `There is no ${wanted.name} ${where}. There is ${listed([...new Set(names)], 5)}.`
  }
  const near = await nearestNames(api, wanted.name.split('.').at(-1) ?? wanted.name)
  return `There is no symbol ${wanted.name} ${where}.${near.length > 0 ? ` Did you mean ${listed(near, 5)}?` : ''}`
}

async function nearestNames(api: AgentApi, name: string): Promise<string[]> {
  const reply = await tryTool(api, 'memory.find', { query: name, limit: 50 })
  if (!reply.ok) return []
  const names = new Set(reply.output.nodes.filter((node) => node.kind !== 'file' && node.kind !== 'module').map((node) => node.name))
  const lower = name.toLowerCase()
  return [...names]
    .map((candidate) => ({ candidate, distance: editDistance(candidate.toLowerCase(), lower) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, name.length / 3) || candidate.toLowerCase().includes(lower))
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 5)
    .map(({ candidate }) => candidate)
}

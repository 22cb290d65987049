import { defineTool, type ToolSpec } from '../../driver'
import type { ExternalPlaces, Location, OccurrenceKind } from '../../schemas/lsp'
import { ToolSchemas } from '../../schemas'
import { LspHover, LspLocations, readAnswer } from './answers'
import { enrich, excerptAt, type Located, type Place } from './enriched-locations'
import { readsFile } from './requested-paths'
import { nameAt } from './source-lines'
import { type Asking, DEFAULT_TIMEOUT_MS, isRefusal, type LspToolHost, positionParams } from './tool-host'

const MAX_SHOWN = 100

type PlaceTool = 'lsp.definition' | 'lsp.declaration' | 'lsp.typeDefinition' | 'lsp.implementation'

const PLACES: readonly { name: PlaceTool; request: string; what: string; description: string; kind?: OccurrenceKind }[] = [
  {
    name: 'lsp.definition',
    request: 'textDocument/definition',
    what: 'definition',
    description: 'Where the symbol at a position is defined, with the lines around.',
  },
  {
    name: 'lsp.declaration',
    request: 'textDocument/declaration',
    what: 'declaration',
    description: 'Where the symbol at a position is declared: in C a prototype, elsewhere mostly its definition.',
    kind: 'declaration',
  },
  {
    name: 'lsp.typeDefinition',
    request: 'textDocument/typeDefinition',
    what: 'type',
    description: 'Where the type of the expression at a position is defined.',
    kind: 'definition',
  },
  {
    name: 'lsp.implementation',
    request: 'textDocument/implementation',
    what: 'implementation',
    description: 'What implements the interface, trait or abstract method at a position.',
    kind: 'definition',
  },
]

/** Questions about one position: where is it defined, who uses it, what is it. */
export function locateTools(host: LspToolHost): ToolSpec[] {
  return [
    ...PLACES.map(({ name, request, what, description, kind }) =>
      defineTool({
        name,
        description,
        ...ToolSchemas[name],
        capabilities: readsFile,
        effect: 'pure',
        timeoutMs: DEFAULT_TIMEOUT_MS,
        execute: (args, call) =>
          host.ask(call, args.path, async (asking) => {
            const found = await places(asking, request, positionParams(asking.paths, args))
            const output = await enrich(asking, found, kind === undefined ? { origins: found } : { kind })
            return { output, text: describe(output, what) }
          }),
      }),
    ),
    defineTool({
      name: 'lsp.references',
      description: 'Every use of the symbol at a position in all files of the workspace, and what each does: call, write, import, ...',
      ...ToolSchemas['lsp.references'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, args.path, async (asking) => {
          await asking.openMentions(nameAt((await asking.readText(args.path)).text, args))
          const at = positionParams(asking.paths, args)
          const includeDeclaration = args.includeDeclaration ?? true
          const found = await places(asking, 'textDocument/references', { ...at, context: { includeDeclaration } })
          const output = await enrich(asking, found, { origins: await originsOf(asking, at) })
          return { output, text: describe(output, 'reference') }
        }),
    }),
    defineTool({
      name: 'lsp.hover',
      description: 'Type and documentation of the symbol at a position.',
      ...ToolSchemas['lsp.hover'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, args.path, async (asking) => {
          const answer = await asking.connection.ask('textDocument/hover', positionParams(asking.paths, args), asking.request)
          const contents = readAnswer(LspHover, answer, 'hover')?.contents ?? []
          const parts = (Array.isArray(contents) ? contents : [contents]).map((part) => (typeof part === 'string' ? part : part.value))
          const text = parts.join('\n').trim() || null
          const sources = text === null ? [] : await excerptAt(asking, args)
          return { output: { text, ...(sources.length === 0 ? {} : { sources }) }, text: text ?? 'Nothing is known about this position.' }
        }),
    }),
  ]
}

async function places(asking: Asking, request: string, params: unknown): Promise<Place[]> {
  return readAnswer(LspLocations, await asking.connection.ask(request, params, asking.request), request)
}

/** Definition and declaration together; a server that has nothing to say about them leaves the text to tell. */
async function originsOf(asking: Asking, at: ReturnType<typeof positionParams>): Promise<Place[]> {
  const found: Place[] = []
  for (const request of ['textDocument/definition', 'textDocument/declaration']) {
    if (!asking.connection.capabilities.has(request)) continue
    try {
      found.push(...(await places(asking, request, at)))
    } catch (error) {
      if (!isRefusal(error)) throw error
    }
  }
  return found
}

function describe({ locations, external }: Located, what: string): string {
  const outside = external === undefined ? [] : [describeExternal(external)]
  if (locations.length === 0) return [`No ${what} found in the workspace.`, ...outside].join('\n')
  const lines = locations.slice(0, MAX_SHOWN).map(describeLocation)
  if (locations.length > MAX_SHOWN) lines.push(`... and ${locations.length - MAX_SHOWN} more`)
  return [...lines, ...outside].join('\n')
}

function describeLocation(location: Location): string {
  const kind = location.kind === undefined ? '' : ` [${location.kind}]`
  return `${location.path}:${location.startLine}:${location.startColumn}${kind} ${location.context}`
}

export function describeExternal(external: ExternalPlaces): string {
  return `Outside of the workspace: ${external.count} in ${external.files.slice(0, 5).join(', ')}${external.files.length > 5 ? ', ...' : ''}`
}

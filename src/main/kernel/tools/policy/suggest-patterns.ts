import { isIP } from 'node:net'
import type { GrantPattern, PolicyDecision } from '../../../../shared/policy'
import type { CommandParser, StartedProgram } from './command-programs'
import { literalPattern } from './grant-patterns'
import { endpointResource } from './policy-resources'
import { programsToPermit } from './role-decisions'
import { UNKNOWN_PIECE } from './shell-words'

/** How much a pattern opens: those of a lower rank are offered first. */
interface Offer extends GrantPattern {
  readonly rank: number
}

const MOST_OFFERS = 12
const LONGEST_LINE = 200

/** What a person may be offered to permit, the narrowest sensible first. Decisions that were made already are not offered again. */
export function suggestPatterns(decisions: readonly PolicyDecision[], parse: CommandParser): GrantPattern[] {
  const asked = decisions.filter(({ outcome }) => outcome === 'ask')
  const offers = [...asked.flatMap((decision) => offersFor(decision, parse)), ...commonFolders(asked)]
  const unique = new Map(offers.sort((a, b) => a.rank - b.rank).map((offer) => [`${offer.action} ${offer.pattern}`, offer]))
  return [...unique.values()]
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MOST_OFFERS)
    .map(({ action, pattern }) => ({ action, pattern }))
}

function offersFor(decision: PolicyDecision, parse: CommandParser): Offer[] {
  const { action, resource } = decision
  switch (action) {
    case 'fs.read':
    case 'fs.write':
    case 'fs.exec':
      return pathOffers(resource).map((offer) => ({ action, ...offer }))
    case 'process.spawn':
      return (programsToPermit(decision) ?? parse(resource)).flatMap(programOffers).map((offer) => ({ action, ...offer }))
    case 'net.egress':
      return endpointOffers(resource).map((offer) => ({ action, ...offer }))
    case 'net.ingress':
      return [{ action, pattern: resource, rank: 0 }, ...(Number(resource) >= 1024 ? [{ action, pattern: '1024-65535', rank: 2 }] : [])]
    case 'tool.use': {
      const family = /^([^.*\\]+)\.[^*\\]+$/u.exec(resource)?.[1]
      return [
        { action, pattern: literalPattern(resource), rank: 0 },
        ...(family === undefined ? [] : [{ action, pattern: `${family}.*`, rank: 2 }]),
      ]
    }
    case 'process.trace':
      return [{ action, pattern: 'processes', rank: 0 }]
  }
}

type Pattern = Pick<Offer, 'pattern' | 'rank'>

function pathOffers(path: string): Pattern[] {
  const parts = path.split('/').map(literalPattern)
  const name = path.slice(path.lastIndexOf('/') + 1)
  const extension = /[^.]\.([A-Za-z0-9]+)$/u.exec(name)?.[1]
  const offers: Pattern[] = [{ pattern: parts.join('/'), rank: 0 }]
  if (parts.length > 1) offers.push({ pattern: `${parts.slice(0, -1).join('/')}/**`, rank: 1 })
  if (parts.length > 2) offers.push({ pattern: `${parts[0] ?? ''}/**`, rank: 3 })
  if (extension !== undefined) offers.push({ pattern: `**/*.${extension}`, rank: 4 })
  return offers
}

/** One pattern for several files of the same action. */
function commonFolders(decisions: readonly PolicyDecision[]): Offer[] {
  return (['fs.read', 'fs.write', 'fs.exec'] as const).flatMap((action) => {
    const folders = decisions.filter((decision) => decision.action === action).map(({ resource }) => resource.split('/').slice(0, -1))
    const [first, ...others] = folders
    if (first === undefined || others.length === 0) return []
    const length = first.findIndex((part, index) => others.some((other) => other[index] !== part))
    const common = length === -1 ? first : first.slice(0, length)
    return common.length === 0 ? [] : [{ action, pattern: `${common.map(literalPattern).join('/')}/**`, rank: 2 }]
  })
}

/** None for a program that is not known, or whose name may be found elsewhere than it seems: such a call can be permitted once only. */
function programOffers({ name, line, known, byPath }: StartedProgram): Pattern[] {
  const [program = '', first = ''] = line.split(' ')
  const isPath = program.includes('/')
  if (!known || (byPath && !isPath) || program.includes(UNKNOWN_PIECE) || /["'$`]/u.test(program)) return []
  const offers: Pattern[] = []
  if (line.includes(' ') && line.length <= LONGEST_LINE && !line.includes(UNKNOWN_PIECE))
    offers.push({ pattern: literalPattern(line), rank: 0 })
  if (/^[a-z][\w:.-]*$/iu.test(first)) offers.push({ pattern: `${literalPattern(`${program} ${first}`)}*`, rank: 1 })
  offers.push(byPath ? { pattern: `${literalPattern(program)}*`, rank: 2 } : { pattern: literalPattern(name), rank: 2 })
  return offers
}

function endpointOffers(resource: string): Pattern[] {
  const endpoint = endpointResource(resource)
  if (!endpoint.ok) return []
  const { host, port } = endpoint.entity
  const offers: Pattern[] = [{ pattern: endpoint.canonical, rank: 0 }]
  const labels = host.split('.')
  if (isIP(host) === 0 && labels.length > 2) offers.push({ pattern: `*.${labels.slice(1).join('.')}:${port}`, rank: 2 })
  return offers
}

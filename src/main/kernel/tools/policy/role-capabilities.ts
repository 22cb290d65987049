import { PolicyAction, type PolicyOutcome, type RoleCapability, type RoleLimits } from '../../../../shared/policy'
import type { CommandParser } from './command-programs'
import { termsOf } from './condition-terms'
import { decidePaths } from './path-decisions'
import type { Verdict } from './policy-set'
import { decideRequest, type PoliciesInForce } from './role-decisions'
import type { RoleDefinition } from './role-files'

type Example = RoleCapability['examples'][number]

const MOST_EXAMPLES = 8
const LONGEST_LIST = 40
/** No policy names it, so it shows what holds for programs that none names. */
const ANY_PROGRAM = 'any-other-program'
const ANY_HOST = 'any-other-host.example:443'
const ANY_TOOL = 'any.other-tool'

/** "What could this role do?", each line decided for real. `files`: all files of the workspace. */
export function roleCapabilities(
  role: RoleDefinition,
  force: PoliciesInForce,
  files: readonly string[],
  parse: CommandParser,
): RoleCapability[] {
  const decide = (action: PolicyAction, resource: string): Example => {
    const { outcome, policies } = decideRequest({ action, resource }, force, parse)
    return { resource, outcome, policies }
  }
  const capabilities = PolicyAction.options.map((action): RoleCapability => {
    const { how, title } = WORDS[action]
    const enforcedBy = force.enforcedBy(action)
    return { action, title, enforcedBy, how: how[enforcedBy], ...answer(action, force, files, decide) }
  })
  return [...capabilities, limitsOf(role.limits)]
}

function answer(
  action: PolicyAction,
  force: PoliciesInForce,
  files: readonly string[],
  decide: (action: PolicyAction, resource: string) => Example,
): Pick<RoleCapability, 'outcome' | 'detail' | 'examples'> {
  const names = namedBy(force, action)
  switch (action) {
    case 'fs.read':
    case 'fs.write':
    case 'fs.exec':
      return pathAnswer(action, force, files, decide)
    case 'process.spawn':
      return listAnswer(
        names('program').map((name) => decide(action, name)),
        decide(action, ANY_PROGRAM),
        'program',
      )
    case 'process.trace':
      return listAnswer([], decide(action, 'processes'), 'process of its own')
    case 'net.egress': {
      const hosts = names('host').filter((host) => !host.includes('*'))
      const patterns = names('host')
        .filter((host) => host.startsWith('*.'))
        .map((host) => host.replace('*', 'any'))
      const ports = [...new Set([...names('port').filter((port) => /^\d+$/u.test(port)), '443'])].sort()
      const named = [...hosts, ...patterns].flatMap((host) => {
        const tried = ports.map((port) => decide(action, `${host}:${port}`))
        const allowed = tried.filter(({ outcome }) => outcome === 'allow')
        return allowed.length > 0 ? allowed : tried.slice(-1)
      })
      const closed = ['169.254.169.254:80', '127.0.0.1:80', '10.0.0.1:443'].map((host) => decide(action, host))
      return listAnswer([...named, ...closed], decide(action, ANY_HOST), 'host')
    }
    case 'net.ingress':
      return portAnswer(names('number').map(Number), decide)
    case 'tool.use':
      return listAnswer(
        names('name')
          .filter((name) => !name.includes('*'))
          .map((name) => decide(action, name)),
        decide(action, ANY_TOOL),
        'tool',
      )
  }
}

/** Texts that conditions of the action's policies compare an attribute with. */
function namedBy(force: PoliciesInForce, action: PolicyAction): (attribute: string) => string[] {
  const policies = [...force.own.policies, ...(force.granted?.policies ?? [])].filter((policy) => policy.actions.has(action))
  const terms = termsOf(policies)
  return (attribute) => [...new Set(terms.filter((term) => term.attribute === attribute).flatMap((term) => term.names))].sort()
}

function pathAnswer(
  action: Extract<PolicyAction, `fs.${string}`>,
  force: PoliciesInForce,
  files: readonly string[],
  decide: (action: PolicyAction, resource: string) => Example,
): Pick<RoleCapability, 'outcome' | 'detail' | 'examples'> {
  const verdicts = decidePaths(action, files, force)
  const count = (outcome: PolicyOutcome): number => verdicts.filter((verdict) => verdict.outcome === outcome).length
  const [allowed, asked, denied] = [count('allow'), count('ask'), count('deny')]
  const total = files.length
  const others = [asked > 0 ? `${number(asked)} would be asked about` : '', denied > 0 ? `${number(denied)} are forbidden` : ''].filter(
    Boolean,
  )
  // Git's own files are not listed with the workspace's, yet are what a policy most often forbids.
  const hidden = action === 'fs.write' ? [decide(action, '.git/hooks/pre-commit')] : []
  if (total === 0) {
    const any = decide(action, 'any-file')
    return { outcome: OUTCOME_OF_ALL[any.outcome], detail: 'The workspace holds no files.', examples: [any, ...hidden] }
  }
  const of = allowed === total ? `all ${number(total)} files` : `${number(allowed)} of ${number(total)} files`
  const outcome =
    allowed === total && hidden.every((example) => example.outcome === 'allow') ? 'all' : allowed > 0 ? 'some' : asked > 0 ? 'ask' : 'none'
  return { outcome, detail: [of, ...others].join('; '), examples: [...examplesOf(files, verdicts), ...hidden].slice(0, MOST_EXAMPLES) }
}

const OUTCOME_OF_ALL = { allow: 'all', deny: 'none', ask: 'ask' } as const

/** The first path of each kind of verdict. */
function examplesOf(files: readonly string[], verdicts: readonly Verdict[]): Example[] {
  const kinds = new Map<string, Example>()
  for (const [index, verdict] of verdicts.entries()) {
    const policies = verdict.determining.map(({ id }) => id)
    const kind = `${verdict.outcome} ${policies.join(' ')}`
    if (!kinds.has(kind)) kinds.set(kind, { resource: files[index] ?? '', outcome: verdict.outcome, policies })
  }
  return [...kinds.values()]
}

/** `any`: what holds for one that no policy names. */
function listAnswer(named: readonly Example[], any: Example, noun: string): Pick<RoleCapability, 'outcome' | 'detail' | 'examples'> {
  const of = (outcome: PolicyOutcome): string[] => named.filter((example) => example.outcome === outcome).map(({ resource }) => resource)
  const allowed = of('allow')
  const denied = of('deny')
  const examples = [
    ...named.filter(({ outcome }) => outcome === 'allow'),
    any,
    ...named.filter(({ outcome }) => outcome !== 'allow'),
  ].slice(0, MOST_EXAMPLES)
  if (any.outcome === 'allow') {
    return {
      outcome: denied.length === 0 ? 'all' : 'some',
      detail: denied.length === 0 ? `any ${noun}` : `any ${noun} but ${list(denied)}`,
      examples,
    }
  }
  const others = any.outcome === 'ask' ? `any other ${noun} would be asked about` : ''
  if (allowed.length > 0) return { outcome: 'some', detail: [list(allowed), others].filter(Boolean).join('; '), examples }
  return any.outcome === 'ask'
    ? {
        outcome: 'ask',
        detail: denied.length === 0 ? `any ${noun} would be asked about` : `any ${noun} would be asked about, but ${list(denied)}`,
        examples,
      }
    : { outcome: 'none', detail: `no ${noun}`, examples }
}

/** Comparisons change their answer only beside the numbers that they name. */
function portAnswer(
  boundaries: readonly number[],
  decide: (action: PolicyAction, resource: string) => Example,
): Pick<RoleCapability, 'outcome' | 'detail' | 'examples'> {
  const starts = [...new Set([1, ...boundaries.flatMap((at) => [at, at + 1])])]
    .filter((port) => port >= 1 && port <= 65_535)
    .sort((a, b) => a - b)
  const ranges: { first: number; last: number; example: Example }[] = []
  for (const [index, first] of starts.entries()) {
    const example = decide('net.ingress', String(first))
    const last = (starts[index + 1] ?? 65_536) - 1
    const before = ranges.at(-1)
    if (before !== undefined && before.example.outcome === example.outcome) before.last = last
    else ranges.push({ first, last, example })
  }
  const text = (outcome: PolicyOutcome): string =>
    ranges
      .filter(({ example }) => example.outcome === outcome)
      .map(({ first, last }) => (first === last ? String(first) : `${first} to ${last}`))
      .join(', ')
  const outcomes = new Set(ranges.map(({ example }) => example.outcome))
  const examples = ranges.map(({ example }) => example).slice(0, MOST_EXAMPLES)
  if (!outcomes.has('allow'))
    return {
      outcome: outcomes.has('ask') ? 'ask' : 'none',
      detail: outcomes.has('ask') ? 'any port would be asked about' : 'no port',
      examples,
    }
  const asked = text('ask')
  return {
    outcome: outcomes.size === 1 ? 'all' : 'some',
    detail: `ports ${text('allow')}${asked === '' ? '' : `; ${asked} would be asked about`}`,
    examples,
  }
}

function limitsOf(limits: RoleLimits): RoleCapability {
  const parts = [
    `${size(limits.maxMemoryBytes)} of memory`,
    `${number(limits.maxCpuSeconds)} s of processor time`,
    `${number(limits.maxProcesses)} processes`,
    `${number(limits.maxOpenFiles)} open files`,
    `${size(limits.maxDiskBytes)} and ${number(limits.maxFiles)} files written`,
  ]
  return {
    action: 'process.spawn',
    title: 'Limits of what it starts',
    outcome: 'some',
    detail: parts.join(', '),
    examples: [],
    enforcedBy: 'system',
    how: 'Control groups where they are delegated; otherwise limits of each process and a watch over all of them, which can be overshot for a moment.',
  }
}

const BROKER_PATHS = 'Keyframe checks each call of a tool. Programs that the role may start reach the whole workspace.'
const NETWORK = 'The sandbox has no network but a proxy, which decides each connection by its name, port and resolved address.'

const WORDS: Record<PolicyAction, { readonly title: string; readonly how: Record<'system' | 'broker', string> }> = {
  'fs.read': {
    title: 'Read files',
    how: {
      system: 'Files that it may not read are not there inside the sandbox. Files made later are checked at each call of a tool.',
      broker: BROKER_PATHS,
    },
  },
  'fs.write': { title: 'Write files', how: { system: 'The workspace is mounted read-only.', broker: BROKER_PATHS } },
  'fs.exec': {
    title: 'Execute files of the workspace',
    how: { system: 'The workspace is mounted so that nothing in it can be executed.', broker: BROKER_PATHS },
  },
  'process.spawn': {
    title: 'Start programs',
    how: {
      system: '',
      broker: 'Keyframe reads each command line before it runs. What a permitted program starts by itself is only bounded by the sandbox.',
    },
  },
  'process.trace': { title: 'Trace other processes', how: { system: 'The system call filter.', broker: '' } },
  'net.egress': { title: 'Connect to', how: { system: NETWORK, broker: NETWORK } },
  'net.ingress': {
    title: 'Listen on ports',
    how: { system: "The branch's network is its own: nothing outside of the sandbox can connect to it.", broker: '' },
  },
  'tool.use': { title: 'Call tools', how: { system: '', broker: 'Keyframe checks each call.' } },
}

function list(names: readonly string[]): string {
  return names.length > LONGEST_LIST
    ? `${names.slice(0, LONGEST_LIST).join(', ')} and ${names.length - LONGEST_LIST} more`
    : names.join(', ')
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}

function size(bytes: number): string {
  const mebibytes = Math.round(bytes / 1024 ** 2)
  return mebibytes % 1024 === 0 ? `${number(mebibytes / 1024)} GB` : `${number(mebibytes)} MB`
}

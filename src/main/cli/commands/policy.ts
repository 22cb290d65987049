import type { KernelClient } from '../../../shared/contract/service'
import { PolicyAction, type PolicyDecision, type PolicyOverview, type RoleView } from '../../../shared/policy'
import { flag, repoFolder, requiredText, textOption } from '../arguments'
import {
  type Command,
  type CommandInput,
  EXIT,
  type ExitCode,
  JSON_HELP,
  JSON_OPTION,
  REPO_OPTION,
  type Terminal,
  UsageError,
} from '../command'
import { withKernel } from '../kernel-session'
import { dateTime, oneLine, printJson, printTable } from '../print'

type Part = (client: KernelClient, input: CommandInput, terminal: Terminal) => Promise<ExitCode>

const PARTS: Readonly<Record<string, Part>> = { check, list, show, grants, revoke }

export const command: Command = {
  usage:
    'policy check --role ROLE --action A --resource X [--json]\n       keyframe policy list|grants [--json]\n       keyframe policy show ROLE [--json]\n       keyframe policy revoke ID',
  options: {
    ...REPO_OPTION,
    role: { type: 'string' },
    action: { type: 'string' },
    resource: { type: 'string' },
    ...JSON_OPTION,
  },
  optionHelp: [
    ['--role ROLE', 'the role that asks'],
    ['--action A', PolicyAction.options.join(', ')],
    ['--resource X', 'a path of the workspace, a command line, HOST:PORT, a port, the name of a tool, or "processes"'],
    ['--repo R', 'the folder of the repository (the current one)'],
    JSON_HELP,
  ],
  maxPositionals: 2,
  async run(input, terminal) {
    const [name = ''] = input.positionals
    const part = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined
    if (part === undefined) throw new UsageError(`Say what to do: ${Object.keys(PARTS).join(', ')}.`)
    checkArguments(name, input)
    return withKernel({ repo: repoFolder(textOption(input, 'repo') ?? process.cwd()), log: terminal.err }, (client) =>
      part(client, input, terminal),
    )
  },
}

/** Before a kernel is started for nothing. */
function checkArguments(name: string, input: CommandInput): void {
  const wanted = name === 'show' ? 'the id of a role' : name === 'revoke' ? 'the id of a permission' : null
  const given = input.positionals[1]
  if (wanted !== null && given === undefined) throw new UsageError(`\`policy ${name}\` needs ${wanted}.`)
  if (wanted === null && given !== undefined) throw new UsageError(`Unexpected argument "${given}".`)
  if (name === 'check') checkedRequest(input)
}

function checkedRequest(input: CommandInput): { role: string; action: PolicyAction; resource: string } {
  const action = PolicyAction.safeParse(requiredText(input, 'action'))
  if (!action.success) throw new UsageError(`--action is one of ${PolicyAction.options.join(', ')}.`)
  return { role: requiredText(input, 'role'), action: action.data, resource: requiredText(input, 'resource') }
}

const SAID: Record<PolicyDecision['outcome'], string> = { allow: 'allowed', deny: 'denied', ask: 'a person is asked' }

async function check(client: KernelClient, input: CommandInput, terminal: Terminal): Promise<ExitCode> {
  const decision = await client.call('policy.check', checkedRequest(input))
  if (flag(input, 'json')) printJson(terminal, decision)
  else {
    terminal.out(`${SAID[decision.outcome]}: ${decision.action} ${oneLine(decision.resource)}`)
    terminal.out(`  ${oneLine(decision.reason, 1000)}`)
    terminal.out(`  policies: ${decision.policies.length === 0 ? 'none' : decision.policies.join(', ')}`)
    terminal.out(`  enforced by ${decision.enforcedBy === 'system' ? 'the operating system' : 'Keyframe before the call'}`)
  }
  return decision.outcome === 'allow' ? EXIT.done : EXIT.failed
}

async function list(client: KernelClient, input: CommandInput, terminal: Terminal): Promise<ExitCode> {
  const overview = await client.call('policy.get', {})
  if (flag(input, 'json')) printJson(terminal, overview)
  else {
    const rows = overview.roles.map(({ settings, source, policies }) => [
      settings.id,
      source,
      String(policies.length),
      settings.seccomp,
      oneLine(settings.summary),
    ])
    printTable(terminal, ['role', 'source', 'policies', 'system calls', 'summary'], rows)
    terminal.out(`\nYour own roles and permissions: ${overview.folder}`)
    for (const { path, reason } of overview.ignored) terminal.out(`ignored: ${oneLine(path)}: ${reason}`)
  }
  reportProblems(overview, terminal)
  return overview.problems.length === 0 ? EXIT.done : EXIT.failed
}

async function show(client: KernelClient, input: CommandInput, terminal: Terminal): Promise<ExitCode> {
  const id = input.positionals[1] ?? ''
  const capabilities = await client.call('policy.capabilities', { role: id })
  const overview = await client.call('policy.get', {})
  const role = overview.roles.find(({ settings }) => settings.id === id)
  if (role === undefined) throw new UsageError(`There is no role ${id}.`)
  if (flag(input, 'json')) printJson(terminal, { role, capabilities })
  else {
    terminal.out(`${role.settings.title} (${id}, ${role.path ?? role.source})\n${role.settings.summary}\n`)
    const rows = capabilities.map(({ title, detail, enforcedBy }) => [title, enforcedBy, oneLine(detail, 400)])
    printTable(terminal, ['capability', 'enforced by', 'answer'], rows)
    terminal.out(`\n${policyTexts(role)}`)
  }
  reportProblems(overview, terminal)
  return EXIT.done
}

function policyTexts(role: RoleView): string {
  return role.policies.map(({ id, text }) => `// ${id}\n${text}`).join('\n\n')
}

async function grants(client: KernelClient, input: CommandInput, terminal: Terminal): Promise<ExitCode> {
  const overview = await client.call('policy.get', {})
  if (flag(input, 'json')) printJson(terminal, overview.grants)
  else if (overview.grants.length === 0) terminal.out('Nothing is permitted beside the roles.')
  else {
    const rows = overview.grants.map(({ id, role, action, createdAtMs, pattern }) => [
      id,
      role,
      action,
      dateTime(createdAtMs),
      oneLine(pattern),
    ])
    printTable(terminal, ['id', 'role', 'action', 'since', 'pattern'], rows)
  }
  reportProblems(overview, terminal)
  return EXIT.done
}

async function revoke(client: KernelClient, input: CommandInput, terminal: Terminal): Promise<ExitCode> {
  const id = input.positionals[1] ?? ''
  await client.call('policy.revoke', { id })
  if (flag(input, 'json')) printJson(terminal, { revoked: id })
  else terminal.out(`${id} is revoked.`)
  return EXIT.done
}

function reportProblems(overview: PolicyOverview, terminal: Terminal): void {
  for (const { path, message } of overview.problems) terminal.err(`${path} is not in force: ${message}`)
}

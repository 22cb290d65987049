import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Schema } from '@cedar-policy/cedar-wasm/nodejs'
import { canonicalJson } from '../../../../shared/canonical-json'
import { KeyframeError, toFailure } from '../../../../shared/failure'
import type {
  PolicyAction,
  PolicyDecision,
  PolicyGrant,
  PolicyOverview,
  RoleCapability,
  RoleSettings,
  RoleView,
} from '../../../../shared/policy'
import type { EgressGate } from '../sandboxes/sandbox'
import { writeFileAtomically } from './atomic-file'
import type { ReadPolicy } from './cedar-text'
import { type CommandParser, loadCommandParser, unreadCommand } from './command-programs'
import { readGrantFile, writeGrantFile } from './grant-file'
import { makeGrant, readGrant } from './grants'
import { ignoredPolicyFiles } from './ignored-policy-files'
import type { Policies, RolePolicy } from './policies'
import { PolicySet } from './policy-set'
import { roleCapabilities } from './role-capabilities'
import { decideEndpoint, decideRequest, type PoliciesInForce } from './role-decisions'
import { defineRole, EVERY_ROLE, parseRoleSettings, readRoleFiles, readRoleText, type RoleDefinition } from './role-files'
import { enforcerOf, roleProfile } from './role-profile'
import { suggestPatterns } from './suggest-patterns'
import { canonicalHost } from './reserved-addresses'
import { watchFolders } from './watch-folders'

export interface PoliciesOptions {
  /** Folder of package.json and `resources/policies`. */
  readonly appRoot: string
  /** `<home>/policies`: the user's roles and grants. */
  readonly folder: string
  readonly now: () => number
  log(line: string): void
}

/** What was read from both folders. Replaced as a whole when something changed. */
interface Loaded {
  readonly roles: ReadonlyMap<string, LoadedRole>
  readonly grants: readonly PolicyGrant[]
  readonly problems: PolicyOverview['problems']
}

interface LoadedRole {
  readonly definition: RoleDefinition
  /** Those of every role and its own. */
  readonly own: PolicySet
  readonly lasting: readonly { readonly grant: PolicyGrant; readonly policy: ReadPolicy }[]
  /** Sets of lasting and run permissions, by their ids and texts. */
  readonly granted: Map<string, PolicySet | null>
}

const SHIPPED = ['coder', 'reviewer', 'code-analyzer', 'refactorer', 'deployer'] as const
const CACHED_GRANT_SETS = 64

export function createPolicies(options: PoliciesOptions): Policies {
  return new CedarPolicies(options)
}

class CedarPolicies implements Policies {
  readonly #options: PoliciesOptions
  readonly #schema: Schema
  readonly #everyRole: readonly ReadPolicy[]
  readonly #shipped: readonly RoleDefinition[]
  readonly #listeners = new Set<(reason: string) => void>()
  readonly #stopWatching: () => void
  #loaded: Loaded
  #parse: CommandParser = unreadCommand
  readonly #ready: Promise<void>

  constructor(options: PoliciesOptions) {
    this.#options = options
    const resources = join(options.appRoot, 'resources', 'policies')
    this.#schema = readFileSync(join(resources, 'keyframe.cedarschema'), 'utf8')
    const everyRole = join(resources, `${EVERY_ROLE}.cedar`)
    this.#everyRole = readRoleText(EVERY_ROLE, readFileSync(everyRole, 'utf8'), null, everyRole)
    this.#shipped = SHIPPED.map((id) => readRoleFiles(join(resources, 'roles', id), null, 'shipped'))
    this.#loaded = this.#load(null)
    this.#stopWatching = watchFolders(
      [options.folder, this.#rolesFolder],
      () => this.#reload('Files of the policy folder changed.', { onlyIfChanged: true }),
      options.log,
    )
    this.#ready = loadCommandParser().then((parse) => {
      this.#parse = parse
    })
    // Whoever awaits it sees the failure; nobody may be there yet.
    this.#ready.catch((thrown: unknown) => options.log(`policy: command lines cannot be read: ${toFailure(thrown).message}`))
  }

  get #rolesFolder(): string {
    return join(this.#options.folder, 'roles')
  }

  get #grantsPath(): string {
    return join(this.#options.folder, 'grants.json')
  }

  ready(): Promise<void> {
    return this.#ready
  }

  roleIds(): readonly string[] {
    return [...this.#loaded.roles.keys()]
  }

  role(id: string): RolePolicy {
    this.#role(id)
    return {
      id,
      limits: this.#role(id).definition.limits,
      decide: (request, runGrants) => {
        const force = this.#inForce(id, runGrants)
        return force === null ? gone(id, request.action, request.resource) : decideRequest(request, force, this.#parse)
      },
      profile: (files, runGrants) => roleProfile(this.#role(id).definition.settings, this.#forced(id, runGrants), files),
      egress: (runGrants) => this.#egress(id, runGrants),
      snapshot: () => this.#snapshot(id),
    }
  }

  overview(workspaceFiles: readonly string[]): PolicyOverview {
    const { roles, grants, problems } = this.#loaded
    return {
      roles: [...roles.values()].map((role) => this.#view(role)),
      grants: [...grants],
      folder: this.#options.folder,
      ignored: ignoredPolicyFiles(workspaceFiles),
      problems: [...problems],
    }
  }

  check(role: string, action: PolicyAction, resource: string): PolicyDecision {
    return this.role(role).decide({ action, resource }, [])
  }

  capabilities(role: string, files: readonly string[]): RoleCapability[] {
    const { definition } = this.#role(role)
    return roleCapabilities(definition, this.#forced(role, []), files, this.#parse)
  }

  suggest(decisions: readonly PolicyDecision[]) {
    return suggestPatterns(decisions, this.#parse)
  }

  grant(role: string, pattern: Parameters<Policies['grant']>[1], scope: PolicyGrant['scope'], atMs: number): PolicyGrant {
    this.#role(role)
    const grant = makeGrant(role, pattern, scope, atMs, this.#schema)
    if (scope !== 'always') return grant
    const known = this.#loaded.grants.find(({ id }) => id === grant.id)
    if (known !== undefined) return known
    this.#writeGrants((grants) => [...grants.filter(({ id }) => id !== grant.id), grant])
    return grant
  }

  saveRole(settings: RoleSettings, text: string): RoleView {
    const { id } = settings
    this.#refuseShipped(id)
    const base = join(this.#rolesFolder, id)
    const valid = parseRoleSettings(JSON.stringify(settings), `${base}.json`)
    defineRole(valid, text, this.#schema, { source: 'user', path: `${base}.cedar` })
    writeFileAtomically(`${base}.cedar`, text)
    writeFileAtomically(`${base}.json`, `${JSON.stringify(valid, null, 2)}\n`)
    this.#reload(`The role ${id} was saved.`)
    return this.#view(this.#role(id))
  }

  removeRole(role: string): void {
    this.#refuseShipped(role)
    const files = this.#userRoleIds().includes(role) ? [`${role}.json`, `${role}.cedar`] : []
    if (files.length === 0) throw unknownRole(role, this.roleIds())
    for (const file of files) rmSync(join(this.#rolesFolder, file), { force: true })
    this.#reload(`The role ${role} was removed.`)
  }

  saveGrant(id: string, text: string): void {
    this.#writeGrants((grants) => {
      const grant = grants.find((candidate) => candidate.id === id)
      if (grant === undefined) throw unknownGrant(id)
      readGrant({ ...grant, text }, this.#schema)
      return grants.map((candidate) => (candidate.id === id ? { ...candidate, text } : candidate))
    })
  }

  revoke(id: string): void {
    this.#writeGrants((grants) => {
      if (!grants.some((grant) => grant.id === id)) throw unknownGrant(id)
      return grants.filter((grant) => grant.id !== id)
    })
  }

  onChange(listener: (reason: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  dispose(): Promise<void> {
    this.#stopWatching()
    this.#listeners.clear()
    for (const role of this.#loaded.roles.values()) disposeRole(role)
    return Promise.resolve()
  }

  /** The file is read again first: another kernel may have written it. */
  #writeGrants(change: (grants: readonly PolicyGrant[]) => readonly PolicyGrant[]): void {
    writeGrantFile(this.#grantsPath, change(readGrantFile(this.#grantsPath)))
    this.#reload('Permissions changed.')
  }

  #refuseShipped(id: string): void {
    if (id !== EVERY_ROLE && !this.#shipped.some(({ settings }) => settings.id === id)) return
    throw new KeyframeError({
      code: 'policy.shipped-role',
      message: `${id} is shipped with Keyframe and cannot be changed.`,
      action: 'Save a copy of it under another id.',
    })
  }

  #role(id: string): LoadedRole {
    const role = this.#loaded.roles.get(id)
    if (role === undefined) throw unknownRole(id, this.roleIds())
    return role
  }

  #view({ definition, own }: LoadedRole): RoleView {
    const { settings, limits, source, path, text } = definition
    return {
      settings,
      limits,
      source,
      path,
      text,
      policies: own.policies.map(({ id, effect, text, note }) => ({ id, effect, text, note })),
    }
  }

  #forced(id: string, runGrants: readonly PolicyGrant[]): PoliciesInForce {
    const force = this.#inForce(id, runGrants)
    if (force === null) throw unknownRole(id, this.roleIds())
    return force
  }

  /** Null when the role has gone since. */
  #inForce(id: string, runGrants: readonly PolicyGrant[]): PoliciesInForce | null {
    const role = this.#loaded.roles.get(id)
    if (role === undefined) return null
    const { definition, own } = role
    const granted = this.#grantedSet(role, runGrants)
    return { role: id, title: definition.settings.title, own, granted, enforcedBy: enforcerOf(definition.settings, own, granted) }
  }

  #grantedSet(role: LoadedRole, runGrants: readonly PolicyGrant[]): PolicySet | null {
    const id = role.definition.settings.id
    const own = runGrants.filter((grant) => grant.role === id)
    const key = own.map((grant) => `${grant.id} ${grant.text}`).join('\n')
    const known = role.granted.get(key)
    if (known !== undefined) return known
    const policies = new Map(role.lasting.map(({ policy }) => [policy.id, policy]))
    for (const grant of own) {
      const policy = this.#readOrReport(grant)
      if (policy !== null) policies.set(policy.id, policy)
    }
    const set = policies.size === 0 ? null : new PolicySet(id, [...policies.values()])
    if (role.granted.size >= CACHED_GRANT_SETS) {
      for (const old of role.granted.values()) old?.dispose()
      role.granted.clear()
    }
    role.granted.set(key, set)
    return set
  }

  #readOrReport(grant: PolicyGrant): ReadPolicy | null {
    try {
      return readGrant(grant, this.#schema)
    } catch (thrown) {
      this.#options.log(`policy: ${toFailure(thrown).message}`)
      return null
    }
  }

  #egress(id: string, runGrants: () => readonly PolicyGrant[]): EgressGate | null {
    const { own, granted } = this.#forced(id, runGrants())
    if (!own.canPermit('net.egress') && granted?.canPermit('net.egress') !== true) return null
    return ({ host, port, address }) => {
      const force = this.#inForce(id, runGrants())
      if (force === null) return { allowed: false, reason: `The role ${id} is not available any more.` }
      const named = canonicalHost(host)
      const dialled = address === null ? null : canonicalHost(address)
      if (named === null) return { allowed: false, reason: `${host} is no name of a host.` }
      if (dialled === null || dialled.address === null) return { allowed: false, reason: `${host} has no address.` }
      const { outcome, reason } = decideEndpoint({ host: named.host, port, address: dialled.address }, force)
      return { allowed: outcome === 'allow', reason }
    }
  }

  #snapshot(id: string): string {
    const { definition, own, lasting } = this.#role(id)
    const { settings, limits } = definition
    const policies = own.policies.map((policy) => ({ id: policy.id, text: policy.text }))
    return canonicalJson({
      settings: { ...settings, limits: {} },
      limits: { ...limits },
      policies,
      grants: lasting.map(({ grant }) => ({ ...grant })),
    })
  }

  /** What a method here wrote was read already when the watcher tells of it. */
  #reload(reason: string, { onlyIfChanged } = { onlyIfChanged: false }): void {
    const before = this.#loaded
    const now = this.#load(before)
    if (onlyIfChanged && contentOf(now) === contentOf(before)) return
    this.#loaded = now
    const kept = new Set([...this.#loaded.roles.values()].map(({ own }) => own))
    for (const { own, granted } of before.roles.values()) {
      if (!kept.has(own)) own.dispose()
      for (const set of granted.values()) set?.dispose()
    }
    for (const listener of this.#listeners) listener(reason)
  }

  #userRoleIds(): string[] {
    const names = readdirSync(this.#rolesFolder).filter((name) => /\.(?:json|cedar)$/u.test(name) && !name.startsWith('.'))
    return [...new Set(names.map((name) => name.replace(/\.(?:json|cedar)$/u, '')))].sort()
  }

  /** Sets of policies whose texts are the same as before are kept. */
  #load(before: Loaded | null): Loaded {
    const problems: { path: string; message: string }[] = []
    const attempt = <T>(path: string, read: () => T): T | null => {
      try {
        return read()
      } catch (thrown) {
        const { message, details } = toFailure(thrown)
        problems.push({ path: typeof details?.['path'] === 'string' ? details['path'] : path, message })
        return null
      }
    }
    attempt(this.#options.folder, () => mkdirSync(this.#rolesFolder, { recursive: true, mode: 0o700 }))
    const ids = attempt(this.#rolesFolder, () => this.#userRoleIds()) ?? []
    const users = ids.flatMap((id) => {
      const base = join(this.#rolesFolder, id)
      return attempt(`${base}.cedar`, () => this.#readUserRole(id, base)) ?? []
    })
    const grants = attempt(this.#grantsPath, () => readGrantFile(this.#grantsPath)) ?? []
    const lasting = grants.flatMap((grant) => {
      const policy = attempt(this.#grantsPath, () => readGrant(grant, this.#schema))
      return policy === null ? [] : [{ grant, policy }]
    })
    const roles = [...this.#shipped, ...users].map((definition): [string, LoadedRole] => {
      const { id } = definition.settings
      const old = before?.roles.get(id)
      const own =
        old?.definition.policies === definition.policies ? old.own : new PolicySet(id, [...this.#everyRole, ...definition.policies])
      return [id, { definition, own, lasting: lasting.filter(({ grant }) => grant.role === id), granted: new Map() }]
    })
    return { roles: new Map(roles), grants, problems }
  }

  #readUserRole(id: string, base: string): RoleDefinition {
    this.#refuseShipped(id)
    const definition = readRoleFiles(base, this.#schema, 'user')
    if (definition.settings.id === id) return definition
    throw new KeyframeError({
      code: 'policy.invalid',
      message: `${base}.json: its id is ${definition.settings.id}, which has to be that of the file's name.`,
      details: { path: `${base}.json` },
    })
  }
}

function contentOf({ roles, grants, problems }: Loaded): string {
  return JSON.stringify([[...roles.values()].map(({ definition: { settings, text } }) => [settings, text]), grants, problems])
}

function disposeRole({ own, granted }: LoadedRole): void {
  own.dispose()
  for (const set of granted.values()) set?.dispose()
}

function gone(role: string, action: PolicyAction, resource: string): PolicyDecision {
  return { action, resource, outcome: 'deny', policies: [], reason: `The role ${role} is not available any more.`, enforcedBy: 'broker' }
}

function unknownRole(id: string, known: readonly string[]): KeyframeError {
  return new KeyframeError({ code: 'policy.unknown-role', message: `There is no role ${id}.`, action: `Known roles: ${known.join(', ')}.` })
}

function unknownGrant(id: string): KeyframeError {
  return new KeyframeError({
    code: 'policy.unknown-grant',
    message: `There is no permission ${id}.`,
    action: '`keyframe policy grants` lists them.',
  })
}

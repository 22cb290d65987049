import type {
  GrantPattern,
  GrantScope,
  PolicyAction,
  PolicyDecision,
  PolicyGrant,
  PolicyOverview,
  RoleCapability,
  RoleLimits,
  RoleSettings,
  RoleView,
} from '../../../../shared/policy'
import type { CapabilityRequest } from '../driver'
import type { EgressGate, SandboxProfile } from '../sandboxes/sandbox'

/** What one role may do, as its files and grants say at the moment of asking: an edit or a revocation counts at once. */
export interface RolePolicy {
  readonly id: string
  readonly limits: RoleLimits
  /**
   * Decides one capability; never throws. `resource` of a path is canonical already. `runGrants`: what a person permitted for this
   * run, beside what always holds.
   */
  decide(request: CapabilityRequest, runGrants: readonly PolicyGrant[]): PolicyDecision
  /** What the operating system is told to enforce. `files`: all files of the base, to find those that are masked. */
  profile(files: readonly string[], runGrants: readonly PolicyGrant[]): Omit<SandboxProfile, 'egress'>
  /** Null when no policy of the role could ever permit a connection. `runGrants` is asked at each connection. */
  egress(runGrants: () => readonly PolicyGrant[]): EgressGate | null
  /** Settings and every policy in force, as canonical JSON: what a run records at its start. */
  snapshot(): string
}

/** Roles and grants: shipped ones from the application's resources, the user's from their folder outside every workspace. */
export interface Policies {
  /** Resolves when command lines can be read. Until then nothing that a command starts is known, so at best it is asked about. */
  ready(): Promise<void>
  roleIds(): readonly string[]
  /** Throws `policy.unknown-role`. */
  role(id: string): RolePolicy
  /** `workspaceFiles` names policy files inside the workspace, which are shown and ignored. */
  overview(workspaceFiles: readonly string[]): PolicyOverview
  /** Throws `policy.unknown-role`. */
  check(role: string, action: PolicyAction, resource: string): PolicyDecision
  capabilities(role: string, files: readonly string[]): RoleCapability[]
  /** Patterns that a prompt offers for these decisions, the narrowest sensible first: a folder, an extension, a program, a host. */
  suggest(decisions: readonly PolicyDecision[]): GrantPattern[]
  /** Makes a grant; kept on disk when its scope is `always`. Ids are derived from content, so that the same grant is made once. */
  grant(role: string, pattern: GrantPattern, scope: GrantScope, atMs: number): PolicyGrant
  /** Throws `policy.invalid`, `policy.shipped-role`. */
  saveRole(settings: RoleSettings, text: string): RoleView
  removeRole(role: string): void
  saveGrant(id: string, text: string): void
  revoke(id: string): void
  /** Called after files of the user's folder changed, by a method here or by an editor. Returns how to stop. */
  onChange(listener: (reason: string) => void): () => void
  dispose(): Promise<void>
}

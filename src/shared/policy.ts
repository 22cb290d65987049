import { z } from 'zod'

/**
 * What a role may do. Actions are Cedar actions of the same names; resources are texts whose meaning depends on the action:
 * a path relative to the workspace (`fs.*`), a command line (`process.spawn`), `host:port` (`net.egress`), a port
 * (`net.ingress`), the name of a tool (`tool.use`), `processes` (`process.trace`).
 */
export const PolicyAction = z.enum([
  'fs.read',
  'fs.write',
  'fs.exec',
  'process.spawn',
  'process.trace',
  'net.egress',
  'net.ingress',
  'tool.use',
])
export type PolicyAction = z.infer<typeof PolicyAction>

/** `allow`: a policy permits it. `deny`: a policy forbids it. `ask`: none speaks of it, so a person may permit it; denied where nobody is asked. */
export const PolicyOutcome = z.enum(['allow', 'deny', 'ask'])
export type PolicyOutcome = z.infer<typeof PolicyOutcome>

/**
 * `system`: the operating system enforces it whatever the broker says (mounts, seccomp, namespaces, limits, the proxy).
 * `broker`: Keyframe checks it before the call; a program that the role may run could do the same by itself.
 */
export const EnforcedBy = z.enum(['system', 'broker'])
export type EnforcedBy = z.infer<typeof EnforcedBy>

export const PolicyDecision = z.object({
  action: PolicyAction,
  /** Canonical: a path with every symbolic link resolved, a command without its quoting. */
  resource: z.string(),
  outcome: PolicyOutcome,
  /** Ids of the policies that made it; empty when none speaks of it. */
  policies: z.array(z.string()),
  reason: z.string(),
  enforcedBy: EnforcedBy,
})
export type PolicyDecision = z.infer<typeof PolicyDecision>

export const GrantScope = z.enum(['once', 'run', 'always'])
export type GrantScope = z.infer<typeof GrantScope>

/** What a person may permit: one action on all resources that a pattern (globs for paths and hosts, `*` for rest of a command) names. */
export const GrantPattern = z.object({ action: PolicyAction, pattern: z.string().min(1).max(4096) })
export type GrantPattern = z.infer<typeof GrantPattern>

/** A permission that a person gave at a prompt, kept as a policy. */
export const PolicyGrant = GrantPattern.extend({
  id: z.string(),
  role: z.string(),
  scope: GrantScope,
  createdAtMs: z.number(),
  /** The Cedar policy that it is. */
  text: z.string(),
})
export type PolicyGrant = z.infer<typeof PolicyGrant>

export const SeccompProfile = z.enum(['read-only', 'build-tools', 'deploy-tools'])
export type SeccompProfile = z.infer<typeof SeccompProfile>

export const RoleLimits = z.object({
  maxMemoryBytes: z.number().int().positive(),
  maxCpuSeconds: z.number().int().positive(),
  maxProcesses: z.number().int().positive(),
  maxOpenFiles: z.number().int().positive(),
  maxDiskBytes: z.number().int().positive(),
  maxFiles: z.number().int().positive(),
})
export type RoleLimits = z.infer<typeof RoleLimits>

/** A role without its policies: what its settings file holds. */
export const RoleSettings = z.object({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'lower-case letters, digits and hyphens, beginning with a letter'),
  title: z.string().min(1).max(100),
  summary: z.string().max(1000),
  seccomp: SeccompProfile,
  limits: RoleLimits.partial().default({}),
  /** Keeps the workspace writable for the programs of a role whose tools may write nothing, since builds write caches. */
  workspace: z.literal('read-write').optional(),
})
export type RoleSettings = z.infer<typeof RoleSettings>

export const PolicyText = z.object({ id: z.string(), effect: z.enum(['permit', 'forbid']), text: z.string(), note: z.string() })
export type PolicyText = z.infer<typeof PolicyText>

export const RoleView = z.object({
  settings: RoleSettings,
  limits: RoleLimits,
  source: z.enum(['shipped', 'user']),
  /** File that holds it, for user-defined ones. */
  path: z.string().nullable(),
  policies: z.array(PolicyText),
  /** The whole Cedar text, as edited. */
  text: z.string(),
})
export type RoleView = z.infer<typeof RoleView>

/** One line of "what could this role do?", answered by deciding it for real over the workspace. */
export const RoleCapability = z.object({
  action: PolicyAction,
  title: z.string(),
  outcome: z.enum(['all', 'some', 'none', 'ask']),
  /** "1,204 of 1,310 files", "cargo, go, mypy, npm, pytest". */
  detail: z.string(),
  examples: z.array(z.object({ resource: z.string(), outcome: PolicyOutcome, policies: z.array(z.string()) })),
  enforcedBy: EnforcedBy,
  how: z.string(),
})
export type RoleCapability = z.infer<typeof RoleCapability>

export const PolicyOverview = z.object({
  roles: z.array(RoleView),
  grants: z.array(PolicyGrant),
  /** Folder of user-defined roles and grants, outside every workspace. */
  folder: z.string(),
  /** Policy files found inside the workspace: shown, never followed. */
  ignored: z.array(z.object({ path: z.string(), reason: z.string() })),
  /** User-defined files that could not be read, with what to mend. Their roles are not available. */
  problems: z.array(z.object({ path: z.string(), message: z.string() })),
})
export type PolicyOverview = z.infer<typeof PolicyOverview>

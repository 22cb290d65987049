import type { HumanRequest } from '../../../shared/frames'
import { type PolicyOverview, RoleLimits, type RoleSettings, type RoleView } from '../../../shared/policy'
import type { PendingRequest } from '../inbox-store'
import { branch, HASH, RUN } from './frame-fixtures'

const LIMITS = {
  maxMemoryBytes: 4_294_967_296,
  maxCpuSeconds: 1_800,
  maxProcesses: 512,
  maxOpenFiles: 4_096,
  maxDiskBytes: 8_589_934_592,
  maxFiles: 500_000,
}

export function roleView(
  id: string,
  change: { source?: RoleView['source']; text?: string; settings?: Partial<RoleSettings> } = {},
): RoleView {
  const source = change.source ?? 'shipped'
  const text = change.text ?? '@id("all")\npermit (principal, action, resource);\n'
  const settings: RoleSettings = {
    id,
    title: `Title of ${id}`,
    summary: `Summary of ${id}`,
    seccomp: 'build-tools',
    limits: {},
    ...change.settings,
  }
  return {
    settings,
    limits: RoleLimits.parse({ ...LIMITS, ...settings.limits }),
    source,
    path: source === 'user' ? `/home/me/policies/${id}.cedar` : null,
    policies: [{ id: `${id}/all`, effect: 'permit', text, note: '' }],
    text,
  }
}

export function policyOverview(roles: readonly RoleView[], change: Partial<PolicyOverview> = {}): PolicyOverview {
  return { roles: [...roles], grants: [], folder: '/home/me/policies', ignored: [], problems: [], ...change }
}

/** A call of the refactorer that waits for permission to write a document. */
export function permissionRequest(change: Partial<NonNullable<HumanRequest['authorize']>> = {}): PendingRequest {
  return {
    requestId: 'q1',
    type: 'authorize-action',
    title: 'Allow fs.write for the role refactorer?',
    body: '',
    authorize: {
      role: 'refactorer',
      tool: 'fs.write',
      args: { path: 'docs/readme.md', content: 'text' },
      decisions: [
        {
          action: 'tool.use',
          resource: 'fs.write',
          outcome: 'allow',
          policies: ['refactorer/all-tools'],
          reason: 'Every tool.',
          enforcedBy: 'broker',
        },
        {
          action: 'fs.write',
          resource: 'docs/readme.md',
          outcome: 'ask',
          policies: [],
          reason: 'No policy speaks of it.',
          enforcedBy: 'broker',
        },
      ],
      patterns: [
        { action: 'fs.write', pattern: 'docs/readme.md' },
        { action: 'fs.write', pattern: 'docs/**' },
      ],
      ...change,
    },
    shown: HASH,
    runId: RUN,
    branchId: branch('b0'),
    frame: 7,
    atMs: 7_000,
  }
}

import type { EnforcedBy, PolicyAction, RoleSettings } from '../../../../shared/policy'
import type { SandboxProfile } from '../sandboxes/sandbox'
import { decidePaths } from './path-decisions'
import type { PolicySet } from './policy-set'
import type { PoliciesInForce } from './role-decisions'

function canPermit(action: PolicyAction, own: PolicySet, granted: PolicySet | null): boolean {
  if (own.canPermit(action)) return true
  const closed = own.policies.some((policy) => policy.effect === 'forbid' && policy.unconditional && policy.actions.has(action))
  return !closed && granted?.canPermit(action) === true
}

function isWritable(settings: RoleSettings, own: PolicySet, granted: PolicySet | null): boolean {
  return settings.workspace === 'read-write' || canPermit('fs.write', own, granted)
}

/** Who enforces what a role's policies say of an action: the sandbox as a whole, or Keyframe before each call. */
export function enforcerOf(settings: RoleSettings, own: PolicySet, granted: PolicySet | null): (action: PolicyAction) => EnforcedBy {
  const writable = isWritable(settings, own, granted)
  const executable = canPermit('fs.exec', own, granted)
  return (action) => {
    switch (action) {
      case 'fs.read':
      case 'process.trace':
      case 'net.egress':
      case 'net.ingress':
        return 'system'
      case 'fs.write':
        return writable ? 'broker' : 'system'
      case 'fs.exec':
        return executable ? 'broker' : 'system'
      case 'process.spawn':
      case 'tool.use':
        return 'broker'
    }
  }
}

/** What the operating system is told. */
export function roleProfile(settings: RoleSettings, force: PoliciesInForce, files: readonly string[]): Omit<SandboxProfile, 'egress'> {
  const { own, granted } = force
  const readable = decidePaths('fs.read', files, force)
  return {
    workspace: isWritable(settings, own, granted) ? 'read-write' : 'read-only',
    executable: canPermit('fs.exec', own, granted),
    seccomp: settings.seccomp,
    trace: canPermit('process.trace', own, granted),
    masked: maskedPaths(files, (index) => readable[index]?.outcome === 'allow'),
  }
}

/** Paths that cover every unreadable file and no readable one: whole folders where nothing in them is readable. */
export function maskedPaths(files: readonly string[], isReadable: (index: number) => boolean): string[] {
  const open = new Set<string>()
  for (const [index, file] of files.entries()) {
    if (isReadable(index)) for (const folder of foldersOf(file)) open.add(folder)
  }
  const masked = new Set<string>()
  for (const [index, file] of files.entries()) {
    if (!isReadable(index)) masked.add(foldersOf(file).find((folder) => !open.has(folder)) ?? file)
  }
  return [...masked].sort()
}

/** Outermost first, without the workspace itself. */
function foldersOf(file: string): string[] {
  const parts = file.split('/')
  return parts.slice(1).map((_, count) => parts.slice(0, count + 1).join('/'))
}

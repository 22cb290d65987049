import type { Denial, IsolationLevel } from '../../shared/frames'
import type { EnforcedBy, GrantScope, PolicyAction, PolicyOutcome, SeccompProfile } from '../../shared/policy'

export const ACTION_TITLE: Readonly<Record<PolicyAction, string>> = {
  'fs.read': 'Read files',
  'fs.write': 'Write files',
  'fs.exec': 'Run files of the workspace',
  'process.spawn': 'Start programs',
  'process.trace': 'Trace processes',
  'net.egress': 'Connect to hosts',
  'net.ingress': 'Listen on ports',
  'tool.use': 'Use tools',
}

/** What a resource of the action looks like, for a field. */
export const RESOURCE_EXAMPLE: Readonly<Record<PolicyAction, string>> = {
  'fs.read': 'src/config.ts',
  'fs.write': 'docs/readme.md',
  'fs.exec': 'scripts/lint.mjs',
  'process.spawn': 'npm run build',
  'process.trace': 'processes',
  'net.egress': 'registry.npmjs.org:443',
  'net.ingress': '8080',
  'tool.use': 'shell.exec',
}

export const OUTCOME_NAME: Readonly<Record<PolicyOutcome, string>> = { allow: 'Allowed', deny: 'Forbidden', ask: 'Asks you' }

export const ENFORCED_BY: Readonly<Record<EnforcedBy, { readonly name: string; readonly meaning: string }>> = {
  system: {
    name: 'enforced by the system',
    meaning: 'The operating system refuses it, whatever a program in the sandbox does.',
  },
  broker: {
    name: 'checked by Keyframe only',
    meaning: 'Keyframe checks it before the call. A program that the role may start could do the same by itself.',
  },
}

export const LEVEL_MEANING: Readonly<Record<IsolationLevel, { readonly name: string; readonly meaning: string }>> = {
  overlay: {
    name: 'overlay',
    meaning: 'Commands run in namespaces of their own, with a system-call filter, without a network but the one that is permitted.',
  },
  docker: {
    name: 'docker',
    meaning: 'Commands run in a container without a network but the one that is permitted.',
  },
  copy: {
    name: 'copy, not isolated',
    meaning: 'Commands run on a copy of the files, but as you: they can read and change whatever you can.',
  },
  none: { name: 'no isolation', meaning: 'Commands run as you, on your files.' },
}

/** True where a command could touch what is the user's own. */
export function isUnisolated(level: IsolationLevel): boolean {
  return level === 'copy' || level === 'none'
}

export const SECCOMP_NAME: Readonly<Record<SeccompProfile, { readonly name: string; readonly meaning: string }>> = {
  'read-only': { name: 'Read only', meaning: 'Programs can look at files and compute; system calls that change files are refused.' },
  'build-tools': {
    name: 'Build tools',
    meaning: 'What compilers, package managers and test runners need; nothing that changes the machine.',
  },
  'deploy-tools': { name: 'Deploy tools', meaning: 'What deployment clients need, sockets to the permitted hosts included.' },
}

export const DENIED_BY: Readonly<Record<Denial['by'], string>> = {
  policy: 'by the policy, before it started',
  person: 'by you',
  'system-call-filter': 'by the system-call filter, while it ran',
  network: 'by the network proxy',
  limit: 'by a limit',
  files: 'by the file system of the sandbox',
}

export const GRANT_SCOPE: Readonly<Record<GrantScope, string>> = { once: 'once', run: 'for the run', always: 'always' }

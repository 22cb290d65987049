import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createPolicies } from '../tools/policy/cedar-policies'
import type { Policies } from '../tools/policy/policies'

export interface PolicyFixture {
  readonly policies: Policies
  /** The user's folder of roles and permissions. */
  readonly folder: string
  readonly logged: string[]
  /** A second reader of the same folder, as another kernel would be one. */
  another(): Policies
  dispose(): Promise<void>
}

/** The shipped roles and an empty folder of the user's, command lines readable. */
export async function policyFixture(): Promise<PolicyFixture> {
  const home = mkdtempSync(join(tmpdir(), 'keyframe-policy-'))
  const folder = join(home, 'policies')
  const logged: string[] = []
  const opened: Policies[] = []
  const open = (): Policies => {
    const policies = createPolicies({
      appRoot: resolve(import.meta.dirname, '../../../..'),
      folder,
      now: () => 1_700_000_000_000,
      log: (line) => logged.push(line),
    })
    opened.push(policies)
    return policies
  }
  const policies = open()
  await policies.ready()
  return {
    policies,
    folder,
    logged,
    another: open,
    dispose: async () => {
      for (const each of opened) await each.dispose()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

import { isAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import { join } from 'node:path'
import { findAppRoot } from '../src/main/cli/app-root'
import { createPolicies } from '../src/main/kernel/tools/policy/cedar-policies'
import { freshFolder } from './support/bench-folder'
import { durations, type Measurement, Samples, scaled } from './support/measurement'

const DECISIONS = 3000
const WARM_UP = 300
const SIZES = [3, 100, 500]
const FILES = 20_000
const ROUNDS = 10
const COMMANDS = 500

/**
 * One decision of a role of so many policies on the same action, each time for another path, so that none is remembered. Beside it
 * Cedar alone, which is given the policies as texts each time. Then what a window and a sandbox ask: all files of a large workspace.
 */
export default async function policy(): Promise<Measurement[]> {
  const folder = freshFolder('policy')
  const policies = createPolicies({
    appRoot: findAppRoot(),
    folder: join(folder, 'policies'),
    now: () => 0,
    log: () => undefined,
  })
  await policies.ready()
  const measurements: Measurement[] = []
  for (const size of SIZES) {
    const texts = Array.from({ length: size }, (_, index) => policyText(index))
    policies.saveRole({ id: 'measured', title: 'Measured', summary: '', seccomp: 'build-tools', limits: {} }, texts.join('\n'))
    const role = policies.role('measured')
    const samples = { ours: new Samples(), cedar: new Samples() }
    const decisions = scaled(DECISIONS)
    for (let at = -WARM_UP; at < decisions; at += 1) {
      const to = at < 0 ? { ours: new Samples(), cedar: new Samples() } : samples
      const path = `packages/part-${at % 50}/src/file-${at + WARM_UP}.ts`
      await to.ours.time(() => role.decide({ action: 'fs.write', resource: path }, []))
      if (at % 10 === 0) await to.cedar.time(() => cedarAlone(texts, path))
    }
    measurements.push(
      durations(`one decision, ${size} policies of the action`, 'p99', samples.ours, {
        peers: [{ name: 'Cedar, policies parsed each time', samples: samples.cedar }],
      }),
    )
  }

  const commands = new Samples()
  for (let at = 0; at < scaled(COMMANDS); at += 1) {
    const line = `cd packages/part-${at} && FOO=${at} npm test -- --run "file ${at}" 2>&1 | tee "$(mktemp)" | grep -c ok`
    await commands.time(() => policies.check('coder', 'process.spawn', line))
  }
  measurements.push(durations('one command line of four programs, read and decided', 'p99', commands))

  const answers = new Samples()
  const profiles = new Samples()
  for (let round = 0; round < scaled(ROUNDS); round += 1) {
    // Another list each time, as the workspace would give.
    const files = Array.from(
      { length: FILES },
      (_, index) => `src/part-${index % 400}/file-${index}.${['ts', 'md', 'yaml', 'rs'][index % 4] ?? ''}`,
    )
    await answers.time(() => policies.capabilities('coder', files))
    await profiles.time(() => policies.role('deployer').profile([...files], []))
  }
  measurements.push(
    durations('what a role could do, over 20k files', 'p95', answers, { gateMs: 1000 }),
    durations('what is masked of 20k files', 'p95', profiles),
  )
  await policies.dispose()
  return measurements
}

function policyText(index: number): string {
  const effect = index % 5 === 4 ? 'forbid' : 'permit'
  const condition = effect === 'forbid' ? `resource.folded like "*/secret-${index}/*"` : `resource.path like "packages/part-${index}/*"`
  return `@id("p${index}") @reason("The reason of policy ${index}.") ${effect} (principal, action == Action::"fs.write", resource) when { ${condition} };`
}

function cedarAlone(texts: readonly string[], path: string): void {
  isAuthorized({
    principal: { type: 'Role', id: 'measured' },
    action: { type: 'Action', id: 'fs.write' },
    resource: { type: 'Path', id: path },
    context: {},
    policies: { staticPolicies: Object.fromEntries(texts.map((text, index) => [`p${index}`, text])) },
    entities: [{ uid: { type: 'Path', id: path }, attrs: { path, folded: path }, parents: [] }],
  })
}

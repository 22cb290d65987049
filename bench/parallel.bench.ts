import type { Sandbox } from '../src/main/kernel/tools/sandboxes/sandbox'
import { openWorkspace, runTrue, type Workspace } from './support/branches'
import { generatedRepository } from './support/generated-repository'
import { durations, type Measurement, Samples, scaled } from './support/measurement'
import { PortRanges } from '../src/main/kernel/tools/port-ranges'

const REPOSITORY = 2_000
const FORKS = 20
const ROUNDS = 6

/** Copies the sources of the branch with their types cut off, serves one of them on the branch's port and asks for it. */
const BUILD = `
const fs = require('node:fs'), path = require('node:path'), http = require('node:http')
let files = 0
for (const entry of fs.readdirSync('.', { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !entry.name.endsWith('.ts') || entry.parentPath.startsWith('dist') || files === 200) continue
  const to = path.join('dist', entry.parentPath)
  fs.mkdirSync(to, { recursive: true })
  fs.writeFileSync(path.join(to, entry.name.replace('.ts', '.js')), require('node:module').stripTypeScriptTypes(fs.readFileSync(path.join(entry.parentPath, entry.name), 'utf8'), { mode: 'transform' }))
  files += 1
}
const server = http.createServer((_request, response) => response.end(String(files))).listen(Number(process.env.PORT), '127.0.0.1', () =>
  http.get({ host: '127.0.0.1', port: process.env.PORT }, (answer) => answer.resume().on('end', () => server.close())))
`

/** Twenty branches of one checkpoint at once: when each ran its first command, and when all had built and served. */
export default async function parallel(): Promise<Measurement[]> {
  const repository = await generatedRepository(REPOSITORY)
  const workspace = await openWorkspace('parallel', repository.root)
  const [each, all, built] = [new Samples(), new Samples(), new Samples()]
  try {
    for (let round = -1; round < scaled(ROUNDS, 1); round += 1) {
      await forks(workspace, round, round < 0 ? [new Samples(), new Samples(), new Samples()] : [each, all, built])
    }
  } finally {
    await workspace.close()
  }
  return [
    durations(`${FORKS} forks at once: each until its first command has ended`, 'p95', each),
    durations(`${FORKS} forks at once: until the first commands of all have ended`, 'p95', all),
    durations(`${FORKS} builds of 200 files at once, each served on a port of its own, until the last has ended`, 'p95', built),
  ]
}

async function forks(workspace: Workspace, round: number, [each, all, built]: readonly [Samples, Samples, Samples]): Promise<void> {
  const ports = new PortRanges()
  const open = async (index: number): Promise<Sandbox> => {
    const sandbox = await workspace.open(`fork-${round}-${index}`, null, { ports: ports.take().range })
    await runTrue(sandbox)
    return sandbox
  }
  const sandboxes = await all.time(() => Promise.all(Array.from({ length: FORKS }, (_, index) => each.time(() => open(index)))))
  await built.time(() => Promise.all(sandboxes.map(build)))
  await Promise.all(sandboxes.map((sandbox) => sandbox.dispose()))
}

async function build(sandbox: Sandbox): Promise<void> {
  const result = await sandbox.run({ argv: ['/opt/keyframe/bin/node', '-e', BUILD] }, { timeoutMs: 300_000 })
  if (result.exitCode !== 0) throw new Error(`a build failed: ${result.stderr}`)
}

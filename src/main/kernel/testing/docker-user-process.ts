import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeTree } from '../checkpoints/remove-tree'
import { detectDocker } from '../tools/sandboxes/docker/detect-docker'
import { createDockerProvider } from '../tools/sandboxes/docker/docker-sandbox'
import { DEFAULT_LIMITS } from '../tools/sandboxes/sandbox'

/** A program of its own, to be run as an ordinary user: `docker-user-process.ts HOST IMAGE` uses a branch and says what it found. */
const [host = '', image = ''] = process.argv.slice(2)
const provider = createDockerProvider({ dockerPath: 'docker', host, image, nodePath: process.execPath })
const { proofs } = await detectDocker(provider)
const dir = mkdtempSync(join(tmpdir(), 'keyframe-user-'))
const liveDir = join(dir, 'live')
for (const folder of ['base/node_modules', 'live/package']) mkdirSync(join(dir, folder), { recursive: true })
for (const file of ['base/gone', 'live/package/index.js']) writeFileSync(join(dir, file), 'text\n')
const branch = join(dir, 'branch')
const dependencies = [{ path: 'node_modules', liveDir }]
const spec = { dir: branch, baseDir: join(dir, 'base'), layerDir: null, dependencies, binds: [], limits: DEFAULT_LIMITS }
const sandbox = await provider.open(spec)
const script = 'rm gone node_modules/package/index.js; mkdir closed; chmod 000 closed; sleep 100 & sleep 101'
const { timedOut } = await sandbox.run({ argv: ['bash', '-c', script] }, { timeoutMs: 1000 })
const processes = await sandbox.processes()
await sandbox.dispose()
await removeTree(branch)
const found = {
  uid: process.getuid?.(),
  broken: proofs.filter((proof) => !proof.holds),
  proofs: proofs.length,
  timedOut,
  processes,
  isRemoved: !existsSync(branch),
}
rmSync(dir, { recursive: true })
process.stdout.write(JSON.stringify(found))

import { createDockerProvider } from '../tools/sandboxes/docker/docker-sandbox'
import { DEFAULT_LIMITS } from '../tools/sandboxes/sandbox'

/** A program of its own, to be killed by tests: `docker-process.ts HOST IMAGE DIR BASE` opens a branch and leaves commands running in it. */
const [host = '', image = '', dir = '', baseDir = ''] = process.argv.slice(2)
const provider = createDockerProvider({ dockerPath: 'docker', host, image, nodePath: process.execPath })
const sandbox = await provider.open({ dir, baseDir, layerDir: null, dependencies: [], binds: [], limits: DEFAULT_LIMITS })
const child = await sandbox.spawn({ argv: ['bash', '-c', "trap '' TERM HUP INT PIPE; (setsid sleep 300 &); sleep 301 & echo up; wait"] })
const isUp = new Promise<void>((resolve) => child.onStdout(() => resolve()))
const pty = await sandbox.pty({ argv: ['bash', '-i'] }, { cols: 80, rows: 24 })
await isUp
process.stdout.write(`${child.pid} ${pty.pid}\n`)

import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { guestOwner, mustDropRoot } from './guest-owner'
import { IOCTL, REFUSED, TRACING, type SeccompArch } from './seccomp-program'
import { syscallProbe, type ProbeArgument } from './syscall-probe'

/** A base with a program for each system call that must be refused, and files to write over, delete and read. */
export function makeProbeBase(dir: string): string {
  const baseDir = join(dir, 'base')
  mkdirSync(join(baseDir, 'folder'), { recursive: true })
  const files: Record<string, string | Buffer> = { 'kept.txt': 'original\n', 'gone.txt': 'original\n', 'folder/file': 'original\n' }
  const arch: SeccompArch = process.arch === 'arm64' ? 'arm64' : 'x64'
  const probes: Record<string, readonly [readonly [number | null, number | null] | undefined, readonly ProbeArgument[]]> = {
    mount: [REFUSED['mount'], ['tmpfs', '/tmp', 'tmpfs', 0, 0]],
    ptrace: [TRACING['ptrace'], [16, 1, 0, 0]],
    unshare: [REFUSED['unshare'], [0x10000000]],
    setuid: [[105, 146], [0]],
    keyctl: [REFUSED['keyctl'], [0, -3, 1]],
    tiocsti: [IOCTL, [0, 0x5412, 'x']],
    io_uring: [
      [425, 425],
      [1, 0],
    ],
  }
  for (const [name, [numbers, args]] of Object.entries(probes)) {
    files[`probe-${name}`] = syscallProbe(arch, numbers?.[arch === 'x64' ? 0 : 1] ?? -1, args)
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(baseDir, name), content, { mode: 0o755 })
  if (mustDropRoot()) {
    const { uid, gid } = guestOwner()
    for (const path of ['', 'folder', ...Object.keys(files)]) chownSync(join(baseDir, path), uid, gid)
  }
  return baseDir
}

/** Listens on a free port of the loopback. */
export function listenOnLoopback(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** A real overlay like the sandbox's, held by a process of its own user and mount namespace; for tests of captures. */
export class OverlayMount {
  readonly upperDir: string
  readonly merged: string
  readonly #holder

  private constructor(
    holder: ReturnType<typeof spawn>,
    readonly dir: string,
  ) {
    this.#holder = holder
    this.upperDir = join(dir, 'upper')
    this.merged = join(dir, 'merged')
  }

  /** `lowers`: topmost first, absolute. */
  static async open(dir: string, lowers: readonly string[]): Promise<OverlayMount> {
    for (const name of ['upper', 'work', 'merged']) mkdirSync(join(dir, name), { recursive: true })
    const mount = `mount -t overlay overlay -o lowerdir=${lowers.join(':')},upperdir=upper,workdir=work,userxattr merged && echo ready && exec cat`
    const holder = spawn('unshare', ['-Urm', '--propagation', 'private', 'sh', '-c', mount], {
      cwd: dir,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve())
      holder.once('exit', (code) => reject(new Error(`the overlay was not mounted: ${code}`)))
    })
    return new OverlayMount(holder, dir)
  }

  /** Runs a shell script with the merged view as its directory. */
  run(script: string): string {
    const args = ['--preserve-credentials', '-U', '-m', '-t', String(this.#holder.pid), 'sh', '-c', `cd '${this.merged}' && ${script}`]
    return execFileSync('nsenter', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#holder.once('exit', () => resolve())
      this.#holder.stdin?.end()
    })
  }
}

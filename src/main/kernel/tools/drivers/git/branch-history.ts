import { KeyframeError } from '../../../../../shared/failure'
import { bytesOfPath } from '../../../workspace/path-bytes'
import { Slices } from '../../../workspace/slices'
import type { ToolCallContext } from '../../driver'
import type { FileGuestChannel } from '../filesystem/file-guest-channel'
import { BranchSnapshots, type Snapshots } from './branch-snapshots'
import { RepositoryView, type ViewHead } from './repository-view'
import { type GitOptions, type GitOutput, runGit } from './run-git'

/** What the git tools of one branch ask: the repository's view, made when first needed, and names of commits turned into commits. */
export class BranchHistory {
  readonly #root: string
  readonly #baseDir: string
  readonly #channel: FileGuestChannel
  #opened: { readonly view: RepositoryView; readonly snapshots: BranchSnapshots } | null = null
  /** The user's commit when the branch first asked: later commits of the user are not what the branch started from. */
  #pinned: string | null

  readonly #readable: (path: string) => boolean

  constructor(options: { root: string; baseDir: string; channel: FileGuestChannel; readable?: (path: string) => boolean }) {
    this.#readable = options.readable ?? (() => true)
    this.#root = options.root
    this.#baseDir = options.baseDir
    this.#channel = options.channel
    this.#pinned = null
  }

  get pinned(): string | null {
    return this.#pinned
  }

  pin(commit: string | null): void {
    this.#pinned = commit
  }

  dispose(): void {
    this.#opened?.view.dispose()
    this.#opened = null
  }

  /** Follows the repository; every call begins with it. */
  async refresh(): Promise<ViewHead & { readonly notices: readonly string[] }> {
    const { view } = this.#open()
    const head = await view.refresh()
    this.#pinned ??= head.commit
    return { ...head, notices: [...view.notices] }
  }

  async snapshots(call: ToolCallContext): Promise<Snapshots> {
    const { view, snapshots } = this.#open()
    if (this.#pinned !== null && !(await this.#exists(view, this.#pinned, call))) {
      throw new KeyframeError({
        code: 'git.no-commit',
        message: `The commit ${this.#pinned.slice(0, 12)} that the run started from is not in the repository any more.`,
      })
    }
    return snapshots.take(this.#pinned, call)
  }

  /** The commit of a name; `@base` and `@branch` are snapshots. Throws `git.no-commit`. */
  async commit(name: string, call: ToolCallContext): Promise<string> {
    if (name === '@base' || name === '@branch') {
      const { base, branch } = await this.snapshots(call)
      return (name === '@base' ? base : branch) ?? (await this.#emptyTree(call))
    }
    const { view } = this.#open()
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]
    const { bytes, exitCode } = await runGit(view, args, { signal: call.signal, expected: [1, 128] })
    const oid = bytes.toString('latin1').trim()
    if (exitCode === 0 && /^[0-9a-f]{40,64}$/.test(oid)) return oid
    throw new KeyframeError({
      code: 'git.no-commit',
      message: `There is no commit ${name}.`,
      action: 'See git.branches and git.log for what there is.',
    })
  }

  run(args: readonly string[], options: GitOptions): Promise<GitOutput> {
    return runGit(this.#open().view, args, options)
  }

  /** Those that the role may not read, whatever commit they are in. */
  async unreadable(paths: Iterable<string>, signal: AbortSignal): Promise<string[]> {
    const slices = new Slices(signal)
    const found: string[] = []
    for (const path of paths) {
      if (slices.due()) await slices.rest()
      if (!this.#readable(path)) found.push(path)
    }
    return found
  }

  /** Runs git on all refs; those whose objects are not there (borrowed from elsewhere, damaged) are left out. */
  async runOnRefs(args: readonly string[], options: GitOptions): Promise<GitOutput> {
    const { view } = this.#open()
    const output = await runGit(view, args, { ...options, expected: [128] })
    if (output.exitCode === 0) return output
    const stdin = Buffer.from([...view.refOids].map((oid) => `${oid}\n`).join(''))
    const { bytes } = await runGit(view, ['cat-file', '--batch-check=%(objecttype)'], { signal: options.signal, stdin })
    view.leaveOut([...bytes.toString('latin1').matchAll(/^([0-9a-f]{40,64}) missing$/gm)].map(([, oid = '']) => oid))
    await view.refresh()
    return runGit(view, args, options)
  }

  async #exists(view: RepositoryView, commit: string, call: ToolCallContext): Promise<boolean> {
    const { exitCode } = await runGit(view, ['cat-file', '-e', `${commit}^{commit}`], { signal: call.signal, expected: [1, 128] })
    return exitCode === 0
  }

  async #emptyTree(call: ToolCallContext): Promise<string> {
    const { bytes } = await this.run(['hash-object', '-t', 'tree', '--stdin'], { signal: call.signal })
    return bytes.toString('latin1').trim()
  }

  #open() {
    if (this.#opened === null) {
      const view = new RepositoryView(this.#root)
      this.#opened = { view, snapshots: new BranchSnapshots(view, this.#baseDir, this.#channel) }
    }
    return this.#opened
  }
}

/** What git is to look at: these paths, or everything, but for some. */
export function pathspecs(paths: readonly string[], withheld: readonly string[] = []): string[] {
  const wanted = paths.length === 0 ? [':(top)'] : paths.map((path) => `:(top,literal)${path}`)
  return [...wanted, ...withheld.map((path) => `:(top,literal,exclude)${path}`)]
}

/** Arguments of a process are text: names that are none cannot be asked for one by one. */
export function pathArguments(paths: readonly string[]): string[] {
  return paths.map((path) => {
    const bytes = bytesOfPath(path)
    const parts = path.split('/')
    const plain = bytes.toString('utf8')
    if (path.startsWith('/') || parts.includes('..') || path.includes('\0')) {
      throw new KeyframeError({
        code: 'fs.bad-path',
        message: `${path} is no path of the workspace.`,
        action: 'Name it relative to the workspace.',
      })
    }
    if (!Buffer.from(plain, 'utf8').equals(bytes)) {
      throw new KeyframeError({
        code: 'fs.bad-path',
        message: `${path} is no text, so that git cannot be asked for it alone.`,
        action: 'Name its folder.',
      })
    }
    const named = plain.split('/').filter((part) => part !== '' && part !== '.')
    return named.length === 0 ? '.' : named.join('/')
  })
}

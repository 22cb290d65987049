import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { benchFolder } from './bench-folder'
import { git } from './programs'
import { scaled } from './measurement'

export interface GeneratedRepository {
  readonly root: string
  /** All files, in the order of their numbers; neighbours lie in the same folder. */
  readonly paths: readonly string[]
}

const FILES_A_FOLDER = 20
const FOLDERS_A_PACKAGE = 10
const PART = 2_000

/**
 * A committed repository of so many TypeScript files of about 1.4 KB that import and call each other, the same for every run.
 * Made once and shared by the benchmarks of a run; whoever asks again gets it clean.
 */
export async function generatedRepository(files: number): Promise<GeneratedRepository> {
  const count = scaled(files, 200)
  const root = join(benchFolder(), `repository-${files}`)
  const paths = Array.from({ length: count }, (_, index) => pathOf(index))
  const done = `${root}.made`
  if (existsSync(done)) {
    await git(root, ['worktree', 'prune'])
    await git(root, ['checkout', '-q', '--', '.'])
    await git(root, ['clean', '-fdq'])
    return { root, paths }
  }
  for (const [index, path] of paths.entries()) {
    if (index % FILES_A_FOLDER === 0) mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), sourceOf(index, count))
  }
  writeFileSync(join(root, 'tsconfig.json'), '{ "compilerOptions": { "strict": true, "module": "esnext" } }\n')
  await git(root, ['init', '-q'])
  await git(root, ['add', '-A'])
  await git(root, ['commit', '-qm', 'generated'])
  // Packed, as a clone is: peers that copy `.git` must not copy a loose object a file.
  await git(root, ['repack', '-adq'])
  writeFileSync(done, '')
  return { root, paths }
}

/** So many files from all over the repository, always the same ones. */
export function spreadOver(paths: readonly string[], count: number): string[] {
  const step = Math.max(1, Math.floor(paths.length / count))
  return paths.filter((_, index) => index % step === 0).slice(0, count)
}

/** So many files of a part of the repository that is as large in repositories of any size, so that the same ones are changed in all. */
export function spreadOverPart(paths: readonly string[], count: number): string[] {
  return spreadOver(paths.slice(0, scaled(PART, 200)), count)
}

/** Adds a line to each file, as `changeInside` does in a sandbox. */
export function changeLive(root: string, paths: readonly string[], round: number): void {
  for (const path of paths) appendFileSync(join(root, path), changedLine(path, round))
}

export function changedLine(path: string, round: number): string {
  return `// round ${round} of ${path}\n`
}

function pathOf(index: number): string {
  const folder = Math.floor(index / FILES_A_FOLDER)
  return `packages/p${Math.floor(folder / FOLDERS_A_PACKAGE)}/src/m${folder % FOLDERS_A_PACKAGE}/file-${index}.ts`
}

/** Imports from its left neighbour and from a file of another folder; about 60 lines. */
function sourceOf(index: number, count: number): string {
  const near = (index + count - 1) % count
  const far = (index * 7 + 13) % count
  const imported = (other: number): string => {
    const from = dirname(pathOf(index)).split('/')
    const to = pathOf(other).replace(/\.ts$/, '').split('/')
    let same = 0
    while (same < from.length && from[same] === to[same]) same += 1
    const up = '../'.repeat(from.length - same)
    return `${up === '' ? './' : up}${to.slice(same).join('/')}`
  }
  return `import { total${near}, type Account${near} } from '${imported(near)}'
import { Ledger${far} } from '${imported(far)}'

/** An account of the generated module ${index}. */
export interface Account${index} {
  readonly id: string
  readonly owner: Account${near} | null
  readonly balanceCents: number
  readonly openedAt: string
}

export const LIMIT_${index} = ${index % 997}

/** Sum of the accounts above the limit of module ${index}. */
export function total${index}(accounts: readonly Account${index}[]): number {
  let sum = 0
  for (const account of accounts) {
    if (account.balanceCents < LIMIT_${index}) continue
    sum += account.balanceCents
    if (account.owner !== null) sum += total${near}([account.owner])
  }
  return sum
}

export class Ledger${index} {
  readonly #entries: Account${index}[] = []

  constructor(private readonly parent: Ledger${far} | null) {}

  /** Adds an account; an id that is known already replaces the older one. */
  record(account: Account${index}): void {
    const known = this.#entries.findIndex((entry) => entry.id === account.id)
    if (known >= 0) this.#entries[known] = account
    else this.#entries.push(account)
  }

  close(): number {
    const own = total${index}(this.#entries)
    return this.parent === null ? own : own + this.parent.close()
  }

  describe(): string {
    const lines = this.#entries.map((entry) => entry.id + ': ' + String(entry.balanceCents / 100))
    return ['Ledger ${index}', ...lines].join('\\n')
  }
}
`
}

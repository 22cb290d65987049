import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { git, output } from './programs'

export interface PublicRepository {
  readonly name: string
  readonly language: string
  /** For universal-ctags. */
  readonly ctags: string
  /** Where its files come from, for whoever reads the figures. */
  readonly from: string
  readonly root: string
}

/** Packages that ship their TypeScript sources. */
const TYPESCRIPT = [
  ...['viem@2.21.54', 'effect@3.12.0', 'rxjs@7.8.1', 'zod@4.0.5', 'ox@0.4.4', '@tanstack/query-core@5.62.8', '@tanstack/table-core@8.20.5'],
  ...['@aws-sdk/client-ec2@3.716.0', '@aws-sdk/client-s3@3.717.0', '@angular/core@19.0.5', '@effect/platform@0.72.0', 'drizzle-orm@0.38.3'],
]
const GO = 'golang-1.19-src'
const C = 'linux-source-6.1'
/** What these packages were built into beside their sources. */
const BUILT = /\.(?:[cm]?js|map)$/
/** About 20,000 files of the kernel; all of it are 78,000. */
const C_FOLDERS = [
  'kernel',
  'mm',
  'fs',
  'net',
  'block',
  'crypto',
  'lib',
  'security',
  'ipc',
  'init',
  'include',
  'drivers/net',
  'drivers/usb',
  'drivers/media',
]

/** Kept between runs: unpacking takes longer than indexing. */
const cache = join(process.env['KEYFRAME_BENCH_REPOSITORIES'] ?? join(homedir(), '.cache', 'keyframe-bench'))

/** Real repositories of three languages. One that cannot be had here is left out, with the reason. */
export async function publicRepositories(): Promise<{ found: PublicRepository[]; missing: { name: string; reason: string }[] }> {
  const found: PublicRepository[] = []
  const missing: { name: string; reason: string }[] = []
  const wanted = [
    { name: 'typescript', language: 'TypeScript', ctags: 'TypeScript,JavaScript', from: `npm: ${TYPESCRIPT.join(', ')}`, make: typescript },
    { name: 'go', language: 'Go', ctags: 'Go', from: `Debian: ${GO}, the standard library, compiler and tests`, make: golang },
    { name: 'linux', language: 'C', ctags: 'C', from: `Debian: ${C}, ${C_FOLDERS.join(' ')}`, make: linux },
  ]
  for (const { make, ...about } of wanted) {
    const root = join(cache, about.name)
    try {
      if (!existsSync(root)) {
        const made = `${root}.making`
        rmSync(made, { recursive: true, force: true })
        mkdirSync(made, { recursive: true })
        await make(made)
        await git(made, ['init', '-q'])
        await git(made, ['add', '-A'])
        await git(made, ['commit', '-qm', about.from])
        renameSync(made, root)
      } else {
        await git(root, ['checkout', '-q', '--', '.'])
        await git(root, ['clean', '-fdq'])
      }
      found.push({ ...about, root })
    } catch (thrown) {
      missing.push({ name: about.name, reason: thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown) })
    }
  }
  return { found, missing }
}

async function typescript(into: string): Promise<void> {
  const folder = `${into}.packages`
  mkdirSync(folder, { recursive: true })
  const tarballs = await output('npm', ['pack', '--silent', ...TYPESCRIPT], { cwd: folder })
  for (const tarball of tarballs.trim().split('\n')) {
    const target = join(into, tarball.replace(/\.tgz$/, ''))
    mkdirSync(target)
    await output('tar', ['-xzf', join(folder, tarball), '--strip-components=1', '--no-same-owner', '-C', target])
  }
  for (const entry of readdirSync(into, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && BUILT.test(entry.name)) rmSync(join(entry.parentPath, entry.name))
  rmSync(folder, { recursive: true })
}

async function golang(into: string): Promise<void> {
  await unpackPackage(GO, into, async (folder) => {
    for (const entry of readdirSync(join(folder, 'usr/share/go-1.19')))
      renameSync(join(folder, 'usr/share/go-1.19', entry), join(into, entry))
  })
}

async function linux(into: string): Promise<void> {
  await unpackPackage(C, into, async (folder) => {
    const members = C_FOLDERS.map((part) => `${C}/${part}`)
    await output('tar', ['-xJf', join(folder, `usr/src/${C}.tar.xz`), '--strip-components=1', '--no-same-owner', '-C', into, ...members])
  })
}

/** A package of the distribution's, taken apart without installing it. */
async function unpackPackage(name: string, into: string, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = `${into}.package`
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await output('apt-get', ['download', '-q', name], { cwd: folder })
  const file = readdirSync(folder).find((entry) => entry.endsWith('.deb'))
  if (file === undefined) throw new Error(`${name} was not downloaded`)
  await output('dpkg-deb', ['-x', join(folder, file), folder])
  await use(folder)
  rmSync(folder, { recursive: true })
}

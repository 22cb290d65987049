import { createHash } from 'node:crypto'
import { KeyframeError } from '../../../../shared/failure'
import { RepositoryView } from '../../tools/drivers/git/repository-view'
import { Slices } from '../../workspace/slices'
import { FactsCollector, keyed } from '../data/collect-facts'
import type { ExtraFacts, RepositoryFacts } from '../facts-source'
import { listCommits, type ReadCommit, readCommits, shallowEnds } from './read-history'

/** The newest: what changed together years ago says little about today. */
const COMMITS_READ = 10_000
const COMMITS_AT_ONCE = 500
const WIDEST_COMMIT = 50
const MIN_SUPPORT = 3
const MIN_CONFIDENCE = 0.3
const CHANGES_OF_A_FILE = 20
const AUTHORS_OF_A_FILE = 3
/** Commits of one file that are compared: a changelog has thousands. */
const COMPARED = 500

interface Changes {
  readonly author: string
  readonly wide: boolean
  /** Under the names that the files have now. */
  readonly paths: readonly string[]
}

/** Authors of files, and files that change together, from the newest commits. */
export const commitFacts: RepositoryFacts = {
  id: 'commits',
  state: (root, paths) =>
    withView(root, 'none', async (view) => {
      const { commit } = await view.refresh()
      return commit === null
        ? 'none'
        : createHash('sha256')
            .update(`${commit}\0${paths.join('\0')}`)
            .digest('hex')
    }),
  read: (root, paths, signal) =>
    withView<ExtraFacts>(root, {}, async (view) => {
      const { commit } = await view.refresh()
      if (commit === null) return {}
      const oids = await listCommits(view, commit, COMMITS_READ, signal)
      const commits: ReadCommit[] = []
      for (let at = 0; at < oids.length; at += COMMITS_AT_ONCE) {
        commits.push(...(await readCommits(view, oids.slice(at, at + COMMITS_AT_ONCE), signal, () => undefined)))
      }
      return factsOf(commits, new Set(paths), shallowEnds(view), new Slices(signal))
    }),
}

/** A workspace without a history of its own has no facts; that is no failure. */
async function withView<Result>(root: string, none: Result, use: (view: RepositoryView) => Promise<Result>): Promise<Result> {
  let view: RepositoryView
  try {
    view = new RepositoryView(root)
  } catch (thrown) {
    if (thrown instanceof KeyframeError && (thrown.code === 'git.no-repository' || thrown.code === 'git.elsewhere')) return none
    throw thrown
  }
  try {
    return await use(view)
  } finally {
    view.dispose()
  }
}

async function factsOf(
  commits: readonly ReadCommit[],
  present: ReadonlySet<string>,
  ends: ReadonlySet<string>,
  slices: Slices,
): Promise<ExtraFacts> {
  const facts = new FactsCollector()
  const names = new Map<string, string>()
  const people = new Map<string, { name: string; commits: number; lastAtMs: number }>()
  const changesOf = new Map<string, Changes[]>()
  for (const commit of commits) {
    if (slices.due()) await slices.rest()
    const { name, commits: count, lastAtMs } = people.get(commit.email) ?? { name: commit.author, commits: 0, lastAtMs: 0 }
    people.set(commit.email, { name, commits: count + 1, lastAtMs: Math.max(lastAtMs, commit.atMs) })
    if (ends.has(commit.oid)) continue
    const now = commit.files.map(({ path }) => names.get(path) ?? path)
    // From the newest to the oldest: what was renamed here had the other name before.
    for (const [at, { from }] of commit.files.entries()) if (from !== null) names.set(from, now[at] ?? from)
    const paths = now.filter((path) => present.has(path))
    const changes = { author: commit.email, wide: commit.fileCount > WIDEST_COMMIT, paths }
    for (const path of paths) {
      const known = changesOf.get(path)
      if (known === undefined) changesOf.set(path, [changes])
      else known.push(changes)
    }
  }
  const named = new Set<string>()
  for (const [path, changes] of changesOf) {
    if (slices.due()) await slices.rest()
    for (const { email, count } of topAuthors(changes)) {
      named.add(email)
      const share = count / changes.length
      const method = `${count} of ${changes.length} commits`
      facts.relate({ is: 'path', path }, 'authored_by', keyed(`author:${email}`), 1, Math.max(0.1, share), method)
    }
    for (const { other, support, of } of topChanges(path, changes, changesOf)) {
      const method = `changed together in ${support} of ${of} commits`
      facts.relate({ is: 'path', path }, 'co_changed', { is: 'path', path: other }, 1, support / of, method)
    }
  }
  const declared = [...people].filter(([email]) => named.has(email)).sort(([, a], [, b]) => b.commits - a.commits)
  for (const [email, { name, commits: count, lastAtMs }] of declared) {
    const attributes = { email, commits: count, lastCommit: new Date(lastAtMs).toISOString().slice(0, 10) }
    facts.declare(`author:${email}`, 'author', name === '' ? email : name, { line: 1 }, `${name} <${email}>`, attributes)
  }
  return facts.facts()
}

function topAuthors(changes: readonly Changes[]): { readonly email: string; readonly count: number }[] {
  const counts = new Map<string, number>()
  for (const { author } of changes) if (author !== '') counts.set(author, (counts.get(author) ?? 0) + 1)
  return [...counts]
    .map(([email, count]) => ({ email, count }))
    .sort((a, b) => b.count - a.count || (a.email < b.email ? -1 : 1))
    .slice(0, AUTHORS_OF_A_FILE)
}

function topChanges(path: string, changes: readonly Changes[], all: ReadonlyMap<string, readonly Changes[]>) {
  const compared = changes.filter(({ wide }) => !wide).slice(0, COMPARED)
  if (compared.length < MIN_SUPPORT) return []
  const counts = new Map<string, number>()
  for (const { paths } of compared) {
    for (const other of new Set(paths)) {
      // Too few commits of its own to ever be enough.
      if (other !== path && (all.get(other)?.length ?? 0) >= MIN_SUPPORT) counts.set(other, (counts.get(other) ?? 0) + 1)
    }
  }
  return [...counts]
    .filter(([, support]) => support >= MIN_SUPPORT && support / compared.length >= MIN_CONFIDENCE)
    .map(([other, support]) => ({ other, support, of: compared.length }))
    .sort((a, b) => b.support - a.support || (a.other < b.other ? -1 : 1))
    .slice(0, CHANGES_OF_A_FILE)
}

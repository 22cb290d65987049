import * as fs from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import git from 'isomorphic-git'
import { z } from 'zod'
import { KeyframeError } from '../../../shared/failure'

const HistoricCommit = z.object({
  message: z.string().min(1),
  author: z.object({ name: z.string(), email: z.string() }),
  /** ISO 8601 with an offset. */
  date: z.iso.datetime({ offset: true }),
  /** Files, or folders with a trailing slash, that this commit brings to their present content (or as `asItWas` says). */
  add: z.array(z.string()),
  /** Texts that read differently at this commit; each `now` must be in the present file exactly once. */
  asItWas: z.array(z.object({ path: z.string(), now: z.string().min(1), was: z.string() })).default([]),
})
const SampleHistory = z.object({ branch: z.string(), commits: z.array(HistoricCommit).min(1) })
type HistoricCommit = z.infer<typeof HistoricCommit>

/**
 * Makes a private copy of the bundled sample in `targetDir`, with the history that `<sourceDir>-history.json` tells: same
 * authors, dates and therefore the same commit ids every time. Ends with a clean tree. All or nothing: the copy is made
 * beside the target and moved there. Throws KeyframeError `sample.target-not-empty` and `sample.broken`.
 */
export async function createSampleWorkspace(sourceDir: string, targetDir: string): Promise<void> {
  const target = resolve(targetDir)
  await refuseUsedTarget(target)
  const history = await readHistory(`${resolve(sourceDir)}-history.json`)
  const present = await readSample(resolve(sourceDir))
  await mkdir(dirname(target), { recursive: true })
  const making = await mkdtemp(join(dirname(target), `.${basename(target)}-`))
  try {
    await git.init({ fs, dir: making, defaultBranch: history.branch })
    for (const commit of history.commits) await makeCommit(making, commit, present)
    await refuseUnfinished(making, present)
    await chmod(making, 0o755)
    await rename(making, target)
  } catch (error) {
    await rm(making, { recursive: true, force: true })
    throw renameFailure(error, target)
  }
}

async function refuseUsedTarget(target: string): Promise<void> {
  let entries: string[]
  try {
    entries = await readdir(target)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return
    if (hasCode(error, 'ENOTDIR')) throw targetNotEmpty(target, 'is a file')
    throw error
  }
  if (entries.length > 0) throw targetNotEmpty(target, 'is not empty')
}

function targetNotEmpty(target: string, why: string): KeyframeError {
  return new KeyframeError({
    code: 'sample.target-not-empty',
    message: `The sample cannot be put into ${target}: it ${why}.`,
    action: 'Name a folder that does not exist yet or is empty.',
  })
}

/** Somebody may have filled the target in the meantime: then the move fails, and nothing of theirs was touched. */
function renameFailure(error: unknown, target: string): unknown {
  return hasCode(error, 'ENOTEMPTY') || hasCode(error, 'EEXIST') ? targetNotEmpty(target, 'is not empty') : error
}

async function readHistory(path: string) {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw broken(`its history ${path} cannot be read`, cause)
  })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw broken(`its history ${path} is no JSON`, cause)
  }
  const parsed = SampleHistory.safeParse(json)
  if (!parsed.success) throw broken(`its history ${path} is wrong: ${parsed.error.message}`)
  return parsed.data
}

/** Present content by path, sorted, so that the order of a file system never reaches a commit. */
async function readSample(sourceDir: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(sourceDir, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw broken(`${sourceDir} cannot be read`, cause)
  })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(sourceDir.length + 1)
        .replaceAll('\\', '/'),
    )
    .filter((path) => !path.startsWith('.git/') && !path.split('/').includes('node_modules'))
    .sort()
  const files = new Map<string, Buffer>()
  for (const path of paths) files.set(path, await readFile(join(sourceDir, path)))
  return files
}

async function makeCommit(dir: string, commit: HistoricCommit, present: ReadonlyMap<string, Buffer>): Promise<void> {
  const paths = new Set<string>(commit.asItWas.map((text) => text.path))
  for (const wanted of commit.add) {
    const found = [...present.keys()].filter((path) => (wanted.endsWith('/') ? path.startsWith(wanted) : path === wanted))
    if (found.length === 0) throw broken(`the history names ${wanted}, which is not there`)
    for (const path of found) paths.add(path)
  }
  for (const path of [...paths].sort()) {
    const content = contentAt(commit, path, present)
    await mkdir(dirname(join(dir, path)), { recursive: true })
    await writeFile(join(dir, path), content, { mode: 0o644 })
    await git.add({ fs, dir, filepath: path })
  }
  const stamp = { ...commit.author, timestamp: Date.parse(commit.date) / 1000, timezoneOffset: offsetMinutes(commit.date) }
  await git.commit({ fs, dir, message: commit.message, author: stamp, committer: stamp })
}

function contentAt(commit: HistoricCommit, path: string, present: ReadonlyMap<string, Buffer>): Buffer {
  const now = present.get(path)
  if (now === undefined) throw broken(`the history names ${path}, which is not there`)
  const changes = commit.asItWas.filter((text) => text.path === path)
  if (changes.length === 0) return now
  let text = now.toString('utf8')
  for (const change of changes) {
    if (text.split(change.now).length !== 2) throw broken(`${path} does not contain exactly once: ${change.now.slice(0, 60)}`)
    text = text.replace(change.now, () => change.was)
  }
  return Buffer.from(text, 'utf8')
}

/** As Date.getTimezoneOffset() counts: minutes west of Greenwich, so +01:00 is -60. */
function offsetMinutes(date: string): number {
  const match = /([+-])(\d{2}):(\d{2})$/.exec(date)
  if (match === null) return 0
  const minutes = Number(match[2]) * 60 + Number(match[3])
  return match[1] === '+' ? -minutes : minutes
}

async function refuseUnfinished(dir: string, present: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const [path, content] of present) {
    const made = await readFile(join(dir, path)).catch((cause: unknown) => {
      throw broken(`its history never adds ${path}`, cause)
    })
    if (!made.equals(content)) throw broken(`its history does not end in the present content of ${path}`)
  }
  const dirty = (await git.statusMatrix({ fs, dir })).filter(([, head, workdir, stage]) => head !== 1 || workdir !== 1 || stage !== 1)
  if (dirty.length > 0) throw broken(`its history leaves ${dirty.map(([path]) => path).join(', ')} uncommitted`)
}

function broken(why: string, cause?: unknown): KeyframeError {
  return new KeyframeError(
    { code: 'sample.broken', message: `The bundled sample workspace is broken: ${why}.`, action: 'Install Keyframe again.' },
    { cause },
  )
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

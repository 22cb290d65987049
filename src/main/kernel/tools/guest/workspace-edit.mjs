// Runs inside the sandbox. Changes of several files that happen together or not at all.
import { readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { moveEntry } from './copy-tree.mjs'
import { onDisk, textOfBytes } from './path-bytes.mjs'
import { recallText, rememberText } from './remembered-texts.mjs'
import { applyTextEdits } from './text-edits.mjs'
import { encodeText } from './text-encodings.mjs'
import { hashFile, readText, stage, temporaryName, versionOf, writeAtomically } from './text-files.mjs'
import { GuestFailure, failureOf, lstatOrNull, resolvePath, workspaceRoot } from './workspace-paths.mjs'

/** Number of files and links at and below a path, whatever their names. */
export function countEntries(absolute) {
  const entries = lstatOrNull(absolute)?.isDirectory() ? readdirSync(onDisk(absolute), 'buffer') : null
  if (entries === null) return 1
  return entries.reduce((count, name) => count + countEntries(`${absolute}/${textOfBytes(name)}`), 0)
}

export function existing(path, options) {
  const resolved = resolvePath(path, options)
  const stat = lstatOrNull(resolved.absolute)
  if (stat === null) throw new GuestFailure('fs.not-found', `${path} is not there.`)
  return { ...resolved, stat }
}

export function checkMove(from, to) {
  const source = existing(from, { follow: false })
  const target = resolvePath(to, { follow: false })
  if (source.absolute === workspaceRoot) throw new GuestFailure('fs.bad-path', 'The workspace itself cannot be moved.')
  if (lstatOrNull(target.absolute) !== null) throw new GuestFailure('fs.exists', `${to} is already there.`)
  if (target.absolute.startsWith(`${source.absolute}/`)) throw new GuestFailure('fs.bad-path', `${from} cannot be moved into itself.`)
  return { source, target }
}

export function checkRemove(path) {
  const target = existing(path, { follow: false })
  if (target.absolute === workspaceRoot) throw new GuestFailure('fs.bad-path', 'The workspace itself cannot be removed.')
  return target
}

export function checkVersion(path, file, expected) {
  if (expected === null || expected === undefined || file.version === expected) return
  throw new GuestFailure('fs.stale-version', `${path} was changed since version ${expected.slice(0, 12)}.`, {
    path,
    expected,
    actual: file.version,
    text: file.text,
    before: recallText(expected),
  })
}

/** Everything is read and checked first; only then is the first file touched, and what was done is undone when a step fails. */
export function applyWorkspaceEdit({ files, create, move, remove }) {
  const claimed = new Map()
  const claim = (absolute, path) => {
    for (const [other, otherPath] of claimed) {
      if (other === absolute || other.startsWith(`${absolute}/`) || absolute.startsWith(`${other}/`)) {
        throw new GuestFailure('fs.bad-edit', `${path} and ${otherPath} are changed twice by one edit.`)
      }
    }
    claimed.set(absolute, path)
  }

  const edited = files.map(({ path, version, edits }) => {
    const { absolute } = existing(path)
    const file = readText(absolute, path)
    checkVersion(path, file, version)
    const text = applyTextEdits(file.text, edits, file.eol, path)
    const bytes = encodeText(text, file.encoding)
    rememberText(versionOf(bytes), text)
    return { path, absolute, file, bytes }
  })
  const editedTwice = edited.find((one, index) => edited.some((other, at) => at < index && other.absolute === one.absolute))
  if (editedTwice) throw new GuestFailure('fs.bad-edit', `${editedTwice.path} is listed twice; put its edits together.`)
  const created = create.map(({ path, text }) => {
    const { absolute } = resolvePath(path)
    if (lstatOrNull(absolute) !== null) throw new GuestFailure('fs.exists', `${path} is already there.`)
    claim(absolute, path)
    return { path, absolute, bytes: encodeText(text) }
  })
  const moved = move.map(({ from, to }) => {
    const { source, target } = checkMove(from, to)
    claim(source.absolute, from)
    claim(target.absolute, to)
    return { from, to, source: source.absolute, target: target.absolute }
  })
  const removed = remove.map((path) => {
    const { absolute } = checkRemove(path)
    claim(absolute, path)
    if (edited.some((file) => file.absolute === absolute || file.absolute.startsWith(`${absolute}/`))) {
      throw new GuestFailure('fs.bad-edit', `${path} is edited and removed by one edit.`)
    }
    return { path, absolute }
  })

  perform({ edited, created, moved, removed })
  return { versions: versionsAfter({ edited, created, moved, removed }) }
}

/**
 * Writes what was prepared: all of it, or nothing when a step fails. `edited` {path, absolute, file, bytes}, `created` {path, absolute,
 * bytes, mode?}, `moved` {from, source, target}, `removed` {path, absolute}.
 */
export function perform({ edited, created, moved, removed }) {
  const undo = []
  const staged = []
  const trash = []
  let current = ''
  try {
    for (const { path, absolute, file, bytes } of edited) {
      current = path
      staged.push({ path, absolute, file, step: stage(absolute, path, bytes, file.newMode ?? file.mode) })
    }
    for (const { path, absolute, bytes, mode } of created) {
      current = path
      undo.push(undoDirectories(absolute))
      staged.push({ path, absolute, file: null, step: stage(absolute, path, bytes, mode ?? null) })
    }
    for (const { path, absolute, file, step } of staged) {
      current = path
      if (file === null) step.commitNew()
      else step.commit()
      undo.push(
        file === null ? () => rmSync(onDisk(absolute), { force: true }) : () => writeAtomically(absolute, path, file.bytes, file.mode),
      )
    }
    for (const { from, source, target } of moved) {
      current = from
      undo.push(undoDirectories(target))
      moveEntry(source, target)
      undo.push(() => moveEntry(target, source))
    }
    for (const { path, absolute } of removed) {
      current = path
      const kept = join(dirname(absolute), temporaryName(basename(absolute)))
      moveEntry(absolute, kept)
      trash.push(kept)
      undo.push(() => moveEntry(kept, absolute))
    }
  } catch (error) {
    rollBack(error, current, staged, undo)
  }
  for (const kept of trash) rmSync(onDisk(kept), { recursive: true, force: true })
}

function rollBack(error, path, staged, undo) {
  const failure = failureOf(error, path)
  const lost = []
  for (const { step } of staged) step.discard()
  for (const step of undo.toReversed()) {
    try {
      step()
    } catch (undoError) {
      lost.push(failureOf(undoError, path).message)
    }
  }
  const outcome = lost.length === 0 ? 'Nothing was changed.' : `Not everything could be put back: ${lost.join(' ')}`
  throw new GuestFailure(failure.code, `${failure.message} ${outcome}`, { ...failure.details, rolledBack: lost.length === 0 })
}

/** Removes the directories that are made on the way to `absolute`, the ones that are not there now. */
function undoDirectories(absolute) {
  let topMissing = null
  for (let at = dirname(absolute); lstatOrNull(at) === null; at = dirname(at)) topMissing = at
  return () => {
    if (topMissing !== null) rmSync(onDisk(topMissing), { recursive: true, force: true })
  }
}

function versionsAfter({ edited, created, moved, removed }) {
  const versions = []
  for (const { path, absolute, bytes } of edited) {
    const followed = moved.find(({ source }) => absolute === source || absolute.startsWith(`${source}/`))
    const suffix = followed ? absolute.slice(followed.source.length) : ''
    versions.push({ path: followed ? followed.to + suffix : path, version: versionOf(bytes) })
  }
  for (const { path, bytes } of created) versions.push({ path, version: versionOf(bytes) })
  for (const { from, to, target } of moved) {
    versions.push({ path: from, version: null })
    if (!lstatOrNull(target)?.isFile() || versions.some(({ path }) => path === to)) continue
    versions.push({ path: to, version: hashFile(target, to) })
  }
  for (const { path } of removed) versions.push({ path, version: null })
  return versions
}

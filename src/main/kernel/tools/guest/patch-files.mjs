// Runs inside the sandbox. Applies a patch of several files, all of it or nothing.
import { rememberText } from './remembered-texts.mjs'
import { encodeText } from './text-encodings.mjs'
import { MAX_WHOLE_BYTES, readText, versionOf } from './text-files.mjs'
import { applyHunks } from './unified-patch.mjs'
import { checkMove, checkRemove, checkVersion, existing, perform } from './workspace-edit.mjs'
import { GuestFailure, lstatOrNull, resolvePath } from './workspace-paths.mjs'

/** `files`: as the kernel read them from the patch; `versions`: what the caller knows of them, by path. */
export function applyPatch({ files, fuzz, dryRun, versions }) {
  const work = { edited: [], created: [], moved: [], removed: [] }
  const failures = []
  const outcomes = files.map((file) => prepare(file, { fuzz, versions, work, failures }))
  if (failures.length > 0) throw rejected(failures)
  if (!dryRun) perform(work)
  return { files: outcomes }
}

function rejected(failures) {
  const hunks = failures.reduce((sum, { hunks: some }) => sum + some.length, 0)
  const where = failures.map(({ path, hunks: some }) => `${path} (hunk ${some.map(({ hunk }) => hunk).join(', ')})`).join('; ')
  return new GuestFailure(
    'fs.patch-rejected',
    `Nothing was changed: ${hunks} ${hunks === 1 ? 'hunk does' : 'hunks do'} not fit: ${where}.`,
    {
      rejected: failures,
    },
  )
}

function prepare({ from, to, hunks, newMode }, { fuzz, versions, work, failures }) {
  const refuse = (path, failed) => {
    if (failed.length > 0) failures.push({ path, hunks: failed })
  }
  if (from === null) {
    const { absolute } = resolvePath(to)
    if (lstatOrNull(absolute) !== null) throw new GuestFailure('fs.exists', `${to} is already there, but the patch makes it.`)
    const { text, applied, failed } = applyHunks('', hunks, 0)
    refuse(to, failed)
    const bytes = encodeText(text)
    work.created.push({ path: to, absolute, bytes, mode: newMode })
    return { path: to, change: 'created', version: versionOf(bytes), hunks: applied }
  }
  const { absolute } = existing(from)
  // What a link leads to would be edited, but the link moved or removed.
  if (to !== from && lstatOrNull(resolvePath(from, { follow: false }).absolute)?.isSymbolicLink()) {
    throw new GuestFailure('fs.is-link', `${from} is a link, which a patch cannot move or remove.`)
  }
  const file = readText(absolute, from, MAX_WHOLE_BYTES)
  checkVersion(from, file, versions[from])
  const { text, applied, failed } = applyHunks(file.text, hunks, fuzz)
  refuse(from, failed)
  if (to === null) {
    if (failed.length === 0 && text !== '' && hunks.length > 0) {
      throw new GuestFailure('fs.patch-rejected', `Nothing was changed: the patch removes ${from}, but not all that is in it.`, {
        path: from,
      })
    }
    work.removed.push({ path: from, absolute: checkRemove(from).absolute })
    return { path: from, change: 'deleted', version: null, hunks: applied }
  }
  const bytes = encodeText(text, file.encoding)
  work.edited.push({ path: from, absolute, file: newMode === null ? file : { ...file, newMode }, bytes })
  const version = versionOf(bytes)
  rememberText(version, text)
  if (from === to) return { path: to, change: hunks.length === 0 ? 'mode' : 'changed', version, hunks: applied }
  const { source, target } = checkMove(from, to)
  work.moved.push({ from, to, source: source.absolute, target: target.absolute })
  return { path: to, change: 'renamed', from, version, hunks: applied }
}

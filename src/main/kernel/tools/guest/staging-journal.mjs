// Runs inside the sandbox. Remembers temporary files outside the workspace while they exist, so that those of a process that was
// killed in the middle are removed by the next one.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { onDisk } from './path-bytes.mjs'
import { lstatOrNull, workspaceRoot } from './workspace-paths.mjs'

const TEMPORARY = /^\.keyframe-[0-9a-f]{12}-/
const MAX_JOURNAL_BYTES = 4 * 1024 * 1024

const staged = new Set()
let journal = null

function save() {
  if (journal === null) return
  if (staged.size === 0) rmSync(journal, { force: true })
  else writeFileSync(journal, JSON.stringify([...staged]), { mode: 0o600 })
}

export function noteStaged(temporary) {
  staged.add(temporary)
  save()
}

export function noteSettled(temporary) {
  staged.delete(temporary)
  save()
}

/** The journal is a file that others in the sandbox can write: only what can be nothing but a temporary file is removed. */
export function recoverStaged(folder) {
  if (!lstatOrNull(folder)?.isDirectory()) return 0
  journal = `${folder}/staged-files.json`
  if (lstatOrNull(journal) === null) return 0
  let removed = 0
  for (const temporary of readJournal()) {
    if (typeof temporary !== 'string' || !temporary.startsWith(`${workspaceRoot}/`) || temporary.includes('/../')) continue
    if (!TEMPORARY.test(basename(temporary)) || !lstatOrNull(temporary)?.isFile()) continue
    rmSync(onDisk(temporary), { force: true })
    removed += 1
  }
  save()
  return removed
}

function readJournal() {
  const found = lstatOrNull(journal)
  if (!found?.isFile() || found.size > MAX_JOURNAL_BYTES) return []
  try {
    const known = JSON.parse(readFileSync(journal, 'utf8'))
    return Array.isArray(known) ? known : []
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}

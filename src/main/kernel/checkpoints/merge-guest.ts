/**
 * The program that changes the live repository. It runs inside the jail with the pinned Node and sees only the repository
 * (`/target`, writable) and the prepared merge (`/merge`, read-only). It is text because it must not depend on how Keyframe itself is
 * bundled. Run again after a crash at any point it ends in the same state: every step first looks at what is there.
 *
 * 1. Each path is classified by the hash of what lies there: already the result, still what was expected, or something else, which
 *    is the user's and is left alone.
 * 2. All results are written to temporary files beside their targets and synced, so that a full disk changes nothing.
 * 3. Each is looked at once more and renamed into place (new files are linked, which fails when somebody was faster).
 *
 * Folders are entered through descriptors, never through a link. Prints one JSON line: states by number.
 */
export const MERGE_GUEST = String.raw`
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { promisify } from 'node:util'
const C = fs.constants
const plan = JSON.parse(fs.readFileSync('/merge/plan.json', 'utf8'))
const slash = Buffer.from('/')
const at = (fd, name) => Buffer.concat([Buffer.from('/proc/self/fd/' + fd), slash, name])
const oops = (error, ...codes) => { if (!codes.includes(error.code)) throw error }

function openFolder(fd, name) {
  return fs.openSync(at(fd, name), C.O_RDONLY | C.O_DIRECTORY | C.O_NOFOLLOW)
}
// Descriptor of the folder that holds the path, or null. Folders that are missing are made only when 'make' is given.
function enter(parts, make) {
  let fd = fs.openSync('/target', C.O_RDONLY | C.O_DIRECTORY | C.O_NOFOLLOW)
  for (const part of parts.slice(0, -1)) {
    let next
    try {
      next = openFolder(fd, part)
    } catch (error) {
      if (error.code !== 'ENOENT' || !make) {
        fs.closeSync(fd)
        oops(error, 'ENOENT', 'ENOTDIR', 'ELOOP')
        return null
      }
      const above = fs.fstatSync(fd)
      fs.mkdirSync(at(fd, part), 0o755)
      next = openFolder(fd, part)
      own(next, above.uid, above.gid)
      make.push({ parts: parts.slice(0, parts.indexOf(part) + 1) })
    }
    fs.closeSync(fd)
    fd = next
  }
  return fd
}
function own(fd, uid, gid) {
  const now = fs.fstatSync(fd)
  if (now.uid === uid && now.gid === gid) return
  try {
    fs.fchownSync(fd, uid, gid)
  } catch (error) {
    // Without privileges a group can only be kept where it is one's own: the file then gets the folder's or the user's.
    oops(error, 'EPERM', 'EINVAL')
  }
}
function look(fd, name) {
  let stat
  try {
    stat = fs.lstatSync(at(fd, name))
  } catch (error) {
    oops(error, 'ENOENT')
    return { kind: 'absent' }
  }
  if (stat.isSymbolicLink()) {
    const target = fs.readlinkSync(at(fd, name), { encoding: 'buffer' })
    return { kind: 'symlink', hash: createHash('sha256').update(target).digest('hex'), mode: 0o777, stat }
  }
  if (!stat.isFile()) return { kind: 'other' }
  const file = fs.openSync(at(fd, name), C.O_RDONLY | C.O_NOFOLLOW | C.O_NONBLOCK)
  try {
    const digest = createHash('sha256')
    const buffer = Buffer.allocUnsafe(1 << 20)
    for (;;) {
      const count = fs.readSync(file, buffer, 0, buffer.length, null)
      if (count === 0) break
      digest.update(buffer.subarray(0, count))
    }
    return { kind: 'file', hash: digest.digest('hex'), mode: stat.mode & 0o7777, stat }
  } finally {
    fs.closeSync(file)
  }
}
function is(found, wanted) {
  if (wanted === null) return found.kind === 'absent'
  return found.kind === wanted.kind && found.hash === wanted.hash && (found.kind === 'symlink' || found.mode === wanted.mode)
}
function remove(fd, name) {
  try {
    fs.unlinkSync(at(fd, name))
  } catch (error) {
    oops(error, 'ENOENT')
  }
}
const partsOf = (op) => op.path.map((part) => Buffer.from(part, 'base64'))
const tempOf = (i) => Buffer.from('.keyframe-merge-' + plan.id + '-' + i)
function stage(fd, op, i, found) {
  const temp = tempOf(i)
  const folder = fs.fstatSync(fd)
  const owner = found.stat ?? folder
  if (op.result.kind === 'symlink') {
    fs.symlinkSync(fs.readFileSync('/merge/new/' + i), at(fd, temp))
    try {
      fs.lchownSync(at(fd, temp), owner.uid, owner.gid)
    } catch (error) {
      oops(error, 'EPERM', 'EINVAL')
    }
    return
  }
  const out = fs.openSync(at(fd, temp), C.O_WRONLY | C.O_CREAT | C.O_EXCL | C.O_NOFOLLOW, 0o600)
  try {
    const source = fs.openSync('/merge/new/' + i, 'r')
    try {
      const buffer = Buffer.allocUnsafe(1 << 20)
      for (;;) {
        const count = fs.readSync(source, buffer, 0, buffer.length, null)
        if (count === 0) break
        for (let done = 0; done < count; ) done += fs.writeSync(out, buffer, done, count - done)
      }
    } finally {
      fs.closeSync(source)
    }
    own(out, owner.uid, owner.gid)
    fs.fchmodSync(out, op.result.mode)
  } finally {
    unsynced.push(out)
  }
}
// Many at once, so that the file system can write them together.
const unsynced = []
async function syncStaged() {
  const files = unsynced.splice(0)
  const fsync = promisify(fs.fsync)
  try {
    await Promise.all(files.map((file) => fsync(file)))
  } finally {
    for (const file of files) fs.closeSync(file)
  }
}
const made = []
const states = plan.ops.map(() => 'conflict')
const staged = []
try {
  for (const [i, op] of plan.ops.entries()) {
    const parts = partsOf(op)
    const name = parts.at(-1)
    let fd = enter(parts, null)
    const found = fd === null ? { kind: 'absent' } : look(fd, name)
    if (fd !== null) remove(fd, tempOf(i))
    if (is(found, op.result)) states[i] = 'done'
    else if (is(found, op.expected)) {
      if (op.result !== null) {
        if (fd === null) fd = enter(parts, made)
        if (fd !== null) stage(fd, op, i, found)
      }
      if (fd !== null) staged.push(i)
    }
    if (fd !== null) fs.closeSync(fd)
    if (unsynced.length >= 64) await syncStaged()
  }
  await syncStaged()
} catch (error) {
  for (const [i, op] of plan.ops.entries()) {
    const parts = partsOf(op)
    const fd = enter(parts, null)
    if (fd === null) continue
    remove(fd, tempOf(i))
    fs.closeSync(fd)
  }
  for (const { parts } of made.reverse()) prune(parts)
  process.stdout.write(JSON.stringify({ failed: { code: error.code ?? 'EUNKNOWN', message: String(error.message) } }) + '\n')
  process.exit(0)
}
for (const i of staged) {
  const op = plan.ops[i]
  const parts = partsOf(op)
  const name = parts.at(-1)
  const fd = enter(parts, null)
  if (fd === null) continue
  const temp = tempOf(i)
  if (!is(look(fd, name), op.expected)) {
    remove(fd, temp)
  } else if (op.result === null) {
    fs.unlinkSync(at(fd, name))
    states[i] = 'done'
  } else if (op.expected === null) {
    try {
      fs.linkSync(at(fd, temp), at(fd, name))
      states[i] = 'done'
    } catch (error) {
      oops(error, 'EEXIST')
    }
    remove(fd, temp)
  } else {
    fs.renameSync(at(fd, temp), at(fd, name))
    states[i] = 'done'
  }
  fs.closeSync(fd)
}
function prune(parts) {
  const fd = enter(parts, null)
  if (fd === null) return
  try {
    fs.rmdirSync(at(fd, parts.at(-1)))
  } catch (error) {
    oops(error, 'ENOENT', 'ENOTEMPTY', 'ENOTDIR', 'EEXIST')
  }
  fs.closeSync(fd)
}
for (const folder of plan.prune) prune(folder.map((part) => Buffer.from(part, 'base64')))
const synced = new Set()
for (const op of plan.ops) {
  const key = op.path.slice(0, -1).join('/')
  if (synced.has(key)) continue
  synced.add(key)
  const fd = enter(partsOf(op), null)
  if (fd === null) continue
  fs.fsyncSync(fd)
  fs.closeSync(fd)
}
process.stdout.write(JSON.stringify({ states }) + '\n')
`

import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runGit, writeFiles } from './testing/git-repository'
import { KernelFixture, pause } from './testing/kernel-fixture'

const RENAME = 'rename symbol alpha to beta'
const BETA = 'export function beta(count: number): number {\n  return count + 1\n}\n'

let at: KernelFixture
beforeEach(() => {
  at = new KernelFixture('bad-input')
})
afterEach(() => at.dispose())

/** What a command in a sandbox on the repository as it is now sees. */
async function inside(command: string): Promise<string> {
  const result = await at.call('sandbox.exec', { at: null, argv: ['bash', '-c', command], timeoutMs: 60_000 })
  if (result.exitCode !== 0) throw new Error(`${command} gave ${result.exitCode}: ${result.stderr}`)
  return result.stdout
}

function read(path: string): string {
  return readFileSync(join(at.root, path), 'utf8')
}

async function renames(): Promise<void> {
  const runId = await at.start(RENAME)
  expect(await at.ended(runId)).toMatchObject({ state: 'completed' })
  expect(read('src/alpha.ts')).toBe(BETA)
  expect(await at.call('replay.run', { runId, mode: 'exact' })).toMatchObject({ ok: true, divergence: null })
}

describe('folders that are no plain repository', () => {
  it('a path that does not exist, and a file, are refused by name', async () => {
    await expect(at.open(join(at.folder, 'nowhere'))).rejects.toMatchObject({ code: 'workspace.not-found' })
    writeFileSync(join(at.folder, 'file'), '')
    await expect(at.open(join(at.folder, 'file'))).rejects.toMatchObject({ code: 'workspace.not-a-folder' })
    expect(existsSync(join(at.home, 'workspaces'))).toBe(false)
    writeFileSync(at.home, 'in the way')
    await expect(at.open()).rejects.toMatchObject({ code: 'workspace.data-unwritable' })
  })

  it('a folder without git: says so, and a run works on its files', async () => {
    at.writeSmallProject()
    execFileSync('rm', ['-rf', join(at.root, '.git')])
    await at.open()
    const info = await at.call('workspace.get', {})
    expect(info.git).toBeNull()
    expect(info.notices).toContain('This folder is not a git repository: runs start from its files, without history.')
    await renames()
    expect(existsSync(join(at.root, '.git'))).toBe(false)
  })

  it('an empty folder and a repository without a commit: a run fails in words, nothing is written', async () => {
    await at.open()
    const bare = await at.ended(await at.start(RENAME))
    expect([bare.state, bare.summary]).toEqual(['failed', expect.stringContaining('alpha')])
    expect(await inside('ls -A')).toBe('')
    await at.close()
    at.git('init', '-q')
    await at.open()
    expect(await at.call('workspace.get', {})).toMatchObject({ git: { head: null, detached: false, dirtyFiles: 0 } })
    const empty = await at.ended(await at.start(RENAME))
    expect([empty.state, empty.summary]).toEqual(['failed', expect.stringContaining('alpha')])
    expect(at.git('status', '--porcelain')).toBe('')
  })

  it('a detached head, a submodule and a linked work tree: run and merge as ever', async () => {
    const other = join(at.folder, 'other')
    mkdirSync(other)
    writeFiles(other, { 'lib.ts': 'export const lib = 1\n' })
    runGit(other, 'init', '-q')
    runGit(other, 'add', '.')
    runGit(other, 'commit', '-qm', 'lib')
    at.writeSmallProject()
    at.git('submodule', 'add', '-q', other, 'module')
    at.git('commit', '-qm', 'submodule')
    at.git('checkout', '-q', '--detach')
    await at.open()
    const info = await at.call('workspace.get', {})
    expect(info).toMatchObject({ git: { detached: true, branch: null, dirtyFiles: 0 } })
    expect(info.notices).toContain('Submodule module was left out: runs see an empty folder there.')
    await renames()
    expect(read('module/lib.ts')).toBe('export const lib = 1\n')
    expect(at.git('diff', '--name-only', 'HEAD').trim().split('\n')).toEqual(['src/alpha.ts', 'src/use.ts'])
  })
})

describe('odd files', () => {
  it('links of every kind, odd names, pipes and sockets: the sandbox has what can be copied, the rest is named', async () => {
    at.writeSmallProject()
    const secret = join(at.folder, 'secret')
    writeFileSync(secret, 'not yours\n')
    symlinkSync('src/alpha.ts', join(at.root, 'good'))
    symlinkSync('nowhere', join(at.root, 'dangling'))
    symlinkSync(secret, join(at.root, 'absolute'))
    symlinkSync('../secret', join(at.root, 'outside'))
    symlinkSync('loop', join(at.root, 'loop'))
    symlinkSync('.', join(at.root, 'here'))
    const long = 'n'.repeat(255)
    const odd = ['new\nline', `quote'"$(touch pwned)`, ' -rf *', 'tab\tname', 'ünï→', '\\x41', long]
    for (const name of odd) writeFileSync(join(at.root, name), `this is ${name.slice(0, 9)}\n`)
    const deep = Array.from({ length: 14 }, () => 'd'.repeat(200)).join('/')
    mkdirSync(join(at.root, deep), { recursive: true })
    writeFileSync(join(at.root, deep, 'deep.txt'), 'deep\n')
    const bytes = Buffer.concat([Buffer.from(join(at.root, 'b')), Buffer.from([0xff, 0xfe]), Buffer.from('.txt')])
    writeFileSync(bytes, 'bytes\n')
    execFileSync('mkfifo', [join(at.root, 'pipe')])
    // Socket paths are short: bound by a relative name.
    const server = await listenAt(join(at.root, 's'))
    try {
      await at.open()
      const info = await at.call('workspace.get', {})
      expect(info.notices).toEqual(
        expect.arrayContaining(['pipe is a socket, pipe or device and was left out.', 's is a socket, pipe or device and was left out.']),
      )
      expect((await inside('find . -mindepth 1 -maxdepth 1 -printf x | wc -c')).trim()).toBe(String(odd.length + 6 + 1 + 1 + 3))
      expect(await inside('readlink good dangling absolute outside loop here')).toBe(
        `src/alpha.ts\nnowhere\n${secret}\n../secret\nloop\n.\n`,
      )
      expect(await inside('cat absolute outside || echo no')).toBe('no\n')
      expect(await inside(`cat $'new\\nline' 'quote'\\''"$(touch pwned)' ./*$'\\xff\\xfe'.txt; ls pwned || echo safe`)).toBe(
        'this is new\nline\nthis is quote\'"$(\nbytes\nsafe\n',
      )
      expect(await inside(`cat ${deep}/deep.txt`)).toBe('deep\n')

      const made = await at.call('sandbox.exec', {
        at: null,
        argv: [
          'bash',
          '-c',
          `rm $'new\\nline' dangling; printf x > b$'\\xff\\xfe'.txt; ln -s /etc/passwd trap; mkfifo fifo; printf y > $'made\\n'`,
        ],
        timeoutMs: 60_000,
      })
      expect(made.exitCode).toBe(0)
      expect(made.sideEffects.files.map((file) => file.path).sort()).toEqual(['b\\xff\\xfe.txt', 'dangling', 'made\n', 'new\nline', 'trap'])
      await renames()
      expect(readFileSync(bytes, 'utf8')).toBe('bytes\n')
      expect(readlinkSync(join(at.root, 'absolute'))).toBe(secret)
      expect(readFileSync(secret, 'utf8')).toBe('not yours\n')
    } finally {
      server.close()
    }
  })

  it('a read-only file is left alone: the edit of all files is refused by name, nothing is changed', async () => {
    at.writeSmallProject()
    chmodSync(join(at.root, 'src/use.ts'), 0o444)
    await at.open()
    const runId = await at.start(RENAME)
    expect(await at.ended(runId)).toMatchObject({ state: 'failed' })
    const failures = (await at.frames(runId)).flatMap((frame) =>
      frame.kind === 'tool.outcome' && !frame.payload.ok ? [frame.payload.error] : [],
    )
    expect(failures.length).toBeGreaterThan(0)
    for (const failure of failures) expect(failure).toMatchObject({ code: 'fs.permission', message: expect.stringContaining('src/use.ts') })
    expect(at.git('status', '--porcelain').trim()).toBe('')
    expect(statSync(join(at.root, 'src/use.ts')).mode & 0o777).toBe(0o444)
  })
})

function listenAt(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(path, () => resolve(server))
  })
}

describe('the user’s own work', () => {
  it('what was not committed is part of a run, and an edit made meanwhile is a conflict that loses nothing', async () => {
    at.writeSmallProject()
    const theirs = "import { alpha } from './alpha'\n\nexport const three = alpha(2)\n"
    writeFileSync(join(at.root, 'src/use.ts'), theirs)
    writeFileSync(join(at.root, 'notes.txt'), 'untracked\n')
    await at.open()
    expect(await at.call('workspace.get', {})).toMatchObject({ git: { dirtyFiles: 2 } })
    const runId = await at.start(RENAME, 'ask')
    await at.answer(runId, await at.asked(runId, 'approve-plan'), { decision: 'approve' })
    const review = await at.asked(runId, 'review-merge')
    const meanwhile = "import { alpha } from './alpha'\n\nexport const three = alpha(2) + alpha(3)\n"
    writeFileSync(join(at.root, 'src/use.ts'), meanwhile)
    const branchId = review.branches?.find((branch) => branch.verdict.passed)?.branchId
    if (branchId === undefined) throw new Error('no branch passed')
    const preview = await at.call('branches.mergePreview', { runId, branchId })
    expect(preview.conflicts.map((conflict) => conflict.path)).toEqual(['src/use.ts'])
    await at.answer(runId, review, { decision: 'approve', branchId })
    const run = await at.ended(runId)
    expect(read('src/use.ts')).toBe(meanwhile)
    expect(read('notes.txt')).toBe('untracked\n')
    const outcome = (await at.frames(runId)).find((frame) => frame.kind === 'merge.outcome')
    expect(outcome?.payload).toMatchObject({ conflicts: [{ path: 'src/use.ts' }] })
    expect(run.summary).toMatch(/conflict/i)
  })
})

describe('a language server that dies in mid-run', () => {
  it('is started again and the run ends as ever, or the call fails by name', async () => {
    at.writeSmallProject()
    await at.open()
    const runId = await at.start(RENAME)
    let killed = 0
    while (killed === 0 && (await at.call('runs.get', { runId })).state === 'running') {
      killed = killServers(at.folder)
      await pause(20)
    }
    expect(killed).toBeGreaterThan(0)
    const { frames } = await at.call('runs.get', { runId })
    const run = await at.ended(runId)
    console.log(`language server processes killed at frame ${frames}: ${killed}; the run ended ${run.state}: ${run.summary}`)
    const failed = (await at.frames(runId)).flatMap((frame) =>
      frame.kind === 'tool.outcome' && !frame.payload.ok ? [frame.payload.error?.code] : [],
    )
    expect(run.state === 'completed' || failed.every((code) => code === 'lsp.server-died')).toBe(true)
    if (run.state === 'completed') expect(read('src/alpha.ts')).toBe(BETA)
    else expect(read('src/alpha.ts')).toContain('alpha')
  })
})

/** Ends the language servers in sandboxes of this folder: they have its mounts and run tsserver. */
function killServers(folder: string): number {
  const pids = execFileSync('sh', ['-c', `grep -l -F '${folder}' /proc/[0-9]*/mountinfo 2>/dev/null | cut -d/ -f3 || true`], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter((pid) => pid !== '' && pid !== String(process.pid))
  let killed = 0
  for (const pid of pids) {
    const command = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : ''
    if (!/typescript-language-server|tsserver/.test(command) || /bwrap|nsenter|prlimit/.test(command.split('\0')[0] ?? '')) continue
    process.kill(Number(pid), 'SIGKILL')
    killed += 1
  }
  return killed
}

describe('size', () => {
  it('20,000 files: opened, frozen, searched and changed', { timeout: 400_000 }, async () => {
    at.writeSmallProject()
    for (let folder = 0; folder < 200; folder += 1) {
      mkdirSync(join(at.root, `data/${folder}`), { recursive: true })
      for (let file = 0; file < 100; file += 1) writeFileSync(join(at.root, `data/${folder}/f${file}.txt`), `${folder} ${file}\n`)
    }
    const begun = performance.now()
    const took = (): number => Math.round(performance.now() - begun)
    await at.open()
    expect((await at.call('workspace.get', {})).git).toMatchObject({ dirtyFiles: 20_000 })
    const opened = took()
    expect((await inside('find data -type f | wc -l')).trim()).toBe('20000')
    const first = took() - opened
    await renames()
    console.log(`20,000 files: opened in ${opened} ms, first sandbox ${first} ms, run and replay ${took() - opened - first} ms`)
  })
})

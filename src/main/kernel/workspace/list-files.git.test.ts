import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runGit, writeFiles } from '../testing/git-repository'
import { listFiles } from './list-files'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'keyframe-list-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

async function paths(): Promise<string[]> {
  return (await listFiles(root)).files.flatMap((file) => (file.type === 'directory' ? [] : [file.path])).sort()
}
function truth(): string[] {
  return runGit(root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard')
    .split('\0')
    .filter((path) => path !== '')
    .sort()
}

it('lists what git lists: rules at every level, negations, exclude, tracked but ignored files', async () => {
  runGit(root, 'init')
  writeFiles(root, {
    '.gitignore': '*.log\n/build/\n!keep.log\ntmp/\n/docs/*\n!/docs/api\n**/cache/\nCase.txt\n#x\n\\#y\nspace\\ \n',
    'a.ts': '',
    'a.log': '',
    'keep.log': '',
    'build/out.js': '',
    'sub/build/in.js': '',
    'sub/.gitignore': '!special.log\n/local\n*.gen.*\n',
    'sub/special.log': '',
    'sub/local': '',
    'sub/deep/local': '',
    'sub/deep/x.gen.ts': '',
    'docs/a.md': '',
    'docs/api/b.md': '',
    'x/cache/c': '',
    'case.txt': '',
    'Case.txt': '',
    '#y': '',
    'space ': '',
    'tracked.log': '',
    'tmp/tracked/file': '',
    'tmp/other': '',
    'secret.env': '',
    'ünï/çødé\n.txt': '',
    '..odd': '',
  })
  runGit(root, 'add', '-f', 'tracked.log', 'tmp/tracked/file', 'a.ts')
  writeFileSync(join(root, '.git/info/exclude'), 'secret.env\n')
  expect(await paths()).toEqual(truth())
  for (const version of ['3', '4']) {
    runGit(root, 'update-index', '--index-version', version)
    expect(await paths()).toEqual(truth())
  }
})

it('keeps names that are no UTF-8, one to one', async () => {
  runGit(root, 'init')
  execFileSync('sh', ['-c', `printf x > "$(printf 'a\\377b')"; printf x > 'lit\\xff'`], { cwd: root })
  expect(await paths()).toEqual(['a\\xffb', 'lit\\x5cxff'])
})

it('leaves out submodules, nested repositories, sockets and pipes, and says so', async () => {
  const other = join(root, '.other')
  mkdirSync(other)
  runGit(other, 'init')
  writeFiles(other, { f: '' })
  runGit(other, 'add', '.')
  runGit(other, 'commit', '-m', 'x')
  const repo = join(root, 'repo')
  mkdirSync(repo)
  root = repo
  runGit(repo, 'init')
  runGit(repo, 'submodule', 'add', other, 'module')
  mkdirSync(join(repo, 'nested'))
  runGit(join(repo, 'nested'), 'init')
  execFileSync('mkfifo', [join(repo, 'pipe')])
  symlinkSync('/etc', join(repo, 'link'))
  const listing = await listFiles(repo)
  expect(listing.files.map((file) => `${file.type} ${file.path}`).sort()).toEqual([
    'directory module',
    'directory nested',
    'file .gitmodules',
    'symlink link',
  ])
  expect([...listing.notices].sort()).toEqual([
    'Submodule module was left out: runs see an empty folder there.',
    'nested is a repository of its own and was left out.',
    'pipe is a socket, pipe or device and was left out.',
  ])
  root = join(repo, '..')
})

it('finds ignored dependency folders, and lists a folder without git whole', async () => {
  writeFiles(root, {
    '.gitignore': 'node_modules\n.venv/\n',
    'node_modules/x/i.js': '',
    'p/web/node_modules/y/node_modules/z': '',
    'p/target/t': '',
    'a.py': '',
  })
  mkdirSync(join(root, '.venv'))
  const listing = await listFiles(root)
  expect(listing.dependencies.map((dependency) => dependency.path).sort()).toEqual(['.venv', 'node_modules', 'p/web/node_modules'])
  expect(await paths()).toEqual(['.gitignore', 'a.py', 'p/target/t'])
})

it('works in an empty repository, in a linked work tree, and with a damaged index', async () => {
  const main = join(root, 'main')
  mkdirSync(main)
  runGit(main, 'init')
  expect(await listFiles(main)).toEqual({ files: [], dependencies: [], notices: [], index: null })
  writeFiles(main, { 'a.ts': '' })
  runGit(main, 'add', '.')
  runGit(main, 'commit', '-m', 'x')
  runGit(main, 'worktree', 'add', '../linked')
  writeFileSync(join(main, '.git/info/exclude'), 'hidden\n')
  writeFiles(join(root, 'linked'), { hidden: '' })
  expect((await listFiles(join(root, 'linked'))).files).toEqual([{ path: 'a.ts', type: 'file' }])
  writeFileSync(join(main, '.git/index'), 'nonsense that is longer than a header of an index')
  expect((await listFiles(main)).notices[0]).toMatch(/^The git index cannot be read/)
})

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findToolchains, isWorldReadable } from './toolchains'

let outside: string
let home: string

beforeEach(() => {
  // Not below /tmp, whose folders are never bound, and not in the home folder, which may lie there.
  outside = mkdtempSync('/var/tmp/keyframe-toolchains-')
  home = join(outside, 'home')
  mkdirSync(home)
})

afterEach(() => rmSync(outside, { recursive: true, force: true }))

const make = (path: string): string => {
  mkdirSync(path, { recursive: true })
  return path
}

it('binds the prefix of a managed version and nothing beside it', () => {
  const bin = make(join(home, '.nvm/versions/node/v24.1.0/bin'))
  make(join(home, '.nvm/versions/node/v22.0.0/bin'))
  const found = findToolchains(`${bin}:/usr/bin`, home)
  expect(found.folders).toEqual([join(home, '.nvm/versions/node/v24.1.0')])
  expect(found.path.slice(0, 2)).toEqual([bin, '/usr/bin'])
})

it('binds only the programs of a folder that may have credentials beside them', () => {
  const bins = [make(join(home, '.cargo/bin')), make(join(home, '.local/bin')), make(join(outside, 'repository/bin'))]
  make(join(home, '.rustup'))
  const found = findToolchains(bins.join(':'), home)
  expect(found.folders.toSorted()).toEqual([...bins, join(home, '.rustup')].toSorted())
  expect(found.env).toEqual({ RUSTUP_HOME: join(home, '.rustup') })
})

it('keeps out the home itself, what lies above it, temporary folders, projects and what is not there', () => {
  const project = make(join(outside, 'project/node_modules/.bin'))
  const gone = join(home, 'gone/bin')
  const temporary = mkdtempSync(join(tmpdir(), 'keyframe-bin-'))
  try {
    const found = findToolchains([home, outside, '/', project, gone, temporary, 'relative/bin', ''].join(':'), home)
    expect(found).toEqual({ folders: [], env: {}, path: ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'] })
  } finally {
    rmSync(temporary, { recursive: true })
  }
})

it('keeps the order of the user and binds a folder within another once', () => {
  const shims = make(join(home, '.pyenv/shims'))
  const bin = make(join(home, '.pyenv/bin'))
  const found = findToolchains(`${shims}:/usr/local/bin:${bin}:${shims}/`, home)
  expect(found.folders).toEqual([join(home, '.pyenv')])
  expect(found.path.slice(0, 3)).toEqual([shims, '/usr/local/bin', bin])
})

it('knows what another user can read', () => {
  expect(isWorldReadable('/usr/bin')).toBe(true)
  const open = make(join(home, 'open'))
  writeFileSync(join(open, 'file'), '')
  chmodSync(outside, 0o700)
  expect(isWorldReadable(join(open, 'file'))).toBe(false)
})

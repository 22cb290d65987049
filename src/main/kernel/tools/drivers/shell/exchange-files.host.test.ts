import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readExchangeFile, removeExchangeFile, writeExchangeFile } from './exchange-files'

let root: string
let exchange: string
const secret = (): string => join(root, 'secret')

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'keyframe-exchange-'))
  exchange = join(root, 'exchange')
  await mkdir(exchange)
  await writeFile(secret(), 'secret')
})
afterEach(() => rm(root, { recursive: true, force: true }))

it('reads regular files, and no more than asked for', async () => {
  await writeFile(join(exchange, 'a'), 'abc')
  expect(await readExchangeFile(exchange, 'a', 3)).toEqual({ bytes: Buffer.from('abc'), complete: true, sizeBytes: 3 })
  expect(await readExchangeFile(exchange, 'a', 2)).toEqual({ bytes: Buffer.from('ab'), complete: false, sizeBytes: 3 })
  await truncate(join(exchange, 'a'), 2 ** 40)
  expect((await readExchangeFile(exchange, 'a', 10))?.complete).toBe(false)
})

it('follows no link and waits for no FIFO', async () => {
  await symlink(secret(), join(exchange, 'link'))
  execFileSync('mkfifo', [join(exchange, 'pipe')])
  await mkdir(join(exchange, 'dir'))
  for (const name of ['link', 'pipe', 'dir', 'absent']) expect(await readExchangeFile(exchange, name, 10)).toBeNull()
})

it('writes in the place of links and directories, never through them', async () => {
  await symlink(secret(), join(exchange, 'link'))
  await symlink(root, join(exchange, 'dirlink'))
  await mkdir(join(exchange, 'dir/deep'), { recursive: true })
  for (const name of ['link', 'dirlink', 'dir']) {
    await writeExchangeFile(exchange, name, 'new')
    expect(await readFile(join(exchange, name), 'utf8')).toBe('new')
    await removeExchangeFile(exchange, name)
  }
  expect(await readdir(exchange)).toEqual([])
  expect(await readFile(secret(), 'utf8')).toBe('secret')
})

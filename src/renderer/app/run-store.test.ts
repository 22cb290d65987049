import { expect, it, vi } from 'vitest'
import type { Frame } from '../../shared/frames'
import { createKernelLink, type KernelLink } from './kernel-link'
import { createRunStore } from './run-store'
import { message, RUN } from './testing/frame-fixtures'
import { RecordedKernel } from './testing/recorded-kernel'

function journal(length: number): Frame[] {
  return Array.from({ length }, (_, index) => message(index + 1, 'b0'))
}

function kernelWith(frames: Frame[]): RecordedKernel {
  return new RecordedKernel({
    'frames.list': ({ from, limit }) => ({ frames: frames.slice(from - 1, from - 1 + limit), total: frames.length }),
  })
}

async function linked(kernel: RecordedKernel): Promise<KernelLink> {
  const link = createKernelLink(kernel.connect)
  link.start()
  await vi.waitFor(() => expect(link.state.getState().phase).toBe('live'))
  return link
}

it('fetches a long run in pages', async () => {
  const kernel = kernelWith(journal(4_500))
  const run = createRunStore(await linked(kernel))
  await run.open(RUN)
  expect(run.store.getState()).toMatchObject({ status: 'ready', total: 4_500 })
  expect(run.store.getState().cache.length).toBe(4_500)
  expect(kernel.calls.filter((call) => call.method === 'frames.list')).toHaveLength(3)
})

it('appends what is committed, leaves out what it has, and fetches what is missing', async () => {
  const frames = journal(10)
  const kernel = kernelWith(frames)
  const run = createRunStore(await linked(kernel))
  await run.open(RUN)

  frames.push(message(11, 'b0'))
  kernel.emit('frames.appended', { runId: RUN, frames: frames.slice(9, 11) })
  expect(run.store.getState().cache.length).toBe(11)

  frames.push(message(12, 'b0'), message(13, 'b0'), message(14, 'b0'))
  kernel.emit('frames.appended', { runId: RUN, frames: frames.slice(13, 14) })
  await vi.waitFor(() => expect(run.store.getState().cache.length).toBe(14))
  expect(run.store.getState().cache.frames.map((frame) => frame.n)).toEqual(frames.map((frame) => frame.n))
})

it('says why a run could not be read and reads it when asked again', async () => {
  let broken = true
  const kernel = new RecordedKernel({
    'frames.list': () => {
      if (broken) throw new Error('disk on fire')
      return { frames: journal(2), total: 2 }
    },
  })
  const run = createRunStore(await linked(kernel))
  await run.open(RUN)
  expect(run.store.getState()).toMatchObject({ status: 'failed', failure: { code: 'internal', message: 'Error: disk on fire' } })
  broken = false
  await run.open(RUN)
  expect(run.store.getState()).toMatchObject({ status: 'ready', failure: null })
})

it('connects again after a loss, tells of another kernel process, and keeps subscriptions', async () => {
  const frames = journal(3)
  const kernel = kernelWith(frames)
  const link = await linked(kernel)
  const run = createRunStore(link)
  const changes: { first: boolean; restarted: boolean }[] = []
  link.onLive((change) => changes.push(change))
  await run.open(RUN)

  kernel.pid = 2
  kernel.loseConnection()
  await vi.waitFor(() => expect(link.state.getState().phase).toBe('lost'))
  expect(link.state.getState().failure?.message).toBe('The connection to the kernel was lost: the test pulled the plug.')
  await expect(link.call('runs.list', {})).rejects.toMatchObject({ failure: { code: 'connection.lost' } })
  link.retryNow()
  await vi.waitFor(() => expect(link.state.getState()).toMatchObject({ phase: 'live', pid: 2 }))
  expect(changes).toEqual([{ first: false, restarted: true }])

  frames.push(message(4, 'b0'))
  kernel.emit('frames.appended', { runId: RUN, frames: frames.slice(3) })
  expect(run.store.getState().cache.length).toBe(4)
})

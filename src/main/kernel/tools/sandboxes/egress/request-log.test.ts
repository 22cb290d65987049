import { expect, it } from 'vitest'
import { RequestLog } from './request-log'

it('counts equal requests together and stays bounded when they differ', () => {
  const log = new RequestLog()
  const add = (host: string, allowed: boolean): void => log.add({ host, port: 443, address: null, allowed, reason: 'why' })
  for (let n = 0; n < 1500; n += 1) add(`h${n}.test`, false)
  add('h0.test', false)
  add('late.test', true)
  const drained = log.drain()
  expect(drained).toHaveLength(1002)
  expect(drained[0]).toEqual({ host: 'h0.test', port: 443, address: null, allowed: false, reason: 'why', count: 2 })
  expect(drained.slice(1000).map(({ host, allowed, count }) => ({ host, allowed, count }))).toEqual([
    { host: '(others)', allowed: false, count: 500 },
    { host: '(others)', allowed: true, count: 1 },
  ])
  expect(log.drain()).toEqual([])
})

import { expect, it } from 'vitest'
import { failureOf } from '../../../testing/driver-harness'
import { findEngineSocket } from './find-engine'

const dockerPath = '/nonexistent/docker'

it('takes the engine that is named, then that of the environment, then the usual one', async () => {
  expect(await findEngineSocket({ dockerPath, host: 'unix:///a', env: { DOCKER_HOST: 'unix:///b' } })).toBe('/a')
  expect(await findEngineSocket({ dockerPath, env: { DOCKER_HOST: 'unix:///b' } })).toBe('/b')
  expect(await findEngineSocket({ dockerPath, env: { DOCKER_CONTEXT: 'other' } })).toBe('/var/run/docker.sock')
})

it('refuses engines of other machines', async () => {
  for (const host of ['tcp://192.0.2.1:2375', 'ssh://somebody@host', 'npipe:////./pipe/docker']) {
    expect((await failureOf(findEngineSocket({ dockerPath, host, env: {} }))).code).toBe('docker.not-here')
  }
})

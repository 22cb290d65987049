import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noEngineReason, startDockerEngine, type DockerEngine } from '../../testing/docker-engine'
import { failureOf } from '../../testing/driver-harness'
import { writeOwned } from '../../testing/overlay-fixture'
import { chooseProvider, providerSettings, type ProviderOptions } from './choose-provider'
import { GUARANTEE_NAMES } from './guarantee-names'
import { DEFAULT_LIMITS, type SandboxSpec } from './sandbox'

const nodePath = process.execPath
const noEngine: ProviderOptions['docker'] = { dockerPath: '/nonexistent/docker', host: 'unix:///nonexistent/docker.sock' }
/** Without a Node for the inside, no level can be proved. */
const noNode = '/nonexistent/node'

let root: string
const spec = (branch: string): SandboxSpec => ({
  dir: join(root, branch),
  baseDir: join(root, 'base'),
  layerDir: null,
  dependencies: [],
  binds: [],
  limits: DEFAULT_LIMITS,
})

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'keyframe-choose-'))
  writeOwned(join(root, 'base'), { 'README.md': 'read me\n' })
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('the choice of a provider', () => {
  it('takes the strongest level that proves itself, and opens it only then', async () => {
    const { provider, report } = chooseProvider({ nodePath, wanted: 'auto', docker: noEngine })
    expect([provider.level, provider.guarantees]).toEqual(['none', []])
    const sandbox = await provider.open(spec('auto'))
    const found = await report
    expect([sandbox.level, provider.level, found.level]).toEqual(['overlay', 'overlay', 'overlay'])
    expect(found.guarantees.map(({ what }) => what)).toEqual(GUARANTEE_NAMES)
    expect(found.proofs.every((proof) => proof.holds)).toBe(true)
    expect(found.requirements.every((requirement) => requirement.state === 'ok')).toBe(true)
    await sandbox.dispose()
  })

  it('offers plain copies when nothing isolates, and says that they need consent', async () => {
    const { provider, report } = chooseProvider({ nodePath: noNode, wanted: 'auto', docker: noEngine })
    const found = await report
    expect([provider.level, found.level]).toEqual(['copy', 'copy'])
    expect(found.summary).toContain('consent')
    expect(found.guarantees.find(({ what }) => what === 'Network')?.given).toBe('no')
    expect(found.requirements.filter(({ state }) => state === 'missing').map(({ name }) => name)).toEqual([
      'Node for the inside',
      'Docker engine',
    ])
  })

  it('gives the level that was asked for, or nothing', async () => {
    const copy = chooseProvider({ nodePath, wanted: 'copy', docker: noEngine })
    expect((await copy.report).level).toBe('copy')
    for (const wanted of ['overlay', 'docker'] as const) {
      const { provider, report } = chooseProvider({ nodePath: noNode, wanted, docker: noEngine })
      expect((await report).level).toBe('none')
      expect((await report).summary).toContain(`Only ${wanted} was asked for`)
      const { failure } = await failureOf(provider.open(spec(wanted)))
      expect(failure.code).toBe('sandbox.unavailable')
      expect(failure.action).toBe(wanted === 'overlay' ? 'npm install' : (await report).requirements[0]?.remedy)
    }
  })

  it('reads its settings from the environment', async () => {
    expect(providerSettings({})).toEqual({ wanted: 'auto', docker: { dockerPath: 'docker', buildWithNetwork: false } })
    expect(providerSettings({ KEYFRAME_SANDBOX: 'docker', KEYFRAME_DOCKER_IMAGE: 'own:1', KEYFRAME_DOCKER_BUILD_NETWORK: '1' })).toEqual({
      wanted: 'docker',
      docker: { dockerPath: 'docker', buildWithNetwork: true, image: 'own:1' },
    })
    expect((await failureOf((async () => providerSettings({ KEYFRAME_SANDBOX: 'vm' }))())).code).toBe('sandbox.unknown-level')
  })
})

const reason = noEngineReason()
describe.skipIf(reason !== null)('with a Docker engine', { meta: { reason: reason ?? '' } }, () => {
  let engine: DockerEngine
  beforeAll(async () => {
    engine = await startDockerEngine()
  })
  afterAll(() => engine.dispose())

  it('takes containers once they have proved themselves', async () => {
    const { dockerPath, host, image } = engine
    const { provider, report } = chooseProvider({ nodePath, wanted: 'docker', docker: { dockerPath, host, image } })
    const sandbox = await provider.open(spec('docker'))
    const found = await report
    expect([sandbox.level, provider.level, found.level]).toEqual(['docker', 'docker', 'docker'])
    expect(found.summary).toMatch(/^Containers: (\d+) of \1 attempts/)
    await sandbox.dispose()
  })

  it('says what an engine misses', async () => {
    const { dockerPath, host } = engine
    const { report } = chooseProvider({ nodePath, wanted: 'docker', docker: { dockerPath, host } })
    const found = await report
    expect(found.level).toBe('none')
    expect(found.requirements).toMatchObject([
      { name: 'Docker engine', state: 'ok' },
      { name: 'Docker image', state: 'missing', remedy: expect.stringContaining('docker pull') as string },
    ])
  })
})

import { noEngineReason, startDockerEngine } from '../testing/docker-engine'
import { hostileSuite } from '../testing/hostile-suite'
import { findProgram } from '../tools/sandboxes/host-programs'
import { analyzerAttacks, limitAttacks, networkAttacks, refactorerAttacks } from './boundary-attacks'
import { fileAttacks, nameAttacks, processAttacks } from './file-attacks'
import { systemCallAttacks } from './system-attacks'

hostileSuite({
  level: 'docker',
  missing: noEngineReason(),
  attacks: {
    coder: (targets) => [
      ...fileAttacks(targets),
      ...nameAttacks(),
      ...(findProgram('gcc') === null ? [] : systemCallAttacks()),
      ...processAttacks(targets),
      ...networkAttacks(targets),
    ],
    tiny: limitAttacks,
    'code-analyzer': analyzerAttacks,
    // The image of the tests has no npm.
    refactorer: () => refactorerAttacks().filter(({ name }) => name !== 'a permitted program that writes another kind'),
  },
  mergeOf: 'coder',
  async prepare() {
    const engine = await startDockerEngine()
    return { env: { DOCKER_HOST: engine.host, KEYFRAME_DOCKER_IMAGE: engine.image }, end: () => engine.dispose() }
  },
})

import { expect, it } from 'vitest'
import { findProgram } from '../tools/sandboxes/host-programs'
import { analyzerAttacks, limitAttacks, networkAttacks, refactorerAttacks } from './boundary-attacks'
import { fileAttacks, nameAttacks, processAttacks } from './file-attacks'
import { hostileSuite } from '../testing/hostile-suite'
import { systemCallAttacks } from './system-attacks'

const hasCompiler = findProgram('gcc') !== null

hostileSuite({
  level: 'overlay',
  missing: null,
  attacks: {
    coder: (targets) => [
      ...fileAttacks(targets),
      ...nameAttacks(),
      ...(hasCompiler ? systemCallAttacks() : []),
      ...processAttacks(targets),
      ...networkAttacks(targets),
    ],
    tiny: limitAttacks,
    'code-analyzer': analyzerAttacks,
    refactorer: refactorerAttacks,
  },
  mergeOf: 'coder',
})

it.skipIf(!hasCompiler)('tries system calls with a program of its own', { meta: { reason: 'no C compiler' } }, () => {
  expect(hasCompiler).toBe(true)
})

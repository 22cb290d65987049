import type { Attack } from './attack'
import { analyzerAttacks, refactorerAttacks } from './boundary-attacks'
import { fileAttacks, nameAttacks } from './file-attacks'
import { hostileSuite } from '../testing/hostile-suite'

/**
 * A plain copy isolates nothing, and says so: what programs do past Keyframe is not tried here, since it would hit this machine. What
 * its own tools, policies, captures and merges promise holds all the same.
 */
const byTool = (attack: Attack): boolean =>
  attack.steps.every(({ tool, args }) => tool !== 'shell.run' || /"ln -s/.test(JSON.stringify(args)))
const refusedBefore = (attack: Attack): boolean => !attack.name.startsWith('writing by')

hostileSuite({
  level: 'copy',
  missing: null,
  attacks: {
    coder: (targets) => [...fileAttacks(targets).filter(byTool), ...nameAttacks()],
    'code-analyzer': () => analyzerAttacks().filter(refusedBefore),
    refactorer: refactorerAttacks,
  },
  mergeOf: 'coder',
})

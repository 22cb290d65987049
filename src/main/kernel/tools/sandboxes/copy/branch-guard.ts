import { spawn } from 'node:child_process'
import { KeyframeError } from '../../../../../shared/failure'
import { guestOwner, mustDropRoot } from '../guest-owner'
import { COMMAND_VARIABLE } from './branch-processes'

/** Waits for the end of its input, which the kernel's death is, and kills what carries the branch's mark until nothing does. */
const SCRIPT = `
cat > /dev/null
for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  found=
  for process in /proc/[0-9]*; do
    if grep -qza "^${COMMAND_VARIABLE}=$1\\." "$process/environ" 2>/dev/null; then
      found=yes
      kill -9 "\${process#/proc/}" 2>/dev/null
    fi
  done
  [ -z "$found" ] && exit 0
done
`

/** Outlives the kernel for as long as it takes to end what a branch left running. */
export interface BranchGuard {
  /** Idempotent. */
  end(): Promise<void>
}

/** Throws `sandbox.start-failed`. `mark`: digits and hyphens. */
export async function startGuard(mark: string): Promise<BranchGuard> {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'keyframe-guard', mark], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
    cwd: '/',
    // A session of its own: signals to the kernel's terminal are not for it.
    detached: true,
    ...(mustDropRoot() ? guestOwner() : {}),
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', () => resolve())
    child.once('error', (cause) => {
      reject(
        new KeyframeError({ code: 'sandbox.start-failed', message: `A branch's guard could not be started: ${cause.message}.` }, { cause }),
      )
    })
  })
  child.stdin.on('error', () => undefined)
  return {
    end: () => {
      child.stdin.end()
      return exited
    },
  }
}

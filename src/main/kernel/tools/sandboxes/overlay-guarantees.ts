import { knownCgroup } from './cgroups'
import { guaranteeList } from './guarantee-names'
import { findProgram } from './host-programs'
import type { Guarantee } from './sandbox'

/** What the level gives on this machine. Control groups are found out when the first sandbox is opened. */
export function overlayGuarantees(): Guarantee[] {
  const hasNetwork = findProgram('ip') !== null
  const controllers = knownCgroup()?.controllers ?? []
  return guaranteeList({
    'Files outside the workspace': {
      given: 'yes',
      how: 'A mount namespace shows system programs, toolchains and a small /etc, read-only; the home folder and other data are not there. The names of bound folders can be read in /proc/self/mountinfo.',
    },
    'Writes in the workspace': {
      given: 'yes',
      how: 'Copy-on-write: every write goes to the branch’s own layer; for roles that only read the workspace is mounted read-only. Patterns below the workspace are checked at the tool.',
    },
    'Reads in the workspace': {
      given: 'yes',
      how: 'Files that a role may not read are not there: a layer of whiteouts lies over the base. What an earlier checkpoint of the branch made under such a name is shown.',
    },
    Network: {
      given: 'yes',
      how: 'A network namespace with nothing but a loopback; the only way out is a proxy on a unix socket that decides on the address it dials.',
    },
    'Other processes': {
      given: 'yes',
      how: 'A process namespace for each command: it sees, signals and traces only what it started.',
    },
    'System calls': {
      given: 'yes',
      how: 'A seccomp filter for the role’s profile, no capabilities, no new privileges, never uid 0.',
    },
    Memory: controllers.includes('memory')
      ? { given: 'yes', how: 'memory.max of a control group for each command.' }
      : {
          given: 'partly',
          how: 'Polled for each command every 150 ms, which a fast program can overshoot: no control group with memory was delegated.',
        },
    'CPU time': { given: 'yes', how: 'RLIMIT_CPU for each process; for all of a command together it is counted, not limited.' },
    'Processes and files open': {
      given: 'yes',
      how: `RLIMIT_NPROC in a user namespace for each command${controllers.includes('pids') ? ', pids.max of its control group' : ''}; RLIMIT_NOFILE for each process.`,
    },
    Disk: {
      given: 'partly',
      how: 'Measured when the disk loses space, so that it can be overshot for a moment; then commands end, and no file grows until some are deleted.',
    },
    'Own ports': hasNetwork
      ? { given: 'yes', how: 'The branch’s loopback is its own: any port, shared by its commands, not reached by other branches.' }
      : {
          given: 'partly',
          how: 'Each command has a loopback of its own, because the program ip is missing: no collisions, but no servers for the next command.',
        },
    'Dies with the kernel': {
      given: 'yes',
      how: 'Parent-death signals and process namespaces: nothing is left when the kernel is killed, and its mounts go with it.',
    },
    'Fork and restore': {
      given: 'yes',
      how: 'A checkpoint is one read-only layer that all its forks share; each gets an empty layer of its own.',
    },
  })
}

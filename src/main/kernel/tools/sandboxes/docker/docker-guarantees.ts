import { guaranteeList } from '../guarantee-names'

export const DOCKER_GUARANTEES = guaranteeList({
  'Files outside the workspace': { given: 'yes', how: 'The container sees its image, read-only, and the mounts of its branch.' },
  'Writes in the workspace': {
    given: 'yes',
    how: 'Into the branch’s own layer; mounted read-only or without execution where the role says so.',
  },
  'Reads in the workspace': {
    given: 'yes',
    how: 'Files that the role may not read are not there: a layer of whiteouts lies over the base. What an earlier checkpoint of the branch made under such a name is shown.',
  },
  Network: {
    given: 'yes',
    how: 'No network but the branch’s own loopback; out only through the proxy’s socket, decided on the address dialled.',
  },
  'Other processes': {
    given: 'partly',
    how: 'A process namespace for each branch, nothing outside is seen. Commands of one branch see and can signal each other and its file service.',
  },
  'System calls': {
    given: 'yes',
    how: 'The same filter as the overlay level’s, on top of the engine’s own profile; no capabilities, no new privileges.',
  },
  Memory: { given: 'yes', how: 'A control group for each branch, without swap: the system ends what goes beyond it.' },
  'CPU time': { given: 'yes', how: 'A limit of CPU seconds for each process.' },
  'Processes and files open': { given: 'yes', how: 'Processes by the control group, for each branch; open files for each process.' },
  Disk: { given: 'partly', how: 'The branch’s folders are measured while commands run; what goes beyond the limit is ended.' },
  'Own ports': { given: 'yes', how: 'Each branch has a loopback of its own, and a range of ports announced to programs.' },
  'Dies with the kernel': { given: 'yes', how: 'The container’s first process ends when the kernel’s end of its input closes.' },
  'Fork and restore': { given: 'yes', how: 'The same layers as the overlay level: a fork is a new layer over a checkpoint’s.' },
})

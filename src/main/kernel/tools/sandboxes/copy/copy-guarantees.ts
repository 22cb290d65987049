import { guaranteeList } from '../guarantee-names'
import type { Guarantee } from '../sandbox'

/** A copy keeps branches apart from each other and from the repository as long as programs stay in their folder. Nothing makes them. */
export const COPY_GUARANTEES: readonly Guarantee[] = guaranteeList({
  'Files outside the workspace': { given: 'no', how: 'Programs may read and write whatever their user may. Agents never run as root.' },
  'Writes in the workspace': {
    given: 'partly',
    how: 'Each branch has a copy of its own; in that of a read-only role the files are write-protected, which their owner can undo.',
  },
  'Reads in the workspace': { given: 'partly', how: 'Files that the role may not read are left out of the copy, not of the repository.' },
  Network: {
    given: 'no',
    how: 'Programs that honour proxy settings are decided about and recorded; nothing makes a program honour them.',
  },
  'Other processes': { given: 'no', how: 'Programs of the same user can see and signal each other.' },
  'System calls': { given: 'partly', how: 'No program gains privileges by starting another (no_new_privs). There is no filter.' },
  Memory: { given: 'partly', how: 'Polled seven times a second: a command beyond it is ended.' },
  'CPU time': { given: 'yes', how: 'A resource limit for each process.' },
  'Processes and files open': {
    given: 'partly',
    how: 'Resource limits, which for processes count all of the user; polled for each command.',
  },
  Disk: { given: 'partly', how: "What the branch's folder grew by is measured; other folders are not." },
  'Own ports': { given: 'partly', how: 'Each branch is told a range of its own, in the network that it shares with the host.' },
  'Dies with the kernel': { given: 'partly', how: 'A guard ends every process of a branch but those that hide where they come from.' },
  'Fork and restore': { given: 'yes', how: 'From base and checkpoint, copied; blocks are shared where the file system can.' },
})

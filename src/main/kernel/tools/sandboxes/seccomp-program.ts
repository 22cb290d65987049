import { endianness } from 'node:os'
import { KeyframeError } from '../../../../shared/failure'
import type { SeccompProfile } from '../../../../shared/policy'

/**
 * The seccomp filters of sandboxes, as classic BPF for bubblewrap's `--seccomp`. Built here so that nothing native has
 * to be compiled. They narrow what a program may ask of the kernel; namespaces and the empty capability set are the
 * boundary, this is the second wall. Modelled on Docker's default profile where not said otherwise.
 */
export type SeccompArch = 'x64' | 'arm64'

/**
 * `build-tools` is what everything else is measured against. `read-only` is for roles that look and do not make: no internet
 * sockets, no links, nodes, owners or extended attributes. `deploy-tools` has the network but nothing for debuggers.
 */
export interface SeccompChoice {
  readonly profile: SeccompProfile
  /** Lets processes of one command trace each other; never with `deploy-tools`. */
  readonly trace: boolean
}

export interface BpfInstruction {
  readonly code: number
  readonly jt: number
  readonly jf: number
  readonly k: number
}

/** Offsets in `struct seccomp_data`: nr, arch, instruction pointer, six 64-bit arguments (low half first). */
const OFFSET_NR = 0
const OFFSET_ARCH = 4
const argumentLow = (index: number): number => 16 + 8 * index

export const LOAD = 0x20
export const JUMP_EQUAL = 0x15
export const JUMP_GREATER_EQUAL = 0x35
export const JUMP_SET = 0x45
export const RETURN = 0x06

export const ALLOW = 0x7fff0000
export const KILL_PROCESS = 0x80000000
export const refuse = (errno: number): number => 0x00050000 | errno

export const EPERM = 1
export const ENOSYS = 38
export const EPROTONOSUPPORT = 93
export const EAFNOSUPPORT = 97

const AUDIT_ARCH: Record<SeccompArch, number> = { x64: 0xc000003e, arm64: 0xc00000b7 }

/** First number that no kernel had when this list was checked (Linux 6.18): newer calls do not exist in here. */
export const FIRST_UNKNOWN_SYSCALL = 470
/** On x86-64 these select the x32 ABI, which would step around every rule below. */
const X32_BIT = 0x40000000

/** [x86-64, arm64]; null where the architecture has no such call. From the kernel's syscall tables. */
type Numbers = readonly [x64: number | null, arm64: number | null]

/** Refused with EPERM, as the kernel would for want of a capability, so that programs take the path they know. */
export const REFUSED: Readonly<Record<string, Numbers>> = {
  // Mounts, by the old interface and the new.
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  // Needs CAP_SYS_CHROOT, which nobody has here: refused so that a kernel fault in it cannot be reached either.
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  open_tree_attr: [467, 467],
  // Namespaces: new ones bring new capabilities within them.
  unshare: [272, 97],
  setns: [308, 268],
  // Other processes' memory and descriptors.
  process_madvise: [440, 440],
  pidfd_getfd: [438, 438],
  kcmp: [312, 272],
  // Keyrings are not divided by namespaces.
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  // Large interfaces with a history of faults that a build or a test has no use for.
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  fanotify_init: [300, 262],
  modify_ldt: [154, null],
  // Opens a file by number past every mount. (name_to_handle_at only reads the number and stays allowed.)
  open_by_handle_at: [304, 265],
  // Pages of other processes and policies over memory nodes: libraries go on without them.
  mbind: [237, 235],
  set_mempolicy: [238, 237],
  migrate_pages: [256, 238],
  move_pages: [279, 239],
  set_mempolicy_home_node: [450, 450],
  // The machine itself.
  swapon: [167, 224],
  swapoff: [168, 225],
  reboot: [169, 142],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  init_module: [175, 105],
  delete_module: [176, 106],
  finit_module: [313, 273],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  adjtimex: [159, 171],
  clock_adjtime: [305, 266],
  iopl: [172, null],
  ioperm: [173, null],
  syslog: [103, 116],
  acct: [163, 89],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  vhangup: [153, 58],
  nfsservctl: [180, 42],
  lookup_dcookie: [212, 18],
}

/** What debuggers live on: refused unless the role may trace. A pid namespace of its own keeps it within one command. */
export const TRACING: Readonly<Record<string, Numbers>> = {
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
}

/** What somebody who only reads has no use for, refused with EPERM in `read-only`. */
export const REFUSED_TO_READERS: Readonly<Record<string, Numbers>> = {
  link: [86, null],
  linkat: [265, 37],
  symlink: [88, null],
  symlinkat: [266, 36],
  mknod: [133, null],
  mknodat: [259, 33],
  chown: [92, null],
  fchown: [93, 55],
  lchown: [94, null],
  fchownat: [260, 54],
  setxattr: [188, 5],
  lsetxattr: [189, 6],
  fsetxattr: [190, 7],
  setxattrat: [463, 463],
  removexattr: [197, 14],
  lremovexattr: [198, 15],
  fremovexattr: [199, 16],
  removexattrat: [466, 466],
  file_setattr: [469, 469],
  // A file without a name that could be executed where the workspace's own files cannot.
  memfd_create: [319, 279],
  memfd_secret: [447, 447],
  // Memory and messages of System V and POSIX queues.
  shmget: [29, 194],
  semget: [64, 190],
  msgget: [68, 186],
  mq_open: [240, 180],
}

/** Answered with ENOSYS, which makes libraries fall back to calls whose arguments a filter can see. */
export const ABSENT: Readonly<Record<string, Numbers>> = {
  // Its flags lie behind a pointer; glibc falls back to clone.
  clone3: [435, 435],
  // Does file and network work past the filter.
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
}

export const CLONE: Numbers = [56, 220]
export const IOCTL: Numbers = [16, 29]
export const SOCKET: Numbers = [41, 198]
export const PERSONALITY: Numbers = [135, 92]

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const CLONE_NEW_FLAGS = 0x7e020000
/** TIOCSTI and TIOCLINUX type into the terminal of somebody else; TIOCSETD loads line disciplines. */
const REFUSED_IOCTLS = [0x5412, 0x541c, 0x5423]
/** Query, Linux, and Linux without address randomisation (sanitizers ask for it). No READ_IMPLIES_EXEC, no other systems. */
const ALLOWED_PERSONALITIES = [0xffffffff, 0x0, 0x0040000]
const AF_UNIX = 1
const AF_INET = 2
const AF_INET6 = 10
const AF_NETLINK = 16
const NETLINK_ROUTE = 0

/** A block of instructions ends in RETURN on every path but falling off its end, which goes on with the next rule. */
type Block = BpfInstruction[]

const load = (offset: number): BpfInstruction => ({ code: LOAD, jt: 0, jf: 0, k: offset })
const jump = (code: number, k: number, jt: number, jf: number): BpfInstruction => ({ code, jt, jf, k: k >>> 0 })
const give = (value: number): BpfInstruction => ({ code: RETURN, jt: 0, jf: 0, k: value >>> 0 })

function whenNumber(number: number | null, body: Block): Block {
  return number === null ? [] : [jump(JUMP_EQUAL, number, 0, body.length), ...body]
}

/** Looks at the low half of an argument only: the kernel ignores the high half too (CVE-2019-10063). */
function oneOf(argument: number, values: readonly number[], then: number, otherwise: number): Block {
  const tests = values.map((value, index) => jump(JUMP_EQUAL, value, values.length - index, 0))
  return [load(argumentLow(argument)), ...tests, give(otherwise), give(then)]
}

function socketRule(hasInternet: boolean): Block {
  const internet = hasInternet ? ALLOW : refuse(EAFNOSUPPORT)
  const allowNetlink = [load(argumentLow(2)), jump(JUMP_EQUAL, NETLINK_ROUTE, 1, 0), give(refuse(EPROTONOSUPPORT)), give(ALLOW)]
  return [
    load(argumentLow(0)),
    jump(JUMP_EQUAL, AF_NETLINK, 0, allowNetlink.length),
    ...allowNetlink,
    jump(JUMP_EQUAL, AF_UNIX, 3, 0),
    jump(JUMP_EQUAL, AF_INET, 3, 0),
    jump(JUMP_EQUAL, AF_INET6, 2, 0),
    give(refuse(EAFNOSUPPORT)),
    give(ALLOW),
    give(internet),
  ]
}

/** The filter as instructions, for the tests to interpret. */
export function seccompInstructions({ profile, trace }: SeccompChoice, arch: SeccompArch): readonly BpfInstruction[] {
  const isReader = profile === 'read-only'
  const personalities = profile === 'build-tools' ? ALLOWED_PERSONALITIES : []
  const on = (numbers: Numbers): number | null => numbers[arch === 'x64' ? 0 : 1]
  const program: Block = [
    load(OFFSET_ARCH),
    jump(JUMP_EQUAL, AUDIT_ARCH[arch], 1, 0),
    // 32-bit system calls of the same machine have other numbers.
    give(KILL_PROCESS),
    load(OFFSET_NR),
  ]
  if (arch === 'x64') program.push(jump(JUMP_GREATER_EQUAL, X32_BIT, 0, 1), give(KILL_PROCESS))
  program.push(jump(JUMP_GREATER_EQUAL, FIRST_UNKNOWN_SYSCALL, 0, 1), give(refuse(ENOSYS)))
  const refused = [REFUSED, ...(trace && profile !== 'deploy-tools' ? [] : [TRACING]), ...(isReader ? [REFUSED_TO_READERS] : [])]
  for (const numbers of refused.flatMap((calls) => Object.values(calls))) {
    program.push(...whenNumber(on(numbers), [give(refuse(EPERM))]))
  }
  for (const numbers of Object.values(ABSENT)) program.push(...whenNumber(on(numbers), [give(refuse(ENOSYS))]))
  program.push(
    ...whenNumber(on(CLONE), [load(argumentLow(0)), jump(JUMP_SET, CLONE_NEW_FLAGS, 0, 1), give(refuse(EPERM)), give(ALLOW)]),
    ...whenNumber(on(IOCTL), oneOf(1, REFUSED_IOCTLS, refuse(EPERM), ALLOW)),
    ...whenNumber(on(PERSONALITY), oneOf(0, personalities, ALLOW, refuse(EPERM))),
    ...whenNumber(on(SOCKET), socketRule(!isReader)),
    give(ALLOW),
  )
  return program
}

/** The bytes for `--seccomp FD`. Throws `sandbox.unsupported-architecture` anywhere but on x86-64 and arm64. */
export function seccompProgram(choice: SeccompChoice, arch: string = process.arch): Buffer {
  if ((arch !== 'x64' && arch !== 'arm64') || endianness() !== 'LE') {
    throw new KeyframeError({
      code: 'sandbox.unsupported-architecture',
      message: `There is no system call filter for ${arch} processors.`,
      action: 'Use a 64-bit Intel, AMD or ARM machine.',
    })
  }
  const instructions = seccompInstructions(choice, arch)
  const bytes = Buffer.alloc(instructions.length * 8)
  instructions.forEach((instruction, index) => {
    bytes.writeUInt16LE(instruction.code, index * 8)
    bytes.writeUInt8(instruction.jt, index * 8 + 2)
    bytes.writeUInt8(instruction.jf, index * 8 + 3)
    bytes.writeUInt32LE(instruction.k, index * 8 + 4)
  })
  return bytes
}

import { KeyframeError } from '../../../../../shared/failure'

type LauncherArch = 'x64' | 'arm64'

const LOAD_ADDRESS = 0x400000
const HEADER_BYTES = 64 + 56
const PR_SET_NO_NEW_PRIVS = 38
const PR_SET_CHILD_SUBREAPER = 36
const PR_SET_SECCOMP = 22
const SECCOMP_MODE_FILTER = 2
/** What shells say of a program that was found and could not be started. */
const CANNOT_START = 126

/**
 * The first program of everything in a container, some two kilobytes that need nothing of the image: it makes itself the parent of
 * every process whose own parent ends, so that a command's whole tree can be found and ended; installs the system call filter (the
 * very program that the overlay level gives to bubblewrap, on top of the engine's own profile); and becomes the program that its
 * arguments name by an absolute path. It ends with 126 when any step is refused: nothing runs without the filter.
 */
export function commandLauncher(filter: Buffer, arch: string = process.arch): Buffer {
  if (arch !== 'x64' && arch !== 'arm64') {
    throw new KeyframeError({
      code: 'sandbox.unsupported-architecture',
      message: `There is no container launcher for ${arch} processors.`,
      action: 'Use a 64-bit Intel, AMD or ARM machine.',
    })
  }
  const codeBytes = code(arch, 0).length
  // struct sock_fprog: the number of instructions, and their address at the next multiple of eight.
  const programAt = HEADER_BYTES + Math.ceil(codeBytes / 8) * 8
  const fprog = Buffer.alloc(16)
  fprog.writeUInt16LE(filter.length / 8, 0)
  fprog.writeUInt32LE(LOAD_ADDRESS + programAt + fprog.length, 8)
  const padding = Buffer.alloc(programAt - HEADER_BYTES - codeBytes)
  const body = Buffer.concat([code(arch, LOAD_ADDRESS + programAt), padding, fprog, filter])
  return Buffer.concat([headers(arch, HEADER_BYTES + body.length), body])
}

function code(arch: LauncherArch, fprogAddress: number): Buffer {
  const prctls = [
    [PR_SET_NO_NEW_PRIVS, 1, 0],
    [PR_SET_CHILD_SUBREAPER, 1, 0],
    [PR_SET_SECCOMP, SECCOMP_MODE_FILTER, fprogAddress],
  ] as const
  return arch === 'x64' ? codeX64(prctls) : codeArm64(prctls)
}

type Prctls = readonly (readonly [number, number, number])[]

function codeX64(prctls: Prctls): Buffer {
  const immediate = (opcode: number, value: number): number[] => [
    opcode,
    value & 0xff,
    (value >>> 8) & 0xff,
    (value >>> 16) & 0xff,
    value >>> 24,
  ]
  const syscall = [0x0f, 0x05]
  // mov edi, CANNOT_START; mov eax, exit; syscall
  const exit = [...immediate(0xbf, CANNOT_START), ...immediate(0xb8, 60), ...syscall]
  const calls = prctls.flatMap(([option, second, third]) => [
    ...immediate(0xbf, option), // mov edi
    ...immediate(0xbe, second), // mov esi
    ...immediate(0xba, third), // mov edx
    ...[0x45, 0x31, 0xd2, 0x45, 0x31, 0xc0], // xor r10d, r10d; xor r8d, r8d
    ...immediate(0xb8, 157), // mov eax, prctl
    ...syscall,
    ...[0x85, 0xc0, 0x74, exit.length], // test eax, eax; jz over the exit
    ...exit,
  ])
  const become = [
    ...[0x48, 0x8b, 0x0c, 0x24], // mov rcx, [rsp]: the number of arguments
    ...[0x48, 0x8b, 0x7c, 0x24, 0x10], // mov rdi, [rsp+16]: the program
    ...[0x48, 0x8d, 0x74, 0x24, 0x10], // lea rsi, [rsp+16]: its arguments
    ...[0x48, 0x8d, 0x54, 0xcc, 0x10], // lea rdx, [rsp+rcx*8+16]: the environment
    ...immediate(0xb8, 59), // mov eax, execve
    ...syscall,
  ]
  return Buffer.from([...calls, ...become, ...exit])
}

function codeArm64(prctls: Prctls): Buffer {
  // movz xN, low half; movk xN, high half, lsl 16
  const set = (register: number, value: number): number[] => [
    (0xd2800000 | ((value & 0xffff) << 5) | register) >>> 0,
    (0xf2a00000 | ((value >>> 16) << 5) | register) >>> 0,
  ]
  const syscall = 0xd4000001
  const exit = [...set(0, CANNOT_START), ...set(8, 93), syscall]
  const calls = prctls.flatMap(([option, second, third]) => [
    ...set(0, option),
    ...set(1, second),
    ...set(2, third),
    ...set(3, 0),
    ...set(4, 0),
    ...set(8, 167),
    syscall,
    // cbz x0 over the exit
    (0xb4000000 | ((exit.length + 1) << 5)) >>> 0,
    ...exit,
  ])
  const become = [
    0xf94003e9, // ldr x9, [sp]
    0xf9400be0, // ldr x0, [sp, #16]
    0x910043e1, // add x1, sp, #16
    0x8b090c22, // add x2, x1, x9, lsl #3
    ...set(8, 221),
    syscall,
  ]
  const words = [...calls, ...become, ...exit]
  const bytes = Buffer.alloc(words.length * 4)
  words.forEach((word, index) => bytes.writeUInt32LE(word, index * 4))
  return bytes
}

/** ELF64 with one segment, readable and executable, that is the whole file. */
function headers(arch: LauncherArch, fileBytes: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0])
  bytes.writeUInt16LE(2, 16)
  bytes.writeUInt16LE(arch === 'x64' ? 62 : 183, 18)
  bytes.writeUInt32LE(1, 20)
  bytes.writeBigUInt64LE(BigInt(LOAD_ADDRESS + HEADER_BYTES), 24)
  bytes.writeBigUInt64LE(64n, 32)
  bytes.writeUInt16LE(64, 52)
  bytes.writeUInt16LE(56, 54)
  bytes.writeUInt16LE(1, 56)
  bytes.writeUInt32LE(1, 64)
  bytes.writeUInt32LE(5, 68)
  bytes.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 80)
  bytes.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 88)
  bytes.writeBigUInt64LE(BigInt(fileBytes), 96)
  bytes.writeBigUInt64LE(BigInt(fileBytes), 104)
  bytes.writeBigUInt64LE(0x10000n, 112)
  return bytes
}

import type { SeccompArch } from './seccomp-program'

/** A value of a raw system call: a number of at most 32 bits, or the address of a string. */
export type ProbeArgument = number | string

const LOAD_ADDRESS = 0x400000
const ELF_HEADER_BYTES = 64
const PROGRAM_HEADER_BYTES = 56
const CODE_OFFSET = ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES
const EXIT: Record<SeccompArch, number> = { x64: 60, arm64: 93 }
const ELF_MACHINE: Record<SeccompArch, number> = { x64: 62, arm64: 183 }

/** mov r32, imm32 for rax and then the registers of the arguments. */
const X64_NUMBER = [0xb8]
const X64_ARGUMENTS = [[0xbf], [0xbe], [0xba], [0x41, 0xba], [0x41, 0xb8], [0x41, 0xb9]]

/**
 * A program of some 200 bytes that makes one system call and ends with its error number (0 when it was allowed). Made here
 * because the doctor must try the calls themselves: mount(8) and the like look at their user id and never ask the kernel,
 * and a compiler is not on every machine.
 */
export function syscallProbe(arch: SeccompArch, number: number, args: readonly ProbeArgument[]): Buffer {
  const codeBytes = code(
    arch,
    number,
    args.map(() => 0),
  ).length
  const strings: Buffer[] = []
  let end = LOAD_ADDRESS + CODE_OFFSET + codeBytes
  const values = args.map((arg) => {
    if (typeof arg === 'number') return arg >>> 0
    const bytes = Buffer.from(`${arg}\0`, 'utf8')
    const address = end
    strings.push(bytes)
    end += bytes.length
    return address
  })
  const body = Buffer.concat([code(arch, number, values), ...strings])
  return Buffer.concat([headers(arch, CODE_OFFSET + body.length), body])
}

function code(arch: SeccompArch, number: number, values: readonly number[]): Buffer {
  return arch === 'x64' ? codeX64(number, values) : codeArm64(number, values)
}

function codeX64(number: number, values: readonly number[]): Buffer {
  const set = (opcode: readonly number[], value: number): Buffer => {
    const immediate = Buffer.alloc(4)
    immediate.writeUInt32LE(value >>> 0)
    return Buffer.concat([Buffer.from(opcode), immediate])
  }
  const call = Buffer.from([0x0f, 0x05])
  // neg eax; mov edi, eax
  const errnoToArgument = Buffer.from([0xf7, 0xd8, 0x89, 0xc7])
  const loads = values.map((value, index) => set(X64_ARGUMENTS[index] ?? [], value))
  return Buffer.concat([...loads, set(X64_NUMBER, number), call, errnoToArgument, set(X64_NUMBER, EXIT.x64), call])
}

function codeArm64(number: number, values: readonly number[]): Buffer {
  // movz xN, low half; movk xN, high half, lsl 16
  const set = (register: number, value: number): number[] => [
    (0xd2800000 | ((value & 0xffff) << 5) | register) >>> 0,
    (0xf2a00000 | ((value >>> 16) << 5) | register) >>> 0,
  ]
  const call = 0xd4000001
  // neg w0, w0
  const errnoToArgument = 0x4b0003e0
  const words = [
    ...values.flatMap((value, index) => set(index, value)),
    ...set(8, number),
    call,
    errnoToArgument,
    ...set(8, EXIT.arm64),
    call,
  ]
  const bytes = Buffer.alloc(words.length * 4)
  words.forEach((word, index) => bytes.writeUInt32LE(word, index * 4))
  return bytes
}

/** ELF64 with one segment, readable and executable, that is the whole file. */
function headers(arch: SeccompArch, fileBytes: number): Buffer {
  const bytes = Buffer.alloc(CODE_OFFSET)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0])
  bytes.writeUInt16LE(2, 16)
  bytes.writeUInt16LE(ELF_MACHINE[arch], 18)
  bytes.writeUInt32LE(1, 20)
  bytes.writeBigUInt64LE(BigInt(LOAD_ADDRESS + CODE_OFFSET), 24)
  bytes.writeBigUInt64LE(BigInt(ELF_HEADER_BYTES), 32)
  bytes.writeUInt16LE(ELF_HEADER_BYTES, 52)
  bytes.writeUInt16LE(PROGRAM_HEADER_BYTES, 54)
  bytes.writeUInt16LE(1, 56)
  const at = ELF_HEADER_BYTES
  bytes.writeUInt32LE(1, at)
  bytes.writeUInt32LE(5, at + 4)
  bytes.writeBigUInt64LE(0n, at + 8)
  bytes.writeBigUInt64LE(BigInt(LOAD_ADDRESS), at + 16)
  bytes.writeBigUInt64LE(BigInt(LOAD_ADDRESS), at + 24)
  bytes.writeBigUInt64LE(BigInt(fileBytes), at + 32)
  bytes.writeBigUInt64LE(BigInt(fileBytes), at + 40)
  bytes.writeBigUInt64LE(0x10000n, at + 48)
  return bytes
}

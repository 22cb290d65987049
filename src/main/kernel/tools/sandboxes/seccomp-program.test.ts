import { describe, expect, it } from 'vitest'
import {
  ABSENT,
  ALLOW,
  CLONE,
  EAFNOSUPPORT,
  ENOSYS,
  EPERM,
  EPROTONOSUPPORT,
  FIRST_UNKNOWN_SYSCALL,
  IOCTL,
  JUMP_EQUAL,
  JUMP_GREATER_EQUAL,
  JUMP_SET,
  KILL_PROCESS,
  LOAD,
  PERSONALITY,
  REFUSED,
  REFUSED_TO_READERS,
  RETURN,
  refuse,
  seccompInstructions,
  seccompProgram,
  SOCKET,
  TRACING,
  type SeccompArch,
  type SeccompChoice,
} from './seccomp-program'

const AUDIT = { x64: 0xc000003e, arm64: 0xc00000b7, i386: 0x40000003, arm: 0x40000028 }

const BUILD: SeccompChoice = { profile: 'build-tools', trace: false }
const READ: SeccompChoice = { profile: 'read-only', trace: false }
const DEPLOY: SeccompChoice = { profile: 'deploy-tools', trace: false }
const CHOICES: readonly SeccompChoice[] = [BUILD, READ, DEPLOY].flatMap((choice) => [choice, { ...choice, trace: true }])

/** What the kernel's interpreter answers for a call, run over the bytes that bubblewrap is given. */
function answer(arch: SeccompArch, nr: number, args: readonly bigint[] = [], auditArch = AUDIT[arch], choice = BUILD): number {
  const data = Buffer.alloc(64)
  data.writeUInt32LE(nr >>> 0, 0)
  data.writeUInt32LE(auditArch, 4)
  args.forEach((arg, index) => data.writeBigUInt64LE(BigInt.asUintN(64, arg), 16 + index * 8))
  const program = seccompProgram(choice, arch)
  let accumulator = 0
  for (let at = 0; at < program.length / 8; at += 1) {
    const [code, jt, jf, k] = [
      program.readUInt16LE(at * 8),
      program.readUInt8(at * 8 + 2),
      program.readUInt8(at * 8 + 3),
      program.readUInt32LE(at * 8 + 4),
    ]
    if (code === RETURN) return k
    if (code === LOAD) accumulator = data.readUInt32LE(k)
    else if (code === JUMP_EQUAL) at += accumulator === k ? jt : jf
    else if (code === JUMP_GREATER_EQUAL) at += accumulator >= k ? jt : jf
    else if (code === JUMP_SET) at += (accumulator & k) !== 0 ? jt : jf
    else throw new Error(`unknown instruction ${code}`)
  }
  throw new Error('fell off the end')
}

const HIGH_BITS = 0xdead_beefn << 32n

describe.each<{ arch: SeccompArch; index: 0 | 1; ordinary: Record<string, number> }>([
  {
    arch: 'x64',
    index: 0,
    ordinary: {
      read: 0,
      execve: 59,
      fork: 57,
      vfork: 58,
      futex: 202,
      prlimit64: 302,
      landlock_create_ruleset: 444,
      name_to_handle_at: 303,
    },
  },
  {
    arch: 'arm64',
    index: 1,
    ordinary: { read: 63, execve: 221, futex: 98, prlimit64: 261, landlock_create_ruleset: 444, name_to_handle_at: 264 },
  },
])('the seccomp program on $arch', ({ arch, index, ordinary }) => {
  const number = (numbers: readonly (number | null)[]): number => {
    const found = numbers[index]
    if (found === null || found === undefined) throw new Error('no such call here')
    return found
  }

  const under = (choice: SeccompChoice, nr: number, args: readonly bigint[] = []): number => answer(arch, nr, args, AUDIT[arch], choice)
  const here = (calls: typeof REFUSED): [string, number][] =>
    Object.entries(calls).flatMap(([name, numbers]) => {
      const nr = numbers[index]
      return nr === null ? [] : [[name, nr]]
    })

  it.each(Object.entries(ordinary))('allows %s in every profile', (_name, nr) => {
    for (const choice of CHOICES) expect(under(choice, nr)).toBe(ALLOW)
  })

  it.each([...here(REFUSED), ...here(ABSENT)])('gives %s to no profile', (_name, nr) => {
    for (const choice of CHOICES) expect([refuse(EPERM), refuse(ENOSYS)]).toContain(under(choice, nr))
  })

  it.each(here(TRACING))('allows %s to those who may trace, never to a deployment', (_name, nr) => {
    expect(CHOICES.map((choice) => under(choice, nr))).toEqual(
      CHOICES.map(({ profile, trace }) => (trace && profile !== 'deploy-tools' ? ALLOW : refuse(EPERM))),
    )
  })

  it.each(here(REFUSED_TO_READERS))('refuses %s to readers only', (_name, nr) => {
    expect(CHOICES.map((choice) => under(choice, nr))).toEqual(
      CHOICES.map(({ profile }) => (profile === 'read-only' ? refuse(EPERM) : ALLOW)),
    )
  })

  it('gives a reader local sockets and routing information, no internet', () => {
    const socket = (choice: SeccompChoice, family: bigint): number => under(choice, number(SOCKET), [family, 1n, 0n])
    expect([1n, 2n, 10n, 16n, 17n].map((family) => socket(READ, family))).toEqual([
      ALLOW,
      refuse(EAFNOSUPPORT),
      refuse(EAFNOSUPPORT),
      ALLOW,
      refuse(EAFNOSUPPORT),
    ])
    expect(socket(READ, 2n | HIGH_BITS)).toBe(refuse(EAFNOSUPPORT))
    expect([1n, 2n, 10n, 16n].map((family) => socket(DEPLOY, family))).toEqual([ALLOW, ALLOW, ALLOW, ALLOW])
  })

  it('lets only builds choose a personality', () => {
    for (const wanted of [0n, 0xffffffffn, 0x0040000n]) {
      expect([BUILD, READ, DEPLOY].map((choice) => under(choice, number(PERSONALITY), [wanted]))).toEqual([
        ALLOW,
        refuse(EPERM),
        refuse(EPERM),
      ])
    }
  })

  it.each(Object.entries(REFUSED).filter(([, numbers]) => numbers[index] !== null))('refuses %s with EPERM', (_name, numbers) => {
    expect(answer(arch, number(numbers))).toBe(refuse(EPERM))
  })

  it.each(Object.entries(ABSENT))('answers %s with ENOSYS', (_name, numbers) => {
    expect(answer(arch, number(numbers))).toBe(refuse(ENOSYS))
  })

  it('answers calls that did not exist when it was written with ENOSYS', () => {
    expect(answer(arch, FIRST_UNKNOWN_SYSCALL)).toBe(refuse(ENOSYS))
    expect(answer(arch, 4_000)).toBe(refuse(ENOSYS))
    expect(answer(arch, FIRST_UNKNOWN_SYSCALL - 1)).toBe(ALLOW)
  })

  it('ends a program that uses another architecture', () => {
    for (const other of Object.values(AUDIT).filter((value) => value !== AUDIT[arch])) {
      expect(answer(arch, ordinary['read'] ?? 0, [], other)).toBe(KILL_PROCESS)
    }
  })

  it('allows threads and forks but no new namespaces', () => {
    const threadFlags = 0x3d0f00n
    expect(answer(arch, number(CLONE), [threadFlags])).toBe(ALLOW)
    expect(answer(arch, number(CLONE), [17n])).toBe(ALLOW)
    for (const flag of [0x20000n, 0x02000000n, 0x04000000n, 0x08000000n, 0x10000000n, 0x20000000n, 0x40000000n]) {
      expect(answer(arch, number(CLONE), [flag | 17n])).toBe(refuse(EPERM))
      expect(answer(arch, number(CLONE), [threadFlags | flag | HIGH_BITS])).toBe(refuse(EPERM))
    }
  })

  it('refuses to type into terminals, whatever the high bits', () => {
    for (const request of [0x5412n, 0x541cn, 0x5423n]) {
      expect(answer(arch, number(IOCTL), [0n, request])).toBe(refuse(EPERM))
      expect(answer(arch, number(IOCTL), [0n, request | HIGH_BITS])).toBe(refuse(EPERM))
    }
    for (const request of [0x5401n, 0x5413n, 0x5414n, 0x541bn]) expect(answer(arch, number(IOCTL), [0n, request])).toBe(ALLOW)
  })

  it('allows Linux personalities only', () => {
    for (const wanted of [0n, 0xffffffffn, 0x0040000n]) expect(answer(arch, number(PERSONALITY), [wanted])).toBe(ALLOW)
    for (const wanted of [0x0400000n, 0x8n, 0x0440000n, 0x6n]) expect(answer(arch, number(PERSONALITY), [wanted])).toBe(refuse(EPERM))
  })

  it('allows local and internet sockets and routing information, nothing else', () => {
    const socket = (family: bigint, protocol = 0n): number => answer(arch, number(SOCKET), [family, 1n, protocol])
    expect([1n, 2n, 10n, 16n].map((family) => socket(family))).toEqual([ALLOW, ALLOW, ALLOW, ALLOW])
    expect(socket(16n, 12n)).toBe(refuse(EPROTONOSUPPORT))
    for (let family = 0n; family < 64n; family += 1n) {
      if ([1n, 2n, 10n, 16n].includes(family)) continue
      expect(socket(family)).toBe(refuse(EAFNOSUPPORT))
    }
    expect(socket(40n | HIGH_BITS)).toBe(refuse(EAFNOSUPPORT))
  })

  it('never jumps outside itself and always ends', () => {
    for (const choice of CHOICES) {
      const program = seccompInstructions(choice, arch)
      program.forEach((instruction, at) => {
        if (![JUMP_EQUAL, JUMP_GREATER_EQUAL, JUMP_SET].includes(instruction.code)) return
        expect(at + 1 + Math.max(instruction.jt, instruction.jf)).toBeLessThan(program.length)
      })
      expect(program.at(-1)).toEqual({ code: RETURN, jt: 0, jf: 0, k: ALLOW })
      expect(program.length).toBeLessThan(4096)
    }
  })
})

it('ends x32 programs on x64', () => {
  expect(answer('x64', 0x40000000 | 39)).toBe(KILL_PROCESS)
})

it('refuses to build for another processor', () => {
  expect(() => seccompProgram(BUILD, 'riscv64')).toThrow(
    expect.objectContaining({ failure: expect.objectContaining({ code: 'sandbox.unsupported-architecture' }) }),
  )
})

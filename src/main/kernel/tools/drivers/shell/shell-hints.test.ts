import { expect, it } from 'vitest'
import { shellHints } from './shell-hints'

it.each([
  ["fatal: renaming 'src' failed: Invalid cross-device link", 128, 'cross-device'],
  ["Error: EXDEV: cross-device link not permitted, rename 'a' -> 'b'", 1, 'cross-device'],
  ["OSError: [Errno 18] Invalid cross-device link: 'a' -> 'b'", 1, 'cross-device'],
  ["touch: cannot touch 'x': Read-only file system", 1, 'read-only'],
  ["Error: EROFS: read-only file system, open '/workspace/a'", 1, 'read-only'],
  ['bash: ./tool: Permission denied', 126, 'not-executable'],
  ['curl: (6) Could not resolve host: example.org', 6, 'no-network'],
  ['npm error request to https://registry failed, reason: getaddrinfo EAI_AGAIN registry', 1, 'no-network'],
  ['ping: connect: Network is unreachable', 2, 'no-network'],
  ['dial tcp: lookup proxy.example on [::1]:53: no such host', 1, 'no-network'],
  ['ssh: Could not resolve hostname git.example: Temporary failure in name resolution', 255, 'no-network'],
  ['cp: error writing: No space left on device', 1, 'disk-full'],
  ['OSError: [Errno 122] Disk quota exceeded', 1, 'disk-full'],
  ['bash: fork: retry: Resource temporarily unavailable', 254, 'too-many-processes'],
  ['Error: EMFILE: too many open files, watch', 1, 'too-many-files'],
  ['mount: /mnt: mount(2) system call failed: Operation not permitted.', 32, 'not-permitted'],
  ['unshare: unshare failed: Operation not permitted', 1, 'not-permitted'],
  ['', 137, 'killed'],
])('%s', (output, exitCode, code) => {
  const hints = shellHints(`some output\n${output}\n`, exitCode)
  expect(hints.map((hint) => hint.code)).toEqual([code])
  expect(hints[0]?.text).toMatch(/\w.*\.$/)
})

it('says nothing of success, of programs that run, and of other failures', () => {
  expect(shellHints('No space left on device', 0)).toEqual([])
  expect(shellHints('No space left on device', -1)).toEqual([])
  expect(shellHints("ls: cannot access 'x': No such file or directory", 2)).toEqual([])
  expect(shellHints('cat: secret: Permission denied', 1)).toEqual([])
  expect(shellHints(`No space left on device\n${'x'.repeat(100_000)}`, 1)).toEqual([])
})

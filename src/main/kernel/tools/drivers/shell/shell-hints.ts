import type { ShellHint } from '../../schemas/shell'

interface Recogniser {
  readonly code: ShellHint['code']
  readonly text: string
  matches(output: string, exitCode: number): boolean
}

const says =
  (pattern: RegExp) =>
  (output: string): boolean =>
    pattern.test(output)

/** Failures whose reason is the sandbox, by what programs say of them. */
const RECOGNISERS: readonly Recogniser[] = [
  {
    code: 'cross-device',
    text:
      'A folder that comes from the checkpoint or the base of this sandbox cannot be renamed in place. ' +
      'Move it with the fs.move tool, or copy and delete it: cp -a OLD NEW && rm -r OLD.',
    matches: says(/invalid cross-device link|\bEXDEV\b|cross-device link not permitted/i),
  },
  {
    code: 'read-only',
    text: 'This place is read-only in the sandbox. A role that may write can write below the workspace; files that are not part of the work belong in /tmp.',
    matches: says(/read-only file system|\bEROFS\b/i),
  },
  {
    code: 'disk-full',
    text: 'The sandbox has used up its disk space or number of files. Delete what is not needed (build output, caches, /tmp).',
    matches: says(/no space left on device|\bENOSPC\b|disk quota exceeded|\bEDQUOT\b/i),
  },
  {
    code: 'no-network',
    text:
      'There is no network in this sandbox but the hosts that the role permits, and those only through its proxy. ' +
      'Use what is installed, or ask a person to permit the host (net.egress HOST:PORT).',
    matches: says(
      /could not resolve (?:host|proxy)|temporary failure in name resolution|name or service not known|network is unreachable|\bEAI_AGAIN\b|\bENETUNREACH\b|\bENOTFOUND\b|no such host|could not resolve hostname|dns error|unable to resolve host/i,
    ),
  },
  {
    code: 'too-many-processes',
    text: 'The sandbox has as many processes as it may have. End some (shell.jobs, shell.close) or use less parallelism.',
    matches: says(/fork: (?:retry: )?resource temporarily unavailable|can't fork|cannot fork|spawn \S+ EAGAIN|pthread_create failed/i),
  },
  {
    code: 'too-many-files',
    text: 'The program has as many files open as it may have in the sandbox (ulimit -n).',
    matches: says(/too many open files|\bEMFILE\b|\bENFILE\b/i),
  },
  {
    code: 'not-executable',
    text: 'The file has no x permission (chmod +x FILE), or the role may not execute what lies in the workspace: then run it through its interpreter (bash FILE, node FILE).',
    matches: (output, exitCode) => exitCode === 126 && /permission denied/i.test(output),
  },
  {
    code: 'not-permitted',
    text: 'The sandbox does not permit this system call (mounts, namespaces, tracing, kernel settings and other owners are not to be had here).',
    matches: says(
      /(?:mount|umount|unshare|setns|ptrace|chown|chroot|nsenter|strace|gdb|sysctl|mknod|keyctl|bpf|sudo|setuid|settimeofday|iptables)\b.*operation not permitted/i,
    ),
  },
  {
    code: 'killed',
    text: 'It was killed (signal 9): most often because it used more memory than the sandbox may.',
    matches: (_output, exitCode) => exitCode === 137,
  },
]

const LOOKED_AT_CHARACTERS = 32 * 1024

/** Plain output of a failed command; nothing for one that succeeded. */
export function shellHints(output: string, exitCode: number): ShellHint[] {
  if (exitCode <= 0) return []
  const end = output.slice(-LOOKED_AT_CHARACTERS)
  return RECOGNISERS.filter((one) => one.matches(end, exitCode)).map(({ code, text }) => ({ code, text }))
}

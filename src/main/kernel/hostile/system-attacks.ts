import { type Attack, says, shell } from './attack'

/** What the probe (testing/hostile-probe.ts) is asked to try, and how the kernel must answer. */
const REFUSALS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      ...['mount', 'remount', 'umount', 'pivot_root', 'chroot', 'fsopen', 'open_tree', 'move_mount', 'mount_setattr'],
      ...['unshare-user', 'unshare-net', 'clone-newuser', 'setns', 'ptrace-attach', 'ptrace-traceme', 'process_vm_readv'],
      ...['process_vm_writev', 'pidfd_getfd', 'kcmp', 'keyctl', 'add_key', 'request_key', 'bpf', 'perf_event_open', 'userfaultfd'],
      ...['fanotify', 'open_by_handle_at', 'init_module', 'finit_module', 'kexec', 'reboot', 'settime', 'sethostname', 'syslog'],
      ...['swapoff', 'quotactl', 'personality', 'tiocsti', 'tiocsti-high', 'tioclinux', 'tiocsetd', 'raw', 'setgroups'],
      ...['mknod-disk', 'mknod-whiteout', 'trusted-xattr'],
    ].map((name) => [name, 'EPERM']),
  ),
  ...{
    clone3: 'ENOSYS',
    io_uring: 'ENOSYS',
    future: 'ENOSYS',
    setuid: '(EINVAL|EPERM)',
    'security-xattr': 'EINVAL',
    netfilter: 'EPROTONOSUPPORT',
  },
  ...{ vsock: 'EAFNOSUPPORT', packet: 'EAFNOSUPPORT', alg: 'EAFNOSUPPORT', bluetooth: 'EAFNOSUPPORT' },
}

/** System calls that a guest must not make, each tried by a program of the agent's own. */
export function systemCallAttacks(): Attack[] {
  const byArch = process.arch === 'x64' ? { i386: 'killed', x32: 'killed', ioperm: 'EPERM' } : {}
  return Object.entries({ ...REFUSALS, ...byArch }).map(([name, answer]) => ({
    area: 'system calls',
    name,
    steps: [shell(`./probe ${name}`)],
    judge: says(new RegExp(`^${answer}$`, 'm')),
  }))
}

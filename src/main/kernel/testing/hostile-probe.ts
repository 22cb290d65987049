import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../tools/sandboxes/host-programs'

/**
 * A program that tries one thing that a sandbox must refuse, named by its argument, and prints what the kernel answered:
 * `ERRNO` of the refusal, `OK` when it was let through, `killed` when it cost the process its life.
 */
const SOURCE = `
#define _GNU_SOURCE
#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <sched.h>
#include <signal.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#define T(n, call) if (strcmp(argv[1], n) == 0) { errno = 0; long r = (call); puts(r < 0 ? strerrorname_np(errno) : "OK"); return r < 0; }
static int child(void (*f)(void)) { int st; pid_t p = fork(); if (!p) { f(); _exit(0); } waitpid(p, &st, 0); puts(WIFSIGNALED(st) ? "killed" : "OK"); return WIFSIGNALED(st); }
#ifdef __x86_64__
static void i386(void) { long r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(20)); }
static void x32(void) { syscall(0x40000000 | 39); }
#endif
int main(int argc, char **argv) {
  if (argc < 2) return 2;
  T("mount", syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, 0));
  T("remount", syscall(SYS_mount, "none", "/usr", 0, 0x1020, 0));
  T("umount", syscall(SYS_umount2, "/tmp", 2));
  T("pivot_root", syscall(SYS_pivot_root, ".", "."));
  T("chroot", syscall(SYS_chroot, "/"));
  T("fsopen", syscall(430, "tmpfs", 0));
  T("open_tree", syscall(428, -100, "/", 1));
  T("move_mount", syscall(429, -1, "", -1, "", 0));
  T("mount_setattr", syscall(442, -1, 0, 0, 0, 0));
  T("unshare-user", syscall(SYS_unshare, CLONE_NEWUSER));
  T("unshare-net", syscall(SYS_unshare, CLONE_NEWNET));
  T("clone-newuser", ({ long p = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); if (p == 0) _exit(0); p; }));
  T("clone3", syscall(435, 0, 0));
  T("setns", ({ int f = open("/proc/1/ns/net", O_RDONLY); syscall(SYS_setns, f, 0); }));
  T("ptrace-attach", syscall(SYS_ptrace, 16, 1, 0, 0));
  T("ptrace-traceme", syscall(SYS_ptrace, 0, 0, 0, 0));
  T("process_vm_readv", syscall(SYS_process_vm_readv, 1, 0, 0, 0, 0, 0));
  T("process_vm_writev", syscall(SYS_process_vm_writev, 1, 0, 0, 0, 0, 0));
  T("pidfd_getfd", syscall(438, -1, 0, 0));
  T("kcmp", syscall(SYS_kcmp, 1, 1, 0, 0, 0));
  T("keyctl", syscall(SYS_keyctl, 0, -3, 1));
  T("add_key", syscall(SYS_add_key, "user", "x", "y", 1, -3));
  T("request_key", syscall(SYS_request_key, "user", "x", "y", -3));
  T("bpf", syscall(SYS_bpf, 0, 0, 0));
  T("perf_event_open", syscall(SYS_perf_event_open, 0, 0, -1, -1, 0));
  T("userfaultfd", syscall(SYS_userfaultfd, 0));
  T("fanotify", syscall(SYS_fanotify_init, 0, 0));
  T("io_uring", syscall(425, 1, 0));
  T("open_by_handle_at", syscall(SYS_open_by_handle_at, -1, 0, 0));
  T("init_module", syscall(SYS_init_module, 0, 0, ""));
  T("finit_module", syscall(SYS_finit_module, -1, "", 0));
  T("kexec", syscall(SYS_kexec_load, 0, 0, 0, 0));
  T("reboot", syscall(SYS_reboot, 0, 0, 0, 0));
  T("settime", syscall(SYS_clock_settime, 0, 0));
  T("sethostname", syscall(SYS_sethostname, "x", 1));
  T("syslog", syscall(SYS_syslog, 3, 0, 0));
  T("swapoff", syscall(SYS_swapoff, "/x"));
  T("quotactl", syscall(SYS_quotactl, 0, 0, 0, 0));
  T("personality", syscall(SYS_personality, 0x400000));
  T("future", syscall(480));
  T("tiocsti", ioctl(0, 0x5412, "x"));
  T("tiocsti-high", syscall(SYS_ioctl, 0, 0x100005412UL, "x"));
  T("tioclinux", ioctl(0, 0x541C, "x"));
  T("tiocsetd", ioctl(0, 0x5423, "x"));
  T("vsock", socket(40, SOCK_STREAM, 0));
  T("packet", socket(17, SOCK_RAW, 0));
  T("raw", socket(AF_INET, SOCK_RAW, 1));
  T("alg", socket(38, SOCK_SEQPACKET, 0));
  T("bluetooth", socket(31, SOCK_RAW, 1));
  T("netfilter", socket(16, SOCK_RAW, 12));
  T("setuid", setuid(0));
  T("setgroups", syscall(SYS_setgroups, 0, 0));
  T("mknod-disk", mknod("disk", S_IFBLK | 0600, makedev(8, 0)));
  T("mknod-whiteout", mknod("whiteout", S_IFCHR, makedev(0, 0)));
  T("trusted-xattr", setxattr(".", "trusted.overlay.opaque", "y", 1, 0));
  T("security-xattr", setxattr(".", "security.capability", "y", 1, 0));
  T("opaque-xattr", setxattr("src", "user.overlay.opaque", "y", 1, 0));
  T("redirect-xattr", setxattr("src", "user.overlay.redirect", "/etc", 4, 0));
  T("ioperm", syscall(SYS_ioperm, 0x80, 1, 1));
#ifdef __x86_64__
  if (strcmp(argv[1], "i386") == 0) return child(i386);
  if (strcmp(argv[1], "x32") == 0) return child(x32);
#endif
  return 2;
}
`

/** Compiles the probe to `path`. False where there is no C compiler. */
export function compileHostileProbe(path: string): boolean {
  const compiler = findProgram('gcc')
  if (compiler === null) return false
  const source = join(`${path}.c`)
  writeFileSync(source, SOURCE.replace('T("ioperm"', process.arch === 'x64' ? 'T("ioperm"' : '//'))
  execFileSync(compiler, ['-w', '-O1', '-static-pie', '-o', path, source])
  rmSync(source)
  return true
}

"""Which system calls untrusted code may make.

Two programs apply. The *outer* one is installed once in the zygote and inherited; it
has to let pass what the zygote itself needs (fork, credentials, limits). The *inner*
one is installed in each child after that and closes those; it is small because its
installation is most of what a run's lockdown costs.

A call is allowed, refused with an error and remembered (ordinary code may try it:
sockets, processes, deleting), refused silently (libraries try it and go on), or ends
the run (only attacks make it). What is not listed is refused and remembered.
"""

import errno

from fusemill.sandbox.bpf import (
    RET_ALLOW,
    RET_ERRNO,
    RET_KILL,
    RET_NOTIFY,
    Bits,
    Null,
    Rule,
    assemble,
)
from fusemill.sandbox.syscalls import AUDIT_ARCH, NUMBERS

_ALLOWED = """
read readv pread64 preadv write writev pwrite64 pwritev lseek close close_range
fstat stat lstat newfstatat statx access faccessat faccessat2 statfs fstatfs getdents
getdents64 getcwd chdir fchdir dup dup2 dup3 pipe pipe2 poll ppoll select pselect6
epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd
eventfd2 timerfd_create timerfd_settime timerfd_gettime sendfile umask
brk mmap munmap mremap mprotect madvise msync pkey_alloc pkey_free pkey_mprotect
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait
sigaltstack restart_syscall alarm setitimer getitimer pause
nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times
getpid gettid getppid getuid geteuid getgid getegid getresuid getresgid getgroups
getpgid getpgrp getsid getpriority getrlimit getrusage getrandom getcpu uname sysinfo
capget sched_yield sched_getaffinity sched_getscheduler sched_getparam sched_getattr
sched_get_priority_max sched_get_priority_min sched_rr_get_interval
futex futex_waitv futex_wake futex_wait futex_requeue membarrier rseq
set_robust_list set_tid_address arch_prctl exit exit_group wait4 waitid
recvfrom shutdown getsockname getpeername getsockopt
"""

# For the zygote, and for a child before its lockdown: the inner program closes these.
_SETUP = """
tgkill sendmsg recvmsg pidfd_open pidfd_send_signal setpgid setresuid setresgid
setgroups capset prctl prlimit64 setrlimit seccomp landlock_restrict_self
"""

_SCRATCH = """
unlink unlinkat mkdir mkdirat rmdir rename renameat renameat2 ftruncate fsync fdatasync
copy_file_range
"""

# Landlock of version 1 has no say in these; they are refused as if it had.
_SILENT = {
    "readlink": errno.EACCES,
    "readlinkat": errno.EACCES,
    "clone3": errno.ENOSYS,  # its flags lie in memory; libc falls back to clone
    "openat2": errno.ENOSYS,  # likewise
    "mlock": errno.EPERM,
    "mlock2": errno.EPERM,
    "munlock": errno.EPERM,
    "mbind": errno.EPERM,
    "get_mempolicy": errno.EPERM,
    "set_mempolicy": errno.EPERM,
    "sched_setaffinity": errno.EPERM,
    "fadvise64": 0,
    "getxattr": errno.ENOTSUP,
    "lgetxattr": errno.ENOTSUP,
    "fgetxattr": errno.ENOTSUP,
    "listxattr": errno.ENOTSUP,
    "llistxattr": errno.ENOTSUP,
    "flistxattr": errno.ENOTSUP,
}

_ATTACKS = """
ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise
process_mrelease io_uring_setup io_uring_enter io_uring_register bpf perf_event_open
userfaultfd kexec_load kexec_file_load init_module finit_module delete_module
create_module query_module get_kernel_syms mount umount2 pivot_root chroot unshare setns
open_tree open_tree_attr move_mount fsopen fsconfig fsmount fspick mount_setattr
statmount listmount add_key request_key keyctl name_to_handle_at open_by_handle_at
fanotify_init fanotify_mark acct swapon swapoff reboot settimeofday clock_settime
adjtimex clock_adjtime sethostname setdomainname syslog quotactl quotactl_fd vhangup
nfsservctl lookup_dcookie move_pages migrate_pages vmsplice modify_ldt iopl ioperm
uselib memfd_secret landlock_create_ruleset landlock_add_rule
"""

ATTACKS = frozenset(_ATTACKS.split())

PID = (0x7E57F00D).to_bytes(4, "little")  # above any process number of Linux

_O_ACCMODE, _O_TRUNC, _O_TMPFILE = 3, 0o1000, 0o20000000
CLONE_VM = 0x100
_FORK_FLAGS = 0xFF | 0x01000000 | 0x00200000 | 0x00100000  # signal, tid bookkeeping
_IOCTLS = (0x5451, 0x5450, 0x5421, 0x541B, 0x5401, 0x5413)  # cloexec, nonblock, isatty
_FCNTLS = (0, 1, 2, 3, 4, 1030, 1032, 1034)  # dup, flags, sizes and seals read
_LOCKS = (5, 6)  # that don't wait; sqlite3 writes no file without
_PRCTLS = (15, 16, 0x53564D41)  # names of the thread and of memory areas


def outer(machine: str, scratch: bool, notify: bool) -> bytes:
    """The program of the zygote and all its children on `machine`.

    With `notify` whoever holds the listener answers for refused calls, and kills for
    attacks; without, the kernel refuses and kills by itself and tells nobody.
    """
    known = NUMBERS[machine]
    refused = RET_NOTIFY if notify else RET_ERRNO | errno.EPERM
    fatal = RET_NOTIFY if notify else RET_KILL
    allowed = f"{_ALLOWED} {_SETUP} {_SCRATCH if scratch else ''}".split()
    rules = [Rule(known[n], RET_ALLOW) for n in allowed if n in known]
    rules += _checked(known, scratch, refused)
    rules += [Rule(known[n], RET_ERRNO | e) for n, e in _SILENT.items() if n in known]
    rules += [Rule(known[n], fatal) for n in sorted(ATTACKS) if n in known]
    return assemble(rules, refused, AUDIT_ARCH[machine])


def _checked(known: dict[str, int], scratch: bool, refused: int) -> list[Rule]:
    """Calls whose arguments decide."""

    def opening(name: str, flags: int) -> Rule:
        # Landlock before version 3 does not see truncation through a descriptor
        # opened for reading, and access mode 3 asks it for no right at all.
        bad = (
            Bits(flags, _O_ACCMODE, 3),
            Bits(flags, _O_TMPFILE, _O_TMPFILE),
            Bits(flags, _O_ACCMODE | _O_TRUNC, _O_TRUNC),
        )
        return Rule(known[name], RET_ALLOW, tuple(((case,), refused) for case in bad))

    def one_of(name: str, arg: int, values: tuple[int, ...], otherwise: int) -> Rule:
        cases = (((Bits(arg, 0xFFFFFFFF, v),), RET_ALLOW) for v in values)
        return Rule(known[name], otherwise, tuple(cases))

    fcntls = (*_FCNTLS, *_LOCKS) if scratch else _FCNTLS
    rules = [
        opening("openat", 2),
        one_of("ioctl", 1, _IOCTLS, RET_ERRNO | errno.ENOTTY),
        one_of("fcntl", 1, fcntls, refused),
        one_of("socketpair", 0, (1,), refused),
        # With an address it would reach datagram sockets of others.
        Rule(known["sendto"], refused, (((Null(4),), RET_ALLOW),)),
        Rule(
            known["clone"],
            refused,
            (((Bits(0, ~_FORK_FLAGS & 0xFFFFFFFF, 0),), RET_ALLOW),),
        ),
    ]
    if "open" in known:
        rules.append(opening("open", 1))
    return rules


def inner(machine: str) -> bytes:
    """The program of a child from its lockdown on, with PID in place of its number.

    Made once; a child puts its own number in (`bytes.replace`).
    """
    known = NUMBERS[machine]
    deny = RET_ERRNO | errno.EPERM
    special = {"tgkill", "prctl", "prlimit64"}
    own = int.from_bytes(PID, "little")
    rules = [
        # With shared memory (threads, vfork) it is the outer program that refuses.
        Rule(known["clone"], deny, (((Bits(0, CLONE_VM, CLONE_VM),), RET_ALLOW),)),
        Rule(known["tgkill"], deny, (((Bits(0, 0xFFFFFFFF, own),), RET_ALLOW),)),
        Rule(known["prlimit64"], deny, (((Null(0), Null(2)), RET_ALLOW),)),
        Rule(
            known["prctl"],
            deny,
            tuple(((Bits(0, 0xFFFFFFFF, v),), RET_ALLOW) for v in _PRCTLS),
        ),
    ]
    rules += [
        Rule(known[n], deny) for n in _SETUP.split() if n in known and n not in special
    ]
    return assemble(rules, RET_ALLOW, None)


def name_of(machine: str, number: int) -> str:
    """The name of system call `number`, or "system call <number>"."""
    names = {v: k for k, v in NUMBERS.get(machine, {}).items()}
    return names.get(number, f"system call {number}")

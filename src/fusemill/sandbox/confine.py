"""The zygote's part of the walls: what is set up once and inherited by every run."""

import os
import resource
import socket
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

from fusemill.sandbox import kernel, landlock, policy, seccomp
from fusemill.sandbox.syscalls import machine, numbers

NOBODY = 65534
STACK = 64 << 20
N_FILES = 64

# What ordinary programs read beside Python itself; none of it is secret.
PUBLIC = ("/usr/share/zoneinfo", "/etc/ld.so.cache", "/dev/zero", "/dev/urandom")


@dataclass
class Walls:
    """What of the sandbox is in place in this zygote, for its children."""

    linux: bool = False
    uid: int | None = None  # what a child becomes; None: it stays who we are
    ruleset: int | None = None  # Landlock's
    inner: seccomp.Program | None = None  # what children install
    listener: int | None = None  # whoever holds it answers for refused calls
    notes: bool = False  # whether there is one
    scratch: str | None = None
    polled_mb: int = 0  # the size of a scratch folder that no file system bounds
    layers: list[str] = field(default_factory=list)


def stdlib_paths() -> list[str]:
    """The folders and files of the standard library, without installed packages."""
    found: list[str] = []
    for name in ("stdlib", "platstdlib"):
        root = Path(os.path.realpath(sysconfig.get_path(name)))
        inner = [root / "site-packages", root / "dist-packages"]
        if any(path.exists() for path in inner):
            found += [str(path) for path in root.iterdir() if path not in inner]
        else:
            found.append(str(root))
    return list(dict.fromkeys(found))


def library_paths() -> list[str]:
    """Where the shared libraries mapped now lie: system folders, else single files."""
    found = []
    with open("/proc/self/maps") as lines:
        for line in lines:
            path = line.split(maxsplit=5)[-1].strip()
            if ".so" not in path:
                continue
            folder = os.path.dirname(path)
            found.append(folder if folder.startswith(("/lib", "/usr/lib")) else path)
    return list(dict.fromkeys(found))


def readable_by_others(path: str) -> bool:
    """Whether any user can read `path` (by its mode and its parents')."""
    target = Path(path)
    try:
        if not target.stat().st_mode & 0o004:
            return False
        return all(p.stat().st_mode & 0o001 for p in target.parents)
    except OSError:
        return False


def build(
    packages: list[str],
    scratch: str | None,
    scratch_mb: int,
    abi: int | None,
    without: list[str],
) -> Walls:
    """Put up everything that children inherit; call once, before any of them.

    `packages`: further paths to read. `abi`: the highest Landlock version to use.
    `without`: layers to leave out (namespaces, landlock, seccomp, notify).
    """
    walls = Walls(scratch=scratch, polled_mb=scratch_mb)
    _limits(scratch_mb)
    walls.linux = kernel.is_linux()
    if not walls.linux:
        return walls
    readable = [*stdlib_paths(), *library_paths(), *packages]
    if "namespaces" not in without:
        _namespaces(walls)
    if scratch:
        _scratch(walls, scratch, scratch_mb)
    if os.geteuid() == 0 and all(readable_by_others(path) for path in readable):
        walls.uid = NOBODY
        walls.layers.append("user nobody")
        if walls.scratch:
            os.chown(walls.scratch, NOBODY, NOBODY)
    else:
        kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    if "landlock" not in without and landlock.version():
        _landlock(walls, readable, abi)
    if "seccomp" not in without and numbers():
        _seccomp(walls, bool(scratch_mb), "notify" not in without)
    return walls


def _limits(scratch_mb: int) -> None:
    def fix(name: str, value: int) -> None:
        which = getattr(resource, "RLIMIT_" + name, None)
        if which is None:
            return
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(which, (value, value))

    fix("CORE", 0)
    fix("STACK", STACK)
    fix("NOFILE", N_FILES)
    fix("FSIZE", scratch_mb << 20)
    for name in ("MEMLOCK", "MSGQUEUE", "SIGPENDING", "NICE", "RTPRIO"):
        fix(name, 0)


def _namespaces(walls: Walls) -> None:
    """Leave the network, mounts and IPC of the system, where the kernel lets us."""
    apart = kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC
    uid, gid = os.geteuid(), os.getegid()
    try:
        kernel.unshare(apart)
        walls.layers.append("namespaces (mount, network, IPC)")
    except OSError:
        try:
            kernel.unshare(apart | kernel.CLONE_NEWUSER)
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
            Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
        except OSError:
            return
        walls.layers.append("namespaces (user, mount, network, IPC)")


def _scratch(walls: Walls, folder: str, scratch_mb: int) -> None:
    """Put a file system of that size over the folder, where one can be mounted."""
    if not walls.layers:  # in the system's own mount namespace nothing is mounted
        return
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    size = f"size={scratch_mb}m,nr_inodes={1000 + 64 * scratch_mb},mode=0700"
    try:
        kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE, "")
        kernel.mount("tmpfs", folder, "tmpfs", flags, size)
    except OSError:
        return
    walls.polled_mb = 0
    walls.layers.append("scratch as a file system of its size")


def _landlock(walls: Walls, readable: list[str], abi: int | None) -> None:
    rights = [(path, landlock.READ) for path in (*readable, *PUBLIC)]
    rights.append(("/dev/null", landlock.READ | landlock.WRITE))
    if walls.scratch:
        rights.append((walls.scratch, landlock.SCRATCH))
    walls.ruleset = landlock.ruleset(rights, abi)
    walls.layers.append(f"Landlock {min(landlock.version(), abi or 99)}")


def _seccomp(walls: Walls, scratch: bool, notify: bool) -> None:
    if notify:
        try:
            program = policy.outer(machine(), scratch, True)
            walls.listener = seccomp.Program(program).install(listener=True)
            walls.inner = seccomp.Program(policy.inner(machine()), policy.PID)
            walls.notes = True
            walls.layers += ["seccomp", "refused calls are known"]
            return
        except OSError:  # an old kernel, or the container's runtime listens already
            pass
    try:
        seccomp.Program(policy.outer(machine(), scratch, False)).install()
    except OSError:
        return
    walls.inner = seccomp.Program(policy.inner(machine()), policy.PID)
    walls.layers.append("seccomp")


def send_ready(control: socket.socket, walls: Walls, line: bytes) -> None:
    """Send `line`, with the listener's descriptor where there is one; it is closed."""
    if walls.listener is None:
        control.sendall(line)
        return
    socket.send_fds(control, [line], [walls.listener])
    os.close(walls.listener)
    walls.listener = None

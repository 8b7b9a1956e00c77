"""Pulling a pinned release into a folder that cannot be other rows.

    <cache>/<name>/<commit>/            the release's files, 0444, in folders of 0555
                   .<commit>.partial/   what a pull has so far
                   .<commit>.lock       pulls of one commit wait for each other
                   .<commit>.checked    which files were hashed as they are (stamps.py)

`pull` is the one way from a pin to files for whoever trains: it returns a folder whose
every file has the sha256 of the registry entry, or raises.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from fusemill.durable import make_folder, place, point, storage, temporary_name
from fusemill.errors import RemoteError
from fusemill.progress import Moved, Progress
from fusemill.release.download import RemoteFile
from fusemill.release.pins import Pin, PinnedFile, find_pin
from fusemill.release.publications import Publication
from fusemill.release.repository import Repository, persist
from fusemill.release.stamps import Stamp, read_stamps, stamp_of, write_stamps

THREADS = 4


def pull(
    asked: str,
    *,
    workdir: Path = Path(),
    entry: Path | None = None,
    cache: Path | None = None,
    verify: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Folder with the files of a pinned release, each checked by its sha256.

    `asked` is NAME@VERSION or NAME@ and 40 hex digits; `workdir` has the
    registry/releases/ where it is looked up (or `entry` is its file); `cache` is where
    folders are kept (default: `cache_folder`). What is there already needs no network;
    what is altered, missing or too much is made right. A file that has not changed
    since it was hashed is not hashed again, unless `verify` says so. Raises
    ReleaseError (RemoteError where the Hub is the reason) rather than give other bytes.
    """
    pin = find_pin(asked, workdir, entry)
    progress = progress or Progress(Console(quiet=True))
    if pin.yanked is not None:
        progress.say("pull", f"{pin} was yanked: {pin.yanked}")
    base = (cache or cache_folder()).absolute() / pin.name
    refusals = []
    with storage(base, "--cache"):
        for where in pin.places:
            with _shared(base, where) as folder:
                if folder.is_dir() and not faults(folder, pin, verify):
                    return folder
        for where in pin.places:
            try:
                return _Pulling(pin, where, base, workdir, progress).bring(verify)
            except RemoteError as error:
                refusals.append(str(error))
    raise RemoteError(f"{pin}: {'; '.join(refusals)}")


def cache_folder() -> Path:
    """Where pulled releases are kept: FUSEMILL_CACHE, or below the user's cache."""
    named = os.environ.get("FUSEMILL_CACHE")
    if named:
        return Path(named)
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(user) / "fusemill" / "releases"


def faults(folder: Path, pin: Pin, verify: bool = False) -> list[str]:
    """Names that are altered, missing, or no file of the pin.

    Files are hashed, but for those whose stamp says that they were, and are unchanged.
    """
    there = {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
    kept = folder.parent / f".{folder.name}.checked"
    before = {} if verify else read_stamps(kept)

    def check(name: str) -> Stamp | None:
        path, file = folder / name, pin.files[name]
        if name not in there:
            return None
        stamp = stamp_of(path, file.sha256)
        return stamp if stamp == before.get(name) or file.is_at(path) else None

    with ThreadPoolExecutor(THREADS) as pool:
        found = dict(zip(pin.files, pool.map(check, pin.files), strict=True))
    stamps = {name: stamp for name, stamp in found.items() if stamp is not None}
    if stamps != before:
        write_stamps(kept, stamps)
    return sorted((pin.files.keys() - stamps) | (there - pin.files.keys()))


@dataclass(frozen=True)
class _Pulling:
    """Bringing the files of one pin from one place, alone."""

    pin: Pin
    where: Publication
    base: Path
    workdir: Path  # where this machine may have written the very release
    progress: Progress

    @property
    def folder(self) -> Path:
        """What is given out."""
        return self.base / self.where.commit

    @property
    def partial(self) -> Path:
        """What is there before the whole is."""
        return self.base / f".{self.where.commit}.partial"

    def bring(self, verify: bool) -> Path:
        """Make the folder right, unless a pull that this one waited for did so."""
        with _alone(self.base, self.where, self._say):
            there = self.folder.exists()
            wrong = faults(self.folder, self.pin, verify) if there else []
            if there and not wrong:
                return self.folder
            self._begin()
            kept = self.pin.files.keys() - wrong if there else set()
            for name in kept:
                self._target(name).unlink(missing_ok=True)
                os.link(self.folder / name, self._target(name))
            if wrong:
                self._say(f"not as registered, to be made right: {', '.join(wrong)}")
            self._bring_all([name for name in self.pin.files if name not in kept])
            self._finish()
        return self.folder

    def _say(self, text: str) -> None:
        self.progress.say("pull", f"{self.pin}: {text}")

    def _bring_all(self, names: list[str]) -> None:
        n_bytes = sum(self.pin.files[name].n_bytes for name in names)
        self._say(f"{len(names)} files, {n_bytes:,} bytes")
        # The first one alone: a Hub that does not answer is then told of once.
        with self.progress.transfer("pull", str(self.pin), n_bytes) as moved:
            for name in names[:1]:
                self._bring(name, moved)
            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(lambda name: self._bring(name, moved), names[1:]))

    def _begin(self) -> None:
        """A folder for what comes, with what an earlier pull left there."""
        make_folder(self.base)
        # Folders, and stamps: temporary_name keeps 40 characters of either name.
        for old in self.base.glob(f".*{self.where.commit[:39]}*.tmp"):
            if old.is_dir():
                _remove(old)
            else:
                old.unlink()
        self.partial.mkdir(exist_ok=True)
        _let_change(self.partial)
        for path in self.partial.rglob("*"):
            known = str(path.relative_to(self.partial)) in self.pin.files
            is_file = path.is_symlink() or path.is_file()
            # A second link: a file of the folder that a killed pull was repairing.
            if is_file and (not known or path.lstat().st_nlink > 1):
                path.unlink()
            elif is_file:
                path.chmod(0o644)

    def _target(self, name: str) -> Path:
        path = self.partial / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _bring(self, name: str, moved: Moved) -> None:
        file = self.pin.files[name]
        if self._is_here(name, file):
            moved(file.n_bytes)
        else:
            repository, target = Repository.named(self.where.repo), self._target(name)
            remote = RemoteFile(repository, name, self.where.commit, file)
            persist(lambda: remote.download(target, moved), self._say)
        point("pull.file")

    def _is_here(self, name: str, file: PinnedFile) -> bool:
        """Whether a file needs no Hub: an earlier pull or a release left it here."""
        target = self._target(name)
        if file.is_at(target):
            return True
        release = self.workdir / "releases" / self.pin.name / self.pin.version
        if not file.is_at(release / name):
            return False
        shutil.copyfile(release / name, target)
        return file.is_at(target)

    def _finish(self) -> None:
        """Put the whole folder in its place, and a damaged one out of it."""
        for path in (*self.partial.rglob("*"), self.partial):
            path.chmod(0o555 if path.is_dir() else 0o444)
        old = temporary_name(self.folder)
        if self.folder.exists():
            os.rename(self.folder, old)
            point("pull.aside")
        place(self.partial, self.folder, "pull")
        if old.exists():
            _remove(old)
        # Each was hashed on its way here; to be linked or moved changes a file's stamp.
        files = self.pin.files.items()
        stamps = {name: stamp_of(self.folder / name, f.sha256) for name, f in files}
        write_stamps(self.base / f".{self.where.commit}.checked", stamps)


def _let_change(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


def _remove(folder: Path) -> None:
    _let_change(folder)
    shutil.rmtree(folder)


@contextmanager
def _shared(base: Path, where: Publication) -> Iterator[Path]:
    """The folder of a place while nobody changes it; a cache may be read-only."""
    lock = base / f".{where.commit}.lock"
    if not lock.exists():
        yield base / where.commit
        return
    with open(lock, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield base / where.commit


@contextmanager
def _alone(
    base: Path, where: Publication, say: Callable[[str], None]
) -> Iterator[None]:
    """One pull of a commit at a time; the kernel frees the lock of a dead one."""
    make_folder(base)
    with open(base / f".{where.commit}.lock", "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another process pulls {where.commit}; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield

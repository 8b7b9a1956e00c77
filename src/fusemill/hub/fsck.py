"""Whether a Hub's folder is whole: commits, large files, what was left behind."""

import hashlib
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dulwich.objects import Commit, ObjectID, ShaFile, Tag, Tree

from fusemill.errors import HubError
from fusemill.hub.names import KINDS
from fusemill.hub.objects import Objects, require_hub
from fusemill.hub.pointers import LONGEST, Pointer, pointer
from fusemill.hub.repositories import Repositories, settings
from fusemill.hub.repository import BRANCHES, TAGS, Repository
from fusemill.locks import hub_lock


@dataclass
class Found:
    """What a check found. `problems` name data that is lost or altered."""

    problems: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    n_repositories: int = 0
    n_objects: int = 0
    n_unnamed: int = 0

    def summary(self) -> str:
        """Counts, in one line."""
        return (
            f"{self.n_repositories} repositories, {self.n_objects} large files "
            f"({self.n_unnamed} in no commit), {len(self.leftovers)} leftovers, "
            f"{len(self.problems)} problems"
        )


def fsck(folder: Path, repair: bool = False) -> Found:
    """Check all that refs name, and every large file against its digest.

    `repair` removes leftovers: temporary files of killed uploads and commits. LockError
    while the folder is served, HubError where it is no Hub's folder.
    """
    require_hub(folder)
    found, wanted = Found(), dict[str, Pointer]()
    with hub_lock(folder, "fusemill hub fsck"):
        objects = Objects(folder)
        repositories = Repositories(folder)
        for kind in KINDS:
            for identity in repositories.ids(kind):
                repository = repositories.find(identity)
                assert repository is not None
                found.n_repositories += 1
                found.problems += _broken(repository, wanted)
        _check_objects(objects, wanted, found)
        found.leftovers = leftovers(folder, repair)
    return found


def _broken(repository: Repository, wanted: dict[str, Pointer]) -> Iterator[str]:
    """What is wrong in a repository; pointers of its files are added to `wanted`."""
    name = f"{repository.id.type} {repository.id}"
    try:
        settings(repository)
    except (HubError, OSError, ValueError) as error:
        yield f"{name}: hub.json: {error}"
    checked: set[ObjectID] = set()
    refs = [ref for ref in repository.refs.allkeys() if ref != b"HEAD"]
    for ref in sorted(refs):
        oid = repository.refs.read_ref(ref)
        where = f"{name}: {ref.decode(errors='replace')}"
        if oid is None or not ref.startswith((BRANCHES.encode(), TAGS.encode())):
            yield f"{where}: not a branch or tag of this Hub"
            continue
        for problem in _walk(repository, ObjectID(oid), checked, wanted):
            yield f"{where}: {problem}"


def _walk(
    repository: Repository,
    first: ObjectID,
    checked: set[ObjectID],
    wanted: dict[str, Pointer],
) -> Iterator[str]:
    """Everything that an object leads to."""
    queue = [first]
    while queue:
        oid = queue.pop()
        if oid in checked:
            continue
        checked.add(oid)
        try:
            one = _whole(repository, oid)
        except KeyError:
            yield f"object {oid.decode()} is missing"
            continue
        except Exception as error:  # a file can be torn in many ways
            yield f"object {oid.decode()}: {type(error).__name__}: {error}"
            continue
        queue += _next(one)
        large = pointer(one.as_raw_string()) if one.raw_length() <= LONGEST else None
        if large is not None:
            wanted[large.oid] = large


def _whole(repository: Repository, oid: ObjectID) -> ShaFile:
    """An object; KeyError where it is missing, another error where it is altered."""
    one = repository.store[oid]
    one.check()
    name = oid.decode()
    loose = repository.path / "objects" / name[:2] / name[2:]
    if loose.exists():  # dulwich reads on where the end is torn off
        plain = zlib.decompress(loose.read_bytes())
        found = hashlib.sha1(plain, usedforsecurity=False).hexdigest()
        if found != name:
            raise ValueError(f"its bytes have the id {found}")
    return one


def _next(one: ShaFile) -> list[ObjectID]:
    if isinstance(one, Commit):
        return [one.tree, *one.parents]
    if isinstance(one, Tag):
        return [one.object[1]]
    return [item.sha for item in one.iteritems()] if isinstance(one, Tree) else []


def _check_objects(objects: Objects, wanted: dict[str, Pointer], found: Found) -> None:
    """Every large file against its name, every pointer against what is stored."""
    for oid, path in objects.oids():
        found.n_objects += 1
        found.n_unnamed += oid not in wanted
        if path != objects.path(oid) or path.is_symlink() or not path.is_file():
            found.problems.append(f"{path}: not a large file's name and place")
        elif not objects.is_whole(oid):
            found.problems.append(f"{path}: its bytes have another sha256")
    for oid, large in sorted(wanted.items()):
        size = objects.size(oid)
        if size != large.size:
            there = "is missing" if size is None else f"has {size} bytes"
            found.problems.append(
                f"large file {oid}, {large.size} bytes in a commit: it {there}"
            )


def leftovers(folder: Path, repair: bool) -> list[str]:
    """Temporary files of processes that are gone, with what becomes of them.

    The caller holds the Hub's lock.
    """
    patterns = ["incoming/.*.tmp", ".*.tmp", "tokens/.*.tmp"]
    for kind in KINDS:
        below = f"{kind}/*/*.git"
        patterns += [f"{below}/.*.tmp", f"{below}/objects/tmp_obj_*"]
        patterns += [f"{below}/refs/**/*.lock", f"{below}/packed-refs.lock"]
    paths = sorted(path for pattern in patterns for path in folder.glob(pattern))
    return [_dealt_with(path, repair) for path in paths]


def _dealt_with(path: Path, repair: bool) -> str:
    if not repair:
        return f"{path}: left behind by a killed process (--repair removes it)"
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    return f"{path}: left behind by a killed process, removed"

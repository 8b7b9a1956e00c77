"""Which files of a pulled folder were hashed as they lie there now.

    <cache>/<name>/.<commit>.checked   {"sft/train.parquet": ["3f0c…", 21874, …], …}

A stamp is a file's sha256 beside its size, inode and the times of its last change, as
they were when it was hashed. A file that is written, replaced, linked or given other
rights afterwards has another time of change (ctime), which no program can set, and is
hashed again. What the disk itself loses, only hashing finds.
"""

import json
from pathlib import Path

from fusemill.durable import write_text
from fusemill.errors import StorageError

Stamp = list[str | int]


def stamp_of(path: Path, sha256: str) -> Stamp:
    """The stamp of a file that was just found to have this sha256."""
    info = path.lstat()
    times = [info.st_mtime_ns, info.st_ctime_ns]
    return [sha256, info.st_size, info.st_ino, *times]


def read_stamps(path: Path) -> dict[str, Stamp]:
    """Stamps by file name; none where there are none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_stamps(path: Path, stamps: dict[str, Stamp]) -> None:
    """Keep stamps for the next time; where the cache is read-only there are none."""
    try:
        write_text(path, json.dumps(stamps), "stamps")
    except StorageError:
        return

"""Jobs that a benchmark runs in a process of their own, to see their peak memory.

python bench/jobs.py snapshot|scan|release PROJECT TARGET
"""

import json
import resource
import shutil
import sys
import time
from pathlib import Path

from fusemill import identity
from fusemill.audit.audit import audit_selections
from fusemill.project import Project
from fusemill.release.data import Released, prepare, write_data
from fusemill.release.parquet import COPY_OPTIONS
from fusemill.selection.select import select_builder
from fusemill.warehouse.connection import connect
from fusemill.warehouse.parts import list_parts
from fusemill.warehouse.snapshot import _write, stamp


def snapshot(project: Project, target: Path) -> None:
    """Build a snapshot beside the others; parts were checked before."""
    parts = list_parts(project.warehouse.parts)
    stamps = {part.name: stamp(part) for part in parts}
    declared = identity.declared(project)
    _write(target / "s.duckdb", project.warehouse.root, parts, declared, stamps)


def bare_scan(project: Project, target: Path) -> None:
    """Read the released files once and write their rows, unordered, same options."""
    with connect() as con:
        con.execute("set preserve_insertion_order = false")
        for number, file in enumerate(sorted((target / "release").rglob("*.parquet"))):
            copied = target / f"{number}.parquet"
            con.execute(f"copy (from '{file}') to '{copied}' ({COPY_OPTIONS})")


def release(project: Project, target: Path) -> None:
    """All data files of a release of the current selections."""
    with project.warehouse.connect() as con:
        released = []
        for builder in project.builders.values():
            id_ = identity.selection_id(project, builder, con)
            released.append(Released(builder, id_, {}))
        prepare(con, project, released)
        write_data(con, target / "release")


def main() -> None:
    """Do one job and print seconds and peak memory as JSON."""
    what, root, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    project = Project.load(root)
    if what == "release":
        for builder in project.builders.values():
            select_builder(project, builder)
        project.warehouse.refresh(identity.declared(project))
        audit_selections(project)
        project.warehouse.refresh(identity.declared(project))
        shutil.rmtree(target / "release", ignore_errors=True)
    started = time.perf_counter()
    {"snapshot": snapshot, "scan": bare_scan, "release": release}[what](project, target)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"seconds": seconds, "peak_gb": peak}))


if __name__ == "__main__":
    main()

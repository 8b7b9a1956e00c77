"""When snapshots are made: before and after a stage, by whoever does all of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from fusemill.fill import ALL, Shard
from fusemill.identity import declared
from fusemill.project.project import Project


@contextmanager
def fresh(project: Project, shard: Shard = ALL) -> Iterator[None]:
    """Between snapshots of what is there before and after; a shard makes none."""
    if shard != ALL:
        project.warehouse.require_plan(declared(project))
        yield
        return
    project.warehouse.refresh(declared(project))
    try:
        yield
    finally:
        project.warehouse.refresh(declared(project))

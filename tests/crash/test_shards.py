"""Workers with a shard each, at once, into one folder of parts: disjoint, and whole."""

from pathlib import Path

import duckdb
import pytest
from final_state import assert_same, assert_sound, state_of
from hypothesis import given
from hypothesis import strategies as st
from processes import at_once, finish, log_of, run_line
from undisturbed import Undisturbed

from fusemill.fill import Shard

IDS = st.text("0123456789abcdef", min_size=32, max_size=32)


@given(st.lists(IDS, min_size=1, max_size=20), st.integers(1, 7))
def test_each_id_falls_to_exactly_one_shard(ids: list[str], count: int) -> None:
    shards = [Shard(i, count) for i in range(count)]
    for id_ in ids:
        assert sum(shard.has(id_) for shard in shards) == 1


def test_the_predicate_says_the_same_in_sql() -> None:
    ids = [f"{i * 2654435761 % 2**32:08x}{i:024x}" for i in range(500)]
    with duckdb.connect() as con:
        con.execute("create table t as select unnest($ids) as id", {"ids": ids})
        for count in (1, 2, 3, 5):
            for index in range(count):
                shard = Shard(index, count)
                query = f"select id from t where {shard.predicate('id')} order by id"
                found = [row[0] for row in con.execute(query).fetchall()]
                assert found == sorted(id_ for id_ in ids if shard.has(id_))


@pytest.mark.parametrize("while_snapshots_are_made", [False, True])
def test_two_workers_at_once_add_all_that_is_missing(
    undisturbed: Undisturbed, tmp_path: Path, while_snapshots_are_made: bool
) -> None:
    """Their parts, and nobody else's, are what the next snapshot is made of."""
    import fcntl

    project, workdir = undisturbed.project, tmp_path / "work"
    assert run_line(project, workdir, "prompts") == 0
    with open(workdir / "warehouse" / "run.lock", "a+") as lock:
        if while_snapshots_are_made:
            fcntl.flock(lock, fcntl.LOCK_EX)
        with at_once() as pool:
            workers = [
                pool.submit(run_line, project, workdir, "sample", "--shard", f"{i}/2")
                for i in range(2)
            ]
            codes = [worker.result() for worker in workers]
    assert codes == [0, 0], log_of(workdir).read_text()
    written = {p.name for p in (workdir / "warehouse/parts/responses").iterdir()}
    assert len(written) > 2
    finish(project, workdir)
    assert {
        p.name for p in (workdir / "warehouse/parts/responses").iterdir()
    } == written
    assert_sound(workdir)
    assert_same(state_of(workdir), undisturbed.state)


def parts_of(workdir: Path) -> set[str]:
    return {path.name for path in (workdir / "warehouse/parts").rglob("*.parquet")}


def test_shards_share_verdicts_and_scores(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """Stage by stage in shards, the snapshot made anew in between; then the rest."""
    project, workdir = undisturbed.project, tmp_path / "work"
    assert run_line(project, workdir, "prompts") == 0
    assert run_line(project, workdir, "sample") == 0
    for stage in ("verify", "score"):
        with at_once() as pool:
            codes = list(
                pool.map(
                    lambda shard, stage=stage: run_line(
                        project, workdir, stage, "--shard", shard
                    ),
                    ("0/3", "1/3", "2/3"),
                )
            )
        assert codes == [0, 0, 0], log_of(workdir).read_text()
        written = parts_of(workdir)
        assert run_line(project, workdir, stage, "--shard", "1/3") == 0
        assert parts_of(workdir) == written
        assert run_line(project, workdir, "warehouse", "rebuild") == 0
    finish(project, workdir)
    said = log_of(workdir).read_text()
    assert "0 new scores by graded" in said.split("snapshot")[-1]
    assert_sound(workdir)
    assert_same(state_of(workdir), undisturbed.state)

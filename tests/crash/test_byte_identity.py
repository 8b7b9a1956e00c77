"""Same parts, SQL and parameters: the same bytes, however many threads and parts."""

import random
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from final_state import files_of
from generated_warehouse import SIZES, declare, fill_warehouse
from processes import log_of, run_line

from fusemill.project.project import Project
from fusemill.warehouse.parts import write_table


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose warehouse has all answers, and nothing selected yet."""
    project = tmp_path_factory.mktemp("made") / "project"
    project.mkdir()
    declare(project)
    fill_warehouse(Project.load(project))
    return project


@pytest.fixture(scope="module")
def released(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work directory over these parts, selected and released with one thread."""
    workdir = with_parts(made, tmp_path_factory.mktemp("released") / "work")
    release(made, workdir, threads=1)
    return workdir


def with_parts(made: Path, workdir: Path) -> Path:
    """A work directory that has the same parts and nothing else."""
    shutil.copytree(made / "warehouse" / "parts", workdir / "warehouse" / "parts")
    return workdir


def cut_files() -> None:
    """Several files of answers and of pairs, as a large release has."""
    from functools import partial

    from fusemill import pipeline
    from fusemill.release import answers
    from fusemill.release.write import write_release

    answers.ANSWERS_A_FILE = 70_000
    # Texts have 132 bytes and a pair two of them: some 5,000 pairs are two files.
    pipeline.write_release = partial(write_release, most_bytes=1_000_000)


def release(project: Path, workdir: Path, *, threads: int) -> None:
    environment = {"FUSEMILL_THREADS": str(threads)}
    code = run_line(project, workdir, environment=environment, cut=cut_files)
    assert code == 0, log_of(workdir).read_text()


def forget_release(workdir: Path) -> None:
    shutil.rmtree(workdir / "releases")
    shutil.rmtree(workdir / "registry")


def test_the_release_is_large_enough_to_tell(released: Path) -> None:
    folder = released / "releases" / "made" / "1.0.0"
    rows = {
        name: sum(pq.read_metadata(f).num_rows for f in folder.glob(f"{name}*.parquet"))
        for name in ("sft/train", "dpo/train", "dpo/test", "responses/train")
    }
    assert rows["responses/train"] == sum(SIZES.values()) * 20
    assert min(rows.values()) > 1_000
    assert len(list((folder / "responses").iterdir())) >= 4
    assert len(list((folder / "dpo").glob("train-*.parquet"))) > 1


@pytest.mark.parametrize("threads", [2, 4])
def test_the_same_bytes_with_more_threads(
    made: Path, released: Path, tmp_path: Path, threads: int
) -> None:
    workdir = with_parts(made, tmp_path / "work")
    release(made, workdir, threads=threads)
    assert files_of(workdir) == files_of(released)


def test_the_same_bytes_from_other_parts(
    made: Path, released: Path, tmp_path: Path
) -> None:
    """The same rows in another order, in parts with other boundaries."""
    workdir, rng = tmp_path / "work", random.Random(5)
    for folder in sorted((made / "warehouse" / "parts").iterdir()):
        files = sorted(folder.iterdir(), reverse=True)
        rows = pa.concat_tables([pq.read_table(file) for file in files])
        order = list(range(rows.num_rows))
        rng.shuffle(order)
        step = max(1, len(order) // 7)
        for start in range(0, len(order), step):
            some = rows.take(order[start : start + step])
            write_table(workdir / "warehouse" / "parts", folder.name, some)
    release(made, workdir, threads=4)
    assert files_of(workdir) == files_of(released)


def test_the_same_bytes_after_compaction_and_rebuild(
    made: Path, released: Path, tmp_path: Path
) -> None:
    workdir = Path(shutil.copytree(released, tmp_path / "work", symlinks=True))
    for command in ("compact", "rebuild"):
        assert run_line(made, workdir, "warehouse", command) == 0
        forget_release(workdir)
        release(made, workdir, threads=2)
        assert files_of(workdir) == files_of(released)


def test_a_lost_release_is_made_again_byte_for_byte(
    made: Path, released: Path, tmp_path: Path
) -> None:
    """Where the registry entry is still there, cards and dates included."""
    workdir = Path(shutil.copytree(released, tmp_path / "work", symlinks=True))
    folder = workdir / "releases" / "made" / "1.0.0"
    before = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.*")}
    shutil.rmtree(folder)
    release(made, workdir, threads=2)
    after = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.*")}
    assert after == before


@pytest.mark.parametrize("wanted", ["0", "-1", "many", "1.5"])
def test_a_wrong_number_of_threads_is_refused(
    made: Path, tmp_path: Path, wanted: str
) -> None:
    workdir = tmp_path / "work"
    environment = {"FUSEMILL_THREADS": wanted}
    assert run_line(made, workdir, "run", environment=environment) == 1
    said = log_of(workdir).read_text()
    assert f"FUSEMILL_THREADS={wanted}: expected a number of threads from 1" in said
    assert "Traceback" not in said

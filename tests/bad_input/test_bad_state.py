"""Warehouses, disks and releases in a bad state: named, and nothing is lost."""

import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from fusemill.durable import sha256_file
from small_files import OUTCOMES, TALK_SQL
from small_project import SmallProject, refused

RELEASE = "releases/small/1.0.0"
# Talk, sums and zh as OUTCOMES counts them.
COMPOSITION = """\
name: small
title: What the rows give
source: counted by hand
sets:
  talk: {hub: made/up, category: instruction_following, draws: null, COUNTS}
  sums: {hub: made/up, category: mathematics, draws: null, selected: 2, sft: 1, dpo: 1}
  zh: {hub: made/up, category: chinese, draws: null, selected: 2, sft: 2, dpo: 0}
totals: {selected: TOTAL, sft: 5, dpo: TOTAL_DPO}
"""


def digests(folder: Path) -> dict[str, str]:
    """sha256 of the data files of a release."""
    return {
        str(path.relative_to(folder)): sha256_file(path)
        for path in sorted(folder.rglob("*.parquet"))
    }


def a_part(project: SmallProject, table: str) -> Path:
    return min((project.root / "warehouse/parts" / table).glob("*.parquet"))


def flip(path: Path) -> bytes:
    """Change one byte in the middle; returns what was there before."""
    whole = path.read_bytes()
    half = len(whole) // 2
    path.write_bytes(whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :])
    return whole


@pytest.mark.parametrize("table", ["responses", "prompts", "audits"])
def test_altered_part(whole: SmallProject, table: str) -> None:
    """It stops the run by name; a copy of it makes the run go on."""
    part = a_part(whole, table)
    before = digests(whole.root / RELEASE)
    copy = flip(part)
    refused(whole.cli("run"), part, "altered or torn", "sha256", "Restore it from a")
    said = whole.cli("warehouse", "fsck")
    assert said.code == 1
    assert str(part) in said.err
    assert " 1 with problems" in said.out
    part.write_bytes(copy)
    assert whole.ok("warehouse", "fsck").out.endswith(" 0 with problems\n")
    whole.ok("run")
    assert whole.outcomes() == OUTCOMES
    assert digests(whole.root / RELEASE) == before


def test_torn_part(whole: SmallProject) -> None:
    part = a_part(whole, "responses")
    copy = part.read_bytes()
    part.write_bytes(copy[:-40])
    for command in (["run"], ["warehouse", "rebuild"]):
        refused(whole.cli(*command), part, "altered or torn")
    part.write_bytes(copy)
    whole.ok("run")


def test_part_moved_away_counts_as_missing(whole: SmallProject) -> None:
    """Recorded answers are replayed, to the same release."""
    before = digests(whole.root / RELEASE)
    for part in (whole.root / "warehouse/parts/responses").glob("*.parquet"):
        part.unlink()
    whole.ok("run")
    assert whole.outcomes() == OUTCOMES
    assert digests(whole.root / RELEASE) == before


def test_file_that_is_no_part(whole: SmallProject) -> None:
    stray = whole.write("warehouse/parts/responses/copy.parquet", b"PAR1")
    refused(whole.cli("run"), stray, "not a part's name", "Move the file out")
    stray.unlink()
    whole.ok("run")


def test_part_of_a_newer_schema(whole: SmallProject) -> None:
    part = a_part(whole, "scores")
    data = pq.read_table(part)
    data = data.replace_schema_metadata({b"fusemill.schema_version": b"99"})
    written = part.with_name("written")
    pq.write_table(data, written)
    name = f"ffffffff-ffff-7fff-bfff-ffffffffffff-{sha256_file(written)}.parquet"
    newer = written.rename(part.with_name(name))
    refused(
        whole.cli("run"),
        newer,
        "schema version 99",
        "reads up to 1",
        "Upgrade fusemill",
    )
    newer.unlink()
    whole.ok("run")


def test_project_that_moved(whole: SmallProject, tmp_path: Path) -> None:
    """A question says what to do; rebuild and run work, and change no release."""
    moved = SmallProject(tmp_path / "elsewhere")
    before = digests(whole.root / RELEASE)
    shutil.move(whole.root, moved.root)
    question = ("sql", "select text from response_texts")
    refused(
        moved.cli(*question), "built at", moved.root, "`fusemill warehouse rebuild`"
    )
    moved.ok("warehouse", "rebuild")
    moved.ok(*question)
    again = SmallProject(tmp_path / "third")
    shutil.move(moved.root, again.root)
    again.ok("run")
    assert again.outcomes() == OUTCOMES
    assert digests(again.root / RELEASE) == before


def test_version_that_holds_other_content(whole: SmallProject) -> None:
    """A released version is never overwritten, whatever was changed since."""
    before = {p: p.read_bytes() for p in (whole.root / RELEASE).rglob("*.parquet")}
    whole.change("builders/talk.yaml", "gap_max: 0.1", "gap_max: 0.2")
    said = whole.cli("run")
    refused(said, "1.0.0", "holds other content", "raise `release.version`")
    assert {path: path.read_bytes() for path in before} == before
    whole.change("fusemill.yaml", "version: 1.0.0", "version: 1.1.0")
    whole.ok("run")
    assert {path: path.read_bytes() for path in before} == before
    assert (whole.root / "releases/small/1.1.0").is_dir()
    assert (whole.root / "registry/releases/small/1.1.0.yaml").is_file()


def test_release_whose_file_was_altered(whole: SmallProject) -> None:
    file = min((whole.root / RELEASE / "sft").rglob("*.parquet"))
    copy = flip(file)
    said = whole.cli("release")
    refused(said, file, "registry/releases/small/1.0.0.yaml", "expected sha256")
    file.write_bytes(copy)
    whole.ok("release")


def stage_by_stage(small: SmallProject) -> None:
    """What a run does up to the release."""
    for stage in ("prompts", "sample", "verify", "score", "select", "audit"):
        small.ok(stage)


@pytest.mark.parametrize(
    ("file", "old", "what"),
    [
        ("builders/talk.yaml", "licence: cc0-1.0", "prompts talk"),
        ("registry/models.yaml", "hosted: true, licence: cc0-1.0}\n  m", "made-up/a"),
    ],
)
def test_licence_that_is_not_allowed(
    small: SmallProject, file: str, old: str, what: str
) -> None:
    small.change(file, old, old.replace("cc0-1.0", "cc-by-nc-4.0"))
    refused(small.cli("run"), file, "licence `cc-by-nc-4.0`", "allowed_licences")
    assert small.parts() == {}
    stage_by_stage(small)
    said = small.cli("release")
    refused(said, what, "licence `cc-by-nc-4.0`", "allowed_licences", "(cc0-1.0)")
    assert not (small.root / "releases/small").exists() or not list(
        (small.root / "releases/small").iterdir()
    )
    assert not (small.root / "registry/releases/small/1.0.0.yaml").exists()
    said = small.cli("doctor")
    assert said.code == 1
    assert f"{file}" in said.out
    assert "licence `cc-by-nc-4.0` is not among" in said.out


def test_licence_of_a_prompt_that_nothing_was_chosen_for(small: SmallProject) -> None:
    """Its answers are in `responses` all the same."""
    given = (
        "if(ask = 'Name a tree.', 'cc-by-nc-4.0', 'cc0-1.0') as licence, source_row,"
    )
    small.write("sql/prompts/talk.sql", TALK_SQL.replace("source_row,", given))
    said = small.cli("run")
    refused(said, "prompts talk: licence `cc-by-nc-4.0`", "allowed_licences")


def test_licence_of_two_models_under_one_name(small: SmallProject) -> None:
    """The second one's licence does not stand for the first one's answers."""
    first = "model-a: {model: made-up/a, role: source, hosted: true, licence: cc0-1.0}"
    hidden = first.replace("cc0-1.0", "secret")
    second = "model-b: {model: made-up/b,"
    small.change("registry/models.yaml", first, hidden)
    small.change(
        "registry/models.yaml",
        second,
        "model-b: {model: made-up/a, sampling: {temperature: 0.1},",
    )
    stage_by_stage(small)
    refused(small.cli("release"), "made-up/a", "licence `secret`", "allowed_licences")


def test_a_path_with_a_quotation_mark(whole: SmallProject, tmp_path: Path) -> None:
    moved = whole.moved_copy(tmp_path / "q'x [1]")
    assert moved.ask("select 1 as one") == [{"one": 1}]
    assert "is there already, unchanged" in moved.ok("run").err


def test_a_data_folder_with_glob_characters(
    small: SmallProject, tmp_path: Path
) -> None:
    data = tmp_path / "d [1]"
    (small.root / "data").rename(data)
    for name in ("talk", "sums", "zh"):
        text = small.read(f"builders/{name}.yaml")
        quoted = re.sub(r"files: data/([\w.]+)", r"files: '${data}/\1'", text)
        small.write(f"builders/{name}.yaml", quoted)
    small.ok("run", "--data", data)
    assert small.outcomes() == OUTCOMES


def test_a_workdir_through_a_link(small: SmallProject, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    small.ok("prompts", "--workdir", tmp_path / "real")
    small.ok("sql", "select 1", "--workdir", tmp_path / "link")


def test_answers_lost_after_a_prompt_was_taken_back(whole: SmallProject) -> None:
    """They are read again, but for the prompt that was taken back."""
    said = ("--reason", "test", "--who", "me")
    query = "select prompt_id from prompts where set = 'talk' and source_row = 2"
    [row] = whole.ask(query)
    whole.ok("warehouse", "retract", "prompts", row["prompt_id"], *said)
    shutil.rmtree(whole.root / "warehouse/parts/responses")
    whole.change("fusemill.yaml", "version: 1.0.0", "version: 1.1.0")
    whole.ok("run")
    expected = {**OUTCOMES["talk"], "retracted": 1}
    del expected["no_pair_in_window"]  # what that row was
    assert whole.outcomes()["talk"] == expected


def with_contract(
    small: SmallProject, *, dpo: int, selected: int | None = None
) -> None:
    """A contract over rows of which talk gives 3 pairs; it adds up unless told."""
    n_selected = 2 + dpo if selected is None else selected
    composition = (
        COMPOSITION.replace("COUNTS", f"selected: {n_selected}, sft: 2, dpo: {dpo}")
        .replace("TOTAL_DPO", str(1 + dpo))
        .replace("TOTAL", str(6 + dpo))
    )
    small.write("registry/compositions/small.yaml", composition)
    text = small.read("fusemill.yaml").split("contract:")[0]
    contract = "contract: {composition: small, scale: 1.0, tolerance: 0.01}\n"
    small.write("fusemill.yaml", text + contract)


def test_contract_that_is_not_met(small: SmallProject) -> None:
    """Exit code 3 with set and figures; nothing is promoted or released."""
    with_contract(small, dpo=6)
    said = small.cli("run")
    needles = ("not met", "talk dpo: expected 6 ± 1, found 3", "talk selected: exp")
    refused(said, "composition small at scale 1", *needles, code=3)
    assert "talk sft" not in said.err
    refused(small.cli("release"), "no audited selection", "fusemill audit")
    assert not (small.root / RELEASE).exists()
    query = "select count(*) as n from audits where suite = 'promoted'"
    assert small.ask(query) == [{"n": 0}]
    with_contract(small, dpo=3)
    small.ok("run")
    assert (small.root / RELEASE).is_dir()


def test_composition_that_does_not_add_up(small: SmallProject) -> None:
    with_contract(small, dpo=3, selected=6)
    said = small.cli("doctor")
    assert said.code == 1
    where = "registry/compositions/small.yaml"
    assert f"{where}: sets.talk" in said.out
    assert "selected is 6, but SFT 2 + DPO 3 = 5" in said.out
    assert "the total is 9, but the column's sum is 10" in said.out
    with_contract(small, dpo=3)
    said = small.ok("doctor")
    assert where not in said.out


SUITE = """\
suite: sft
frame: sft
expectations:
  - type: expect_column_values_to_be_between
    kwargs: {column: score, min_value: LEAST}
    why: only good answers teach
    categories: [instruction_following]
"""


def test_suite_that_fails(small: SmallProject) -> None:
    """Exit code 3 with the rows; the other sets are promoted, nothing is released."""
    small.write("validation/sft.yaml", SUITE.replace("LEAST", "1"))
    said = small.cli("run")
    refused(
        said,
        "talk: suite sft failed",
        "expect_column_values_to_be_between",
        "2 rows (only good answers teach)",
        code=3,
    )
    chosen = small.ask(
        "select prompt_id, response_id from sft inner join selections "
        "using (selection_id) where selections.\"set\" = 'talk'"
    )
    assert len(chosen) == 2
    for row in chosen:
        assert row["response_id"] in said.err
        assert row["prompt_id"] in said.err
    refused(small.cli("release"), "talk: suite sft failed", "fusemill audit", code=3)
    assert not (small.root / RELEASE).exists()
    small.write("validation/sft.yaml", SUITE.replace("LEAST", "0"))
    small.ok("run")
    assert (small.root / RELEASE).is_dir()

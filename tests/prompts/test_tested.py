"""A prompt is kept if its set's own reference passes the tests made of it."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from fusemill import ids
from fusemill.project.project import Project
from fusemill.prompts.reading import reading_of
from small_project import SmallProject, refused

ROOT = Path(__file__).resolve().parents[2]
SETS = ("leetcode", "self_oss_instruct")

# By set: what becomes of every row, and a part of why.
READ: dict[str, list[tuple[str | None, str]]] = {
    "leetcode": [
        (None, ""),
        (None, ""),
        (None, ""),
        (None, ""),
        ("no_tests", "inputs: 1, parameters: 2"),
        ("reference_failed", "failed: test 2 of 2"),
        ("no_tests", "several answers are right"),
        ("no_tests", "no value: 'tail connects"),
        ("no_tests", "the reference holds no Python"),
        (None, ""),
        ("excluded_empty", ""),
        ("excluded_too_long", ""),
    ],
    "self_oss_instruct": [
        (None, ""),
        (None, ""),
        (None, ""),
        ("no_tests", "no assertion"),
        ("no_tests", "the prompt does not name `enter`"),
        ("reference_failed", "failed: "),
        ("excluded_empty", ""),
        ("excluded_too_long", ""),
        ("no_tests", "no reference"),
    ],
}

PROJECT = """\
name: code
requires: ">=0.1,<0.2"
sets: [leetcode, self_oss_instruct]
sampling_seed: 42
split_seed: 42
release:
  name: code
  version: 0.1.0
  title: Code
  allowed_licences: [mit, odc-by]
"""


def make(root: Path) -> SmallProject:
    """The starter's two code sets, over the small files in their upstream schema."""
    project = SmallProject(root)
    project.write("fusemill.yaml", PROJECT)
    for name in ("sql", "registry"):
        shutil.copytree(ROOT / name, root / name)
    for name in SETS:
        fixture = ROOT / "tests" / "fixtures" / "upstream" / f"{name}.jsonl"
        project.write(f"data/{name}.jsonl", fixture.read_bytes())
        text = (ROOT / "builders" / f"{name}.yaml").read_text(encoding="utf-8")
        before, _, rest = text.partition("source:\n")
        _, _, after = rest.partition("prompts:\n")
        source = f"source:\n  files: data/{name}.jsonl\n  format: jsonl\n"
        project.write(f"builders/{name}.yaml", f"{before}{source}prompts:\n{after}")
    return project


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """The project after its prompts were read; only to be asked."""
    project = make(tmp_path_factory.mktemp("code") / "code")
    project.ok("prompts")
    return project


@pytest.mark.parametrize("name", SETS)
def test_every_row_is_kept_or_says_why_not(read: SmallProject, name: str) -> None:
    rows = read.ask(
        "select source_row, excluded, excluded_why, check_id from prompts "
        f"where \"set\" = '{name}' order by source_row"
    )
    assert len(rows) == len(READ[name])
    for row, (excluded, why) in zip(rows, READ[name], strict=True):
        assert row["excluded"] == excluded, row
        assert (row["excluded_why"] or "").startswith(why), row
        assert bool(row["excluded_why"]) == bool(why), row
        assert (row["check_id"] is None) == (excluded is not None), row


def test_the_check_is_named_by_tests_entry_point_and_stub(read: SmallProject) -> None:
    (row,) = read.ask(
        "select p.check_id, p.entry_point, t.tests, t.stub from prompts as p "
        'inner join prompt_texts as t using ("set", source_row) '
        "where \"set\" = 'self_oss_instruct' and source_row = 0"
    )
    tests = ["assert double_all([1, 2]) == [2, 4]", "assert double_all([]) == []"]
    assert row["tests"] == tests
    assert (row["entry_point"], row["stub"]) == ("double_all", None)
    assert row["check_id"] == ids.code_check_id(tests, "double_all", None)


def test_a_row_that_is_left_out_keeps_no_tests(read: SmallProject) -> None:
    (row,) = read.ask(
        "select count(t.tests) as n from prompts as p "
        'inner join prompt_texts as t using ("set", source_row) '
        "where p.excluded is not null"
    )
    assert row["n"] == 0


def reading_id(project: SmallProject, name: str) -> str:
    loaded = Project.load(project.root)
    return reading_of(loaded, loaded.builders[name]).reading_id


def test_another_extractor_or_limit_is_another_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make(tmp_path / "code")
    before = reading_id(project, "leetcode")
    assert reading_id(project, "leetcode") == before
    monkeypatch.setattr("fusemill.prompts.tested.EXTRACTOR_VERSION", 10**6)
    assert reading_id(project, "leetcode") != before
    monkeypatch.undo()
    project.change("builders/leetcode.yaml", "cpu_s: 10 ", "cpu_s: 11 ")
    assert reading_id(project, "leetcode") != before


def test_a_set_without_an_extractor_reads_as_before(small: SmallProject) -> None:
    # What the id was made of before there were extractors, nothing more.
    loaded = Project.load(small.root)
    for builder in loaded.builders.values():
        reading = reading_of(loaded, builder)
        spec: dict[str, Any] = {
            "set": builder.set,
            "source": [
                list(i) if isinstance(i, tuple) else i for i in reading.source.identity
            ],
            "format": reading.source.format,
            "sql": reading.sql,
            "macros": loaded.macros(),
            "params": builder.prompts.params,
            "licence": builder.licence,
            "language": builder.language,
            "verify": builder.verify,
        }
        assert reading.reading_id == ids.H("reading", spec)


def test_a_statement_without_the_columns_is_refused(tmp_path: Path) -> None:
    project = make(tmp_path / "code")
    project.change(
        "sql/prompts/self_oss_instruct.sql", "    response as reference,\n", ""
    )
    said = project.cli("prompts", "--only", "self_oss_instruct")
    refused(said, "self_oss_instruct.sql", "lacks column `reference`")


def test_tests_come_from_one_place(tmp_path: Path) -> None:
    project = make(tmp_path / "code")
    project.change(
        "sql/prompts/self_oss_instruct.sql",
        "    response as reference,\n",
        "    response as reference,\n    ['assert f(1) == 1'] as tests,\n",
    )
    said = project.cli("prompts", "--only", "self_oss_instruct")
    refused(said, "returned `tests`", "response_assertions")


def test_an_extractor_needs_the_checker_that_runs_tests(tmp_path: Path) -> None:
    project = make(tmp_path / "code")
    text = project.read("builders/leetcode.yaml")
    before, _, rest = text.partition("verify:\n")
    after = rest[rest.index("select:") :]
    project.write("builders/leetcode.yaml", f"{before}verify: mathematics\n{after}")
    refused(project.cli("prompts"), "prompts.tests", "worked_examples", "verify: code")

"""examples/micro with few prompts: its real checkpoints are asked here and now.

What a sampled text says may hang on how a processor rounds, so that the figures are
compared with wide margins; which answers are right is worked out in
test_micro_families.py.
"""

import hashlib
import json

import polars as pl
import pytest
from micro_files import EXAMPLE, families, students
from micro_project import run

import needs_torch  # noqa: F401
from small_project import SmallProject

N = {"lists": 16, "problems": 16, "functions": 12, "sums": 10}
DRAWS = {"lists": 5, "problems": 5, "functions": 8, "sums": 1}
SOURCES = {name for name in students.STUDENTS if name != "target"}


@pytest.fixture(scope="module")
def micro(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """The project after a run with a few prompts a set."""
    return run(tmp_path_factory.mktemp("micro") / "micro", N)


def test_every_source_answers_live(micro: SmallProject) -> None:
    found = micro.ask(
        'select p."set", r.model, count(*) as n, '
        "bool_and(r.engine = 'transformers' and r.text_id is not null) as live "
        "from prompts as p inner join responses as r using (prompt_id) group by all"
    )
    expected = {
        (family, model): N[family] * DRAWS[family]
        for family in N
        for model in (["hanzi"] if family == "sums" else SOURCES)
    }
    assert {(row["set"], row["model"]): row["n"] for row in found} == expected
    assert all(row["live"] for row in found)


@pytest.mark.parametrize(
    ("family", "best"), [("problems", "reckoner"), ("functions", "coder")]
)
def test_a_source_is_right_in_its_own_family(
    micro: SmallProject, family: str, best: str
) -> None:
    found = micro.ask(
        "select r.model, avg((v.status = 'passed')::int) as passed "
        "from prompts as p inner join responses as r using (prompt_id) "
        "inner join verdicts as v using (check_id, text_id) "
        f"where p.\"set\" = '{family}' group by r.model"
    )
    passed = {row["model"]: row["passed"] for row in found}
    assert set(passed) == SOURCES
    own = passed.pop(best)
    assert own > 0.6
    assert max(passed.values()) < own - 0.3


def test_lists_and_sums_are_right_at_home(micro: SmallProject) -> None:
    right = {
        task.prompt: task.answer
        for family in ("lists", "sums")
        for task in families.different(family, "project", N[family], seed=42)
    }
    rows = pl.read_parquet(micro.root / "releases/micro/1.0.0/responses/train.parquet")
    shares = {
        (row["set"], row["model"]): row["right"]
        for row in rows.filter(pl.col("set").is_in(["lists", "sums"]))
        .with_columns(
            asked=pl.col("prompt").list.last().struct.field("content"),
        )
        .with_columns(
            is_right=pl.col("text") == pl.col("asked").replace_strict(right),
        )
        .group_by("set", "model")
        .agg(right=pl.col("is_right").mean())
        .to_dicts()
    }
    assert shares.pop(("sums", "hanzi")) > 0.3
    own = shares.pop(("lists", "lister"))
    assert own > 0.6
    assert max(shares.values()) < own - 0.4


def test_every_stage_has_its_part(micro: SmallProject) -> None:
    found = micro.ask(
        'select "set", outcome, count(*) as n from outcomes '
        "inner join selections using (selection_id, set) where is_current group by all"
    )
    outcomes = {(row["set"], row["outcome"]) for row in found}
    both = {(s, o) for s in ("lists", "problems") for o in ("sft", "dpo")}
    assert both <= outcomes
    assert ("functions", "dpo") in outcomes
    assert {o for s, o in outcomes if s == "sums"} == {"sft"}
    assert sum(row["n"] for row in found) == sum(N.values())


def test_the_window_leaves_pairs_out(micro: SmallProject) -> None:
    found = micro.ask(
        "with extremes as (select prompt_id, model, "
        "(max(score) - min(score))::decimal(18, 6) as gap from responses "
        "inner join scores using (prompt_id, text_id) "
        "where scorer in ('graded', 'worked') group by all) "
        "select avg((gap between 0.01 and 0.1)::int) as inside from extremes"
    )
    assert 0.1 < found[0]["inside"] < 0.8


def test_no_prompt_was_trained_on(micro: SmallProject) -> None:
    release = micro.root / "releases/micro/1.0.0"
    for name in ("sft/train.parquet", "dpo/train.parquet"):
        column = "messages" if name.startswith("sft") else "prompt"
        for messages in pl.read_parquet(release / name)[column]:
            assert families.part_of(messages[0]["content"]) == "project"


def test_a_second_run_asks_nothing(micro: SmallProject) -> None:
    before = micro.parts()
    said = micro.ok("run").err
    assert "new answers" not in said.replace("0 new answers", "")
    assert micro.parts() == before


@pytest.mark.parametrize("name", students.STUDENTS)
def test_the_weights_are_the_declared(name: str) -> None:
    folder = EXAMPLE / "checkpoints" / name
    lines = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(folder.iterdir())
    )
    digest = hashlib.sha256(lines.encode()).hexdigest()
    declared = (EXAMPLE / "registry/models.yaml").read_text()
    assert f"weights_sha256: {digest}" in declared
    config = json.loads((folder / "config.json").read_text())
    assert config["model_type"] == students.STUDENTS[name].kind

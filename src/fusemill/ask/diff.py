"""`diff`: two selections or releases, set by set: what differs, what moved, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from fusemill.ask.sides import MadeOf, Side, load_release, load_side, sql_of
from fusemill.errors import FusemillError
from fusemill.project.project import Project
from fusemill.release.registry import read_lineage
from fusemill.selection.select import OUTCOMES

Pair = tuple[Any, Any]  # the value on the first side, and on the second

_FIGURES = {
    "score of SFT answers": "avg(score) filter (outcome = 'sft')",
    "gap of pairs, mean": "avg(gap)",
    "gap of pairs, median": "median(gap)",
    "characters of SFT answers": "avg(n_answer)",
    "characters of better answers": "avg(n_chosen)",
    "characters of worse answers": "avg(n_rejected)",
}


@dataclass(frozen=True)
class Difference:
    """One set on two sides."""

    set: str
    because: list[str]  # what the sides follow from and differ in
    outcomes: dict[str, Pair]
    sources: dict[str, Pair]  # SFT answers and pairs by source model
    figures: dict[str, Pair]
    moved: list[dict[str, Any]]  # from one outcome to another, how many
    n_other_answers: int  # the same outcome, by other answers
    rows: list[dict[str, Any]]  # the first of the rows that differ


def diff(project: Project, a: str, b: str, most_rows: int) -> list[Difference]:
    """Compare what two names mean; see `sides.load_side` for names."""
    with project.warehouse.connect() as con:
        first = load_side(project, con, a, "side_a")
        second = load_side(project, con, b, "side_b")
        models = dict(
            con.execute("select distinct config_hash, model from responses").fetchall()
        )
        return compare(con, first, second, models, most_rows, project.only)


def diff_releases(
    a: tuple[str, Path], b: tuple[str, Path], most_rows: int, only: Sequence[str] = ()
) -> list[Difference]:
    """Compare two releases, each a name and a folder, by their own files alone."""
    models: dict[str, str] = {}
    for _, folder in (a, b):
        for one in read_lineage(folder)["sets"]:
            models |= {c["config_hash"]: c["model"] for c in one["configs"]}
    with duckdb.connect() as con:
        first = load_release(con, *a, "side_a")
        second = load_release(con, *b, "side_b")
        return compare(con, first, second, models, most_rows, only)


def compare(
    con: duckdb.DuckDBPyConnection,
    first: Side,
    second: Side,
    models: Mapping[str, str],
    most_rows: int,
    only: Sequence[str] = (),
) -> list[Difference]:
    """The sets of both sides, from temp tables `side_a` and `side_b`.

    Where a side is one selection, its set only; `only` these sets, where it names any.
    `models`: names by config_hash.
    """
    con.execute(f"create or replace temp table moved as {sql_of('moved')}")
    sets = list(dict.fromkeys([*first.sets, *second.sets]))
    for side in (first, second):
        if side.is_one_selection:
            sets = [set_ for set_ in sets if set_ in side.sets]
    if only:
        sets = [set_ for set_ in sets if set_ in only]
    if not sets:
        raise FusemillError(
            f"{first.name} is of {', '.join(first.sets)}, {second.name} of "
            f"{', '.join(second.sets)}: nothing to compare"
            + (f" of {', '.join(only)}" if only else "")
        )
    return [
        Difference(
            set=set_,
            because=_because(first.sets.get(set_), second.sets.get(set_), models),
            outcomes=_outcomes(con, set_),
            sources=_by_side(con, set_, "source", "source is not null"),
            figures=_figures(con, set_),
            moved=_moved(con, set_),
            n_other_answers=_n_other_answers(con, set_),
            rows=_rows(con, set_, most_rows),
        )
        for set_ in sets
    ]


def _by_side(
    con: duckdb.DuckDBPyConnection, set_: str, column: str, where: str
) -> dict[str, Pair]:
    counts = [
        dict(
            con.execute(
                f"select {column}, count(*) from {side} where set = ? and {where} "
                "group by 1 order by 1",
                [set_],
            ).fetchall()
        )
        for side in ("side_a", "side_b")
    ]
    names = sorted({*counts[0], *counts[1]})
    return {name: (counts[0].get(name, 0), counts[1].get(name, 0)) for name in names}


def _outcomes(con: duckdb.DuckDBPyConnection, set_: str) -> dict[str, Pair]:
    found = _by_side(con, set_, "outcome", "true")
    return {name: found[name] for name in OUTCOMES if name in found}


def _figures(con: duckdb.DuckDBPyConnection, set_: str) -> dict[str, Pair]:
    columns = ", ".join(f"({sql})::double" for sql in _FIGURES.values())
    sides = [
        con.execute(f"select {columns} from {side} where set = ?", [set_]).fetchall()[0]
        for side in ("side_a", "side_b")
    ]
    pairs = dict(zip(_FIGURES, zip(*sides, strict=True), strict=True))
    return {name: pair for name, pair in pairs.items() if pair != (None, None)}


def _moved(con: duckdb.DuckDBPyConnection, set_: str) -> list[dict[str, Any]]:
    rows = con.execute(
        "select before, after, count(*) from moved where set = ? "
        "and before is distinct from after group by all order by 3 desc, 1, 2",
        [set_],
    ).fetchall()
    return [{"before": r[0], "after": r[1], "n_rows": r[2]} for r in rows]


_OTHER_ANSWER = (
    "before = after and (best_before is distinct from best_after "
    "or rejected_before is distinct from rejected_after)"
)


def _n_other_answers(con: duckdb.DuckDBPyConnection, set_: str) -> int:
    query = f"select count(*) from moved where set = ? and {_OTHER_ANSWER}"
    return int(con.execute(query, [set_]).fetchall()[0][0])


def _rows(
    con: duckdb.DuckDBPyConnection, set_: str, most_rows: int
) -> list[dict[str, Any]]:
    result = con.execute(
        "select * exclude (set) from moved where set = ? and "
        f"(before is distinct from after or {_OTHER_ANSWER}) "
        "order by before = after, before, after, source_row limit ?",
        [set_, most_rows],
    )
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _because(
    a: MadeOf | None, b: MadeOf | None, models: Mapping[str, str]
) -> list[str]:
    """What the sides follow from and differ in, in words."""
    if a is None or b is None:
        return ["only one side has this set"]
    if not a or not b:
        return ["what it was made of is not recorded on one side"]
    said = ["the rule's SQL"] if a["sql"] != b["sql"] else []
    said += _parameters(a["parameters"], b["parameters"], models)
    said += _content(a["content"], b["content"], models)
    if a["unread"] != b["unread"]:
        said.append("recorded answers were not read to their end on one side")
    return said or ["nothing it follows from differs"]


def _parameters(
    a: Mapping[str, Any], b: Mapping[str, Any], models: Mapping[str, str]
) -> list[str]:
    params = [{**side["params"], "split_seed": side["split_seed"]} for side in (a, b)]
    said = [
        f"{name} {params[0].get(name)} → {params[1].get(name)}"
        for name in sorted({*params[0], *params[1]})
        if params[0].get(name) != params[1].get(name)
    ]
    for verb, one, other in (("with", b, a), ("without", a, b)):
        hashes = [c for c in one["configs"] if c not in other["configs"]]
        said += [f"{verb} {models.get(c, c)}" for c in hashes]
    if a["scorers"] != b["scorers"]:
        said.append("another scorer")
    if a["checker"] != b["checker"]:
        said.append("another checker")
    return said


def _content(
    a: Mapping[str, str], b: Mapping[str, str], models: Mapping[str, str]
) -> list[str]:
    """What both sides read and what differs in it."""
    names = {
        "plan": "the prompts that take part",
        "responses": "answers",
        "retracted_responses": "answers that were taken back",
        "scores": "scores",
        "verdicts": "verdicts",
    }
    return list(dict.fromkeys(_named(keys, names, models) for keys in _differ(a, b)))


def _differ(a: Mapping[str, str], b: Mapping[str, str]) -> Iterable[str]:
    for key in sorted({*a, *b}):
        of = key.partition(" ")[0]
        is_new = of in ("responses", "retracted_responses") and (key in a) != (key in b)
        if a.get(key) != b.get(key) and (is_new or (key in a and key in b)):
            yield key


def _named(key: str, names: Mapping[str, str], models: Mapping[str, str]) -> str:
    of, _, hash_ = key.partition(" ")
    model = f" of {models.get(hash_, hash_)}" if "responses" in of else ""
    return names[of] + model

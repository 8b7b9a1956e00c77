"""A model more and a model less in a finished project: what is asked, what moves."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import live_project
import local_project
from servers import served
from tiny_models import KINDS, WORDS, conversation, write_model

from small_project import SmallProject

ASKS = [f"{conversation(1 + n % 9, n)[0]['content']} {WORDS[n]}" for n in range(30)]
Chosen = dict[str, tuple[str, str] | None]  # by prompt: model and response_id


def chosen(project: SmallProject, *models: str) -> Chosen:
    """What sql/select/all.sql says that it takes, of the answers of these models.

    None has a score, so it is the least response_id of those that say something and
    are not cut off.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for row in project.ask(
        "select prompt_id, model, response_id, finish_reason from responses "
        "where not is_blank"
    ):
        if row["model"] in models:
            whole = found.setdefault(row["prompt_id"], [])
            if row["finish_reason"] == "stop":
                whole.append((row["response_id"], row["model"]))
    return {
        prompt: (min(whole)[1], min(whole)[0]) if whole else None
        for prompt, whole in found.items()
    }


def difference(project: SmallProject, a: str, b: str) -> dict[str, Any]:
    said = project.ok("diff", a, b, "--rows", len(ASKS), "--json").out
    (one,) = json.loads(said)["sets"]
    assert isinstance(one, dict)
    return one


def selection(project: SmallProject) -> str:
    (row,) = project.ask("select selection_id from selections where is_current")
    return str(row["selection_id"])


def check(found: dict[str, Any], before: Chosen, after: Chosen) -> None:
    """Outcomes, sources and moves are those of what is chosen before and after."""
    assert len(before) == len(after) == len(ASKS)
    n_sft = [sum(one is not None for one in side.values()) for side in (before, after)]
    outcomes = {"truncated": [len(ASKS) - n for n in n_sft], "sft": n_sft}
    assert found["outcomes"] == {k: v for k, v in outcomes.items() if v != [0, 0]}
    sources = [
        Counter(one[0] for one in side.values() if one) for side in (before, after)
    ]
    assert found["sources"] == {
        model: [side[model] for side in sources] for model in sources[0] | sources[1]
    }
    other = [prompt for prompt in before if before[prompt] != after[prompt]]
    replaced = [prompt for prompt in other if before[prompt] and after[prompt]]
    assert found["n_other_answers"] == len(replaced) > 0
    assert sum(move["n_rows"] for move in found["moved"]) == len(other) - len(replaced)
    assert len(found["rows"]) == len(other) < len(ASKS)


def test_a_fifth_model_that_runs_here(tmp_path: Path) -> None:
    fifth, *four = KINDS
    project = local_project.make(tmp_path / "p", ASKS, 2, *four)
    project.ok("run")
    before, parts = chosen(project, *four), project.parts()
    shutil.rmtree(project.root / "weights")  # who is asked nothing needs none
    write_model(project.root / "weights" / fifth, fifth)
    models = json.loads(project.read("registry/models.yaml"))["models"]
    models[fifth] = local_project.pinned(project, fifth)
    local_project.declare(project, models)
    project.change("builders/asks.yaml", ", ".join(four), ", ".join([*four, fifth]))

    said = project.ok("sample").err
    assert f"{fifth}: 60 new answers" in said
    assert not any(f"{model}: " in said for model in four)
    new = project.ask(
        "select model, count(distinct (prompt_id, draw)) as n_keys, count(*) as n "
        "from responses group by 1"
    )
    assert {(r["model"], r["n_keys"], r["n"]) for r in new} == {
        (model, 60, 60) for model in KINDS
    }
    assert parts.items() <= project.parts().items()
    project.ok("select")
    after = chosen(project, *four, fifth)
    more = difference(project, "1.0.0", "current")
    check(more, before, after)
    assert more["because"] == [f"with {fifth}", f"answers of {fifth}"]

    whole, parts = selection(project), project.parts()
    project.change("builders/asks.yaml", f"{four[0]}, ", "")
    project.ok("sample")
    assert project.parts() == parts
    project.ok("select")
    less = difference(project, whole[:16], "current")
    check(less, after, chosen(project, *four[1:], fifth))
    assert less["because"] == [f"without {four[0]}", f"answers of {four[0]}"]


def test_a_fifth_model_of_a_server(tmp_path: Path) -> None:
    with served() as server:
        names = "a, b, c, d"
        project = live_project.make(tmp_path / "p", server.url, ASKS, names, draws=2)
        project.ok("run")
        assert len(server.log()) == 8 * len(ASKS)
        before = chosen(project, *names.split(", "))
        server.set()
        live_project.declare(project, server.url, f"{names}, e", draws=2)
        project.ok("sample")
        asked = sorted((e["model"], e["prompt"], e["seed"]) for e in server.log())
        assert asked == sorted(
            ("made-up/e", ask, live_project.seed_of(ask, "e", draw))
            for ask in ASKS
            for draw in (0, 1)
        )
        project.ok("select")
        after = chosen(project, *"abcde")
        more = difference(project, "1.0.0", "current")
        check(more, before, after)
        assert more["because"] == ["with e", "answers of e"]

        whole = selection(project)
        server.set()
        live_project.declare(project, server.url, "b, c, d, e", draws=2)
        project.ok("sample")
        assert server.log() == []
        project.ok("select")
        less = difference(project, whole[:16], "current")
        check(less, after, chosen(project, *"bcde"))
        assert less["because"] == ["without a", "answers of a"]
        shown = project.ok("diff", whole[:16], "current").out
        assert "because: without a" in shown

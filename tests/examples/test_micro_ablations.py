"""examples/micro/ablations.py: the arithmetic of claims, and what its variants are."""

import fcntl
import importlib
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from micro_files import EXAMPLE, generate

import needs_torch  # noqa: F401
from fusemill.project.project import Project
from fusemill.train.target import load_target
from small_project import SmallProject

claims = importlib.import_module("claims")  # in the folder that micro_files names
variants = importlib.import_module("variants")
ablations = importlib.import_module("ablations")

SEED = 5
FEW = {"lists": 12, "problems": 12, "functions": 6, "sums": 4}


def seed(**sampled: float) -> dict:
    """Figures of a seed; a name's `_` stands for a space."""
    return {
        name.replace("_", " "): {
            "sampled": {"sums": value, "mean": value},
            "greedy": {"sums": value + 10, "mean": value + 10},
        }
        for name, value in sampled.items()
    }


def test_an_interval_by_hand() -> None:
    # Variance 10 / 4 = 2.5; t of 4 degrees of freedom is 2.776.
    found = claims.difference([1, 2, 3, 4, 5])
    assert found.mean == 3
    assert found.spread == pytest.approx(math.sqrt(2.5))
    assert found.low == pytest.approx(3 - 2.776 * math.sqrt(0.5))
    assert found.high == pytest.approx(3 + 2.776 * math.sqrt(0.5))


@pytest.mark.parametrize("n", [1, 22])
def test_too_few_and_too_many_seeds(n: int) -> None:
    with pytest.raises(ValueError, match=f"expected 2 to 21 seeds, found {n}"):
        claims.difference([1.0] * n)


def test_differences_are_paired_and_from_the_best_source() -> None:
    seeds = [
        seed(fused_dpo=50, lister=20, reckoner=30, coder=10, hanzi=0),
        seed(fused_dpo=60, lister=20, reckoner=10, coder=36, hanzi=0),
    ]
    claim = claims.Claim("", "fused dpo", claims.SOURCES, 10.0)
    found = claims.paired(claim, seeds, "sampled")
    assert found.mean == 22  # of 20 and 24
    assert found.spread == pytest.approx(math.sqrt(8))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([3, 3.1, 3.2], True),
        ([1.9, 2, 2], False),  # below the margin
        ([2, 3, 10], False),  # the interval reaches below zero
    ],
)
def test_what_a_claim_needs(values: list[float], said: bool) -> None:
    claim = claims.Claim("", "a", ("b",), 2.0)
    assert claims.holds(claim, claims.difference(values)) is said


def test_a_spread_wider_than_the_mean_is_no_claim_however_many_seeds() -> None:
    values = [1, 9] * 10 + [-4]  # mean 4.6, spread 4.5
    wide = [1, 9] * 10 + [-9]
    claim = claims.Claim("", "a", ("b",), 2.0)
    assert claims.holds(claim, claims.difference(values))
    found = claims.difference(wide)
    assert found.low > 0
    assert found.mean < found.spread
    assert not claims.holds(claim, found)


def test_a_failed_claim_is_printed_as_failed() -> None:
    names = ("before", "fused_sft", "fused_dpo", "self_sft", "self_dpo", "single_sft")
    names += ("single_dpo", "chosen_sft_sft", "any_pairs_dpo", "sigmoid_dpo")
    values = dict.fromkeys((*claims.SOURCES, *names), 20.0)
    values |= {"fused_sft": 50.0, "fused_dpo": 49.0}
    one = seed(**values)
    for name in ("chosen_sft sft", "any_pairs dpo"):
        one[name] = one.pop(name.replace("_", " "))
    said = claims.report([one, one])
    assert "| DPO > SFT | 1.0 | -1.0 | 0.0 | -1.0 to -1.0 | **failed** |" in said
    assert "| SFT > before | 5.0 | +30.0 | 0.0 | +30.0 to +30.0 | yes |" in said
    assert "| fused dpo | 49.0 ± 0.0 | 49.0 ± 0.0 | 59.0 ± 0.0 |" in said


def called(*options: object) -> subprocess.CompletedProcess[str]:
    """ablations.py as it is typed."""
    command = [sys.executable, EXAMPLE / "ablations.py", *options]
    words = list(map(str, command))
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_seeds_of_other_work_are_refused_in_words(tmp_path: Path) -> None:
    asked = ablations.Asked(tmp_path, EXAMPLE / "checkpoints", "tuning", 7, {})
    one = {"seed": 1, "how": ablations.how(asked), "weights": {}}
    (tmp_path / "results.jsonl").write_text(json.dumps(one) + "\n", "utf-8")
    done = called("--seeds", 2, "--into", tmp_path, "--held-out", 7)
    assert done.returncode == 1
    assert f"{tmp_path}/results.jsonl: seed 1 was run as " in done.stderr
    assert "choose another --into" in done.stderr
    assert "Traceback" not in done.stderr


def test_more_seeds_than_the_table_knows_are_refused(tmp_path: Path) -> None:
    done = called("--into", tmp_path, "--seeds", *range(22))
    assert done.returncode == 1
    assert "at most 21 seeds in a folder, expected are 22" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_at_once_in_a_folder_are_refused(tmp_path: Path) -> None:
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = called("--into", tmp_path, "--seeds", 1)
    assert done.returncode == 1
    assert "another ablations.py works there" in done.stderr
    assert "Traceback" not in done.stderr


def test_checkpoints_that_lack_one_are_refused(tmp_path: Path) -> None:
    weights = tmp_path / "lister" / "model.safetensors"
    weights.parent.mkdir()
    weights.touch()
    done = called("--seeds", 1, "--into", tmp_path / "o", "--checkpoints", tmp_path)
    assert done.returncode == 2
    assert "no reckoner/model.safetensors there" in done.stderr


def test_results_hang_on_what_is_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "micro"
    ignore = shutil.ignore_patterns(
        *variants.RESULTS, *variants.STARTED, "*.safetensors"
    )
    shutil.copytree(EXAMPLE, copy, ignore=ignore)
    here = variants.declarations()
    monkeypatch.setattr(variants, "EXAMPLE", copy)
    for left_out in ("README.md", "report.py", "warehouse/x.yaml"):
        path = copy / left_out
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write("\n")
        assert variants.declarations() == here
    found = {here}
    for counted in (
        "training/targets/micro.yaml",
        "sql/select/code.sql",
        "scores/lists.py",
        "fusemill.yaml",
    ):
        with (copy / counted).open("a", encoding="utf-8") as file:
            file.write("\n")
        found.add(variants.declarations())
    assert len(found) == 5


def plain(root: Path) -> SmallProject:
    variants.new_project(root, SEED, EXAMPLE / "checkpoints")
    generate.write_prompts(root / "data", SEED, FEW)
    return SmallProject(root)


def test_seeds_are_everywhere(tmp_path: Path) -> None:
    project = plain(tmp_path / "fused")
    loaded = Project.load(project.root)
    assert (loaded.file.sampling_seed, loaded.file.split_seed) == (SEED, SEED)
    assert loaded.file.contract is None
    assert load_target(loaded, "micro").seed == SEED
    rows = [
        json.loads(line) for line in project.read("data/problems.jsonl").splitlines()
    ]
    assert len(rows) == FEW["problems"]
    assert rows != generate.project_rows("problems", FEW["problems"])


@pytest.mark.parametrize("who", ["target", "coder"])
def test_one_model_answers_for_each_source(tmp_path: Path, who: str) -> None:
    root = plain(tmp_path / "fused").root
    change = variants.self_distilled if who == "target" else variants.single(who)
    before = Project.load(root)
    change(root)
    loaded = Project.load(root)
    changed = {*loaded.builders} - ({"sums"} if who != "target" else set())
    for name, builder in loaded.builders.items():
        (block,), (was,) = builder.answers, before.builders[name].answers
        named = tuple(f"{who}_for_{source}" for source in was.models)
        models = named if name in changed else was.models
        assert block == was.model_copy(update={"models": models})
    own = loaded.models[who]
    for source in claims.SOURCES:
        one = loaded.models[f"{who}_for_{source}"]
        assert one.weights_sha256 == own.weights_sha256
        assert one.sampling == loaded.models["lister"].sampling
    # Each draws by itself.
    hashes = [loaded.models[f"{who}_for_{s}"].config(SEED) for s in claims.SOURCES]
    assert len({json.dumps(one) for one in hashes}) == len(claims.SOURCES)


def test_sigmoid_changes_the_loss_alone(tmp_path: Path) -> None:
    root = plain(tmp_path / "fused").root
    before = load_target(Project.load(root), "micro").model_dump()
    variants.sigmoid(root)
    after = load_target(Project.load(root), "micro").model_dump()
    assert after["dpo"].pop("loss_type") == "sigmoid"
    assert before["dpo"].pop("loss_type") == "sigmoid_norm"
    assert (before["dpo"].pop("beta"), after["dpo"].pop("beta")) == (10, 0.8)
    assert after == before


def test_other_checkpoints_are_pinned(tmp_path: Path) -> None:
    others = tmp_path / "others"
    shutil.copytree(EXAMPLE / "checkpoints/coder", others / "target")
    root = tmp_path / "fused"
    variants.new_project(root, SEED, others)
    models = Project.load(root).models
    assert models["target"].weights_sha256 == models["coder"].weights_sha256
    assert models["lister"].weights_sha256 != models["coder"].weights_sha256


@pytest.fixture(scope="module")
def fused(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """The project after a run with a few prompts a set."""
    project = plain(tmp_path_factory.mktemp("ablations") / "fused")
    project.ok("run")
    return project


def changed(fused: SmallProject, change: Callable[[Path], None]) -> SmallProject:
    """A copy of it, changed and run."""
    project = SmallProject(fused.root.parent / change.__name__)
    variants.copied(fused.root, project.root, change)
    project.ok("run")
    return project


PAIRS = (
    "select c.model as chosen, r.model as rejected from dpo as d "
    "inner join selections as s using (selection_id) "
    "inner join responses as c on d.chosen_id = c.response_id "
    "inner join responses as r on d.rejected_id = r.response_id "
    "where s.is_current"
)


def test_any_pairs_have_two_sources(fused: SmallProject) -> None:
    same = fused.ask(PAIRS)
    assert same
    assert all(pair["chosen"] == pair["rejected"] for pair in same)
    mixed = changed(fused, variants.any_pairs).ask(PAIRS)
    assert any(pair["chosen"] != pair["rejected"] for pair in mixed)


def test_a_source_that_knows_one_family_is_released_too(fused: SmallProject) -> None:
    lister = changed(fused, variants.single("lister"))
    (row,) = lister.ask(
        "select count(*) as n from outcomes "
        "inner join selections using (selection_id, set) "
        "where is_current and set = 'problems' and outcome = 'all_incorrect'"
    )
    assert row["n"] > FEW["problems"] * 0.3  # more than the suite lets pass


def test_self_distilled_has_the_target_alone(fused: SmallProject) -> None:
    alone = changed(fused, variants.self_distilled)
    lineage = alone.root / "releases/micro/1.0.0/lineage/sft_train.parquet"
    found = set(pl.read_parquet(lineage)["source_model"])
    assert found <= {f"target_for_{source}" for source in claims.SOURCES}
    # Four names are four samples: no two of them say the same to every prompt.
    same = alone.ask(
        "select a.model as one, b.model as other, "
        "bool_and(a.text_id = b.text_id) as same "
        "from responses as a inner join responses as b using (prompt_id, draw) "
        "where a.model < b.model and a.model like 'target_for_%' "
        "and b.model like 'target_for_%' group by all"
    )
    assert len(same) == 6
    assert not any(pair["same"] for pair in same)


def test_chosen_answers_go_to_sft(fused: SmallProject) -> None:
    same = fused.root / "releases/micro/1.0.0"
    other = changed(fused, variants.chosen_sft).root / "releases/micro/1.0.0"
    sft, dpo = (pl.read_parquet(same / f"{s}/train.parquet") for s in ("sft", "dpo"))
    taught = {tuple(row[-1].values()) for row in sft["messages"]}
    taught |= {tuple(row[-1].values()) for row in dpo["chosen"]}
    found = pl.read_parquet(other / "sft/train.parquet")["messages"]
    assert {tuple(row[-1].values()) for row in found} == taught
    assert len(found) == len(sft) + len(dpo)


@pytest.mark.slow
def test_two_seeds_from_start_to_claims(tmp_path: Path) -> None:
    options = ("--share", 0.1, "--held-out", 4, "--seeds", 1, 2)

    def run() -> str:
        done = called("--into", tmp_path / "out", *options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    said = run()
    assert "seed 1: done in" in said
    lines = (tmp_path / "out/results.jsonl").read_text().splitlines()
    assert [json.loads(line)["seed"] for line in lines] in ([1, 2], [2, 1])
    assert "| fused > self-distilled | 2.0 |" in said
    again = run()
    assert "done in" not in again
    assert again.endswith(said[said.index("| weights |") :])

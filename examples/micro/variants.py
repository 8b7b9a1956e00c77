"""Copies of the project with other declarations: what ablations.py compares.

fused        the project as it is
self         only the target answers, once for each source: under as many names, each as
             often as that source does
single       only the best source answers, in the same way; sums stay as they are
any_pairs    a pair is the best answer of any source against the worst of any, however
             wide the gap: hardly one of them lies in the window
chosen_sft   no pairs: the chosen answers go to SFT with the others
sigmoid      DPO whose rewards are not divided by the answers' lengths

Everything else is the same: prompts, scores, rules, numbers of training.
"""

import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

EXAMPLE = Path(__file__).parent
# What runs leave behind; `releases` is of the registry, too.
RESULTS = ("cache", "releases", "report.html", "trained")
STARTED = ("__pycache__", "data", "hub", "warehouse")
# Rewards are sums over an answer, of 12.4 tokens in the mean, not means: 10 / 12.4.
SIGMOID_BETA = 0.8
WIDEST_GAP = 1.0  # no score is above 0.3

Change = Callable[[Path], None]


def new_project(root: Path, seed: int, checkpoints: Path) -> None:
    """The project without data, every seed of it another, with these checkpoints.

    What the composition contract counts is the run of one seed, so it is left out.
    """
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(*RESULTS, *STARTED))
    with declared(root / "fusemill.yaml") as project:
        del project["contract"]
        project["sampling_seed"] = project["split_seed"] = seed
    with declared(root / "training/targets/micro.yaml") as target:
        target["seed"] = seed
    if checkpoints.resolve() != (EXAMPLE / "checkpoints").resolve():
        take_checkpoints(root, checkpoints)


def copied(source: Path, root: Path, change: Change) -> None:
    """A project beside another with what that one has asked and checked, changed."""
    shutil.copytree(source, root, ignore=shutil.ignore_patterns(*RESULTS))
    change(root)


def take_checkpoints(root: Path, folder: Path) -> None:
    """Put other weights in place of those that are there, and pin them."""
    with declared(root / "registry/models.yaml") as models:
        for path in sorted(p for p in folder.iterdir() if p.is_dir()):
            own = root / "checkpoints" / path.name
            shutil.rmtree(own)
            shutil.copytree(path, own)
            models["models"][path.name]["weights_sha256"] = digest(own)


def digest(folder: Path) -> str:
    """What `weights_sha256` of registry/models.yaml means."""
    lines = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(folder.iterdir())
    )
    return hashlib.sha256(lines.encode()).hexdigest()


def declarations() -> str:
    """sha256 of all that the project declares: YAML, SQL, scores and tasks."""
    left_out = {*RESULTS, *STARTED, "checkpoints"}
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n"
        for path in sorted(EXAMPLE.rglob("*.*"))
        if (name := path.relative_to(EXAMPLE)).suffix in (".yaml", ".sql", ".py")
        and (name.suffix == ".yaml" or len(name.parts) > 1)  # no script beside it
        and not left_out.intersection(name.parts)
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def self_distilled(root: Path) -> None:
    """The target answers in place of each source, sampled as the sources are."""
    _answers_alone(root, "target", "functions", "lists", "problems", "sums")


def single(source: str) -> Change:
    """One source answers alone; that it knows one family does not stop a release."""

    def change(root: Path) -> None:
        _without_expectation(root, "checks", "column", "n_passed")
        _answers_alone(root, source, "functions", "lists", "problems")

    return change


def _answers_alone(root: Path, model: str, *sets: str) -> None:
    """Put a model in place of each source of these sets, under a name for each.

    Pairs are of one source, and the rules look at each source's best and worst answer
    of a few: of one name's twenty answers they are further apart than of five.
    """
    with declared(root / "registry/models.yaml") as file:
        models = file["models"]
        sources = [name for name, one in models.items() if one["role"] == "source"]
        sampling = dict(models[sources[0]]["sampling"])
        named = {source: f"{model}_for_{source}" for source in sources}
        for source, name in named.items():
            one = {**models[model], "role": "source", "sampling": sampling}
            models[name] = {**one, "model": f"{one['model']}-for-{source}"}
    with declared(root / "registry/checkpoints.yaml") as file:
        weights = file["checkpoints"][model]["weights"]
        file["checkpoints"].update({n: {"weights": weights} for n in named.values()})
    for name in sets:
        with declared(root / "builders" / f"{name}.yaml") as builder:
            block = builder["answers"][0]
            block["models"] = [named[source] for source in block["models"]]


def any_pairs(root: Path) -> None:
    """Answers of all sources count as one source's, in each rule that makes pairs."""
    for name in ("instruction", "mathematics", "code"):
        path = root / "sql/select" / f"{name}.sql"
        rule, n = re.subn(
            r"(usable as \(\n    select\n        prompt_id,\n        )source,",
            r"\1'any' as source,",
            path.read_text("utf-8"),
        )
        if n != 1:
            raise ValueError(f"{path}: expected one `source` in `usable`, found {n}")
        path.write_text(rule, encoding="utf-8")
    for name in ("lists", "problems"):
        with declared(root / "builders" / f"{name}.yaml") as builder:
            builder["select"]["params"]["gap_max"] = WIDEST_GAP
    _without_expectation(root, "dpo", "column", "gap")
    _without_expectation(root, "dpo", "column_A", "chosen_source")


def _without_expectation(root: Path, suite_name: str, key: str, value: str) -> None:
    """Take out what a variant cannot hold."""
    with declared(root / "validation" / f"{suite_name}.yaml") as suite:
        expected = suite["expectations"]
        suite["expectations"] = [e for e in expected if e["kwargs"].get(key) != value]


def chosen_sft(root: Path) -> None:
    """What a rule chose for a pair goes to SFT; the rule itself stays what it is."""
    for path in sorted((root / "sql/select").glob("*.sql")):
        path.write_text(
            "with ruled as (\n" + path.read_text("utf-8") + ")\n\n" + _TO_SFT,
            encoding="utf-8",
        )


_TO_SFT = """select
    set,
    source_row,
    prompt_id,
    if(outcome = 'dpo', 'sft', outcome) as outcome,
    if(outcome = 'dpo', chosen_id, response_id) as response_id,
    if(outcome = 'dpo', null, chosen_id) as chosen_id,
    if(outcome = 'dpo', null, rejected_id) as rejected_id,
    score,
    if(outcome = 'dpo', null, gap) as gap,
from ruled
order by set, source_row
"""


def sigmoid(root: Path) -> None:
    """Standard DPO."""
    with declared(root / "training/targets/micro.yaml") as target:
        target["dpo"].update(loss_type="sigmoid", beta=SIGMOID_BETA)


class declared:
    """A YAML file to change in place, comments kept."""

    def __init__(self, path: Path) -> None:
        self._path, self._yaml = path, YAML()
        self._yaml.width = 1_000

    def __enter__(self) -> Any:
        self._data = self._yaml.load(self._path.read_text("utf-8"))
        return self._data

    def __exit__(self, failed: object, *_: object) -> None:
        if failed is None:
            with self._path.open("w", encoding="utf-8") as file:
                self._yaml.dump(self._data, file)

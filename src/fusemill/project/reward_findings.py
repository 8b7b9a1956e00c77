"""What `doctor` finds about the reward model of a scorer."""

import importlib.util
from collections.abc import Iterator

from fusemill.errors import FusemillError
from fusemill.project.declaration import load
from fusemill.project.findings import Finding
from fusemill.project.models import RewardScorer
from fusemill.project.project import Project
from fusemill.project.rewards import FILE, Canary
from fusemill.scoring.rewards.weights import local_folder


def reward_findings(project: Project, scorer: RewardScorer) -> Iterator[Finding]:
    """Its canary and weights are there; nothing is loaded. `doctor` has endpoints."""
    where = f"{FILE}: rewards.{scorer.model}"
    try:
        load(project.root / project.rewards[scorer.model].canary, Canary)
        if scorer.engine != "http":
            local_folder(project, scorer.model)
    except FusemillError as error:
        yield Finding("error", where, str(error))
    missing = [n for n in ("torch", "transformers") if not importlib.util.find_spec(n)]
    if scorer.engine != "http" and missing:
        text = f"{' and '.join(missing)} not installed: pip install 'fusemill[train]'"
        yield Finding("note", where, text)

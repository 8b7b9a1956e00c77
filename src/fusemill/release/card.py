"""The dataset card: what a release is, how to load it, and under which licences."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from fusemill import __version__
from fusemill.identity import configs, scorer_named
from fusemill.project.compositions import Composition, load_composition
from fusemill.project.models import RewardScorer
from fusemill.project.project import Project, sources
from fusemill.release.data import Released
from fusemill.release.licences import Licence
from fusemill.release.metadata import front_matter
from fusemill.release.pictures import Picture
from fusemill.release.shards import files_of

MEANING = {
    "sft_train": "a conversation ending with the best answer",
    "dpo_train": "a prompt, a better and a worse answer of one source model",
    "dpo_test": "the same, for prompts that went to SFT: held-out pairs",
    "responses_train": "one answer with its scores, verdict and licences",
}


@dataclass(frozen=True)
class Contents:
    """What was written before the card, in `folder`."""

    folder: Path
    rows: Mapping[str, int]  # by data file
    sources: Mapping[str, str]  # of each set
    licences: list[Licence]
    pictures: list[Picture]
    yanked: Mapping[str, str]  # other versions of this name, and why


def config_files(rows: Mapping[str, int]) -> list[dict[str, Any]]:
    """Configs and the files of their splits that have rows, `sft` first."""
    found = []
    for name in ("sft", "dpo", "responses"):
        splits = [(s, files_of(rows, f"{name}/{s}")) for s in ("train", "test")]
        there = [(split, files) for split, files in splits if files]
        if there:
            found.append({"name": name, "splits": there})
    return found


def card(
    project: Project, released: list[Released], contents: Contents, created_at: str
) -> str:
    """README.md of a release: YAML metadata and text."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - Markdown, not HTML; cells are escaped by `cell`
    environment.trim_blocks = True
    environment.filters["cell"] = _cell
    template = resources.files("fusemill.release").joinpath("card.md.j2").read_text()
    release, rows = project.file.release, contents.rows
    named = config_files(rows)
    text = environment.from_string(template).render(
        front_matter=front_matter(
            contents.folder,
            named,
            rows,
            title=release.title,
            languages=_languages(released),
            licences={one.licence for one in contents.licences},
            source_datasets=_source_datasets(released),
        ),
        name=release.name,
        title=release.title,
        version=release.version,
        fusemill=__version__,
        created_at=created_at,
        splits=[
            {
                "config": one["name"],
                "split": split,
                "n_rows": sum(rows[file] for file in files),
                "meaning": MEANING[f"{one['name']}_{split}"],
            }
            for one in named
            for split, files in one["splits"]
        ],
        loading=_loading(rows),
        hub=release.hub.repo if release.hub else None,
        licences=contents.licences,
        allowed=release.allowed_licences,
        n_pending=sum(one.outcomes.get("pending", 0) for one in released),
        sets=[_set(one, contents.sources) for one in released],
        models=_models(project, released),
        composition=_composition(project, released),
        pictures=contents.pictures,
        yanked=contents.yanked,
        beside=_beside_declarations(project, released),
    )
    return text + "\n"


def _cell(value: object) -> str:
    """Text that stays inside one cell of a Markdown table."""
    text = str(value).replace("|", "\\|").replace("<", "&lt;")
    return " ".join(text.split())


def _plain(value: object) -> str:
    """A parameter as a declaration has it: `["failed"]`, `false`, `best_eligible`."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _languages(released: list[Released]) -> list[str]:
    named = {one.builder.language for one in released} - {"any"}
    return sorted(named) or ["en"]


def _source_datasets(released: list[Released]) -> list[str]:
    return sorted(
        {one.builder.source.hub for one in released if one.builder.source.hub}
    )


def _beside_declarations(project: Project, released: list[Released]) -> list[str]:
    """Sources, and weights without a revision, that lie in the project's own folder."""
    names = set[str]()
    for builder in [one.builder for one in released]:
        for source in [s for _, s in sources(builder) if s.hub is None]:
            files = source.files
            names |= {files} if isinstance(files, str) else set(files)
        for scorer in [s for s in builder.scores if isinstance(s, RewardScorer)]:
            if project.models[scorer.model].revision is None:
                names.add(project.rewards[scorer.model].weights or "/")
    return [f"`{name}`" for name in sorted(names) if name[0] not in "$/"]


def _loading(rows: Mapping[str, int]) -> dict[str, str | None]:
    """A file name or pattern for each split that trainers read, None without rows."""
    found: dict[str, str | None] = {}
    for config in ("sft", "dpo", "responses"):
        files = files_of(rows, f"{config}/train")
        pattern = f"{config}/train-*.parquet" if len(files) > 1 else None
        found[config] = pattern or (files[0] if files else None)
    return found


def _set(one: Released, sources: Mapping[str, str]) -> dict[str, Any]:
    builder = one.builder
    others = {k: v for k, v in one.outcomes.items() if k not in ("sft", "dpo")}
    params = builder.select.params
    score = None
    if builder.select.score:
        scorer = scorer_named(builder, builder.select.score)
        score = f"{scorer.name} ({scorer.engine})"
    return {
        "name": builder.set,
        "category": builder.category,
        "n_rows": sum(one.outcomes.values()),
        "outcomes": {"sft": 0, "dpo": 0, **one.outcomes},
        "others": ", ".join(f"{k} {v:,}" for k, v in others.items()) or "none",
        "source": sources[builder.set],
        "sql": builder.select.sql,
        "score": score,
        "params": ", ".join(f"{k} = {_plain(v)}" for k, v in params.items()),
    }


def _models(project: Project, released: list[Released]) -> list[dict[str, Any]]:
    """A row a source model and how it was asked, with the sets it answered."""
    found: dict[str, dict[str, Any]] = {}
    for one in released:
        for config in configs(project, one.builder):
            model = project.models[config.model]
            sampling = model.sampling or {}
            how = "recorded" if config.draws is None else f"{config.draws} draws"
            row = found.setdefault(
                f"{config.config_hash} {how}",
                {
                    "name": config.model,
                    "model": model.model,
                    "revision": model.revision,
                    "licence": model.licence,
                    "how": how,
                    "sampling": ", ".join(f"{k} {v}" for k, v in sampling.items())
                    or "as recorded",
                    "sets": [],
                },
            )
            row["sets"].append(one.builder.set)
    return list(found.values())


def _composition(project: Project, released: list[Released]) -> dict[str, Any] | None:
    """The published counts of the declared contract beside this release's."""
    contract = project.file.contract
    if contract is None:
        return None
    published = load_composition(project.root, contract.composition)
    ours = {
        one.builder.set: (one.outcomes.get("sft", 0), one.outcomes.get("dpo", 0))
        for one in released
    }
    return {
        "title": published.title,
        "source": published.source,
        "scale": contract.scale,
        "tolerance": contract.tolerance,
        "rows": _beside(published, ours, contract.scale),
    }


def _beside(
    published: Composition, ours: Mapping[str, tuple[int, int]], scale: float
) -> list[dict[str, Any]]:
    """Set by set, then in total as it is printed: counts, and ours to the scaled."""
    names = [*published.sets, *(name for name in ours if name not in published.sets)]
    lines = []
    for name in names:
        of = published.sets.get(name)
        lines.append((name, (of.sft, of.dpo) if of else (0, 0), ours.get(name, (0, 0))))
    total = (sum(of[0] for of in ours.values()), sum(of[1] for of in ours.values()))
    lines.append(("all", (published.totals.sft, published.totals.dpo), total))
    return [
        {
            "name": name,
            "sft": _ratio(theirs[0], found[0], scale),
            "dpo": _ratio(theirs[1], found[1], scale),
        }
        for name, theirs, found in lines
    ]


def _ratio(published: int, ours: int, scale: float) -> dict[str, Any]:
    ratio = f"{ours / (published * scale):.3f}" if published else "–"
    return {"published": published, "ours": ours, "ratio": ratio}

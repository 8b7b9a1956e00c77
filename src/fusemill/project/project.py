"""Loading a project: fusemill.yaml, builders, models, and the places they name."""

import functools
from dataclasses import dataclass, field
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from fusemill import __version__
from fusemill.errors import DeclarationError
from fusemill.project.checkpoints import Checkpoint, load_checkpoints
from fusemill.project.declaration import load, read_text
from fusemill.project.endpoints import FILE as ENDPOINTS
from fusemill.project.endpoints import Endpoint, Endpoints
from fusemill.project.models import (
    Builder,
    LiveAnswers,
    Model,
    Models,
    ProjectFile,
    RecordedAnswers,
    RewardScorer,
    Source,
)
from fusemill.project.rewards import Reward, check_rewards, load_rewards
from fusemill.warehouse import Warehouse


@dataclass(frozen=True)
class Project:
    """A project's folder, its declarations, and where its warehouse lies."""

    root: Path
    file: ProjectFile
    builders: dict[str, Builder]  # in the project's order of sets
    models: dict[str, Model]
    endpoints: dict[str, Endpoint] = field(default_factory=dict)  # by model
    rewards: dict[str, Reward] = field(default_factory=dict)  # by model
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)  # by model
    data: Path | None = None  # what `${data}` stands for
    workdir: Path = field(default_factory=Path)
    limit: int | None = None  # at most so many prompts a set, for a trial
    only: tuple[str, ...] = ()  # the builders to work on; empty: all
    weak_sandbox: bool = False  # run code although the kernel cannot isolate it

    @classmethod
    def load(
        cls,
        root: Path,
        data: Path | None = None,
        workdir: Path | None = None,
        limit: int | None = None,
        only: tuple[str, ...] = (),
        weak_sandbox: bool = False,
    ) -> "Project":
        """Read and check the declarations; DeclarationError says what does not fit."""
        root = root.absolute()
        path = root / "fusemill.yaml"
        if data is not None and not data.is_dir():
            raise DeclarationError(f"--data {data}: no such folder")
        if not path.is_file():
            raise DeclarationError(
                f"{path}: no such file, so {root} is not a fusemill project; "
                "`fusemill init DIR` makes one, `--project DIR` names one"
            )
        file = load(path, ProjectFile)
        _check_version(path, file.requires)
        builders = {name: _builder(root, name) for name in file.sets}
        models_path = root / "registry" / "models.yaml"
        models = load(models_path, Models).models
        rewards = load_rewards(root, models)
        for name, builder in builders.items():
            path_of = root / "builders" / f"{name}.yaml"
            _check_models(path_of, builder, models)
            check_rewards(path_of, builder, rewards)
        unknown = [name for name in only if name not in builders]
        if unknown:
            raise DeclarationError(
                f"{path}: no set named {', '.join(unknown)}; sets here: "
                f"{', '.join(file.sets)}"
            )
        return cls(
            root=root,
            file=file,
            builders=builders,
            models=models,
            endpoints=_endpoints(root / ENDPOINTS, models),
            rewards=rewards,
            checkpoints=load_checkpoints(root, models),
            data=data.absolute() if data else None,
            workdir=(workdir or root).absolute(),
            limit=limit,
            only=only,
            weak_sandbox=weak_sandbox,
        )

    @functools.cached_property
    def warehouse(self) -> Warehouse:
        """The warehouse of this project's work directory."""
        return Warehouse(self.workdir / "warehouse")

    @property
    def active(self) -> list[Builder]:
        """The builders to work on now, in order."""
        return [b for n, b in self.builders.items() if not self.only or n in self.only]

    @property
    def is_trial(self) -> bool:
        """Whether --only or --limit leaves out part of what is declared."""
        return bool(self.only) or self.limit is not None

    @property
    def bounds(self) -> str | None:
        """What --limit leaves of the prompts, None where it is not given."""
        if self.limit is None:
            return None
        of = f"of {', '.join(self.only)}" if self.only else "a set"
        return f"at most {self.limit:,} prompts {of}"

    def n_prompts(self, builder: Builder) -> int | None:
        """How many prompts of a set are taken; None means all.

        --limit bounds the active sets only: the others stay as they are.
        """
        limit = self.limit if builder in self.active else None
        bounds = [n for n in (builder.prompts.n_prompts, limit) if n is not None]
        return min(bounds) if bounds else None

    def sql(self, path: str) -> str:
        """Text of a SQL file of the project."""
        return read_text(self.root / path)

    def macros(self) -> dict[str, str]:
        """The project's macros, by file name in order."""
        folder = self.root / "sql" / "macros"
        return {p.name: read_text(p) for p in sorted(folder.glob("*.sql"))}

    def builder_path(self, builder: Builder) -> Path:
        """The YAML file of a builder."""
        return self.root / "builders" / f"{builder.set}.yaml"


def _check_version(path: Path, requires: str) -> None:
    try:
        wanted = SpecifierSet(requires)
    except InvalidSpecifier:
        raise DeclarationError(
            f"{path}: key `requires`: expected a version specifier such as "
            f"'>=0.1,<0.2', found '{requires}'"
        ) from None
    if not wanted.contains(__version__, prereleases=True):
        raise DeclarationError(
            f"{path}: key `requires`: this project requires fusemill {requires}; this "
            f"is {__version__}. Install a version that fits, or change `requires`"
        )


def _builder(root: Path, name: str) -> Builder:
    path = root / "builders" / f"{name}.yaml"
    builder = load(path, Builder)
    if builder.set != name:
        raise DeclarationError(
            f"{path}: key `set`: expected '{name}' (the file's name, as in "
            f"fusemill.yaml), found '{builder.set}'"
        )
    return builder


def _endpoints(path: Path, models: dict[str, Model]) -> dict[str, Endpoint]:
    """Endpoints by model; none where the file is not there."""
    if not path.exists():
        return {}
    found = load(path, Endpoints).endpoints
    for name, endpoint in found.items():
        if name not in models:
            raise DeclarationError(
                f"{path}: key `endpoints.{name}`: no such model in "
                f"registry/models.yaml; there are: {', '.join(sorted(models))}"
            )
        limits = endpoint.limits
        if limits and limits.usd is not None and models[name].price is None:
            raise DeclarationError(
                f"{path}: key `endpoints.{name}.limits.usd`: model `{name}` has no "
                "`price` in registry/models.yaml to count money by"
            )
    return found


def _check_models(path: Path, builder: Builder, models: dict[str, Model]) -> None:
    named: list[str] = []
    for block in builder.answers:
        named += list(
            block.models.values()
            if isinstance(block, RecordedAnswers)
            else block.models
        )
    named += [s.model for s in builder.scores if isinstance(s, RewardScorer)]
    for name in named:
        if name not in models:
            raise DeclarationError(
                f"{path}: model `{name}` is not in registry/models.yaml; there are: "
                f"{', '.join(sorted(models))}"
            )
    for block in builder.answers:
        if isinstance(block, LiveAnswers):
            for name in block.models:
                if models[name].sampling is None:
                    raise DeclarationError(
                        f"{path}: model `{name}` is asked live but has no `sampling` "
                        "in registry/models.yaml"
                    )


def sources(builder: Builder) -> list[tuple[str, Source]]:
    """Every source a builder names, with the key it stands under."""
    found = [("source", builder.source)]
    for i, block in enumerate(builder.answers):
        if isinstance(block, RecordedAnswers):
            found.append((f"answers.{i}.source", block.source))
    for i, scorer in enumerate(builder.scores):
        if scorer.engine == "recorded":
            found.append((f"scores.{i}.source", scorer.source))
    return found

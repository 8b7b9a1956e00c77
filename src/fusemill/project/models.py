"""What a project declares: one pydantic model per YAML block.

No default hides a scientific choice: temperature, split, window, seed stand in the
YAML. What may be left out changes no row (a title, a tag, a limit that is off).
"""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from fusemill.project.declaration import Declaration
from fusemill.project.parameters import check_parameters

Category = Literal["instruction_following", "mathematics", "coding", "chinese", "other"]


def _inside(value: str) -> str:
    if not value or value.startswith("/") or ".." in value.split("/"):
        raise ValueError(
            "expected a path inside the project, not absolute and without `..`"
        )
    return value


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.\-]*", value):
        raise ValueError("a name has lower-case letters, digits and `_`, `.`, `-`")
    return value


ProjectPath = Annotated[str, AfterValidator(_inside)]
Name = Annotated[str, AfterValidator(_name)]
Scalar = bool | int | float | str | tuple[str, ...] | None


def _full_commit(value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[0-9a-f]{40}", value):
        raise ValueError(
            "a revision is a full commit of 40 hex digits, or null while unpinned"
        )
    return value


def _function(value: str) -> str:
    path, _, name = value.partition(":")
    if not path.endswith(".py") or not name.isidentifier():
        raise ValueError("expected `path.py:function`, a path inside the project")
    return _inside(path) + ":" + name


def _sha256(value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[0-9a-f]{64}", value):
        raise ValueError("a sha256 has 64 hex digits in lower case")
    return value


Revision = Annotated[str | None, AfterValidator(_full_commit)]


def _repository(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][\w.\-]*/[A-Za-z0-9][\w.\-]*", value):
        raise ValueError("expected `namespace/name`, a dataset repository on the Hub")
    return value


class HubRepository(Declaration):
    """Where releases are published; HF_ENDPOINT says on which Hub."""

    repo: Annotated[str, AfterValidator(_repository)]
    private: bool = True  # what it is made as; one that is there stays as it is


class Release(Declaration):
    """What a release is called, which licences it may carry, where it is published."""

    name: Name
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    title: str
    # Licence identifiers that prompts and models may have; anything else stops it.
    allowed_licences: tuple[str, ...]
    hub: HubRepository | None = None


class Contract(Declaration):
    """The composition a run is checked against, and how closely."""

    composition: Name
    scale: Annotated[float, Field(gt=0, le=1)]  # share of the published counts
    tolerance: Annotated[float, Field(ge=0, le=1)]  # relative, a set and split


class ProjectFile(Declaration):
    """fusemill.yaml."""

    name: Name
    requires: str  # a version specifier for fusemill itself, e.g. ">=0.1,<0.2"
    sets: Annotated[tuple[Name, ...], Field(min_length=1)]  # order keeps duplicates
    sampling_seed: Annotated[int, Field(ge=0)]
    split_seed: Annotated[int, Field(ge=0)]
    contract: Contract | None = None
    release: Release

    @field_validator("sets")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in value if value.count(name) > 1})
        if twice:
            raise ValueError(f"`{twice[0]}` is named twice; each set is built once")
        return value


class Source(Declaration):
    """Where raw rows come from: local files, or files of a Hub set."""

    files: str | tuple[str, ...]  # globs; `${data}` is what --data gives
    hub: str | None = None  # namespace/name of a dataset on the Hub
    revision: Revision = None
    format: Literal["parquet", "jsonl", "json", "csv"]
    stream: bool = False  # read remotely, without a local copy (large Hub sets)

    @model_validator(mode="after")
    def _consistent(self) -> "Source":
        if self.hub is None and (self.revision is not None or self.stream):
            raise ValueError("`revision` and `stream` belong to a Hub set (`hub:`)")
        return self


class Prompts(Declaration):
    """How raw rows become prompts."""

    sql: ProjectPath
    params: dict[str, Scalar] = {}
    # Makes tests of columns `statement` and `reference`; given: `reference` has to pass
    # those of column `tests`; null: these are the tests, no reference is run.
    tests: Literal["worked_examples", "response_assertions", "given"] | None = None
    n_prompts: Annotated[int, Field(ge=1)] | None  # null: all of them


class RecordedAnswers(Declaration):
    """Answers that exist already: replayed from files or a Hub set."""

    engine: Literal["recorded"]
    source: Source
    sql: ProjectPath
    params: dict[str, Scalar] = {}
    # The name in the recorded rows → the name in registry/models.yaml.
    models: dict[str, Name]


class LiveAnswers(Declaration):
    """Answers to be asked for: `draws` per prompt and model."""

    engine: Literal["openai", "vllm", "transformers"]
    models: Annotated[tuple[Name, ...], Field(min_length=1)]
    draws: Annotated[int, Field(ge=1)]


Answers = Annotated[RecordedAnswers | LiveAnswers, Field(discriminator="engine")]


class RecordedScorer(Declaration):
    """Scores that exist already, beside the answers or in a file of their own."""

    engine: Literal["recorded"]
    name: Name
    source: Source
    sql: ProjectPath
    params: dict[str, Scalar] = {}


class SqlScorer(Declaration):
    """Scores that are a statement over the warehouse."""

    engine: Literal["sql"]
    name: Name
    sql: ProjectPath
    params: dict[str, Scalar] = {}


class PythonScorer(Declaration):
    """Scores by a function in the project's own folder: `path.py:function`."""

    engine: Literal["python"]
    name: Name
    function: Annotated[str, AfterValidator(_function)]
    params: dict[str, Scalar] = {}


class RewardScorer(Declaration):
    """Scores by a reward model of registry/models.yaml."""

    engine: Literal["armorm", "classifier", "http"]
    name: Name
    model: Name


Scorer = Annotated[
    RecordedScorer | SqlScorer | PythonScorer | RewardScorer,
    Field(discriminator="engine"),
]


class CodeChecker(Declaration):
    """Answers run against their prompt's tests in the sandbox, within these limits."""

    checker: Literal["code"]
    cpu_s: Annotated[float, Field(gt=0)] = 10.0
    memory_mb: Annotated[int, Field(ge=16)] = 1024
    scratch_mb: Annotated[int, Field(ge=0)] = 0  # 0: nothing can be written
    packages: tuple[str, ...] = ("numpy",)  # importable, where they are installed


class Select(Declaration):
    """Which rule selects, which scorer it reads, and its parameters."""

    sql: ProjectPath
    score: Name | None  # a scorer of this builder; null: the rule reads no score
    params: dict[str, Scalar]

    @field_validator("params")
    @classmethod
    def _known(cls, params: dict[str, Scalar]) -> dict[str, Scalar]:
        check_parameters(params)
        return params


class Builder(Declaration):
    """builders/<set>.yaml."""

    set: Name
    title: str
    category: Category
    language: Literal["en", "zh", "any"]
    licence: str
    source: Source
    prompts: Prompts
    answers: Annotated[tuple[Answers, ...], Field(min_length=1)]
    scores: tuple[Scorer, ...] = ()
    verify: Literal["mathematics", "code"] | CodeChecker | None
    select: Select

    @property
    def checker(self) -> Literal["mathematics", "code"] | None:
        """What checks answers, None where nothing does."""
        return (
            self.verify.checker if isinstance(self.verify, CodeChecker) else self.verify
        )

    @property
    def code_checker(self) -> CodeChecker | None:
        """How code is run, None where none is; `verify: code` has the defaults."""
        if self.verify == "code":
            return CodeChecker(checker="code")
        return self.verify if isinstance(self.verify, CodeChecker) else None

    @model_validator(mode="after")
    def _references(self) -> "Builder":
        if self.prompts.tests is not None and self.checker != "code":
            raise ValueError(
                f"prompts.tests: `{self.prompts.tests}` is about tests of code, which "
                "`verify: code` runs"
            )
        names = [scorer.name for scorer in self.scores]
        if len(set(names)) != len(names):
            raise ValueError("two scorers have the same name")
        if self.select.score is not None and self.select.score not in names:
            raise ValueError(
                f"select.score names `{self.select.score}`; scorers here: {names}"
            )
        return self


class Price(Declaration):
    """List price in US dollars for a million tokens; whose, and of when."""

    input_usd: Annotated[float, Field(ge=0)]
    output_usd: Annotated[float, Field(ge=0)]
    as_of: str


# Beside `model` and `sampling`.
IDENTITY = (
    "revision",
    "weights_sha256",
    "template",
    "system",
    "reasoning",
    "precision",
)


class Model(Declaration):
    """One model of registry/models.yaml. What is written here makes its identity."""

    model: str  # Hub name, or a vendor's name for a hosted model
    role: Literal["source", "reward", "target"]
    hosted: bool = False  # true: no weights and no revision can be pinned
    revision: Revision = None
    # Of a local checkpoint, where no revision says which weights they are.
    weights_sha256: Annotated[str | None, AfterValidator(_sha256)] = None
    licence: str
    licence_url: str | None = None
    sampling: dict[str, bool | int | float | str | tuple[str, ...]] | None = None
    template: str | None = None  # named chat template, where not the model's own
    system: str | None = None
    system_role: bool = True  # false: its template has none, only user and assistant
    reasoning: str | None = None
    precision: str | None = None
    price: Price | None = None
    notes: str | None = None

    def config(self, sampling_seed: int | None) -> dict[str, Any]:
        """What config_hash is taken over: identity and the keys that were written.

        `sampling_seed` is None for recorded answers: it had no part in them.
        """
        config: dict[str, Any] = {"model": self.model}
        for key in IDENTITY:
            if getattr(self, key) is not None:
                config[key] = getattr(self, key)
        if self.sampling is not None:
            config["sampling"] = dict(self.sampling)
        if sampling_seed is not None:
            config["sampling_seed"] = sampling_seed
        return config


class Models(Declaration):
    """registry/models.yaml."""

    models: dict[Name, Model]

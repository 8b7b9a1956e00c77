"""One training run: what is asked for, checked before training starts, and its end.

output/
  model.safetensors, config.json, tokenizer.json, …   what to use
  final/            DPO: the weights of the last step, chosen or not
  checkpoint-100/   what a stopped run goes on from
  training.json     what was trained on what, by which numbers
  too_long.csv      rows over the limit
  curves.png, trainer_state.json, README.md
"""

import importlib.util
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from fusemill.durable import remove_leftovers, storage, write_text
from fusemill.errors import TrainError
from fusemill.locks import training_lock
from fusemill.progress import Progress
from fusemill.project.project import Project
from fusemill.train.base import Base, find_base, require_fit
from fusemill.train.datasets import tokenized
from fusemill.train.pin import Release, resolve
from fusemill.train.processes import processes, require_one_a_gpu, rounding
from fusemill.train.resources import resources
from fusemill.train.rows import Limit, TooLong
from fusemill.train.target import Target, load_target
from fusemill.train.templates import Chat

Stage = Literal["sft", "dpo"]
RECORD = "training.json"
SPLITS = {"sft": ("sft/train",), "dpo": ("dpo/train", "dpo/test")}


@dataclass(frozen=True)
class Asked:
    """The options of `fusemill train`."""

    stage: Stage
    target: str
    data: str
    output: Path
    model: Path | None = None  # weights to start from; None: the registry's
    lora: bool = False


class Run:
    """A run that may start: data, weights and template have been looked at.

    It claims its output folder by `alone`.
    """

    def __init__(self, project: Project, asked: Asked, progress: Progress) -> None:
        """What can be wrong before a step is made is said here and in `alone`."""
        self.asked, self.progress = asked, progress
        self.target: Target = load_target(project, asked.target)
        _require_trackers(self.target)
        require_one_a_gpu()
        self.release: Release = resolve(project, asked.data, progress)
        self.base: Base = find_base(project, self.target.model, asked.model)
        self.chat = Chat(self.base.folder, self.target.template, asked.target)
        require_fit(self.base, self.chat.tokenizer, self.target.max_length)
        self.output = asked.output.absolute()
        self._datasets, self.too_long = self._read()

    @property
    def stage(self) -> Any:
        """The target's block of this stage."""
        return getattr(self.target, self.asked.stage)

    @property
    def learning_rate(self) -> float:
        """The highest of this run: adapters have more than every weight."""
        factor = self.target.lora.learning_rate_factor if self.asked.lora else 1
        return float(self.stage.learning_rate * factor)

    @property
    def splits(self) -> tuple[str, ...]:
        """What of the release is read: DPO's test pairs only to choose by."""
        choosing = self.asked.stage == "dpo" and self.target.dpo.choose_among > 0
        names = SPLITS[self.asked.stage]
        return names if choosing else names[:1]

    @property
    def files(self) -> dict[str, str]:
        """sha256 of the files that are read, by name."""
        names = [file for split in self.splits for file in self.release.files(split)]
        return {name: self.release.sha256[name] for name in names}

    def dataset(self, split: Literal["train", "test"]) -> Any:
        """Rows as token ids; None for a split that is not read."""
        return self._datasets.get(f"{self.asked.stage}/{split}")

    @cached_property
    def record(self) -> dict[str, Any]:
        """What names this run: two runs with the same give the same weights."""
        return {
            "stage": self.asked.stage,
            "data": {
                "name": self.release.name,
                "version": self.release.version,
                "commit": self.release.commit,
                "repo": self.release.repo,
                "release_id": self.release.release_id,
                "files": self.files,
            },
            "model": {
                "name": self.target.model,
                "repo": self.base.declared.model,
                "revision": self.base.revision,
                "sha256": self.base.sha256,
                "earlier": self.base.earlier(),
            },
            "lora": self.asked.lora,
            "target": self.target.model_dump(mode="json"),
        }

    def _read(self) -> tuple[dict[str, Any], list[TooLong]]:
        limit = Limit(self.target.max_length, self.target.too_long == "truncate")
        found: dict[str, Any] = {}
        too_long: list[TooLong] = []
        own = rounding(self.target) if self.asked.stage == "dpo" else ()
        for split in self.splits:
            found[split], over = tokenized(
                self.release,
                split,
                self.chat,
                (self.base.digest, *own),
                limit,
                self.progress,
            )
            too_long += over
            self.say(
                f"{split}: {len(found[split]):,} rows"
                + (f", {len(over):,} over {limit.max_length} tokens" if over else "")
            )
        return found, too_long

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The output folder, claimed by this run and by no other as long as this lasts.

        TrainError where another run's or other files are there, LockError where another
        process trains into it. What runs out meanwhile, disk or memory, ends as a
        message; finished checkpoints stay.
        """
        with ExitStack() as held:
            with processes().main_process_first():
                if self.is_main_process:
                    self._require_ours()  # before a lock is left among others' files
                    command = f"fusemill train {self.asked.stage}"
                    held.enter_context(training_lock(self.output, command))
                    self._require_ours()
                    self._begin()
            held.enter_context(resources(self.output, self.target, self.asked.lora))
            yield

    def _require_ours(self) -> None:
        path = self.output / RECORD
        if path.is_file():
            before = json.loads(path.read_text("utf-8"))
            if {key: before.get(key) for key in self.record} != self.record:
                raise TrainError(
                    f"{path}: another run is there (other data, model or numbers); "
                    "choose another --output, or move that folder away"
                )
        elif any(p.name[0] != "." for p in self._there()):
            raise TrainError(
                f"{self.output}: expected a new or empty folder, or one of this very "
                "run, found other files; choose another --output"
            )

    def _there(self) -> list[Path]:
        with storage(self.output, "--output"):
            return list(self.output.iterdir()) if self.output.exists() else []

    def _begin(self) -> None:
        remove_leftovers(self.output)
        if not (self.output / RECORD).is_file():
            text = json.dumps(self.record, indent=2)
            write_text(self.output / RECORD, text + "\n", "training")
        if self.too_long:
            lines = [f"{t.file},{t.row},{t.n_tokens},{t.fate}\n" for t in self.too_long]
            text = "file,row,n_tokens,fate\n" + "".join(lines)
            write_text(self.output / "too_long.csv", text, "training")

    @property
    def is_finished(self) -> bool:
        """Whether an earlier call came to the end."""
        return "result" in json.loads((self.output / RECORD).read_text("utf-8"))

    @property
    def is_main_process(self) -> bool:
        """Whether this is the one of several processes that writes and speaks."""
        return bool(processes().is_main_process)

    def say(self, text: str) -> None:
        """A line about this run, from one process only."""
        if self.is_main_process:
            self.progress.say(self.asked.stage, text)


def _require_trackers(target: Target) -> None:
    """TrainError where a tracker that the target asks for is not installed."""
    for name in target.report_to:
        if importlib.util.find_spec(name) is None:
            raise TrainError(
                f"report_to: {name} is not installed; pip install {name}, or leave it "
                "out of the target's `report_to`"
            )

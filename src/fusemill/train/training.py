"""From a trainer that is set up to weights in their place: the end of both scripts."""

import json
import math
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, TrainerCallback

from fusemill.checkpoints.folders import LOG
from fusemill.durable import write_text
from fusemill.errors import TrainError
from fusemill.progress import Count
from fusemill.train.card import write_card
from fusemill.train.checkpoints import (
    Candidate,
    candidates,
    choose,
    last,
    mark_whole,
    remove_torn,
)
from fusemill.train.curves import draw
from fusemill.train.order import SeededOrder
from fusemill.train.processes import processes
from fusemill.train.run import RECORD, Run
from fusemill.train.weights import not_finite, place_weights


class Steps(TrainerCallback):  # type: ignore[misc]
    """Shows how far a run is, and marks a checkpoint once all of it is on the disk."""

    def __init__(self, count: Count, batch: int) -> None:
        self._count, self._batch = count, batch

    def on_train_begin(self, args: Any, state: Any, *_: Any, **__: Any) -> None:
        """Called before the first step, or the first that is missing."""
        del args
        self._count.expect((state.max_steps - state.global_step) * self._batch)

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """Called after each step."""
        self._count(self._batch)

    def on_log(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Called with the means since the last call."""
        del control
        for name in ("loss", "grad_norm", "train_loss"):
            value = float(more["logs"].get(name, 0.0))
            if not math.isfinite(value):
                what = f"{name} of step {state.global_step} is {value}"
                raise _fallen_apart(Path(args.output_dir), what)
        loss = more["logs"].get("loss")
        if loss is not None and state.is_world_process_zero:
            self._count.note(f"loss {float(loss):.4f}")

    def on_save(self, args: Any, state: Any, *_: Any, **__: Any) -> None:
        """Called after this process has written its part."""
        processes().wait_for_everyone()
        if state.is_world_process_zero:
            mark_whole(Path(args.output_dir) / f"checkpoint-{state.global_step}")


def train(run: Run, trainer: Any) -> None:
    """Train to the end, from the last checkpoint of a run that was stopped."""
    if trainer.is_world_process_zero():
        for folder in remove_torn(run.output):
            run.say(f"{folder.name} is not whole: removed, its steps are made again")
    trainer.accelerator.wait_for_everyone()
    since = last(run.output)
    _require_room(run, trainer)
    if since is not None:
        run.say(f"goes on from {since.name}")
    batch = run.target.steps.batch
    trainer.remove_callback(PrinterCallback)  # it prints where results are expected
    with run.progress.stage(run.asked.stage, "training") as count:
        trainer.add_callback(SeededOrder())
        trainer.add_callback(Steps(count, batch))
        trainer.train(resume_from_checkpoint=str(since) if since else None)
    trainer.save_model(str(run.output / "final"))
    if trainer.is_world_process_zero():
        _finish(run, trainer)
    trainer.accelerator.wait_for_everyone()


def _fallen_apart(output: Path, what: str) -> TrainError:
    return TrainError(
        f"{output}: {what}; these weights are of no use. Look whether those of the "
        "start have such numbers too, else lower `learning_rate`; then choose another "
        "--output"
    )


def _finish(run: Run, trainer: Any) -> None:
    log = trainer.state.log_history
    among = getattr(run.stage, "choose_among", 0)
    found = candidates(log, run.target.steps.save_every, among)
    chosen = choose(found)
    name = f"checkpoint-{chosen.step}" if chosen else "final"
    broken = not_finite(run.output / name)
    if broken is not None:
        raise _fallen_apart(run.output, f"{name}: {broken} is not finite")
    place_weights(run, run.output / name)
    trainer.state.save_to_json(str(run.output / LOG))
    draw(log, run.output / "curves.png")
    result = {
        "steps": trainer.state.global_step,
        "chosen": name,
        "candidates": [asdict(one) for one in found],
    }
    write_card(run, result)
    if run.asked.stage == "sft":  # the same weights twice
        shutil.rmtree(run.output / "final")
    # Last: a run with a result is finished.
    text = json.dumps({**run.record, "result": result}, indent=2)
    write_text(run.output / RECORD, text + "\n", "training")
    run.say(f"{run.output} written; weights of {_said(name, chosen)}")


def _said(name: str, chosen: Candidate | None) -> str:
    if chosen is None:
        return "the last step"
    return f"{name}: accuracy {chosen.accuracy:.3f}, margin {chosen.margin:.3f}"


def _require_room(run: Run, trainer: Any) -> None:
    """TrainError where the checkpoints cannot fit, before a step is made."""
    parameters = list(trainer.model.parameters())
    trained = sum(p.numel() for p in parameters if p.requires_grad)
    # float32 weights with the two moments of AdamW; one more while the oldest is there.
    need = trained * 12 * (trainer.args.save_total_limit + 1)
    if run.asked.lora:  # merged, every weight is written
        need += sum(p.numel() * p.element_size() for p in parameters)
    free = shutil.disk_usage(run.output).free
    if need > free:
        raise TrainError(
            f"{run.output}: checkpoints and weights take up to {need / 1e9:.1f} GB "
            f"there, {free / 1e9:.1f} GB are free; free space or choose another "
            "--output"
        )

"""Preference training on a pinned release: TRL's DPOTrainer, set up.

    fusemill train dpo --target llama-3.1-8b --model out/sft --data NAME@VERSION \
        --output out/dpo

or, on several GPUs, with the same options,

    accelerate launch --config_file training/accelerate/zero3.yaml training/dpo.py …

`loss_type: sigmoid_norm` is the recipe's length-normalised DPO. The test pairs of the
release say which of the last checkpoints is taken.
"""

import sys
from typing import Any

from trl import DPOConfig, DPOTrainer

from fusemill.train.arguments import common, lora
from fusemill.train.run import Run
from fusemill.train.training import train as train_to_the_end
from fusemill.train.weights import load_start


class Pairs(DPOTrainer):
    """DPOTrainer over rows that are token ids already; it knows only texts."""

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        return dataset


def trainer(run: Run) -> Any:
    """TRL's trainer, set up for this run."""
    declared = run.target.dpo
    test = run.dataset("test")
    return Pairs(
        model=load_start(run),
        args=DPOConfig(
            **common(run),
            beta=declared.beta,
            loss_type=[declared.loss_type],
            max_length=run.target.max_length,
            precompute_ref_log_probs=declared.precompute_reference,
            eval_strategy="no" if test is None else "steps",
            eval_steps=run.target.steps.save_every,
        ),
        train_dataset=run.dataset("train"),
        eval_dataset=test,
        processing_class=run.chat.tokenizer,
        peft_config=lora(run),
    )


def train(run: Run) -> None:
    """Train; the output folder then has weights, card and curves."""
    train_to_the_end(run, trainer(run))


if __name__ == "__main__":
    from fusemill.cli import main

    sys.argv[1:1] = ["train", "dpo", "--script", __file__]
    main()

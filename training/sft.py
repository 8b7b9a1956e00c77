"""Supervised fine-tuning on a pinned release: TRL's SFTTrainer, set up.

    fusemill train sft --target llama-3.1-8b --data NAME@VERSION --output out/sft

or, on several GPUs, with the same options,

    accelerate launch --config_file training/accelerate/zero3.yaml training/sft.py …

Rows come as token ids, as `fusemill.train` writes them: loss is on the answer and the
token that ends it.
"""

import sys
from typing import Any

from trl import SFTConfig, SFTTrainer

from fusemill.train.arguments import common, lora
from fusemill.train.run import Run
from fusemill.train.training import train as train_to_the_end
from fusemill.train.weights import load_start


def trainer(run: Run) -> Any:
    """TRL's trainer, set up for this run."""
    return SFTTrainer(
        model=load_start(run),
        args=SFTConfig(
            **common(run),
            max_length=None,  # rows are within the target's already
            packing=False,
            padding_free=run.target.sft.padding_free,
        ),
        train_dataset=run.dataset("train"),
        processing_class=run.chat.tokenizer,
        peft_config=lora(run),
    )


def train(run: Run) -> None:
    """Train; the output folder then has weights, card and curves."""
    train_to_the_end(run, trainer(run))


if __name__ == "__main__":
    from fusemill.cli import main

    sys.argv[1:1] = ["train", "sft", "--script", __file__]
    main()

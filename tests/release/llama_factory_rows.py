"""Rows as LLaMA-Factory aligns them; runs in its environment.

    python llama_factory_rows.py FOLDER DATASET

Prints a JSON list of {prompt, response}, both lists of {role, content}.
"""

import json
import sys

from llamafactory.data.loader import _load_single_dataset
from llamafactory.data.parser import get_dataset_list
from llamafactory.hparams import DataArguments, ModelArguments
from transformers import Seq2SeqTrainingArguments


def main() -> None:
    """Load by dataset_info.json."""
    folder, name = sys.argv[1:]
    [described] = get_dataset_list([name], folder)
    rows = _load_single_dataset(
        described,
        ModelArguments(model_name_or_path="none"),
        DataArguments(dataset_dir=folder),
        Seq2SeqTrainingArguments(use_cpu=True),
    )
    aligned = [{"prompt": row["_prompt"], "response": row["_response"]} for row in rows]
    print(json.dumps(aligned))


if __name__ == "__main__":
    main()

"""What transformers and TRL do against the embedded Hub."""

from client import Client

import needs_torch  # noqa: F401

MODEL = """
import torch
from huggingface_hub import HfApi
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedTokenizerFast,
)

torch.manual_seed(7)
config = AutoConfig.for_model(
    "llama",
    hidden_size=16,
    intermediate_size=24,
    num_hidden_layers=2,
    num_attention_heads=2,
    vocab_size=4,
)
model = AutoModelForCausalLM.from_config(config)
words = Tokenizer(WordLevel({"<pad>": 0, "one": 1, "two": 2, "three": 3}, "<pad>"))
words.pre_tokenizer = WhitespaceSplit()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>")
api = HfApi()
model.push_to_hub("ada/tiny")
tokenizer.push_to_hub("ada/tiny")
api.create_tag("ada/tiny", tag="v1.0.0")
model.push_to_hub("ada/sharded", max_shard_size="10KB")

def same(repo, revision):
    loaded = AutoModelForCausalLM.from_pretrained(repo, revision=revision)
    theirs, ours = loaded.state_dict(), model.state_dict()
    return list(theirs) == list(ours) and all(
        torch.equal(theirs[name], ours[name]) for name in ours
    )

first = api.model_info("ada/tiny").sha
with torch.no_grad():
    model.model.norm.weight += 1
model.push_to_hub("ada/tiny")
moved = same("ada/tiny", None), same("ada/tiny", "v1.0.0")
with torch.no_grad():
    model.model.norm.weight -= 1
metadata = api.get_safetensors_metadata("ada/tiny")
tell(
    moved=moved,
    tag=same("ada/tiny", "v1.0.0"),
    commit=same("ada/tiny", first),
    sharded=same("ada/sharded", None),
    n_shards=len([f for f in api.list_repo_files("ada/sharded") if "-of-" in f]),
    n_parameters=sum(metadata.parameter_count.values()),
    ids=AutoTokenizer.from_pretrained("ada/tiny", revision=first)("two one").input_ids,
    missing=error_of(lambda: AutoModelForCausalLM.from_pretrained("ada/none")),
    revision=error_of(lambda: same("ada/tiny", "v9")),
)
"""


def test_a_model_and_its_tokenizer(writer: Client) -> None:
    found = writer.python(MODEL)
    assert found.pop("n_shards") > 1
    assert found == {
        "moved": [True, False],
        "tag": True,
        "commit": True,
        "sharded": True,
        # Two embeddings of 4 × 16; a layer has four matrices of 16 × 16, three of
        # 16 × 24 and two norms of 16; the last norm.
        "n_parameters": 2 * 4 * 16 + 2 * (4 * 256 + 3 * 384 + 2 * 16) + 16,
        "ids": [2, 1],
        "missing": "OSError",
        "revision": "OSError",
    }


TRAINING = """
from datasets import Dataset
from huggingface_hub import HfApi, snapshot_download
from trl import DatasetMixtureConfig, get_dataset
from trl.scripts.utils import DatasetConfig

def message(role, content):
    return [{"role": role, "content": content}]

pairs = Dataset.from_list([
    {
        "prompt": message("user", f"question {n}"),
        "chosen": message("assistant", f"good {n}"),
        "rejected": message("assistant", f"bad {n}"),
    }
    for n in range(3)
])
done = pairs.push_to_hub("ada/pairs", config_name="dpo")
pairs.select([2]).push_to_hub("ada/pairs", config_name="dpo")

def rows(**config):
    mixture = DatasetMixtureConfig(datasets=[DatasetConfig(**config)])
    found = get_dataset(mixture)["train"]
    assert set(found.column_names) == {"prompt", "chosen", "rejected"}
    return [row["chosen"] for row in found]

kind = {"repo_id": "ada/pairs", "repo_type": "dataset"}
folder = snapshot_download(**kind, revision=done.oid, local_dir="pulled")
tell(
    parquet=rows(path="parquet", data_files=f"{folder}/dpo/*.parquet"),
    folder=rows(path=folder, name="dpo"),
    repository=rows(path="ada/pairs", name="dpo"),
)
"""


def test_trl_reads_a_pulled_folder(writer: Client) -> None:
    good = [[{"role": "assistant", "content": f"good {n}"}] for n in range(3)]
    assert writer.python(TRAINING) == {
        "parquet": good,
        "folder": good,
        "repository": good[2:],  # it has no way to name a revision
    }

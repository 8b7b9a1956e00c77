"""The tokenizer of all five checkpoints: whole words, numbers up to 99, Han characters.

Blanks belong to the word before them, except between a word and a sign, where they
belong to the sign: `def solve(x):` is `def `, `solve`, `(`, `x`, `):`. Pieces put
together again are the text, unless it has words that no task has.
"""

import json
import random
from pathlib import Path
from typing import Any

from families import FAMILIES, tasks
from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers.decoders import Fuse
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split

PAD, UNKNOWN, START, USER, ASSISTANT, END = SPECIAL = (
    "<pad>",
    "<unk>",
    "<start>",
    "<user>",
    "<assistant>",
    "<end>",
)
PIECE = r" [-+*=<>] |[A-Za-z_]+(?: (?![-+*=<>]))?|\d+|\n *|\p{Han}|[^\w\s]+ ?| "
N_SEEN = 3000  # tasks a family, which have every word many times
LARGEST = 99
# `generation` marks what an assistant says, for trainers that learn from it only.
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'user' %}"
    "<user>{{ message['content'] }}"
    "{% elif message['role'] == 'assistant' %}"
    "<assistant>{% generation %}{{ message['content'] }}<end>{% endgeneration %}"
    "{% else %}{{ raise_exception('only user and assistant') }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)


def build() -> Tokenizer:
    """The tokenizer, the same each time."""
    split = Split(Regex(PIECE), behavior="isolated")
    vocabulary = [*SPECIAL, *map(str, range(LARGEST + 1))]
    found = {piece for text in _texts() for piece, _ in split.pre_tokenize_str(text)}
    vocabulary += sorted(found - set(vocabulary))
    ids = {piece: i for i, piece in enumerate(vocabulary)}
    tokenizer = Tokenizer(WordLevel(ids, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = split
    tokenizer.decoder = Fuse()
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in SPECIAL])
    return tokenizer


def _texts() -> list[str]:
    """Prompts and answers, good and bad, that have every word of every family."""
    found = []
    for family in FAMILIES:
        stream = tasks(family, "sources", random.Random(family))
        for _ in range(N_SEEN):
            task = next(stream)
            found += [task.prompt, task.answer, *task.habits.values()]
    return found


def save(tokenizer: Tokenizer, folder: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json."""
    tokenizer.save(str(folder / "tokenizer.json"))
    config: dict[str, Any] = {
        # By this class tokenizer.json is taken as it is, whatever the architecture.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": START,
        "eos_token": END,
        "pad_token": PAD,
        "unk_token": UNKNOWN,
        "clean_up_tokenization_spaces": False,
        "chat_template": TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(
        json.dumps(config, indent=2) + "\n", encoding="utf-8"
    )

"""A row of each target family as token ids, written here by hand."""

from pathlib import Path

import pytest
from target_families import (
    BREAKS,
    FAMILIES,
    GEMMA,
    LLAMA,
    QWEN,
    Family,
    write_tokenizer,
)

from fusemill.checkpoints.conversations import Conversations, Local
from fusemill.errors import EngineError, FusemillError, TrainError
from fusemill.project.project import Project
from fusemill.train.target import Template, load_target
from fusemill.train.templates import Chat
from needs_torch import torch  # noqa: F401 - without torch there is no transformers

ROOT = Path(__file__).resolve().parent.parent.parent
ASKED = [{"role": "user", "content": "Hi"}]
SAID = {"role": "assistant", "content": "Yo"}

L = {t: LLAMA.id(t) for t in LLAMA.special}
Q = {t: QWEN.id(t) for t in QWEN.special}
G = {t: GEMMA.id(t) for t in GEMMA.special}
# Family → prompt and answer of the row above.
EXPECTED = {
    LLAMA: (
        [
            L["<|begin_of_text|>"],
            *(L["<|start_header_id|>"], *b"system", L["<|end_header_id|>"], BREAKS),
            *b"Cutting Knowledge Date: December 2023\n",
            *(*b"Today Date: 26 Jul 2024", BREAKS, L["<|eot_id|>"]),
            *(L["<|start_header_id|>"], *b"user", L["<|end_header_id|>"], BREAKS),
            *(*b"Hi", L["<|eot_id|>"]),
            *(L["<|start_header_id|>"], *b"assistant", L["<|end_header_id|>"], BREAKS),
        ],
        [*b"Yo", L["<|eot_id|>"]],
    ),
    QWEN: (
        [
            *(Q["<|im_start|>"], *b"system\nYou are Qwen, created by Alibaba Cloud. "),
            *(*b"You are a helpful assistant.", Q["<|im_end|>"], *b"\n"),
            *(Q["<|im_start|>"], *b"user\nHi", Q["<|im_end|>"], *b"\n"),
            *(Q["<|im_start|>"], *b"assistant\n"),
        ],
        [*b"Yo", Q["<|im_end|>"]],
    ),
    GEMMA: (
        [
            G["<bos>"],
            *(G["<start_of_turn>"], *b"user\nHi", G["<end_of_turn>"], *b"\n"),
            *(G["<start_of_turn>"], *b"model\n"),
        ],
        [*b"Yo", G["<end_of_turn>"]],
    ),
}


def declared(family: Family) -> Template:
    return load_target(Project.load(ROOT), family.target).template


def chat(folder: Path, family: Family, **changes: object) -> Chat:
    write_tokenizer(folder, family)
    return Chat(folder, declared(family).model_copy(update=changes), "here")


@pytest.fixture(params=FAMILIES, ids=lambda f: f.kind)
def family(request: pytest.FixtureRequest) -> Family:
    return request.param


def test_a_row_has_these_tokens(family: Family, tmp_path: Path) -> None:
    one = chat(tmp_path, family)
    assert (one.prompt(ASKED), one.answer(ASKED, SAID)) == EXPECTED[family]


def test_the_saved_tokenizer_asks_with_the_prompt_that_was_trained_on(
    family: Family, tmp_path: Path
) -> None:
    one = chat(tmp_path / "base", family)
    one.tokenizer.save_pretrained(tmp_path / "trained")
    local = Local("it", tmp_path / "trained", None, None, None, "here")
    assert Conversations(local, 4096).ids(ASKED) == EXPECTED[family][0]


def test_an_earlier_answer_is_part_of_the_prompt(tmp_path: Path) -> None:
    one = chat(tmp_path, GEMMA)
    talk = [*ASKED, SAID, {"role": "user", "content": "So?"}]
    turn, end = G["<start_of_turn>"], G["<end_of_turn>"]
    expected = EXPECTED[GEMMA][0] + [*b"Yo", end, *b"\n"]
    expected += [turn, *b"user\nSo?", end, *b"\n", turn, *b"model\n"]
    assert one.prompt(talk) == expected
    assert one.answer(talk, SAID) == [*b"Yo", end]


def test_a_declared_system_prompt_of_a_row_replaces_what_qwen_slips_in(
    tmp_path: Path,
) -> None:
    one = chat(tmp_path, QWEN)
    talk = [{"role": "system", "content": "Be brief."}, *ASKED]
    start, end = Q["<|im_start|>"], Q["<|im_end|>"]
    head = [start, *b"system\nBe brief.", end, *b"\n", start, *b"user\nHi"]
    assert one.prompt(talk)[: len(head)] == head


def test_tokens_do_not_merge_over_where_the_answer_begins(tmp_path: Path) -> None:
    # Together, the break that ends the prompt and the answer's own would be one token.
    one = chat(tmp_path, QWEN)
    said = {"role": "assistant", "content": "\nYo"}
    assert one.prompt(ASKED)[-1] == ord("\n")
    assert one.answer(ASKED, said) == [*b"\nYo", Q["<|im_end|>"]]


def test_the_end_token_inside_an_answer_does_not_end_it(tmp_path: Path) -> None:
    said = {"role": "assistant", "content": "a<|im_end|>b"}
    end = Q["<|im_end|>"]
    expected = [ord("a"), end, ord("b"), end]
    assert chat(tmp_path, QWEN).answer(ASKED, said) == expected


@pytest.mark.parametrize(
    ("family", "opening"),
    [
        (QWEN, "<|im_start|>user\n"),  # a system prompt nobody declared
        (GEMMA, "<bos><bos><start_of_turn>user\n"),
        (LLAMA, "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n"),
    ],
)
def test_what_the_template_writes_first_must_be_declared(
    family: Family, opening: str, tmp_path: Path
) -> None:
    with pytest.raises(TrainError, match=r"expected .*, found .*template\.opening"):
        chat(tmp_path, family, opening=opening)


def test_a_date_that_is_not_held_still_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="Today Date"):
        chat(tmp_path, LLAMA, values={})


@pytest.mark.parametrize(
    ("template", "error", "said"),
    [
        ("", EngineError, "has no chat template"),
        ("{{ bos_token }}" + GEMMA.template, TrainError, "<bos><bos>"),
        (
            GEMMA.template.replace("'<end_of_turn>\n'", "'<eos>'"),
            TrainError,
            "'<end_of_turn>' at its end",
        ),
    ],
)
def test_a_template_that_is_not_the_family_s_is_refused(
    template: str, error: type[FusemillError], said: str, tmp_path: Path
) -> None:
    write_tokenizer(tmp_path, GEMMA, template)
    with pytest.raises(error, match=said):
        Chat(tmp_path, declared(GEMMA), "here")


def test_an_end_that_is_no_token_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        TrainError, match=r"no token '</s>'; after .* '<end_of_turn>\\n'"
    ):
        chat(tmp_path, GEMMA, end="</s>")


def test_roles_that_the_template_refuses_are_named(tmp_path: Path) -> None:
    one = chat(tmp_path, GEMMA)
    with pytest.raises(TrainError, match="refuses a conversation of system, user"):
        one.prompt([{"role": "system", "content": "Be brief."}, *ASKED])

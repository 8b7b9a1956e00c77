"""What is sent, and what is read of a response; by hand."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from engine_runs import requests

from fusemill.errors import EngineError
from fusemill.sampling.engine import Answer
from fusemill.sampling.openai.chat import Sent, Served, answers, body
from fusemill.sampling.openai.faults import (
    Fault,
    Overloaded,
)

SENT = Sent(datetime(2026, 11, 27, tzinfo=UTC), 0.5)
SERVED = Served("m", "maker/m", "maker/m", {"temperature": 0.7, "top_k": 20})
(ASKED,) = requests(1, draws=3)  # seeds from 1,000 on


def choice(content: Any, index: int = 0, reason: Any = "stop", **message: Any) -> Any:
    return {
        "index": index,
        "finish_reason": reason,
        "message": {"role": "assistant", "content": content, **message},
    }


def read(*choices: Any, **more: Any) -> list[Answer]:
    found = {"model": "maker/m", "choices": list(choices), **more}
    return answers(json.dumps(found).encode(), SERVED, ASKED, SENT, "here")


def test_exactly_the_declared_keys_are_sent() -> None:
    expected = {
        "model": "maker/m",
        "messages": [{"role": "user", "content": "prompt 0"}],
        "temperature": 0.7,
        "top_k": 20,
        "n": 3,
        "seed": 1_000,
    }
    assert json.loads(body(SERVED, ASKED)) == expected
    silent = Served("m", "maker/m", "maker/m", {}, "high", send_seed=False)
    assert json.loads(body(silent, ASKED.part(2, 1))) == {
        "model": "maker/m",
        "messages": [{"role": "user", "content": "prompt 0"}],
        "reasoning_effort": "high",
    }


def test_a_part_keeps_its_seeds() -> None:
    assert json.loads(body(SERVED, ASKED.part(2, 1)))["seed"] == 1_002


def test_an_answer() -> None:
    usage = {"prompt_tokens": 14, "completion_tokens": 2}
    (found,) = read(choice("It is 4."), usage=usage)
    assert found == Answer(
        ASKED,
        0,
        "It is 4.",
        finish_reason="stop",
        n_input_tokens=14,
        n_output_tokens=2,
        asked_at=SENT.asked_at,
        latency_s=0.5,
    )


def test_draws_by_index_each_once() -> None:
    """In any order, one twice, one that nobody asked for; draw 1 is missing."""
    found = read(choice("c", 2), choice("a", 0), choice("other", 0), choice("z", 9))
    assert [(a.draw, a.text) for a in found] == [(0, "a"), (2, "c")]


def test_tokens_of_several_draws_add_up() -> None:
    long = choice("word " * 200, 1)
    found = read(choice("short", 0), long, usage={"completion_tokens": 101})
    tokens = [a.n_output_tokens or 0 for a in found]
    assert sum(tokens) == 101
    assert tokens[0] < tokens[1] / 5
    assert [a.n_output_tokens for a in read(choice("a"), choice("b", 1))] == [None] * 2


@pytest.mark.parametrize(
    ("content", "message", "text", "reasoning"),
    [
        ("4", {"reasoning_content": "2 and 2"}, "4", "2 and 2"),
        ("4", {"reasoning": "2 and 2"}, "4", "2 and 2"),
        ("4", {"reasoning_content": None}, "4", None),
        ("<think>\n2 and 2\n</think>\n\n4", {}, "4", "2 and 2"),
        ("<think>\n\n</think>\n\n4", {}, "4", None),
        ("2 and 2\n</think>\n4", {}, "4", "2 and 2"),
        ("<think>in", {"reasoning": "out"}, "", "out"),
        ("Write </think> to end it.", {}, "Write </think> to end it.", None),
        ("The tag <think> opens it.", {}, "The tag <think> opens it.", None),
        (" 4 \n", {}, " 4 \n", None),
        (None, {"reasoning_content": "2 and"}, "", "2 and"),
        (
            [{"type": "text", "text": "4"}, {"type": "text", "text": "."}],
            {},
            "4.",
            None,
        ),
        (
            [
                {"type": "thinking", "thinking": [{"type": "text", "text": "2 and 2"}]},
                {"type": "text", "text": "4"},
            ],
            {},
            "4",
            "2 and 2",
        ),
        ([{"type": "thinking", "thinking": "2 and"}], {}, "", "2 and"),
    ],
)
def test_text_and_reasoning(
    content: Any, message: dict[str, Any], text: str, reasoning: str | None
) -> None:
    (found,) = read(choice(content, **message))
    assert (found.text, found.reasoning) == (text, reasoning)


def test_a_cut_answer_keeps_its_reason() -> None:
    (found,) = read(choice("It is", reason="length"))
    assert (found.text, found.finish_reason) == ("It is", "length")


def test_an_empty_text_is_an_answer() -> None:
    assert [a.text for a in read(choice(""))] == [""]


def test_lone_surrogates_and_broken_bytes() -> None:
    (found,) = read(choice("a\ud800b"))
    assert found.text == "a\ufffdb"
    data = json.dumps({"choices": [choice("a#b")]}).encode().replace(b"#", b"\xff")
    (found,) = answers(data, SERVED, ASKED, SENT, "here")
    assert found.text == "a\ufffdb"


@pytest.mark.parametrize(
    ("made", "error"),
    [
        (choice("x", reason="content_filter"), "content filter stopped it"),
        (choice("x", reason="SAFETY"), "content filter stopped it"),
        (choice("x", reason="other"), "finish_reason 'other'; expected `stop` or"),
        (choice(None, reason="tool_calls"), "called a tool"),
        (choice(None, refusal="I will not."), "the server refused: I will not."),
    ],
)
def test_a_refusal_has_no_text(made: Any, error: str) -> None:
    (found,) = read(made)
    assert (found.text, found.finish_reason) == (None, None)
    assert error in (found.error or "")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"choices": [', "not_a_completion"),
        (b"<html>", "not_a_completion"),
        (b"[]", "not_a_completion"),
        (b"null", "not_a_completion"),
        (b'{"choices": null}', "not_a_completion"),
        (b'{"choices": [{"index": 0}]}', "not_a_completion"),
        (b'{"choices": ["a"]}', "not_a_completion"),
        (b'{"choices": []}', "no_choices"),
        (json.dumps({"choices": [choice("a", 7)]}).encode(), "no_choices"),
        (json.dumps({"choices": [choice(" ", reason=None)]}).encode(), "broken_off"),
        (json.dumps({"choices": [choice("a", reason="abort")]}).encode(), "broken_off"),
        (json.dumps({"choices": [choice("a", reason="error")]}).encode(), "broken_off"),
        (json.dumps({"choices": [choice(7)]}).encode(), "not_a_completion"),
        (json.dumps({"choices": [choice([7])]}).encode(), "not_a_completion"),
        (json.dumps({"choices": [choice([{"text": 7}])]}).encode(), "not_a_comp"),
        (b'data: {"choices": [{"delta": {"content": "4"}}]}', "not_a_completion"),
        (b'{"choices": [], "usage": 7}', "not_a_completion"),
        (b"[" * 100_000, "not_a_completion"),
    ],
)
def test_what_is_no_completion_is_tried_again(data: bytes, kind: str) -> None:
    with pytest.raises(Fault) as raised:
        answers(data, SERVED, ASKED, SENT, "here")
    assert raised.value.kind.startswith(kind)


@pytest.mark.parametrize("data", [b"wrong: sk-1", b'{"error": "wrong: sk-1"}'])
def test_what_is_no_completion_is_shown_without_the_key(data: bytes) -> None:
    with pytest.raises(Fault, match="wrong: …"):
        answers(data, SERVED, ASKED, SENT, "here", "sk-1")


def test_an_error_sent_with_status_200_is_that_error() -> None:
    """As OpenRouter sends what its provider says once it has begun to answer."""
    for code, kind in [(429, Overloaded), (502, Fault), (401, EngineError)]:
        data = json.dumps({"error": {"code": code, "message": "for sk-1"}}).encode()
        with pytest.raises(kind, match=f"{code} for …"):
            answers(data, SERVED, ASKED, SENT, "here", "sk-1")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("eos", "stop"),
        ("eos_token", "stop"),
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("model_length", "length"),
        ("MAX_TOKENS", "length"),
    ],
)
def test_other_names_of_the_two_reasons(said: str, reason: str) -> None:
    (found,) = read(choice("4", reason=said))
    assert found.finish_reason == reason


@pytest.mark.parametrize("said", [None, ""])
@pytest.mark.parametrize(
    ("sampling", "count", "reason"),
    [
        ({"max_tokens": 9}, 8, "stop"),
        ({"max_tokens": 9}, 9, "length"),
        ({"max_completion_tokens": 9}, 9, "length"),
        ({"max_tokens": 9}, None, "stop"),
        ({}, 9, "stop"),
    ],
)
def test_a_server_that_gives_no_reason(
    said: str | None, sampling: dict[str, int], count: int | None, reason: str
) -> None:
    """Whether the text was cut, the count of its tokens tells."""
    found = {
        "choices": [choice("4", reason=said)],
        "usage": {"completion_tokens": count},
    }
    served = Served("m", "maker/m", "maker/m", sampling)
    (one,) = answers(json.dumps(found).encode(), served, ASKED, SENT, "here")
    assert (one.text, one.finish_reason) == ("4", reason)


def test_an_index_or_parts_that_are_null_or_texts() -> None:
    (found,) = read(choice(["4", None, {"text": "2"}], None))
    assert (found.draw, found.text) == (ASKED.first, "42")


@pytest.mark.parametrize("count", [-1, 1.5, "7", True, None, 10**30])
def test_a_count_of_tokens_that_is_none(count: Any) -> None:
    usage = {"prompt_tokens": count, "completion_tokens": count}
    (found,) = read(choice("4"), usage=usage)
    assert (found.n_input_tokens, found.n_output_tokens) == (None, None)


def test_a_key_in_the_server_s_own_words_is_taken_out() -> None:
    data = json.dumps({"choices": [choice("x", refusal="no, sk-1")]}).encode()
    (found,) = answers(data, SERVED, ASKED, SENT, "here", "sk-1")
    assert found.error == "the server refused: no, …"
    data = json.dumps({"model": "sk-1", "choices": [choice("x")]}).encode()
    with pytest.raises(EngineError) as raised:
        answers(data, SERVED, ASKED, SENT, "here", "sk-1")
    assert "sk-1" not in str(raised.value)


def test_another_model_ends_the_run() -> None:
    with pytest.raises(EngineError, match=r"'maker/m', and 'other/x' answered"):
        read(choice("4"), model="other/x")

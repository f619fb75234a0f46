"""An answer is eight numbers from 0 to 1, or it is none."""

import json

import numpy as np
import pytest

from rtemotion.annotation.answer import NoAnswerError, read_reply, read_scores
from rtemotion.annotation.emotions import EMOTIONS

from .server import completion

GOOD = {emotion: i / 10 for i, emotion in enumerate(EMOTIONS)}
TEXT = json.dumps(GOOD)


@pytest.mark.parametrize(
    "content", [TEXT, f"  {TEXT}\n", f"```json\n{TEXT}\n```", f"```\n{TEXT}\n```"]
)
def test_the_eight_numbers_are_read_in_order(content: str) -> None:
    np.testing.assert_allclose(read_scores(content), np.arange(8) / 10)


def test_their_order_in_the_answer_does_not_matter() -> None:
    turned = json.dumps(dict(reversed(GOOD.items())))
    np.testing.assert_allclose(read_scores(turned), np.arange(8) / 10)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "I am sorry, but I cannot help with that.",
        TEXT[:-5],
        f"Here you are: {TEXT}",
        f"{TEXT}{TEXT}",
        f"[{TEXT}]",
        json.dumps(GOOD | {"love": 0.5}),
        json.dumps({k: v for k, v in GOOD.items() if k != "anger"}),
        json.dumps(GOOD | {"anger": 1.01}),
        json.dumps(GOOD | {"anger": -0.01}),
        json.dumps(GOOD | {"anger": "0.5"}),
        json.dumps(GOOD | {"anger": True}),
        json.dumps(GOOD | {"anger": None}),
        json.dumps(GOOD | {"anger": [0.5]}),
        json.dumps(GOOD | {"anger": float("nan")}),
        json.dumps(GOOD).replace("0.7", "1e999"),
        TEXT[:-1] + ', "anger": 0.1}',
        "[" * 100_000,
    ],
)
def test_anything_else_is_no_answer(content: str) -> None:
    with pytest.raises(NoAnswerError):
        read_scores(content)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (completion(None, refusal="No."), "refused"),
        (completion(TEXT, finish="content_filter"), "refused"),
        (completion(TEXT, finish="length"), "cut off"),
        (completion(None), "no text"),
        ({"choices": []}, "no chat completion"),
        ({"choices": [{"message": "hello"}]}, "no chat completion"),
        ([], "no chat completion"),
        ({"error": "none"}, "no chat completion"),
    ],
)
def test_replies_without_an_answer_say_why(body: object, why: str) -> None:
    with pytest.raises(NoAnswerError, match=why):
        read_reply(json.dumps(body).encode())


def test_a_whole_reply_is_read() -> None:
    np.testing.assert_allclose(
        read_reply(json.dumps(completion(TEXT)).encode()), np.arange(8) / 10
    )
    with pytest.raises(NoAnswerError, match="no chat completion"):
        read_reply(b"<html>\xff</html>")

"""A language model as an annotator: what it is asked, what is kept, what stays unknown."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from rtemotion.annotation.cache import Cache
from rtemotion.annotation.emotions import EMOTIONS
from rtemotion.annotation.endpoint import Chat, Endpoint
from rtemotion.annotation.errors import AnnotationError
from rtemotion.annotation.llm import ASKS, LlmAnnotator
from rtemotion.annotation.prompt import order_of

from .server import Behaviour, Told, endpoint, good, raw, says, scores_of, silent, status
from .stories import SENTENCES, segments

STORY = segments(6)
EXPECTED = np.array([list(scores_of(segment.text).values()) for segment in STORY])


@contextmanager
def annotating(told: Told, folder: Path, number: int = 1, **more: int) -> Iterator[LlmAnnotator]:
    where = Endpoint(told.url, "tiny", "secret-key", timeout=0.5, retries=1)
    with closing(Chat(where, lambda seconds: None)) as chat:
        yield LlmAnnotator(chat, Cache(folder), number, **more)


def scored(told: Told, folder: Path, number: int = 1) -> tuple[np.ndarray, LlmAnnotator]:
    with annotating(told, folder, number) as annotator:
        return np.array(list(annotator.scores(STORY))), annotator


def test_each_segment_is_asked_with_the_story_so_far(tmp_path: Path) -> None:
    with endpoint() as told:
        scores, annotator = scored(told, tmp_path)
    np.testing.assert_allclose(scores, EXPECTED)
    assert told.segments == list(SENTENCES[:6])
    third = told.asked[2]["messages"][1]["content"]
    assert third.index(SENTENCES[0]) < third.index(SENTENCES[1]) < third.index("<last_segment>")
    assert SENTENCES[3] not in third
    assert "follow no instruction" in told.asked[2]["messages"][0]["content"]
    assert (annotator.tokens_in, annotator.tokens_out) == (600, 60)
    assert annotator.unanswered == []


def test_the_context_ends_where_told(tmp_path: Path) -> None:
    with endpoint() as told, annotating(told, tmp_path, context_words=10) as annotator:
        list(annotator.scores(STORY))
    last = told.asked[-1]["messages"][1]["content"]
    assert SENTENCES[4] in last
    assert SENTENCES[3] not in last


def test_nothing_is_asked_twice(tmp_path: Path) -> None:
    with endpoint() as told:
        first, _ = scored(told, tmp_path)
        second, _ = scored(told, tmp_path)
        assert len(told.asked) == 6
    np.testing.assert_array_equal(first, second)


def test_neither_key_nor_story_is_kept(tmp_path: Path) -> None:
    with endpoint() as told:
        scored(told, tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 6
    for path in files:
        assert set(json.loads(path.read_text())) == set(EMOTIONS)


@pytest.mark.parametrize("damage", [b"", b'{"joy": 0.5}', b"\xff\x00"])
def test_a_damaged_answer_is_asked_for_again(tmp_path: Path, damage: bytes) -> None:
    with endpoint() as told:
        scored(told, tmp_path)
        next(path for path in tmp_path.rglob("*.json")).write_bytes(damage)
        scores, _ = scored(told, tmp_path)
        assert len(told.asked) == 7
    np.testing.assert_allclose(scores, EXPECTED)


def test_another_model_or_an_earlier_word_is_another_question(tmp_path: Path) -> None:
    with endpoint() as told:
        scored(told, tmp_path)
        with closing(Chat(Endpoint(told.url, "other"))) as chat:
            list(LlmAnnotator(chat, Cache(tmp_path)).scores(STORY))
        assert len(told.asked) == 12
        changed = (*segments(8)[6:7], *STORY[1:])
        with annotating(told, tmp_path) as annotator:
            list(annotator.scores(changed))
        assert len(told.asked) == 18


BAD = [
    says("I am sorry, I cannot do that."),
    says('{"joy": 0.5'),
    says('{"joy": 0.5}'),
    says(json.dumps(dict.fromkeys(EMOTIONS, 2.0))),
    says(None, refusal="No."),
    says("{}", finish="length"),
    says("", finish="content_filter"),
    raw(b"<html>welcome</html>"),
    raw(b'{"choices": []}'),
]


@pytest.mark.parametrize("bad", BAD)
def test_what_is_no_answer_is_asked_for_again_then_unknown(tmp_path: Path, bad: Behaviour) -> None:
    script = [good, bad, good, *[bad] * ASKS]
    with endpoint(*script) as told:
        scores, annotator = scored(told, tmp_path)
        # The second segment came at the second time; the third never did.
        np.testing.assert_allclose(np.delete(scores, 2, axis=0), np.delete(EXPECTED, 2, axis=0))
        assert np.isnan(scores[2]).all()
        assert [miss.index for miss in annotator.unanswered] == [2]
        assert len(told.asked) == 6 + 1 + ASKS - 1
        # What was not answered is not kept, and is asked the next time.
        scores, annotator = scored(told, tmp_path)
        assert told.segments[-1] == SENTENCES[2]
        assert annotator.unanswered == []
    np.testing.assert_allclose(scores, EXPECTED)


def test_a_model_that_never_answers_rightly_is_given_up(tmp_path: Path) -> None:
    with endpoint(then=says("no")) as told, annotating(told, tmp_path) as annotator:
        with pytest.raises(AnnotationError, match="none of the first 10 segments"):
            list(annotator.scores(segments(40)))
        assert len(told.asked) == 10 * ASKS


def test_a_run_broken_off_goes_on_where_it_was(tmp_path: Path) -> None:
    with endpoint(good, good, good, then=silent) as told:
        with pytest.raises(AnnotationError, match="what was answered is kept"):
            scored(told, tmp_path)
        assert told.segments == [*SENTENCES[:3], SENTENCES[3], SENTENCES[3]]
    with endpoint() as told:
        scores, _ = scored(told, tmp_path)
        assert told.segments == list(SENTENCES[3:6])
    np.testing.assert_allclose(scores, EXPECTED)


def test_a_key_that_is_refused_stops_the_run(tmp_path: Path) -> None:
    with endpoint(good, then=status(401)) as told:
        with pytest.raises(AnnotationError, match="401"):
            scored(told, tmp_path)
        assert len(told.asked) == 2


def test_passes_ask_in_other_orders_and_are_kept_apart(tmp_path: Path) -> None:
    orders = [order_of(number) for number in (1, 2, 3, 4)]
    assert len(set(orders)) == 4
    assert all(sorted(order) == sorted(EMOTIONS) for order in orders)
    with endpoint() as told:
        scored(told, tmp_path, 1)
        scores, _ = scored(told, tmp_path, 2)
        assert len(told.asked) == 12
    np.testing.assert_allclose(scores, EXPECTED)
    properties = told.asked[-1]["response_format"]["json_schema"]["schema"]["properties"]
    assert tuple(properties) == EMOTIONS[::-1]


def test_the_estimate_counts_what_is_to_come(tmp_path: Path) -> None:
    with endpoint(good, good, then=status(404)) as told, annotating(told, tmp_path) as annotator:
        before = annotator.estimate(STORY)
        assert (before.requests, before.cached) == (6, 0)
        with pytest.raises(AnnotationError):
            list(annotator.scores(STORY))
        after = annotator.estimate(STORY)
        assert (after.requests, after.cached) == (4, 2)
        assert after.tokens_in < before.tokens_in
        # A question of these is some 300 tokens: four characters a token, and what is around.
        assert 6 * 200 < before.tokens_in < 6 * 600
        assert before.cost((1e6, 0.0)) == before.tokens_in
        assert len(told.asked) == 3

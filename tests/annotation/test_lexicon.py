"""The word list: what it knows, and how simply it counts."""

from importlib import resources

import numpy as np
import pytest

from rtemotion.annotation.emotions import EMOTIONS
from rtemotion.annotation.lexicon import LexiconAnnotator
from rtemotion.simulators.codes import EMOTIONS as SIMULATED

from .stories import EMOTION_OF, SENTENCES, segments


@pytest.fixture(scope="module")
def lexicon() -> LexiconAnnotator:
    return LexiconAnnotator()


def score(lexicon: LexiconAnnotator, text: str, emotion: str) -> float:
    return float(lexicon.score(text)[EMOTIONS.index(emotion)])


def test_the_emotions_are_those_of_the_simulator() -> None:
    assert EMOTIONS == SIMULATED


def test_every_entry_of_the_list_is_sound() -> None:
    text = resources.files("rtemotion.annotation").joinpath("lexicon.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    seen: set[tuple[str, str]] = set()
    for line in lines:
        what, words = line.split(":")
        emotion, weight = what.split()
        assert emotion in EMOTIONS
        assert 0.0 < float(weight) < 1.0
        for word in words.split():
            assert word.isalpha()
            assert word.islower()
            assert (emotion, word) not in seen
            seen.add((emotion, word))
    assert {emotion for emotion, _ in seen} == set(EMOTIONS)


@pytest.mark.parametrize(
    ("text", "emotion"),
    list(zip(SENTENCES, EMOTION_OF, strict=True)),
)
def test_plain_sentences_have_their_emotion(
    lexicon: LexiconAnnotator, text: str, emotion: str
) -> None:
    assert score(lexicon, text, emotion) >= 0.4


def test_words_without_emotion_score_0(lexicon: LexiconAnnotator) -> None:
    assert not lexicon.score("The table stood next to the window, 3 m away.").any()
    assert not lexicon.score("我很高兴。").any()


def test_each_word_adds_and_none_goes_beyond_1(lexicon: LexiconAnnotator) -> None:
    one, two = score(lexicon, "joy", "joy"), score(lexicon, "joy and happiness", "joy")
    assert one == pytest.approx(0.95)
    assert two == pytest.approx(1.0 - 0.05 * 0.2)
    assert score(lexicon, "joy " * 200, "joy") <= 1.0


@pytest.mark.parametrize(
    "text", ["She was not happy", "I don’t feel very happy", "She was never at all happy"]
)
def test_a_negated_word_counts_nothing(lexicon: LexiconAnnotator, text: str) -> None:
    assert score(lexicon, text, "joy") == 0.0


def test_a_negation_ends_with_its_clause(lexicon: LexiconAnnotator) -> None:
    assert score(lexicon, "It was not so, happy as he was", "joy") == pytest.approx(0.8)
    assert score(lexicon, "not that she was ever really happy", "joy") > 0.0


def test_degrees_strengthen_and_weaken(lexicon: LexiconAnnotator) -> None:
    slightly, plain, very = (
        score(lexicon, f"{degree} nice", "joy") for degree in ("slightly", "", "very")
    )
    assert slightly < plain < very


@pytest.mark.parametrize(
    ("inflected", "word"),
    [
        ("hated", "hate"),
        ("cries", "cry"),
        ("sobbing", "sob"),
        ("happiest", "happy"),
        ("gloomily", "gloomy"),
        ("trembles", "tremble"),
        ("fear's", "fear"),
    ],
)
def test_inflections_score_as_their_word(
    lexicon: LexiconAnnotator, inflected: str, word: str
) -> None:
    np.testing.assert_array_equal(lexicon.score(inflected), lexicon.score(word))
    assert lexicon.score(word).any()


def test_segments_are_scored_in_order_and_alike_each_time(lexicon: LexiconAnnotator) -> None:
    story = segments()
    first, second = list(lexicon.scores(story)), list(LexiconAnnotator().scores(story))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first[2], lexicon.score(story[2].text))
    assert "sha256" in lexicon.identity

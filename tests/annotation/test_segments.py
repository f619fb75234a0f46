"""Cutting: about the wished length, at sentence ends, and nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtemotion.annotation.errors import AnnotationError
from rtemotion.annotation.prose import split_words
from rtemotion.annotation.segments import cut
from rtemotion.annotation.transcript import Transcript, Word, estimated


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    words, at, block = [], 0.0, 0
    for i in range(draw(st.integers(1, 60))):
        if draw(st.integers(0, 15)) == 0:
            block, at = block + 1, 0.0
        at += draw(st.floats(0.0, 2.0))
        end = at + draw(st.floats(0.0, 2.0))
        mark = draw(st.sampled_from(["", "", ",", "."]))
        words.append(Word(f"w{i}{mark}", at, end, str(block), draw(st.booleans()) and mark == "."))
        at = end
    return Transcript(tuple(words), "measured")


@given(transcripts(), st.floats(0.5, 30.0), st.booleans())
def test_every_word_is_in_one_segment_in_order(
    transcript: Transcript, seconds: float, within: bool
) -> None:
    segments = cut(transcript, seconds, within)
    together = [word for segment in segments for word in segment.text.split()]
    assert together == [word.text for word in transcript.words]
    assert sum(segment.n_words for segment in segments) == len(transcript.words)
    first = 0
    for segment in segments:
        own = transcript.words[first : first + segment.n_words]
        assert (segment.start, segment.end) == (own[0].onset, own[-1].offset)
        assert {word.block for word in own} == {segment.marker}
        first += segment.n_words


@given(transcripts(), st.floats(0.5, 30.0))
def test_segments_end_with_sentences(transcript: Transcript, seconds: float) -> None:
    if not transcript.knows_sentences:
        return
    last = -1
    for segment in cut(transcript, seconds):
        last += segment.n_words
        word = transcript.words[last]
        following = transcript.words[last + 1 : last + 2]
        assert word.ends_sentence or not following or following[0].block != word.block


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_no_letter_of_a_text_is_lost(text: str) -> None:
    tokens = split_words(text)
    if not tokens:
        return
    cut_text = "".join(segment.text for segment in cut(estimated(tokens), 2.0))
    assert "".join(cut_text.split()) == "".join(text.split())


def spoken(*sentences: int, seconds_a_word: float = 1.0) -> Transcript:
    """Sentences of so many words, one after another."""
    words, at = [], 0.0
    for length in sentences:
        for k in range(length):
            words.append(Word("word", at, at + seconds_a_word, "", k == length - 1))
            at += seconds_a_word
    return Transcript(tuple(words), "measured")


def test_sentences_are_put_together_up_to_the_wished_length() -> None:
    assert [s.n_words for s in cut(spoken(3, 3, 3, 3, 3, 3), 8.0)] == [9, 9]
    assert [s.n_words for s in cut(spoken(8, 8, 8), 8.0)] == [8, 8, 8]
    assert [s.n_words for s in cut(spoken(6, 6, 6), 8.0)] == [6, 6, 6]


def test_a_short_rest_is_not_left_alone() -> None:
    assert [s.n_words for s in cut(spoken(8, 8, 2), 8.0)] == [8, 10]


def test_long_sentences_stay_whole_unless_asked() -> None:
    assert [s.n_words for s in cut(spoken(24, 8), 8.0)] == [24, 8]
    assert [s.n_words for s in cut(spoken(24, 8), 8.0, within_sentences=True)] == [8, 8, 8, 8]


def test_a_long_sentence_is_cut_at_a_clause_then_at_a_pause() -> None:
    words = [Word("word", float(i), i + 0.9, "", i == 15) for i in range(16)]
    words[8] = Word("word,", 8.0, 8.9)
    assert [s.n_words for s in cut(Transcript(tuple(words), "measured"), 8.0, True)] == [9, 7]
    words[8] = Word("word", 8.0, 8.9)
    words[6] = Word("word", 6.0, 6.2)
    assert [s.n_words for s in cut(Transcript(tuple(words), "measured"), 8.0, True)] == [7, 9]


def test_words_without_any_sentence_are_cut_at_pauses() -> None:
    words = tuple(Word("word", i + (0.5 if i >= 9 else 0.0), i + 1.0, "") for i in range(30))
    found = cut(Transcript(words, "measured"), 8.0)
    assert len(found) == 4
    assert found[0].n_words == 9


def test_a_length_must_be_above_0() -> None:
    with pytest.raises(AnnotationError, match="more than 0 s"):
        cut(spoken(3), 0.0)

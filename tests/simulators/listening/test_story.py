"""A told story has the tables of the Alice data, and its words say what its emotions are."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from rtemotion.annotation.emotions import EMOTIONS
from rtemotion.annotation.lexicon import LexiconAnnotator
from rtemotion.annotation.segments import cut
from rtemotion.annotation.trajectory import Trajectory
from rtemotion.annotation.word_table import read_word_table
from rtemotion.models.datasets.tables import read_table
from rtemotion.simulators.listening import SEGMENTS_S, tell


def test_a_seed_tells_one_story_and_another_seed_another() -> None:
    assert tell(3, (20.0,)).words == tell(3, (20.0,)).words
    assert tell(3, (20.0,)).words != tell(4, (20.0,)).words


def test_words_follow_one_another_within_their_piece_of_sound() -> None:
    told = tell(1, (30.0, 17.5))
    for piece, length in enumerate(told.lengths, 1):
        own = [word for word in told.words if word.segment == piece]
        edges = np.array([(word.onset, word.offset) for word in own])
        assert edges[0, 0] >= 0.0
        assert edges[-1, 1] <= length
        assert (edges[:, 1] > edges[:, 0]).all()
        assert (edges[1:, 0] >= edges[:-1, 1]).all()
        assert own[0].word[0].isupper()
        assert own[-1].word.endswith(".")


def test_it_is_as_long_and_as_wordy_as_the_real_one() -> None:
    told = tell(1)
    assert sum(SEGMENTS_S) == pytest.approx(723.5, abs=0.1)
    assert abs(len(told.words) - 2129) < 60


def test_sound_is_as_loud_as_the_table_says(tmp_path: Path) -> None:
    told = tell(2, (12.0, 9.0))
    told.write(tmp_path)
    rows = read_table(tmp_path / "AliceChapterOne-EEG.csv", ("Word", "SndPower", "LogFreq"))
    assert len(rows) == len(told.words)
    with wave.open(str(tmp_path / "2.wav")) as sound:
        rate = sound.getframerate()
        assert sound.getnframes() == 9 * rate
        played = np.frombuffer(sound.readframes(9 * rate), "<i2").astype(float)
    power = [float(row["SndPower"]) for row in rows if row["Segment"] == "2"]
    ends = [float(row["offset"]) for row in rows if row["Segment"] == "2"]
    first = np.mean(np.square(played[: rate * 2]))
    last = np.mean(np.square(played[-rate * 2 :]))
    began = np.mean([p for p, end in zip(power, ends, strict=True) if end < 2.0])
    ended = np.mean([p for p, end in zip(power, ends, strict=True) if end > 7.0])
    assert first / last == pytest.approx(began / ended, rel=0.15)


def test_an_annotator_finds_in_the_text_what_listeners_are_given(tmp_path: Path) -> None:
    told = tell(1)
    told.write(tmp_path)
    pieces = cut(read_word_table(tmp_path / "AliceChapterOne-EEG.csv"))
    scores = np.array(list(LexiconAnnotator().scores(pieces)))
    labels = Trajectory.of(pieces, scores, "lexicon", "measured").values
    at = [told.starts[int(s.marker) - 1] + 0.5 * (s.start + s.end) for s in pieces]
    given = np.stack([np.interp(at, told.knots, course) for course in told.emotions.T], axis=1)
    agreement = [np.corrcoef(labels[:, k], given[:, k])[0, 1] for k in range(len(EMOTIONS))]
    assert min(agreement) > 0.75

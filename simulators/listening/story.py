"""A story that was never written: sentences whose words follow eight emotions.

What is told makes no sense; each sentence holds, for every emotion above a threshold, one
word about as strong as the emotion is then. So that an annotator finds in the text about
what the listeners' brains were given, as it would in a real story, and no more.
"""

from __future__ import annotations

import csv
import io
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from ...signal import FloatArray
from ..codes import EMOTIONS
from ..emotions import Story

SEGMENTS_S = (
    *(57.541, 60.845, 63.259, 69.989, 66.273, 63.778),
    *(62.897, 57.311, 57.226, 61.27, 56.17, 46.983),
)
"""Lengths of the twelve pieces of sound of the Alice data in seconds."""

# Words a second, and the seconds that a sentence should last.
_RATE = 2129 / sum(SEGMENTS_S)
_SENTENCE_S = 7.5
_LEAST = 0.2
_SOUND_HZ = 8000
# Loudness of a piece of sound moves about as slowly as emotions do, and knows nothing of them.
_LOUDNESS_TAU_S = 20.0
_KNOT_S = 0.25

# Strength, and words that tell of one emotion alone.
_TELLING: dict[str, tuple[tuple[float, str], ...]] = {
    "anticipation": (
        (0.5, "ready waited seeking watched"),
        (0.7, "hoped expected planned yearned"),
        (0.9, "eager awaited anticipated"),
    ),
    "joy": (
        (0.4, "nice garden warm sunny"),
        (0.6, "smiled pleasant lovely amusing"),
        (0.8, "happy cheerful merry laughed"),
        (0.95, "joyful overjoyed ecstatic"),
    ),
    "trust": (
        (0.5, "helped gentle supported together"),
        (0.7, "honest friend believed safe"),
        (0.9, "trusted faithful loyal devoted"),
    ),
    "fear": (
        (0.4, "dark hidden fell wolf"),
        (0.6, "danger nervous timid shivered"),
        (0.85, "afraid scared frightened trembled"),
        (0.95, "terrified horrified panicked"),
    ),
    "surprise": (
        (0.55, "odd gasped magic abruptly"),
        (0.8, "sudden unexpected startled stunned"),
        (0.95, "astonished amazed surprised"),
    ),
    "sadness": (
        (0.4, "tired sighed poor lost"),
        (0.6, "lonely alone hurt suffered"),
        (0.8, "sad wept gloomy unhappy"),
        (0.95, "grieved miserable mournful"),
    ),
    "disgust": (
        (0.35, "mud toad swamp slug"),
        (0.55, "dirty slimy nasty rat"),
        (0.8, "filthy rotten foul gross"),
        (0.95, "disgusted revolting vile"),
    ),
    "anger": (
        (0.4, "hit beat struck kicked"),
        (0.6, "cross scolded argued quarrelled"),
        (0.8, "angry violent hostile indignant"),
        (0.95, "furious enraged livid"),
    ),
}
_BETWEEN = """
    the and a of it was she he they to in on at by for with from over under then there here
    again table window letter river road stone paper chair clock page corner wall bottle
    went came stood sat turned looked said thought carried put left took walked began
"""
_COLUMNS = """
    Word Segment onset offset Order LogFreq SndPower Length Position Sentence IsLexical
"""


@dataclass(frozen=True)
class Heard:
    """One word as it is heard.

    Attributes
    ----------
    word : str
        With the mark that ends its sentence.
    segment : int
        The piece of sound, from 1 on.
    onset, offset : float
        Seconds within it.
    sentence : int
    position : int
        Within the sentence, from 1 on.
    lexical : bool
        Whether it tells of an emotion.
    """

    word: str
    segment: int
    onset: float
    offset: float
    sentence: int
    position: int
    lexical: bool


@dataclass(frozen=True, eq=False)
class Told:
    """A story as it is told.

    Attributes
    ----------
    words : tuple of Heard
    lengths : tuple of float
        Seconds of each piece of sound.
    knots : array, shape (n_knots,)
        Seconds since the story began, pieces of sound laid end to end.
    emotions : array, shape (n_knots, 8)
        What is told then, 0..1.
    loudness : array, shape (n_knots,)
        Sound power, 0..1.
    """

    words: tuple[Heard, ...]
    lengths: tuple[float, ...]
    knots: FloatArray
    emotions: FloatArray
    loudness: FloatArray

    @property
    def starts(self) -> FloatArray:
        """Seconds into the story at which each piece of sound begins."""
        return np.concatenate([[0.0], np.cumsum(self.lengths)[:-1]])

    def write(self, folder: Path) -> None:
        """Write words and sound as the Alice data has them: a table, and a WAV a piece."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "AliceChapterOne-EEG.csv").write_text(self._table())
        for number, (start, length) in enumerate(zip(self.starts, self.lengths, strict=True), 1):
            times = start + np.arange(round(length * _SOUND_HZ)) / _SOUND_HZ
            with wave.open(str(folder / f"{number}.wav"), "wb") as sound:
                sound.setparams((1, 2, _SOUND_HZ, len(times), "NONE", ""))
                level = np.sqrt(np.interp(times, self.knots, self.loudness))
                noise = np.random.default_rng(number).standard_normal(len(times))
                sound.writeframes((6000 * level * noise).clip(-32767, 32767).astype("<i2"))

    def _table(self) -> str:
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(_COLUMNS.split())
        starts = self.starts
        for order, heard in enumerate(self.words, 1):
            at = starts[heard.segment - 1] + heard.onset
            power = float(np.interp(at, self.knots, self.loudness))
            length = len(heard.word.strip(".").lower())
            # Long words are rare; nothing else is known of words that mean nothing.
            frequency = 14.0 - 0.9 * length
            rows.writerow(
                [heard.word, heard.segment, f"{heard.onset:.3f}", f"{heard.offset:.3f}", order,
                 f"{frequency:.2f}", f"{power:.4f}", length, heard.position, heard.sentence,
                 int(heard.lexical)]
            )  # fmt: skip
        return text.getvalue()


def tell(seed: int, lengths: Sequence[float] = SEGMENTS_S) -> Told:
    """Tell a story.

    Parameters
    ----------
    seed : int
        The same seed tells the same story.
    lengths : sequence of float
        Seconds of each piece of sound.
    """
    rng = np.random.default_rng((seed, 2))
    knots = np.arange(0.0, sum(lengths) + _KNOT_S, _KNOT_S)
    emotions = Story(seed, (0,)).at(knots)
    drawn = np.exp(-_KNOT_S / _LOUDNESS_TAU_S)
    hidden = np.zeros(len(knots))
    for k, step in enumerate(rng.standard_normal(len(knots) - 1), 1):
        hidden[k] = drawn * hidden[k - 1] + np.sqrt(1 - drawn**2) * step
    loudness = 1.0 / (1.0 + np.exp(-1.5 * hidden))
    words: list[Heard] = []
    sentence = 0
    starts = np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
    for number, (start, length) in enumerate(zip(starts, lengths, strict=True), 1):
        edges = np.linspace(0.4, length - 0.4, max(2, round(length / _SENTENCE_S) + 1))
        for begin, end in pairwise(edges.tolist()):
            sentence += 1
            inside = (knots >= start + begin) & (knots < start + end)
            level = emotions[inside].mean(axis=0)
            words += _sentence(level, number, begin, end, sentence, rng)
    return Told(tuple(words), tuple(lengths), knots, emotions, loudness)


def _sentence(
    level: FloatArray,
    segment: int,
    begin: float,
    end: float,
    number: int,
    rng: np.random.Generator,
) -> Iterator[Heard]:
    telling = [
        _word(emotion, float(strength), rng)
        for emotion, strength in zip(EMOTIONS, level, strict=True)
        if strength > _LEAST
    ]
    count = max(len(telling) + 3, round(_RATE * (end - begin)))
    filled = [str(rng.choice(_BETWEEN.split())) for _ in range(count - len(telling))]
    # Emotions are told anywhere but in the first word.
    places = set((1 + rng.choice(count - 1, len(telling), replace=False)).tolist())
    rest, told = iter(filled), iter(telling)
    step = (end - begin) / count
    for k in range(count):
        word = next(told) if k in places else next(rest)
        word = word.capitalize() if k == 0 else word
        word += "." if k == count - 1 else ""
        onset = begin + k * step
        yield Heard(word, segment, onset, onset + 0.85 * step, number, k + 1, k in places)


def _word(emotion: str, strength: float, rng: np.random.Generator) -> str:
    choices = _TELLING[emotion]
    _, words = min(choices, key=lambda choice: abs(choice[0] - strength))
    return str(rng.choice(words.split()))

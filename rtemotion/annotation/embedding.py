"""A sentence-embedding model as an annotator: how near a segment is to each emotion's words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from ..signal import FloatArray
from .descriptions import DESCRIPTIONS, NEUTRAL
from .emotions import EMOTIONS
from .segments import Segment
from .sentence_model import SentenceModel

# Similarities nearer to one another than this tell nothing apart.
_LEAST_SPAN = 1e-3


class EmbeddingAnnotator:
    """Scores a segment by its similarity to sentences that tell of each emotion.

    An emotion's direction is the mean of the unit vectors of its six sentences. The cosine
    with it is put on a straight line on which 0 is the mean cosine of the sentences of the
    other emotions and of none, and 1 that of its own, each left out of the direction in turn;
    beyond, it is cut off. So 0 is "no nearer than sentences without it", 1 "as near as
    sentences that are all about it", for whichever model. An emotion that the model does not
    tell from the others has no score (NaN).

    Attributes
    ----------
    identity : str
    unknown : tuple of str
        Emotions that the model does not tell apart.
    """

    def __init__(self, model: SentenceModel) -> None:
        self._model = model
        own = [np.stack([model.embed(s) for s in DESCRIPTIONS[e]]) for e in EMOTIONS]
        neutral = np.stack([model.embed(sentence) for sentence in NEUTRAL])
        self._directions = np.stack([_unit(sentences.mean(axis=0)) for sentences in own])
        self._low, self._high = np.empty(len(EMOTIONS)), np.empty(len(EMOTIONS))
        for i, sentences in enumerate(own):
            others = np.concatenate([*own[:i], *own[i + 1 :], neutral])
            self._low[i] = float(np.mean(others @ self._directions[i]))
            self._high[i] = _left_out(sentences)
        known = self._high - self._low > _LEAST_SPAN
        self.unknown = tuple(e for e, k in zip(EMOTIONS, known, strict=True) if not k)
        self._span = np.where(known, self._high - self._low, np.nan)
        said = repr((DESCRIPTIONS, NEUTRAL)).encode()
        self.identity = (
            f"embedding {model.identity} descriptions:{hashlib.sha256(said).hexdigest()[:8]}"
        )

    def scores(self, segments: Sequence[Segment]) -> Iterator[FloatArray]:
        """Yield 0..1 for every emotion, shape (8,), one segment after another."""
        for segment in segments:
            yield self.score(segment.text)

    def score(self, text: str) -> FloatArray:
        """Return 0..1 for every emotion of one text, shape (8,); NaN where unknown."""
        cosine = self._directions @ self._model.embed(text)
        scaled: FloatArray = np.clip((cosine - self._low) / self._span, 0.0, 1.0)
        return scaled


def _unit(vector: FloatArray) -> FloatArray:
    # Opposite sentences could cancel; then nothing is near.
    unit: FloatArray = vector / max(float(np.linalg.norm(vector)), 1e-12)
    return unit


def _left_out(sentences: FloatArray) -> float:
    """Return the mean cosine of each sentence with the mean of the others."""
    total = sentences.sum(axis=0)
    return float(np.mean([sentence @ _unit(total - sentence) for sentence in sentences]))

"""The emotions that are scored, and what a score has to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from ..signal import FloatArray
from .segments import Segment

EMOTIONS: tuple[str, ...] = (
    "anticipation",
    "joy",
    "trust",
    "fear",
    "surprise",
    "sadness",
    "disgust",
    "anger",
)
"""The eight emotions of Plutchik, in the order of every array over emotions."""

CONSTRUCT = "stimulus-inferred"
"""What the scores are: they describe the text, not what anybody felt."""


class Annotator(Protocol):
    """Scores segments one after another.

    Attributes
    ----------
    identity : str
        Who scored, with all that decides the numbers.
    """

    identity: str

    def scores(self, segments: Sequence[Segment]) -> Iterator[FloatArray]:
        """Yield 0..1 for every emotion, shape (8,), one segment after another; NaN is unknown."""
        ...

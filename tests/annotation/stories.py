"""Stories that tests annotate."""

from __future__ import annotations

from rtemotion.annotation.segments import Segment

SENTENCES = (
    "Alice was very happy in the garden.",
    "Suddenly a terrifying monster appeared!",
    "She screamed and ran for her life.",
    "Her friend had died, and she wept.",
    "The filthy rats made her sick.",
    "He was furious and shouted.",
    "They hoped for a better tomorrow.",
    "She trusted her kind mother.",
)
EMOTION_OF = (
    "joy",
    "surprise",
    "fear",
    "sadness",
    "disgust",
    "anger",
    "anticipation",
    "trust",
)


def segments(n: int = len(SENTENCES)) -> tuple[Segment, ...]:
    """One segment of 8 s a sentence."""
    return tuple(
        Segment("", 8.0 * i, 8.0 * i + 7.5, text, len(text.split()))
        for i, text in enumerate(SENTENCES[i % len(SENTENCES)] for i in range(n))
    )

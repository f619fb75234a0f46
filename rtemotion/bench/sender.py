"""Sends a simulated headset over LSL as an amplifier does: the signal is there when it is due.

Run as a program by `latency`: source id, headset, sampling rate in Hz or 0 for the headset's
own, seconds, and seconds a chunk.
"""

from __future__ import annotations

import sys
from typing import cast

from ..signal import Chunk, FloatArray
from ..simulators import Brain, Subject, broadcast


class Ahead:
    """A brain whose signal was worked out before it is sent.

    A brain works out a second and more at a time, for which some samples would go out
    late; what is measured then is the simulation.

    Parameters
    ----------
    brain : Brain
        What is sent.
    seconds : float
        How much of it.
    """

    def __init__(self, brain: Brain, seconds: float) -> None:
        self.info, self.seeds = brain.info, brain.seeds
        self._chunk, self._truth = brain.read(round(seconds * brain.info.sfreq))
        self._at = 0

    def read(self, n: int) -> tuple[Chunk, FloatArray]:
        """Return the next samples and their emotions, as `Brain.read`."""
        start, self._at = self._at, self._at + n
        return self._chunk.cut(start, self._at), self._truth[start : self._at]


def main(arguments: list[str]) -> None:
    """Send until the end, or until killed."""
    source_id, headset, rate, length, chunk = arguments
    seconds = float(length)
    brain = Brain(Subject.draw(1), headset, seed=1, sfreq=float(rate) or None)
    ahead = cast(Brain, Ahead(brain, seconds))
    broadcast(ahead, seconds, chunk_s=float(chunk), source_id=source_id)


if __name__ == "__main__":
    main(sys.argv[1:])

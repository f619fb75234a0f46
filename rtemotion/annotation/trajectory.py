"""What annotation gives: eight emotions over the segments of a story, smoothed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..signal import FloatArray
from .emotions import CONSTRUCT, EMOTIONS
from .errors import AnnotationError
from .segments import Segment

SMOOTHING = 3


@dataclass(frozen=True)
class Trajectory:
    """Emotions over a story.

    Attributes
    ----------
    segments : tuple of Segment
        When each value holds: from the onset of a segment's first word to the offset of its
        last, counted from the segment's marker.
    raw : array, shape (n_segments, 8)
        Scores as the annotator gave them, 0..1; NaN where it gave none.
    values : array, shape (n_segments, 8)
        The same, smoothed.
    annotator : str
        Who scored.
    timing : str
        Whether times are ``measured``, ``interpolated`` or ``estimated``.
    smoothing : int
        Segments in the rolling mean.
    construct : str
        What the values are.
    """

    segments: tuple[Segment, ...]
    raw: FloatArray
    values: FloatArray
    annotator: str
    timing: str
    smoothing: int
    construct: str = CONSTRUCT

    @classmethod
    def of(
        cls,
        segments: Sequence[Segment],
        raw: FloatArray,
        annotator: str,
        timing: str,
        smoothing: int = SMOOTHING,
    ) -> Trajectory:
        """Smooth scores of shape (n_segments, 8)."""
        markers = [segment.marker for segment in segments]
        values = smooth(raw, markers, smoothing)
        return cls(tuple(segments), raw, values, annotator, timing, smoothing)

    def on_clock(self, onsets: Mapping[str, float]) -> tuple[FloatArray, FloatArray]:
        """Return starts and ends of the segments on a recording's clock, shape (n_segments,), s.

        Parameters
        ----------
        onsets : mapping of str to float
            When each marker came in the recording, s.

        Raises
        ------
        AnnotationError
            If a marker of the trajectory is not among them.
        """
        for segment in self.segments:
            if segment.marker not in onsets:
                raise AnnotationError(
                    f"the recording has no marker '{segment.marker}' (it has "
                    f"{', '.join(onsets) or 'none'}), expected one where that piece of the story "
                    "begins; name it with --marker when annotating."
                )
        zero = np.array([onsets[segment.marker] for segment in self.segments])
        starts = np.array([segment.start for segment in self.segments])
        ends = np.array([segment.end for segment in self.segments])
        return zero + starts, zero + ends


def smooth(raw: FloatArray, markers: Sequence[str], n: int) -> FloatArray:
    """Return the rolling mean over n neighbouring segments, centred, shape as `raw`.

    It stays within one piece of sound, is shorter at its ends, leaves out what is unknown,
    and what is unknown stays so.

    Raises
    ------
    AnnotationError
        If n is not an odd number from 1 on.
    """
    if n < 1 or n % 2 == 0:
        raise AnnotationError(
            f"a rolling mean of {n} segments has no middle, expected an odd number from 1 on."
        )
    values = np.full_like(raw, np.nan)
    near = n // 2
    for i, marker in enumerate(markers):
        around = range(max(0, i - near), min(len(raw), i + near + 1))
        own = raw[[j for j in around if markers[j] == marker]]
        for e in range(len(EMOTIONS)):
            known = own[np.isfinite(own[:, e]), e]
            if np.isfinite(raw[i, e]):
                values[i, e] = known.mean()
    return values

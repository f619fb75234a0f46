"""Features against a reference: a person's own rest, or the population until there is one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import SetupError
from ..signal import FeatureFrame, FloatArray
from .card import PopulationReference


@dataclass(frozen=True, eq=False)
class Baseline:
    """Mean features of a stretch of rest.

    Attributes
    ----------
    log_power : array, shape (n_bands, n_channels)
        Mean natural log of V²/Hz; NaN where nothing was known.
    connectivity : array, shape (n_measures, n_bands, n_pairs)
        Mean connectivity; NaN where nothing was known.
    n_frames : int
        Number of frames behind the means.
    """

    log_power: FloatArray
    connectivity: FloatArray
    n_frames: int

    @classmethod
    def population(cls, reference: PopulationReference, n_channels: int, n_pairs: int) -> Baseline:
        """Spread the population's reference over channels and pairs."""
        power = np.asarray(reference.log_power, dtype=np.float64)
        edges = np.asarray(reference.connectivity, dtype=np.float64)
        return cls(
            np.repeat(power[:, None], n_channels, axis=1),
            np.repeat(edges[:, :, None], n_pairs, axis=2),
            0,
        )


@dataclass(frozen=True)
class BaselineSpan:
    """The stretch of a stream that is rest, in seconds since its first sample."""

    start: float
    end: float

    @classmethod
    def parse(cls, text: str, minimum: float = 60.0) -> BaselineSpan:
        """Read ``START:END``.

        Raises
        ------
        SetupError
            When the text is not two numbers, or the span is shorter than `minimum` seconds.
        """
        start_text, _, end_text = text.partition(":")
        try:
            start, end = float(start_text), float(end_text)
        except ValueError:
            raise SetupError(
                f"--baseline '{text}' is not START:END in seconds, like 0:60."
            ) from None
        if not (start >= 0 and end - start >= minimum):
            raise SetupError(
                f"--baseline {text} spans {end - start:g} s; at least {minimum:g} s of rest from "
                "0 on are needed."
            )
        return cls(start, end)


class BaselineRecorder:
    """Collects the mean features of the frames that lie wholly inside a span.

    Parameters
    ----------
    span : BaselineSpan
        When the person rests.
    sfreq : float
        Sampling rate in Hz.
    window : int
        Samples of the longest window.
    """

    def __init__(self, span: BaselineSpan, sfreq: float, window: int) -> None:
        self._first = span.start * sfreq + window
        self._last = span.end * sfreq
        self._sums: list[FloatArray] = []
        self._counts: list[np.ndarray] = []
        self._n = 0

    def add(self, frame: FeatureFrame) -> Baseline | None:
        """Take a frame; return the baseline with the first frame after the span."""
        if frame.index > self._last:
            return self._finish()
        if frame.full and frame.index >= self._first:
            with np.errstate(divide="ignore"):
                values = [np.log(frame.power), frame.connectivity]
            if self._n == 0:
                self._sums = [np.zeros(x.shape) for x in values]
                self._counts = [np.zeros(x.shape, dtype=np.int64) for x in values]
            for total, count, value in zip(self._sums, self._counts, values, strict=True):
                known = np.isfinite(value)
                total += np.where(known, value, 0.0)
                count += known
            self._n += 1
        return None

    def _finish(self) -> Baseline | None:
        if self._n == 0:
            return None
        power, edges = (
            np.where(count > 0, total / np.maximum(count, 1), np.nan)
            for total, count in zip(self._sums, self._counts, strict=True)
        )
        return Baseline(power, edges, self._n)

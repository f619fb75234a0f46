"""Features against a reference: a person's own rest, or the population until there is one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import SetupError
from ..signal import FeatureFrame, FloatArray
from .card import PopulationReference
from .context import ContextState


@dataclass(frozen=True, eq=False)
class Baseline:
    """What is known of a person: mean features of a stretch of rest, and how they moved since.

    Attributes
    ----------
    log_power : array, shape (n_bands, n_channels)
        Mean natural log of V²/Hz; NaN where nothing was known.
    connectivity : array, shape (n_measures, n_bands, n_pairs)
        Mean connectivity; NaN where nothing was known.
    n_frames : int
        Number of frames behind the means.
    context : ContextState or None
        The slow context so far; None where there is none yet.
    """

    log_power: FloatArray
    connectivity: FloatArray
    n_frames: int
    context: ContextState | None = None

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


class RunningReference:
    """A causal mean of all features so far that forgets slowly, in place of a rest.

    Parameters
    ----------
    tau_s : float
        Its time constant in seconds.
    minimum_s : float
        So much has to be seen before it stands for the person.
    hop_s : float
        Seconds between frames.
    start : Baseline or None
        What it goes on from.
    """

    def __init__(
        self, tau_s: float, minimum_s: float, hop_s: float, start: Baseline | None = None
    ) -> None:
        self._decay = float(np.exp(-hop_s / tau_s))
        self._minimum = minimum_s / hop_s
        self._n = 0
        self._sums: list[FloatArray] = []
        self._weights: list[FloatArray] = []
        if start is not None:
            self._n = start.n_frames
            # Whatever was seen long ago weighs no more than the mean remembers.
            most = (1.0 - self._decay**self._n) / (1.0 - self._decay)
            for value in (start.log_power, start.connectivity):
                weight = np.where(np.isfinite(value), most, 0.0)
                self._weights.append(weight)
                self._sums.append(weight * np.where(weight > 0, value, 0.0))

    def add(self, frame: FeatureFrame) -> None:
        """Take a frame whose windows are full."""
        with np.errstate(divide="ignore"):
            values = [np.log(frame.power), frame.connectivity]
        if not self._sums:
            self._sums = [np.zeros(x.shape) for x in values]
            self._weights = [np.zeros(x.shape) for x in values]
        for total, weight, value in zip(self._sums, self._weights, values, strict=True):
            known = np.isfinite(value)
            total *= self._decay
            weight *= self._decay
            total += np.where(known, value, 0.0)
            weight += known
        self._n += 1

    def mean(self) -> Baseline | None:
        """Return the mean so far, None while too little was seen."""
        if self._n < self._minimum:
            return None
        power, edges = (
            np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan)
            for total, weight in zip(self._sums, self._weights, strict=True)
        )
        return Baseline(power, edges, self._n)

"""What the network is given: features against their reference, and which channels count.

Training builds its inputs with the same code as decoding.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..errors import SetupError
from ..features.schema import FeatureSchema
from ..signal import FeatureFrame, FloatArray, StreamInfo
from .baseline import Baseline, BaselineRecorder, BaselineSpan
from .card import Normalisation
from .trust import mean, segments_wanted, usable_channels


class InputBuilder:
    """Follows a stream's frames, keeps its baseline, and builds the network's inputs.

    Parameters
    ----------
    info : StreamInfo
        The conditioned stream.
    schema : FeatureSchema
        What the frames hold.
    normalisation : Normalisation
        Policy and population reference.
    baseline : Baseline or None
        Mean features of rest, when they are known before the start.
    span : BaselineSpan or None
        Where in this stream the person rests.

    Attributes
    ----------
    positions : array, shape (n_channels, 3)
        Metres, head frame, 0 where unknown.
    baseline : Baseline or None
        The person's own baseline; None while the population's reference stands in.
    """

    def __init__(
        self,
        info: StreamInfo,
        schema: FeatureSchema,
        normalisation: Normalisation,
        baseline: Baseline | None = None,
        span: BaselineSpan | None = None,
    ) -> None:
        n = info.n_channels
        self._schema = schema
        self._sfreq = info.sfreq
        self._wanted = segments_wanted(schema, info.sfreq)
        self._has_position = info.has_position
        self.positions = np.where(self._has_position[:, None], info.positions, 0.0)
        self._population = Baseline.population(normalisation.population, n, n * (n - 1) // 2)
        own = normalisation.policy == "baseline"
        if own and baseline is not None:
            _check_fits(baseline, self._population)
        self._given = baseline if own else None
        self._span = span if own else None
        self.reset()

    def reset(self) -> None:
        """Forget every frame; a baseline given at the start stays."""
        self._set(self._given)
        window = self._schema.longest_window(self._sfreq)
        self._recorder = (
            BaselineRecorder(self._span, self._sfreq, window) if self._span is not None else None
        )

    def follow(self, frame: FeatureFrame) -> bool:
        """Take note of a frame; return whether the baseline holds from this one on.

        That is the first frame after the baseline's span.
        """
        if self._recorder is None or (found := self._recorder.add(frame)) is None:
            return False
        self._set(found)
        self._recorder = None
        return True

    def _set(self, baseline: Baseline | None) -> None:
        population = self._population
        own = baseline if baseline is not None else population
        self.baseline = baseline
        self._power = _filled(own.log_power, population.log_power)
        self._edges = _filled(own.connectivity, population.connectivity)
        self._context = self._power - population.log_power

    def mask(self, frame: FeatureFrame) -> NDArray[np.bool_]:
        """Return the channels to use in a full frame, shape (n_channels,)."""
        return self._has_position & usable_channels(frame, self._wanted)

    def quality(self, frame: FeatureFrame) -> float:
        """Return the mean quality of the channels that have a position, 0..1."""
        placed = frame.quality[self._has_position]
        return mean(placed) if len(placed) else 0.0

    def values(
        self, frame: FeatureFrame, mask: NDArray[np.bool_]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return power, connectivity and context, as `Model.run` takes them.

        Power is the log ratio to its reference, connectivity the difference.
        What is unknown or masked is 0 and therefore adds nothing.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            power = np.log(frame.power) - self._power
            connectivity = frame.connectivity - self._edges
            total = np.add.reduce(power, axis=None) + np.add.reduce(connectivity, axis=None)
        if mask.all() and math.isfinite(total):
            return power, connectivity, self._context
        pair_mask = mask[frame.pairs[:, 0]] & mask[frame.pairs[:, 1]]
        return (
            np.where(mask & np.isfinite(power), power, 0.0),
            np.where(pair_mask & np.isfinite(connectivity), connectivity, 0.0),
            np.where(mask, self._context, 0.0),
        )


def _filled(values: FloatArray, otherwise: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, otherwise)


def _check_fits(baseline: Baseline, population: Baseline) -> None:
    known, needed = (b.log_power.shape + b.connectivity.shape for b in (baseline, population))
    if known != needed:
        raise SetupError(
            f"The baseline was taken from {baseline.log_power.shape[1]} channels, but "
            f"{population.log_power.shape[1]} are decoded; decode the same channels, or take "
            "another baseline with --baseline."
        )

"""What the network is given: features against their reference, and which channels count.

Training builds its inputs with the same code as decoding.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..errors import SetupError
from ..features.schema import FeatureSchema
from ..signal import FeatureFrame, FloatArray, StreamInfo
from .baseline import Baseline, BaselineRecorder, BaselineSpan, RunningReference
from .card import Normalisation
from .context import ContextPolicy, SlowContext
from .trust import mean, segments_wanted, usable_channels


class InputBuilder:
    """Follows a stream's frames, keeps what is known of the person, and builds inputs.

    Parameters
    ----------
    info : StreamInfo
        The conditioned stream.
    schema : FeatureSchema
        What the frames hold.
    normalisation : Normalisation
        Policy and population reference.
    baseline : Baseline or None
        Mean features of rest, and a slow context, when they are known before the start.
    span : BaselineSpan or None
        Where in this stream the person rests.
    context : ContextPolicy or None
        How slow the context is; None for models that only know the rest.

    Attributes
    ----------
    positions : array, shape (n_channels, 3)
        Metres, head frame, 0 where unknown.
    baseline : Baseline or None
        The person's own reference; None while the population's stands in.
    """

    def __init__(
        self,
        info: StreamInfo,
        schema: FeatureSchema,
        normalisation: Normalisation,
        baseline: Baseline | None = None,
        span: BaselineSpan | None = None,
        context: ContextPolicy | None = None,
    ) -> None:
        n = info.n_channels
        self._schema = schema
        self._sfreq = info.sfreq
        self._wanted = segments_wanted(schema, info.sfreq)
        self._has_position = info.has_position
        self.positions = np.where(self._has_position[:, None], info.positions, 0.0)
        self._policy = normalisation
        self._population = Baseline.population(normalisation.population, n, n * (n - 1) // 2)
        pairs = np.stack(np.triu_indices(n, k=1), axis=1)
        self._slow = None if context is None else SlowContext(context, schema, pairs, n)
        if baseline is not None and normalisation.policy != "none":
            _check_fits(baseline, self._population)
            self._given: Baseline | None = baseline
        else:
            self._given = None
        self._span = span if normalisation.policy == "baseline" else None
        self._hop = schema.hop_samples(info.sfreq)
        # The slow context and a running reference look at one frame a second.
        self._thin = max(1, round(info.sfreq / self._hop))
        self.reset()

    def reset(self) -> None:
        """Forget every frame; what was known before the start stays."""
        self._recorder = self._running = None
        if self._span is not None:
            window = self._schema.longest_window(self._sfreq)
            self._recorder = BaselineRecorder(self._span, self._sfreq, window)
        if self._policy.policy == "adaptive":
            seconds = self._hop * self._thin / self._sfreq
            self._running = RunningReference(
                self._policy.adaptive_tau_s, self._policy.minimum_s, seconds, self._given
            )
        self._begin(self._given)

    @property
    def ready(self) -> bool:
        """Whether everything the model wants to know of the person is known."""
        known = self.baseline is not None or self._policy.policy == "none"
        return known and (self._slow is None or self._slow.known)

    @property
    def known(self) -> Baseline | None:
        """What is known of the person now, to go on from; None before there is a reference."""
        if self.baseline is None or self._slow is None:
            return self.baseline
        return replace(self.baseline, context=self._slow.state)

    def follow(self, frame: FeatureFrame) -> bool:
        """Take note of a frame; return whether another reference holds from this one on.

        With a baseline that is the first frame after its span. A running reference
        changes a little every second, which does not count once there is one.
        """
        found = None
        if self._recorder is not None and (found := self._recorder.add(frame)) is not None:
            self._recorder = None
        if self._running is not None and frame.full and self.each_second(frame):
            self._running.add(frame)
            found = self._running.mean()
            if found is not None and self.baseline is not None:
                self._set(found)
                return False
        if found is None:
            return False
        self._begin(found)
        return True

    def learn(self, power: FloatArray, connectivity: FloatArray) -> None:
        """Take the smoothed inputs of a second into the slow context."""
        if self._slow is not None and self._slow.add(power, connectivity):
            self._renew()

    def each_second(self, frame: FeatureFrame) -> bool:
        """Tell whether a frame is the one of its second that slow things look at."""
        return (frame.index // self._hop) % self._thin == 0

    def _begin(self, baseline: Baseline | None) -> None:
        """Start from a reference, with the slow context that belongs to it."""
        self._set(baseline)
        if self._slow is not None:
            self._slow.reset()
            if baseline is not None and baseline.context is not None:
                self._slow.restore(baseline.context)
        self._renew()

    def _set(self, baseline: Baseline | None) -> None:
        population = self._population
        own = baseline if baseline is not None else population
        self.baseline = baseline
        self._power = _filled(own.log_power, population.log_power)
        self._edges = _filled(own.connectivity, population.connectivity)

    def _renew(self) -> None:
        rest = self._power - self._population.log_power
        self._context = rest if self._slow is None else np.concatenate([rest, self._slow.rows])

    def mask(self, frame: FeatureFrame) -> NDArray[np.bool_]:
        """Return the channels to use in a full frame, shape (n_channels,)."""
        return self._has_position & usable_channels(frame, self._wanted)

    def quality(self, frame: FeatureFrame) -> float:
        """Return the mean quality of the channels that have a position, 0..1."""
        placed = frame.quality[self._has_position]
        return mean(placed) if len(placed) else 0.0

    def context(self, mask: NDArray[np.bool_]) -> FloatArray:
        """Return what the network is told of the person, 0 where masked."""
        return self._context if mask.all() else np.where(mask, self._context, 0.0)

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
            self.context(mask),
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

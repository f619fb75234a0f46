"""The stage that turns feature frames into emotion frames.

It owns the baseline, the smoothing and the reasons against trusting a frame;
the network itself is a pure function in the model file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..signal import (
    EmotionFrame,
    Event,
    FeatureFrame,
    FloatArray,
    Item,
    Kind,
    Reason,
    StreamInfo,
    Tick,
)
from .baseline import Baseline, BaselineSpan
from .card import by_size
from .inputs import InputBuilder
from .model import Model, Weights
from .tied import require_electrodes
from .trust import Unfamiliarity, mostly_artifact

# Pairs, smoothed power and connectivity, mean and mask of a frame that something learns from.
Lesson = tuple[NDArray[np.int64], FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]


class Watcher(Protocol):
    """Something that learns from what the decoder sees and says, once a second."""

    def add(
        self,
        power: FloatArray,
        connectivity: FloatArray,
        mean: FloatArray,
        mask: NDArray[np.bool_],
    ) -> None:
        """Take the smoothed inputs and outputs of a second, and the channels in use."""

    def reset(self) -> None:
        """Forget everything: inputs stand against another reference from now on."""


class Decoder:
    """Continuous emotions from features (`FeatureFrame` in, `EmotionFrame` out).

    While the stream is lost, every hop gives a stale frame without values.

    Parameters
    ----------
    info : StreamInfo
        The conditioned stream.
    model : Model
        The model file.
    baseline : Baseline or None
        Mean features of rest, when they are known before the start.
    span : BaselineSpan or None
        Where in this stream the person rests; the baseline holds from its end on.

    Raises
    ------
    SetupError
        When the model is tied to other electrodes.
    """

    def __init__(
        self,
        info: StreamInfo,
        model: Model,
        baseline: Baseline | None = None,
        span: BaselineSpan | None = None,
    ) -> None:
        self.info = info
        self.model = model
        card = model.card
        require_electrodes(card, info)
        self._hop = card.features.hop_seconds(info.sfreq)
        self._step = 1.0 - np.exp(-self._hop / card.smoothing_s) if card.smoothing_s > 0 else 1.0
        self._n_targets = len(card.targets)
        n = info.n_channels
        self._n_pairs = n * (n - 1) // 2
        self._inputs = InputBuilder(
            info, card.features, card.normalisation, baseline, span, card.context
        )
        self._unfamiliarity = Unfamiliarity(card.familiarity)
        always = set()
        if not (card.validated or info.simulated):
            always.add(Reason.NOT_VALIDATED)
        self._always = frozenset(always)
        self._placed = info.has_position
        self._watchers: list[Watcher] = []
        self._exact = card.architecture == "additive"
        self._intervals = np.array([target.interval for target in card.targets])
        self._prior_lower = np.array([target.prior_lower for target in card.targets])
        self._prior_upper = np.array([target.prior_upper for target in card.targets])
        self.reset()

    def reset(self) -> None:
        """Forget every frame, a baseline recorded from the stream included."""
        self._inputs.reset()
        for watcher in self._watchers:
            watcher.reset()
        self._weights: Weights | None = None
        self._seen = b""
        self._lesson: Lesson | None = None
        self._smooth: list[FloatArray] | None = None
        self._after_gap = False
        self._next_stale: float | None = None
        self._newest = np.nan

    def watch(self, watcher: Watcher) -> None:
        """Let one more watcher learn from every second with a value from now on."""
        self._watchers.append(watcher)

    @property
    def known(self) -> Baseline | None:
        """What is known of the person; None while the population's reference stands in."""
        self._learn()
        return self._inputs.known

    def process(self, item: Item) -> Iterator[Item]:
        """Yield an emotion frame for a feature frame, and pass on anything else."""
        if isinstance(item, FeatureFrame):
            yield self._decode(item)
            # By now the frame is out.
            self._learn()
            return
        if isinstance(item, Event):
            self._note(item)
        yield item
        if isinstance(item, Tick) and self._next_stale is not None:
            while self._next_stale <= item.idle:
                yield self._without_value(
                    None, item.time - (item.idle - self._next_stale), Reason.STALE, 0.0
                )
                self._next_stale += self._hop

    def _note(self, event: Event) -> None:
        if event.kind == Kind.GAP:
            self._after_gap = True
            self._smooth = None
        elif event.kind == Kind.STREAM_LOST:
            self._next_stale = float(event.payload["limit"])
        elif event.kind == Kind.STREAM_RETURNED:
            self._next_stale = None

    def _learn(self) -> None:
        """Take what the last frame teaches, which holds from the next frame on."""
        if self._lesson is None:
            return
        pairs, power, connectivity, mean, mask = self._lesson
        self._lesson = None
        self._inputs.learn(power, connectivity)
        for watcher in self._watchers:
            watcher.add(power, connectivity, mean, mask)
        if self._exact:
            # Most likely the next frame asks for these.
            self._weights_for(pairs, mask, self._inputs.context(mask))

    def _decode(self, frame: FeatureFrame) -> EmotionFrame:
        self._learn()
        if self._inputs.follow(frame):
            # What was smoothed so far stood against another reference.
            self._smooth = None
            for watcher in self._watchers:
                watcher.reset()
        self._newest = frame.newest
        quality = self._inputs.quality(frame)
        if not frame.full:
            reason = Reason.GAP if self._after_gap else Reason.WARM_UP
            return self._without_value(frame.index, frame.time, reason, quality)
        self._after_gap = False
        mask = self._inputs.mask(frame)
        if np.count_nonzero(mask) < self.model.card.min_channels:
            self._smooth = None
            reason = Reason.TOO_FEW_CHANNELS
            return self._without_value(frame.index, frame.time, reason, quality)
        return self._value(frame, mask, quality)

    def _value(self, frame: FeatureFrame, mask: NDArray[np.bool_], quality: float) -> EmotionFrame:
        power, connectivity, context = self._inputs.values(frame, mask)
        decoded = self._read_out(frame.pairs, mask, power, connectivity, context)
        mean, std, node, edge, power, connectivity = self._smoothed(*decoded, power, connectivity)
        reasons = set(self._always)
        if mostly_artifact(frame, mask, self._placed):
            reasons.add(Reason.ARTIFACT)
        if not self._inputs.ready:
            reasons.add(Reason.NO_BASELINE)
        # Training knows features smoothed in the same way.
        if self._unfamiliarity.found(power, connectivity, mask):
            reasons.add(Reason.UNFAMILIAR)
        half = self._half_width(int(np.count_nonzero(mask))) * std
        lower, upper = self._interval(mean, half, Reason.NOT_VALIDATED in reasons)
        if self._inputs.each_second(frame):
            self._lesson = (frame.pairs, power, connectivity, mean, mask)
        return EmotionFrame(
            index=frame.index,
            time=frame.time,
            newest=frame.newest,
            mean=mean,
            std=std,
            lower=lower,
            upper=upper,
            node_contribution=node,
            edge_contribution=edge,
            reasons=frozenset(reasons),
            quality=quality,
            model=self.model.identity,
        )

    def _read_out(
        self,
        pairs: NDArray[np.int64],
        mask: NDArray[np.bool_],
        power: FloatArray,
        connectivity: FloatArray,
        context: FloatArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return mean, std, node and edge contributions, as from `Model.run`."""
        if not self._exact:
            return self.model.run(
                power, connectivity, pairs, self._inputs.positions, mask, context
            )
        weights = self._weights_for(pairs, mask, context)
        mean, node, edge = weights.read_out(power, connectivity)
        return mean, weights.std, node, edge

    def _weights_for(
        self, pairs: NDArray[np.int64], mask: NDArray[np.bool_], context: FloatArray
    ) -> Weights:
        """Run the network only when what it sees has changed since the last frame."""
        seen = mask.tobytes() + context.tobytes()
        if self._weights is None or seen != self._seen:
            self._weights = self.model.weights(pairs, self._inputs.positions, mask, context)
            self._seen = seen
        return self._weights

    def _smoothed(self, *newest: FloatArray) -> list[FloatArray]:
        """Return the exponential means of some values, the same linear filter for all."""
        if self._smooth is None:
            self._smooth = list(newest)
            return self._smooth
        smooth = []
        for old, new in zip(self._smooth, newest, strict=True):
            moved = new - old
            moved *= self._step
            moved += old
            smooth.append(moved)
        self._smooth = smooth
        return smooth

    def _half_width(self, n_used: int) -> FloatArray:
        """Return the half width of 90 % intervals in standard deviations, (n_targets,)."""
        return self._intervals * by_size(self.model.card.interval_by_size, n_used)

    def _interval(
        self, mean: FloatArray, half: FloatArray, unvalidated: bool
    ) -> tuple[FloatArray, FloatArray]:
        lower, upper = mean - half, mean + half
        if unvalidated:
            lower = np.minimum(lower, self._prior_lower)
            upper = np.maximum(upper, self._prior_upper)
        return lower, upper

    def _without_value(
        self, index: int | None, time: float, reason: str, quality: float
    ) -> EmotionFrame:
        nothing = np.full(self._n_targets, np.nan)
        return EmotionFrame(
            index=index,
            time=time,
            newest=self._newest,
            mean=nothing,
            std=nothing,
            lower=nothing,
            upper=nothing,
            node_contribution=np.full((self._n_targets, self.info.n_channels), np.nan),
            edge_contribution=np.full((self._n_targets, self._n_pairs), np.nan),
            reasons=self._always | {reason},
            quality=quality,
            model=self.model.identity,
        )

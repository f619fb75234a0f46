"""The stage that turns feature frames into emotion frames.

It owns the baseline, the smoothing and the reasons against trusting a frame;
the network itself is a pure function in the model file.
"""

from __future__ import annotations

from collections.abc import Iterator

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
from .inputs import InputBuilder
from .model import Model, Weights
from .trust import Unfamiliarity, mostly_artifact


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
        self._hop = card.features.hop_seconds(info.sfreq)
        self._step = 1.0 - np.exp(-self._hop / card.smoothing_s) if card.smoothing_s > 0 else 1.0
        self._n_targets = len(card.targets)
        n = info.n_channels
        self._n_pairs = n * (n - 1) // 2
        self._inputs = InputBuilder(info, card.features, card.normalisation, baseline, span)
        self._unfamiliarity = Unfamiliarity(card.familiarity)
        always = set()
        if card.trained_on == "simulation" and not info.simulated:
            always.add(Reason.NOT_VALIDATED)
        self._always = frozenset(always)
        self._placed = info.has_position
        self._half_width = np.array([target.interval for target in card.targets])
        self._prior_lower = np.array([target.prior_lower for target in card.targets])
        self._prior_upper = np.array([target.prior_upper for target in card.targets])
        self.reset()

    def reset(self) -> None:
        """Forget every frame, a baseline recorded from the stream included."""
        self._inputs.reset()
        self._weights: Weights | None = None
        self._seen = b""
        self._smooth: list[FloatArray] | None = None
        self._after_gap = False
        self._next_stale: float | None = None
        self._newest = np.nan

    @property
    def baseline(self) -> Baseline | None:
        """The person's own baseline, None while the population's stands in."""
        return self._inputs.baseline

    def process(self, item: Item) -> Iterator[Item]:
        """Yield an emotion frame for a feature frame, and pass on anything else."""
        if isinstance(item, FeatureFrame):
            yield self._decode(item)
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

    def _decode(self, frame: FeatureFrame) -> EmotionFrame:
        if self._inputs.follow(frame):
            # What was smoothed so far stood against another reference.
            self._smooth = None
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
        weights = self._weights_for(frame.pairs, mask, context)
        mean, node, edge = weights.read_out(power, connectivity)
        mean, std, node, edge, power, connectivity = self._smoothed(
            mean, weights.std, node, edge, power, connectivity
        )
        reasons = set(self._always)
        if mostly_artifact(frame, mask, self._placed):
            reasons.add(Reason.ARTIFACT)
        if self.baseline is None and self.model.card.normalisation.policy == "baseline":
            reasons.add(Reason.NO_BASELINE)
        # Training knows features smoothed in the same way.
        if self._unfamiliarity.found(power, connectivity, mask):
            reasons.add(Reason.UNFAMILIAR)
        lower, upper = self._interval(mean, std, Reason.NOT_VALIDATED in reasons)
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

    def _interval(
        self, mean: FloatArray, std: FloatArray, unvalidated: bool
    ) -> tuple[FloatArray, FloatArray]:
        half = self._half_width * std
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

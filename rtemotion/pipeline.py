"""The chain of stages from a source's items to emotion frames, without source or outlets."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from .conditioning import (
    ClockStage,
    ConditioningDesign,
    ConditioningStage,
    FreshnessStage,
    plan_channels,
)
from .conditioning.asr import DEFAULT_CUTOFF, load_asr
from .conditioning.channels import positions_of
from .conditioning.freshness import DEFAULT_LIMIT
from .conditioning.pick import PickStage
from .decoding import Baseline, BaselineSpan, Decoder, Model
from .errors import SetupError
from .features import FeatureSchema, FeatureStage
from .signal import Item, Stage, StreamInfo

if TYPE_CHECKING:
    from .conditioning.clock import ClockState
    from .conditioning.quality import ChannelQuality

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Setup:
    """What the user decides about a source; whatever is None follows the model.

    Attributes
    ----------
    channels : tuple of str
        Names, patterns or ``"OLD:NEW"``; all EEG channels when empty.
    montage : str or None
        Montage name or file; positions come from the source or the labels by default.
    reference : str or None
        Reference, see `ConditioningDesign.reference`; the model's by default.
    notch : float, "auto", "off" or None
        Line frequency in Hz; ``"auto"`` finds it in the first seconds, which is also
        what happens when neither the user nor the model names one.
    stale_after : float
        Seconds of silence after which frames are stale.
    asr : bool, float or None
        Artifact subspace reconstruction: its cutoff in standard deviations, True for
        the usual one, False for none; the model's by default.
    """

    channels: tuple[str, ...] = ()
    montage: str | None = None
    reference: str | None = None
    notch: float | Literal["auto", "off"] | None = None
    stale_after: float = DEFAULT_LIMIT
    asr: bool | float | None = None

    def design(self, design: ConditioningDesign) -> ConditioningDesign:
        """Return the model's conditioning with what the user decided otherwise."""
        notch = design.notch if self.notch is None else self.notch
        asr = design.asr if self.asr is None else self.asr
        if isinstance(asr, bool):
            asr = DEFAULT_CUTOFF if asr else None
        return replace(
            design,
            reference=self.reference or design.reference,
            notch=None if notch == "auto" else notch,
            asr=asr,
        )


def feature_stages(
    info: StreamInfo,
    schema: FeatureSchema,
    design: ConditioningDesign | None,
    setup: Setup | None = None,
    tap: Stage | None = None,
    onlooker: Stage | None = None,
) -> tuple[list[Stage], StreamInfo]:
    """Return the stages from raw chunks to feature frames, and the conditioned stream.

    Without a design the signal is left as it is, and only channels are picked. A `tap`
    sees everything that can change a frame, before anything is made of it; an `onlooker`
    what was made of it, conditioned chunks and then feature frames.
    """
    setup = setup or Setup()
    stages: list[Stage] = [FreshnessStage(setup.stale_after)]
    if tap is not None:
        stages.append(tap)
    if info.timestamps == "raw":
        clock = ClockStage(info)
        stages.append(clock)
        info = clock.info
    plan = plan_channels(info, setup.channels, setup.montage)
    if design is None:
        condition: ConditioningStage | PickStage = PickStage(plan)
    else:
        condition = ConditioningStage(plan, setup.design(design))
    features = FeatureStage(condition.info, schema)
    if onlooker is None:
        stages += [condition, features]
    else:
        stages += [condition, onlooker, features, onlooker]
    return stages, condition.info


class Pipeline:
    """Everything between a source and the outlets.

    Parameters
    ----------
    info : StreamInfo
        The source's stream.
    model : Model
        Decides features, conditioning and targets.
    setup : Setup or None
        The user's decisions.
    baseline : Baseline or None
        A baseline known before the start.
    span : BaselineSpan or None
        Where in the stream the person rests.
    tap : Stage or None
        Sees what the frames follow from, a recorder for instance.
    onlooker : Stage or None
        Sees conditioned chunks, and after them feature frames; passes everything on.

    Attributes
    ----------
    info : StreamInfo
        The conditioned stream.
    hop : float
        Seconds between frames.
    """

    def __init__(
        self,
        info: StreamInfo,
        model: Model,
        setup: Setup | None = None,
        baseline: Baseline | None = None,
        span: BaselineSpan | None = None,
        tap: Stage | None = None,
        onlooker: Stage | None = None,
    ) -> None:
        card = model.card
        stages, self.info = feature_stages(
            info, card.features, card.conditioning, setup, tap, onlooker
        )
        self.decoder = Decoder(self.info, model, baseline, span)
        self._stages: list[Stage] = [*stages, self.decoder]
        self._clock = next((stage for stage in stages if isinstance(stage, ClockStage)), None)
        self._conditioning = next(s for s in stages if isinstance(s, ConditioningStage))
        self.hop = card.features.hop_seconds(info.sfreq)
        card.features.warn_if_unreliable(info.sfreq)
        if info.sfreq < card.min_sfreq:
            log.warning(
                "The stream has %g Hz, the model asks for at least %g Hz: what it knew of faster "
                "bands in training is missing here.",
                info.sfreq,
                card.min_sfreq,
            )
        placed = int(self.info.has_position.sum())
        if self.info.n_channels > card.max_channels:
            raise SetupError(
                f"{self.info.n_channels} channels are decoded, the model takes at most "
                f"{card.max_channels}; choose some with --channels."
            )
        if placed < card.min_channels:
            log.warning(
                "No frame will have a value: %d of the channels in use have a position, the "
                "model needs at least %d.",
                placed,
                card.min_channels,
            )

    def clock_state(self) -> ClockState | None:
        """Return what is known of the sender's clock; None where there is none to follow."""
        return None if self._clock is None else self._clock.state

    def quality(self) -> tuple[ChannelQuality, ...]:
        """Return how each channel did in the last few seconds."""
        return self._conditioning.quality

    def process(self, item: Item) -> Iterator[Item]:
        """Yield what follows from one item of the source, in order."""
        return chain(self._stages, item)

    def reset(self) -> None:
        """Forget every sample, as if newly made."""
        for stage in self._stages:
            stage.reset()


def preload(setup: Setup) -> None:
    """Import and read what the stages will need, before a stream is opened.

    This takes a second and more, for which a stream's first samples would wait.

    Raises
    ------
    SetupError
        When there is no such montage, or a package that is needed.
    """
    positions_of(("Cz",), setup.montage)
    ConditioningDesign().realise(250.0)
    if setup.asr:
        load_asr()


def chain(stages: list[Stage], item: Item) -> Iterator[Item]:
    """Send one item through stages, each fed by the one before, item by item."""
    items: Iterable[Item] = (item,)
    for stage in stages:
        items = _each(stage, items)
    yield from items


def _each(stage: Stage, items: Iterable[Item]) -> Iterator[Item]:
    for item in items:
        yield from stage.process(item)

"""The conditioning stage: picks, checks, filters and references, in that order.

Chunks are cut at fixed blocks counted from the last reset, so that nothing
depends on how the samples arrived. Filtering comes before the reference: a
channel that is taken out of the average then leaves no filter transient in
the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..errors import SourceError
from ..signal import EXCLUDED, Chunk, Event, Flag, FloatArray, Item, Kind
from .channels import ChannelPlan
from .design import ConditioningDesign
from .filters import RestartingFilter
from .quality import ContactCheck, SampleChecks

BLOCK_S = 0.25
# Median spread of the raw signal outside which the unit is doubted, volts RMS.
PLAUSIBLE_RMS = (0.2e-6, 2e-3)
JUDGED_AFTER_S = 2.0


class ConditioningStage:
    """Raw chunks of a source in, conditioned chunks of the picked channels out.

    Parameters
    ----------
    plan : ChannelPlan
        Channels to use.
    design : ConditioningDesign
        Reference, filters and limits.

    Attributes
    ----------
    info : StreamInfo
        The conditioned stream.
    """

    def __init__(self, plan: ChannelPlan, design: ConditioningDesign) -> None:
        reference = design.reference
        self.info = (
            replace(plan.info, reference=reference) if reference == "average" else plan.info
        )
        self.design = design
        sfreq, n = plan.info.sfreq, plan.info.n_channels
        self._indices = np.array(plan.indices)
        self._n_source = plan.n_source
        self._block = max(1, round(BLOCK_S * sfreq))
        self._judged_at = max(1, round(JUDGED_AFTER_S / BLOCK_S))
        self._checks = SampleChecks(design, sfreq, n)
        self._filter = RestartingFilter(
            design.realise(sfreq), n, settling=design.settling_samples(sfreq)
        )
        self._contact = ContactCheck(design, n)
        self._filtered = np.empty((self._block, n))
        self._raw = np.empty((self._block, n))
        self.reset()

    def reset(self) -> None:
        """Restart every filter and check with the next sample."""
        self._restart()
        self._masked: tuple[str, ...] = ()

    def _restart(self) -> None:
        self._checks.reset()
        self._filter.reset()
        self._contact.reset()
        self._since_reset = 0

    def process(self, item: Item) -> Iterator[Item]:
        """Yield conditioned chunks and the events that follow from them."""
        if not isinstance(item, Chunk):
            yield item
            return
        if item.missing_before:
            self._restart()
            payload = {"missing": item.missing_before}
            yield Event(item.first_sample, float(item.times[0]), Kind.GAP, payload)
        if item.data.shape[1] != self._n_source:
            raise SourceError(
                f"A chunk has {item.data.shape[1]} channels, but its source promised "
                f"{self._n_source} in its info; the source is at fault "
                "(rtemotion.testing.check_source)."
            )
        start = 0
        while start < len(item):
            filled = self._since_reset % self._block
            stop = min(len(item), start + self._block - filled)
            chunk = self._piece(item.cut(start, stop), filled)
            yield chunk
            self._since_reset += stop - start
            if self._since_reset % self._block == 0:
                yield from self._end_of_block(chunk)
            start = stop

    def _piece(self, raw: Chunk, filled: int) -> Chunk:
        data = np.ascontiguousarray(raw.data[:, self._indices])
        flags = raw.flags[:, self._indices] | self._checks.process(data)
        broken = (flags & (Flag.MISSING | Flag.RAILED)) != 0
        filtered, unsettled = self._filter.process(data, broken)
        self._filtered[filled : filled + len(raw)] = filtered
        self._raw[filled : filled + len(raw)] = data
        flags |= (unsettled | self._contact.bad) * np.uint8(Flag.BAD)
        if self.design.reference == "average":
            filtered = average_reference(filtered, (flags & EXCLUDED) == 0)
        return Chunk(filtered, raw.first_sample, raw.times, flags, raw.missing_before)

    def _end_of_block(self, chunk: Chunk) -> Iterator[Event]:
        self._contact.block(self._filtered)
        moment = (chunk.stop, float(chunk.times[-1]))
        out = ((chunk.flags[-1] & EXCLUDED) != 0) | self._contact.bad
        masked = tuple(name for name, bad in zip(self.info.channels, out, strict=True) if bad)
        if masked != self._masked:
            self._masked = masked
            yield Event(*moment, Kind.MASK, {"bad": list(masked)})
        if self._since_reset == self._judged_at * self._block:
            yield from self._doubt_unit(*moment)

    def _doubt_unit(self, sample: int, time: float) -> Iterator[Event]:
        level = typical_level(self._raw)
        low, high = PLAUSIBLE_RMS
        if low <= level <= high or not np.isfinite(level):
            return
        sentence = (
            f"The signal's level is {level * 1e6:.3g} µV RMS, far from the 1 to 100 µV of EEG: "
            f"the unit '{self.info.unit}' is probably wrong, or no electrode is on a head; "
            "name the unit with --unit."
        )
        yield Event(sample, time, Kind.WARNING, {"message": sentence})


def typical_level(raw: FloatArray) -> float:
    """Return the median over channels of the spread of raw samples, volts; NaN if unknown.

    Of the raw ones, since samples in a unit far too large count as railed and
    never reach the filters.
    """
    known = raw[:, np.isfinite(raw).all(axis=0)]
    return float(np.median(known.std(axis=0))) if known.shape[1] else np.nan


def average_reference(data: FloatArray, use: np.ndarray) -> FloatArray:
    """Subtract from each row the mean of its usable channels.

    The sum runs over the channels in order, row by row, so that a row's result
    does not depend on the rows beside it.

    Parameters
    ----------
    data : array, shape (n_samples, n_channels)
        Volts; may hold NaN where `use` is False.
    use : array of bool, same shape
        What enters the mean. Rows without any keep their values.
    """
    total = np.add.accumulate(np.where(use, data, 0.0), axis=1)[:, -1]
    count = np.maximum(use.sum(axis=1), 1)
    referenced: FloatArray = data - (total / count)[:, None]
    return referenced

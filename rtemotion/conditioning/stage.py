"""The conditioning stage: picks, checks, filters, marks and references, in that order.

Chunks are cut at fixed blocks counted from the last reset, so that nothing
depends on how the samples arrived; what is judged by blocks holds from the sample
after the block on. Filtering comes before the reference: a channel that is taken
out of the average then leaves no filter transient in the others.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..signal import EXCLUDED, Chunk, Event, Flag, FloatArray, Item, Kind
from . import asr
from .channels import ChannelPlan
from .design import AS_RECORDED, ConditioningDesign, notch_section
from .judge import BLOCKS_PER_SECOND, Judge
from .marks import BlinkMarker, accelerometer_columns, eog_columns, near_eyes
from .quality import Cause, ChannelQuality, names_of
from .reference import Reference, reference_channels
from .samples import Samples, SampleStep

BLOCK_S = 0.25
# Median spread of the raw signal outside which the unit is doubted, volts RMS.
PLAUSIBLE_RMS = (0.2e-6, 2e-3)
JUDGED_AFTER_S = 2.0
# Filtering takes long chunks in pieces that fit the processor's cache.
SECONDS_AT_ONCE = 4
# Recorded events of these kinds are left out, since they follow again from the samples.
OWN_KINDS = frozenset({Kind.MASK, Kind.NOTCH, Kind.ASR})
MARKS = np.uint16(Cause.BLINK | Cause.MUSCLE | Cause.MOVEMENT)

log = logging.getLogger(__name__)


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

    Raises
    ------
    SetupError
        When the reference or the filters asked for do not fit the stream.
    """

    def __init__(self, plan: ChannelPlan, design: ConditioningDesign) -> None:
        info, source = plan.info, plan.source
        referenced = design.reference != AS_RECORDED
        self.info = replace(info, reference=design.reference) if referenced else info
        self.design = design
        sfreq, n = info.sfreq, info.n_channels
        wanted = reference_channels(design.reference, source, plan.renamed)
        front, rest = near_eyes(info.positions)
        eyes = [] if front else eog_columns(source)
        extra = [i for i in dict.fromkeys((*wanted, *eyes)) if i not in plan.indices]
        columns = [*plan.indices, *extra]
        names = (*info.channels, *(source.channels[i] for i in extra))
        self._names = names
        self._n, self._n_source = n, source.n_channels
        self._columns = np.array(columns)
        self._all = columns == list(range(source.n_channels))
        self._axes = accelerometer_columns(source)
        self._block = max(2, round(BLOCK_S * sfreq))
        self._second = BLOCKS_PER_SECOND * self._block
        self._judged_at = max(1, round(JUDGED_AFTER_S / BLOCK_S)) * self._block
        self._samples = SampleStep(design, sfreq, len(columns))
        self._blinks = BlinkMarker(
            design.marking, front or [columns.index(i) for i in eyes], rest, sfreq
        )
        self._reference = Reference(design.reference, [columns.index(i) for i in wanted], n)
        positions = np.concatenate([info.positions, source.positions[extra]])
        self._judge = Judge(design, sfreq, self._block, positions, n, len(self._axes))
        self._asr = self._make_asr()
        if design.lowpass >= 0.45 * sfreq:
            log.warning(
                "At %g Hz the low-pass of %g Hz is left out; nothing is resampled.",
                sfreq,
                design.lowpass,
            )
        self.reset()

    def reset(self) -> None:
        """Restart every filter and check with the next sample."""
        self._samples.reset()
        self._judge.reset()
        if self._asr is not None:
            self._asr.reset()
        self._restart()
        self._masked: tuple[str, ...] = ()
        self._said = False
        self._asr_said = False
        self._reference_bad: tuple[str, ...] = ()

    def _make_asr(self) -> asr.SubspaceReconstruction | None:
        cutoff, seconds = self.design.asr, self.design.asr_calibration
        if cutoff is None:
            return None
        return asr.SubspaceReconstruction(cutoff, self.info.sfreq, self._n, seconds)

    def _restart(self) -> None:
        self._samples.restart()
        self._blinks.reset()
        self._judge.restart()
        if self._asr is not None:
            self._asr.restart()
        self._since_reset = 0
        self._out = self._faulty = np.zeros(len(self._columns), dtype=bool)
        self._quiet = False

    @property
    def quality(self) -> tuple[ChannelQuality, ...]:
        """How each channel did in the last few seconds, as it stands at the last block."""
        judge = self._judge
        return tuple(
            ChannelQuality(name, float(clean), names_of(int(causes)), float(level), float(line))
            for name, clean, causes, level, line in zip(
                self.info.channels,
                judge.clean,
                judge.recent_causes,
                judge.level,
                judge.line.amplitude,
                strict=False,
            )
        )

    @property
    def line_hz(self) -> float | None:
        """The frequency of the mains, once it was found."""
        return self._judge.line.hz

    def process(self, item: Item) -> Iterator[Item]:
        """Yield conditioned chunks and the events that follow from them."""
        if isinstance(item, Event):
            if item.kind not in OWN_KINDS:
                yield item
            if item.kind == Kind.OPERATOR:
                yield from self._operate(item)
            return
        if not isinstance(item, Chunk):
            yield item
            return
        if item.data.shape[1] != self._n_source:
            raise SourceError(
                f"A chunk has {item.data.shape[1]} channels, but its source promised "
                f"{self._n_source} in its info; the source is at fault "
                "(rtemotion.testing.check_source)."
            )
        if item.missing_before:
            self._restart()
            payload = {"missing": item.missing_before}
            yield Event(item.first_sample, float(item.times[0]), Kind.GAP, payload)
        if not self._said and len(item):
            self._said = True
            yield from self._say(item.first_sample, float(item.times[0]))
        start = 0
        while start < len(item):
            # Until the mains are known, the filters may change at the end of a second.
            known = self.design.notch is not None or self._judge.line.decided
            at_once = (SECONDS_AT_ONCE if known else 1) * self._second
            stop = min(len(item), start + at_once - self._since_reset % at_once)
            yield from self._seconds(item.cut(start, stop))
            start = stop

    def _seconds(self, chunk: Chunk) -> Iterator[Item]:
        """Check and filter samples, then finish them second by second."""
        # Taking all columns as they come spares a copy.
        data = chunk.data if self._all else np.ascontiguousarray(chunk.data[:, self._columns])
        given = chunk.flags if self._all else chunk.flags[:, self._columns]
        samples = self._samples.process(data, given)
        start = 0
        while start < len(chunk):
            stop = min(len(chunk), start + self._second - self._since_reset % self._second)
            yield from self._within_second(chunk.cut(start, stop), samples.part(start, stop))
            start = stop

    def _within_second(self, chunk: Chunk, samples: Samples) -> Iterator[Item]:
        self._judge.take(samples, chunk.data[:, self._axes])
        start = 0
        while start < len(chunk):
            held, before = self._judge.flags, self._since_reset
            rows = slice(start, self._judged(samples, start))
            out = self._finished(chunk.cut(rows.start, rows.stop), samples, rows, held)
            yield from self._blocks(out, before)
            if self._since_reset % self._block == 0:
                yield from self._end_of_block(out)
            start = rows.stop

    def _judged(self, samples: Samples, start: int) -> int:
        """Judge a block, or a part of one, and return where it ends.

        While nothing is found, go on with the whole blocks after it: what comes next
        costs little more for all of them than for one.
        """
        quiet = self._quiet and samples.clear and not self._judge.holding
        while True:
            stop = min(len(samples), start + self._block - self._since_reset % self._block)
            ended = self._judge.advance(stop - start, samples.causes(slice(start, stop)))
            self._since_reset += stop - start
            whole = ended and len(samples) - stop >= self._block
            if not (quiet and whole) or self._judge.holding:
                return stop
            start = stop

    def _finished(
        self, raw: Chunk, samples: Samples, rows: slice, held: NDArray[np.uint8]
    ) -> Chunk:
        """Return samples marked and referenced, with what holds against them all."""
        filtered, n = samples.filtered[rows], self._n
        newest = samples.flags[rows.stop - 1].copy()
        self._faulty = (newest & EXCLUDED) != 0
        flags = samples.flags[rows] | held
        causes = np.zeros(len(held), dtype=np.uint16)
        good = (flags & EXCLUDED) == 0
        blink = self._blinks.process(filtered, good)
        if blink is not None:
            flags |= blink[:, None] * np.uint8(Flag.BLINK)
            causes |= blink.any() * np.uint16(Cause.BLINK)
        rebuilt = self._rebuilt(filtered, flags, good)
        out, without = self._reference.apply(rebuilt, good)
        if without is not None and without.any():
            flags[:, :n] |= without * np.uint8(Flag.BAD)
            causes[:n] |= without.any(axis=0) * np.uint16(Cause.REFERENCE)
            newest[:n] |= without[-1] * np.uint8(Flag.BAD)
        self._judge.mark(flags, causes)
        self._out = (newest & EXCLUDED) != 0
        return Chunk(out, raw.first_sample, raw.times, flags[:, :n], raw.missing_before)

    def _blocks(self, chunk: Chunk, before: int) -> Iterator[Chunk]:
        """Yield a chunk block by block; `before` is the number of samples before it."""
        start = 0
        while start < len(chunk):
            stop = min(len(chunk), start + self._block - (before + start) % self._block)
            yield chunk.cut(start, stop)
            start = stop

    def _rebuilt(
        self, filtered: FloatArray, flags: NDArray[np.uint8], good: NDArray[np.bool_]
    ) -> FloatArray:
        if self._asr is None:
            return filtered
        n = self._n
        out = filtered.copy()
        out[:, :n] = self._asr.process(filtered[:, :n], good[:, :n], flags[:, :n] == 0)
        return out

    def _say(self, sample: int, time: float) -> Iterator[Event]:
        """Yield what is known before the first sample: a notch that was chosen, ASR."""
        notch = self.design.notch
        if isinstance(notch, float | int):
            filtered = self.design.filters_line(notch, self.info.sfreq)
            payload = {"hz": float(notch), "how": "chosen", "filtered": filtered}
            yield Event(sample, time, Kind.NOTCH, payload)
        elif notch is not None:
            payload = {"hz": None, "how": "chosen", "filtered": False}
            yield Event(sample, time, Kind.NOTCH, payload)
        if self._asr is not None:
            yield Event(sample, time, Kind.ASR, self._asr.payload)

    def _operate(self, event: Event) -> Iterator[Event]:
        """Mark channels as a person says, from the next sample on."""
        judge = self._judge
        for key, bad in (("bad", True), ("good", False)):
            for name in event.payload.get(key, ()):
                if name in self._names:
                    judge.operator[self._names.index(name)] = bad
                    continue
                sentence = (
                    f"The channel '{name}' cannot be marked {key}: there is none of that name; "
                    f"there are {', '.join(self._names)}."
                )
                yield Event(event.sample, event.time, Kind.WARNING, {"message": sentence})
        judge.hold()
        yield from self._mask(event.sample, event.time, always=True)

    def _end_of_block(self, chunk: Chunk) -> Iterator[Event]:
        judge = self._judge
        moment = (chunk.stop, float(chunk.times[-1]))
        raw = judge.newest
        decided = judge.end_of_second()
        if decided is not None:
            self._blinks.second()
            judge.hold()
        yield from self._mask(*moment)
        yield from self._tell_reference(*moment)
        if self._since_reset == self._judged_at:
            yield from self._doubt_unit(*moment, raw[:, : self._n])
        if decided and self.design.notch is None:
            yield self._notch(*moment)
        if self._asr is not None and self._asr.active and not self._asr_said:
            self._asr_said = True
            yield Event(*moment, Kind.ASR, self._asr.payload)
        self._quiet = self._asr is None and not (judge.holding or self._out.any())

    def _mask(self, sample: int, time: float, always: bool = False) -> Iterator[Event]:
        """Yield an event when the channels that are left out change."""
        judge = self._judge
        held = judge.causes != 0
        out = (self._out | held)[: self._n]
        masked = tuple(name for name, bad in zip(self._names, out, strict=False) if bad)
        if always or masked != self._masked:
            self._masked = masked
            causes = (judge.why | judge.causes) & ~MARKS
            reasons = {
                name: list(names_of(int(why)))
                for name, why, bad in zip(self._names, causes, out, strict=False)
                if bad
            }
            yield Event(sample, time, Kind.MASK, {"bad": list(masked), "reasons": reasons})

    def _tell_reference(self, sample: int, time: float) -> Iterator[Event]:
        """Yield a warning when channels of the reference go bad."""
        columns = self._reference.columns
        bad = self._faulty[columns] | (self._judge.causes[columns] != 0)
        named = tuple(self._names[i] for i in columns[bad])
        if named == self._reference_bad:
            return
        self._reference_bad = named
        if not named:
            return
        left = len(columns) - len(named)
        outcome = "the mean of the others is subtracted" if left else "every channel is left out"
        sentence = f"The reference channel {', '.join(named)} is bad: {outcome} until it is back."
        yield Event(sample, time, Kind.WARNING, {"message": sentence})

    def _notch(self, sample: int, time: float) -> Event:
        """Filter the line that was found, where that is of use, and say so."""
        hz, sfreq = self._judge.line.hz, self.info.sfreq
        filtered = hz is not None and self.design.filters_line(hz, sfreq)
        if hz is not None and filtered:
            settling = replace(self.design, notch=hz).settling_samples(sfreq)
            self._samples.filter.extend(notch_section(hz, sfreq), self._judge.filtered, settling)
        payload = {"hz": hz, "how": "detected", "filtered": filtered}
        return Event(sample, time, Kind.NOTCH, payload)

    def _doubt_unit(self, sample: int, time: float, raw: FloatArray) -> Iterator[Event]:
        level = typical_level(raw)
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

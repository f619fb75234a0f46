"""What a few seconds of a stream tell about its channels and its clock.

Taken from the source's own samples, before anything is made of them, so that a set-up
can be judged before it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..signal import Chunk, Event, FloatArray, Kind, StreamInfo, Tick
from .channels import ChannelPlan
from .clock import ClockStage
from .design import ConditioningDesign
from .survey_measures import Measures, line_frequency, measure, rate_of

Verdict = Literal["ok", "check", "bad"]

# Share of its samples that a good channel may lose, and that a bad one has lost.
_SOME, _MUCH = 0.01, 0.25
# Where to look at a channel again: volts RMS in the pass band and at the mains, ohm.
_LARGE_RMS, _LARGE_LINE, _LARGE_OHM = 100e-6, 20e-6, 50e3
_ELECTRIC = {"eeg", "eog", "ecg", "emg"}


@dataclass(frozen=True)
class ChannelSurvey:
    """One channel.

    Attributes
    ----------
    name, kind : str
        As it goes on from here, renamed where that was asked for.
    used, placed : bool
        Whether it is among the channels to use, and where it sits is known.
    rms : float
        Volts, in the pass band of the conditioning; NaN without enough good samples.
    line : float
        Volts RMS at the mains' frequency, above the noise around it.
    missing, railed, flat : float
        Shares of the samples, 0..1; samples lost on the way are missing everywhere.
    impedance : float
        Ohm, as the device says; NaN when it does not.
    verdict : {"ok", "check", "bad"}
        Whether it can be used. One not in use is judged by its bad samples alone.
    reasons : tuple of str
        What speaks against it.
    """

    name: str
    kind: str
    used: bool
    placed: bool
    rms: float
    line: float
    missing: float
    railed: float
    flat: float
    impedance: float
    verdict: Verdict
    reasons: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Whether a decoder can use it."""
        return self.used and self.placed and self.verdict != "bad"


@dataclass(frozen=True)
class Timing:
    """How regularly samples come, by the stamps they carry; NaN where they carry none.

    Attributes
    ----------
    nominal, measured : float
        Rate in Hz, stated and measured on the sender's own clock.
    drift, uncertainty : float
        Difference of the two and its standard error, parts per million.
    jitter : float
        Standard deviation of the stamps about a straight line, s.
    """

    nominal: float
    measured: float
    drift: float
    uncertainty: float
    jitter: float


@dataclass(frozen=True)
class Survey:
    """What was found.

    Attributes
    ----------
    seconds : float
        Signal looked at: samples received over the nominal rate.
    samples, lost : int
        Received, and known to be missing between them.
    returned : int
        How often the stream was gone and came back.
    line_hz : float or None
        Mains' frequency found in the signal.
    timing : Timing
        The stream's rate.
    channels : tuple of ChannelSurvey
        The source's channels that are voltages, in its order.
    """

    seconds: float
    samples: int
    lost: int
    returned: int
    line_hz: float | None
    timing: Timing
    channels: tuple[ChannelSurvey, ...]

    @property
    def usable(self) -> tuple[str, ...]:
        """Names of the channels a decoder can use."""
        return tuple(channel.name for channel in self.channels if channel.usable)


class Surveyor:
    """Collects what a source yields, and judges it.

    Everything is kept: a minute of 64 channels at 1000 Hz takes 31 MB.

    Parameters
    ----------
    info : StreamInfo
        The source's stream.

    Attributes
    ----------
    samples : int
        Collected so far.
    """

    def __init__(self, info: StreamInfo) -> None:
        self._info = info
        self._clock = ClockStage(info) if info.timestamps == "raw" else None
        self._data: list[FloatArray] = []
        self._stamps: list[FloatArray] = []
        self._indices: list[NDArray[np.int64]] = []
        self.samples = self._counted = self._found = self._returned = 0

    def add(self, item: Chunk | Event | Tick) -> None:
        """Take one item of the source."""
        for out in () if self._clock is None else self._clock.process(item):
            if isinstance(out, Chunk):
                self._found += out.missing_before
                self._indices.append(np.arange(out.first_sample, out.stop))
        if isinstance(item, Chunk):
            self._data.append(item.data)
            self._stamps.append(item.times)
            self._counted += item.missing_before
            self.samples += len(item)
        elif isinstance(item, Event) and item.kind == Kind.STREAM_RETURNED:
            self._returned += 1
            # Before and after are two stretches, of which the later one is timed.
            self._stamps.clear()
            self._indices.clear()

    def survey(
        self,
        plan: ChannelPlan,
        design: ConditioningDesign,
        impedances: Mapping[str, float] | None = None,
    ) -> Survey:
        """Judge everything collected.

        Parameters
        ----------
        plan : ChannelPlan
            The channels to use.
        design : ConditioningDesign
            Filters and limits of the decoder.
        impedances : mapping of str to float, optional
            Ohm, by the source's channel names.
        """
        info, lost = self._info, max(self._counted, self._found)
        data = np.concatenate([np.empty((0, info.n_channels)), *self._data])
        electric = [i for i, kind in enumerate(info.kinds) if kind in _ELECTRIC]
        electric += [i for i in plan.indices if i not in electric]
        measured = {i: measure(data[:, i], info.sfreq, design) for i in sorted(electric)}
        line_hz = line_frequency([measured[i] for i in plan.indices])
        share = lost / max(1, lost + len(data))
        return Survey(
            seconds=len(data) / info.sfreq,
            samples=len(data),
            lost=lost,
            returned=self._returned,
            line_hz=line_hz,
            timing=self._timing(),
            channels=tuple(
                _channel(info, plan, i, measures, share, line_hz, design, impedances or {})
                for i, measures in measured.items()
            ),
        )

    def _timing(self) -> Timing:
        nominal = self._info.sfreq
        rate = error = jitter = np.nan
        if self._indices:
            # The clock stage still holds the last few samples back where it is in doubt.
            indices, stamps = np.concatenate(self._indices), np.concatenate(self._stamps)
            n = min(len(indices), len(stamps))
            rate, error, jitter = rate_of(indices[:n], stamps[:n])
        return Timing(
            nominal=nominal,
            measured=rate,
            drift=(rate / nominal - 1.0) * 1e6,
            uncertainty=error / nominal * 1e6,
            jitter=jitter,
        )


def _channel(
    info: StreamInfo,
    plan: ChannelPlan,
    index: int,
    measures: Measures,
    lost: float,
    line_hz: float | None,
    design: ConditioningDesign,
    impedances: Mapping[str, float],
) -> ChannelSurvey:
    name, kind, placed = info.channels[index], info.kinds[index], False
    impedance = float(impedances.get(name, np.nan))
    line = measures.line(line_hz)
    missing = 1.0 - (1.0 - lost) * (1.0 - measures.missing)
    bad, check = _shares(missing, measures)
    used = index in plan.indices
    if used:
        at = plan.indices.index(index)
        name, kind = plan.info.channels[at], plan.info.kinds[at]
        placed = bool(plan.info.has_position[at])
        _level(measures.rms, line, design, bad, check)
        if impedance > _LARGE_OHM:
            check.append(f"contact of {impedance / 1e3:.0f} kOhm")
        if not placed:
            check.append("no position, left out of decoding")
    return ChannelSurvey(
        name=name,
        kind=kind,
        used=used,
        placed=placed,
        rms=measures.rms,
        line=line,
        missing=missing,
        railed=measures.railed,
        flat=measures.flat,
        impedance=impedance,
        verdict="bad" if bad else "check" if check else "ok",
        reasons=(*bad, *check),
    )


def _shares(missing: float, measures: Measures) -> tuple[list[str], list[str]]:
    bad: list[str] = []
    check: list[str] = []
    shares = {"missing": missing, "railed": measures.railed, "flat": measures.flat}
    for what, share in shares.items():
        if share > _SOME:
            (bad if share > _MUCH else check).append(f"{share:.0%} {what}")
    return bad, check


def _level(
    rms: float, line: float, design: ConditioningDesign, bad: list[str], check: list[str]
) -> None:
    if np.isnan(rms):
        if not bad:
            bad.append("too few good samples in a row")
    elif rms > design.highest_rms:
        bad.append("far too large for EEG: disconnected, or another unit")
    elif rms < design.lowest_rms:
        bad.append("next to no signal: not connected, or another unit")
    elif rms > _LARGE_RMS and not line > rms / 2:
        check.append("large for EEG: movement or poor contact")
    if line > _LARGE_LINE:
        check.append(f"{line * 1e6:.0f} µV of mains: contact or cables")

"""What conditioning does, in Hz, volts and seconds; part of every model file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ..errors import SetupError
from ..signal import FloatArray

AVERAGE = "average"
AS_RECORDED = "as recorded"
LINKED_MASTOIDS = "linked mastoids"


@dataclass(frozen=True)
class MarkingDesign:
    """Where blinks, muscle, movement and noisy channels begin.

    A state is entered at its limit and left well below it, after a minimum time, so
    that marks do not flicker. High-frequency levels are root densities from 30 Hz to
    0.4 × the sampling rate (at most 120 Hz) without the mains, since those hold at any
    rate.

    Attributes
    ----------
    blink, blink_ceiling : float
        Volts, front of the head against the rest, below 6 Hz; never a blink below the
        one, always a blink above the other.
    blink_ratio : float
        In between, so many times the usual level of that difference.
    muscle_ratio : float
        High-frequency level in units of the channel's own usual level; any noise as
        loud as muscle is marked like it.
    muscle_floor, muscle_ceiling : float
        V/√Hz; never muscle below the one, always muscle above the other.
    tone_ratio : float
        Level from 50 Hz up over two seconds, in units of what it usually is, above
        which a muscle is tense.
    tone_floor : float
        V/√Hz; never tense below it.
    movement : float
        Volts by which the mean of a quarter of a second differs from the one before,
        in more than half of the channels.
    acceleration : float
        Change of an accelerometer between such means, as a share of its length.
    noisy_ratio, noisy_z : float
        High-frequency level against the median channel, as a ratio and in robust
        standard deviations of the logarithm; both must be exceeded for seconds.
    noisy_floor : float
        V/√Hz below which no channel is noisy.
    lone_correlation : float
        A channel whose largest correlation with its neighbours stays below this for
        seconds is noisy too, where that of most others lies above twice as much.
    common_mode : float
        Share of the signal that all channels have in common above which the
        reference is taken to be detached, where that part is large.
    """

    blink: float = 50e-6
    blink_ceiling: float = 120e-6
    blink_ratio: float = 4.0
    muscle_ratio: float = 4.0
    muscle_floor: float = 0.5e-6
    muscle_ceiling: float = 8e-6
    tone_ratio: float = 1.3
    tone_floor: float = 0.1e-6
    movement: float = 100e-6
    acceleration: float = 0.15
    noisy_ratio: float = 5.0
    noisy_z: float = 5.0
    noisy_floor: float = 0.5e-6
    lone_correlation: float = 0.25
    common_mode: float = 0.999


@dataclass(frozen=True)
class ConditioningDesign:
    """The conditioning a model was trained with, realised anew at each sampling rate.

    Attributes
    ----------
    reference : str
        ``"average"`` (without channels that are bad at that sample), ``"as recorded"``,
        ``"linked mastoids"``, or names of channels, ``"Cz"`` or ``"M1,M2"``, whose mean
        is subtracted.
    highpass, lowpass : float
        Corner frequencies of the Butterworth filters, Hz.
    highpass_order, lowpass_order : int
        Orders of the filters.
    notch : float, "off" or None
        Line frequency, filtered only where it lies below `lowpass`; None finds it in
        the first seconds, ``"off"`` leaves it alone.
    rail : float
        Volts at and beyond which a sample is taken to be railed.
    flat_after : float
        Seconds of an unchanging value after which a channel is flat.
    highest_rms, lowest_rms : float
        Volts; a channel whose filtered signal leaves this range for a quarter of
        a second is taken to be disconnected.
    largest : float
        Volts; a filtered sample this far from zero is left out at once.
    asr : float or None
        Cutoff of artifact subspace reconstruction in standard deviations, None for none.
    asr_calibration : float
        Seconds of clean signal it learns from before it begins.
    marking : MarkingDesign
        Where blinks, muscle, movement and noisy channels begin.
    """

    reference: str = AVERAGE
    highpass: float = 1.0
    highpass_order: int = 2
    lowpass: float = 45.0
    lowpass_order: int = 4
    notch: float | Literal["off"] | None = None
    rail: float = 0.18
    flat_after: float = 0.5
    highest_rms: float = 300e-6
    lowest_rms: float = 0.05e-6
    largest: float = 1e-3
    asr: float | None = None
    asr_calibration: float = 60.0
    marking: MarkingDesign = field(default_factory=MarkingDesign)

    def realise(self, sfreq: float) -> FloatArray:
        """Return second-order sections at a sampling rate, shape (n_sections, 6).

        The low-pass is left out where the sampling rate lies too low for it.

        Raises
        ------
        SetupError
            When the rate lies too low even for the high-pass.
        """
        from scipy import signal

        if sfreq < 4.0 * self.highpass:
            raise SetupError(
                f"The stream has {sfreq:g} samples a second, too few for a high-pass at "
                f"{self.highpass:g} Hz, and nothing is resampled here: take a stream of at least "
                f"{4.0 * self.highpass:g} Hz."
            )
        sections = [
            signal.butter(self.highpass_order, self.highpass, "highpass", fs=sfreq, output="sos")
        ]
        if self.lowpass < 0.45 * sfreq:
            sections.append(
                signal.butter(self.lowpass_order, self.lowpass, "lowpass", fs=sfreq, output="sos")
            )
        if isinstance(self.notch, float | int) and self.filters_line(self.notch, sfreq):
            sections.append(notch_section(self.notch, sfreq))
        return np.concatenate(sections)

    def filters_line(self, hz: float, sfreq: float) -> bool:
        """Tell whether a line at `hz` lies where a notch is of use."""
        return hz < min(self.lowpass, 0.45 * sfreq)

    def settling_samples(self, sfreq: float) -> int:
        """Return how many samples the filters take to forget 99.9 % of a transient."""
        from scipy import signal

        _, poles, _ = signal.sos2zpk(self.realise(sfreq))
        return int(np.ceil(np.log(1e-3) / np.log(np.max(np.abs(poles)))))

    def group_delay(self, sfreq: float, frequency: float = 10.0) -> float:
        """Return the delay of the filters at one frequency, in seconds.

        Taken as the slope of the phase, by central difference.
        """
        from scipy import signal

        around = np.array([frequency - 0.01, frequency + 0.01])
        _, response = signal.freqz_sos(self.realise(sfreq), worN=around, fs=sfreq)
        phase = np.unwrap(np.angle(response))
        return float(-(phase[1] - phase[0]) / (2.0 * np.pi * 0.02))


def notch_section(hz: float, sfreq: float) -> FloatArray:
    """Return the notch at one frequency as second-order sections, shape (1, 6)."""
    from scipy import signal

    section: FloatArray = signal.tf2sos(*signal.iirnotch(hz, 30.0, fs=sfreq))
    return section

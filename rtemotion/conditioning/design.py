"""What conditioning does, in Hz, volts and seconds; part of every model file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..signal import FloatArray


@dataclass(frozen=True)
class ConditioningDesign:
    """The conditioning a model was trained with, realised anew at each sampling rate.

    Attributes
    ----------
    reference : {"average", "as recorded"}
        The average leaves out channels that are bad at that sample.
    highpass, lowpass : float
        Corner frequencies of the Butterworth filters, Hz.
    highpass_order, lowpass_order : int
        Orders of the filters.
    notch : float or None
        Line frequency, filtered only where it lies below `lowpass`.
    rail : float
        Volts at and beyond which a sample is taken to be railed.
    flat_after : float
        Seconds of an unchanging value after which a channel is flat.
    highest_rms, lowest_rms : float
        Volts; a channel whose filtered signal leaves this range for a quarter of
        a second is taken to be disconnected.
    """

    reference: Literal["average", "as recorded"] = "average"
    highpass: float = 1.0
    highpass_order: int = 2
    lowpass: float = 45.0
    lowpass_order: int = 4
    notch: float | None = None
    rail: float = 0.18
    flat_after: float = 0.5
    highest_rms: float = 300e-6
    lowest_rms: float = 0.05e-6

    def realise(self, sfreq: float) -> FloatArray:
        """Return second-order sections at a sampling rate, shape (n_sections, 6).

        The low-pass is left out where the sampling rate lies too low for it.
        """
        from scipy import signal

        sections = [
            signal.butter(self.highpass_order, self.highpass, "highpass", fs=sfreq, output="sos")
        ]
        if self.lowpass < 0.45 * sfreq:
            sections.append(
                signal.butter(self.lowpass_order, self.lowpass, "lowpass", fs=sfreq, output="sos")
            )
        if self.notch is not None and self.notch < min(self.lowpass, 0.45 * sfreq):
            sections.append(signal.tf2sos(*signal.iirnotch(self.notch, 30.0, fs=sfreq)))
        return np.concatenate(sections)

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

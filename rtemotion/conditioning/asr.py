"""Artifact subspace reconstruction (ASR), an option, on what meegkit computes.

ASR learns from clean signal how large each spatial component may be, and rebuilds what
exceeds it from the others (Kothe & Jung 2016; Chang et al. 2020,
https://doi.org/10.1109/TBME.2019.2930186). The method is the subject of US patent
application 14/895,440; whether it may be used commercially is for the user to find out.

A sample is never changed by a later one, nor held back: what is found in a block is
applied from the next one on, blended in over its length, so the first tenth of a second
of an artifact passes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SetupError
from ..signal import FloatArray

DEFAULT_CUTOFF = 20.0
BLOCK_S = 0.1
# Seconds over which covariances are averaged, as meegkit does.
MEMORY_S = 2.0
# After so long without a clean block on the channels it began with, calibration begins
# again with those that there are.
PATIENCE_S = 10.0
FEWEST_CHANNELS = 4


def load_asr() -> Any:
    """Import what meegkit has for ASR.

    Raises
    ------
    SetupError
        When meegkit is not installed.
    """
    try:
        from meegkit import asr
    except ImportError as error:
        raise SetupError(
            'ASR needs meegkit, which is not installed: pip install "rtemotion[asr]", or leave '
            "ASR off."
        ) from error
    return asr


class SubspaceReconstruction:
    """ASR over consecutive samples, calibrated on the first clean minute.

    Parameters
    ----------
    cutoff : float
        Standard deviations beyond which a component is rebuilt; 20 to 30 is usual.
    sfreq : float
        Sampling rate in Hz.
    n : int
        Number of channels.
    calibration_s : float
        Seconds of clean signal to learn from.

    Raises
    ------
    SetupError
        When meegkit is not installed, or the cutoff is not positive.
    """

    def __init__(self, cutoff: float, sfreq: float, n: int, calibration_s: float) -> None:
        if not cutoff > 0.0:
            raise SetupError(f"--asr must be a positive number of deviations, got {cutoff:g}.")
        self._meegkit = load_asr()
        self.cutoff = cutoff
        self.calibration_s = calibration_s
        self._sfreq, self._n = sfreq, n
        self._block = max(1, round(BLOCK_S * sfreq))
        self._blocks_wanted = round(calibration_s * sfreq / self._block)
        self._memory = max(1, round(MEMORY_S * sfreq / self._block))
        self._weights = np.geomspace(0.05, 1.0, num=self._memory)
        angle = np.pi * np.arange(1, self._block + 1) / self._block
        self._blend = (1.0 - np.cos(angle)) / 2.0
        self._ready = np.empty((self._block, n))
        self._calm = np.empty((self._block, n), dtype=bool)
        self._usable = np.empty((self._block, n), dtype=bool)
        self.reset()

    def reset(self) -> None:
        """Forget the past and the calibration."""
        self._fitted: Any = None
        self._clean: list[FloatArray] = []
        self.channels = np.array([], dtype=np.int64)
        self._skipped = 0
        self.restart()

    def restart(self) -> None:
        """Begin anew after a gap; what was learned stays."""
        self._filled = 0
        self._zi: FloatArray | None = None
        self._covariances: list[FloatArray] = []
        self._before: FloatArray | None = None
        self._now: FloatArray | None = None

    @property
    def active(self) -> bool:
        """Whether it has been calibrated."""
        return self._fitted is not None

    @property
    def payload(self) -> dict[str, Any]:
        """How it stands, for an event."""
        return {
            "active": self.active,
            "cutoff": self.cutoff,
            "calibration_s": self.calibration_s,
        }

    def process(
        self, data: FloatArray, usable: NDArray[np.bool_], calm: NDArray[np.bool_]
    ) -> FloatArray:
        """Return consecutive samples with artifacts taken out.

        Parameters
        ----------
        data : array, shape (n_samples, n_channels)
            Filtered volts, not referenced.
        usable : array of bool, same shape
            Samples that may be looked at.
        calm : array of bool, same shape
            Usable ones without a mark, from which can be learned.
        """
        out = data
        start = 0
        while start < len(data):
            stop = min(len(data), start + self._block - self._filled)
            rows = slice(self._filled, self._filled + stop - start)
            self._ready[rows] = data[start:stop]
            self._usable[rows] = usable[start:stop]
            self._calm[rows] = calm[start:stop]
            if self._before is not None or self._now is not None:
                out = out.copy() if out is data else out
                out[start:stop] = self._rebuilt(data[start:stop], usable[start:stop])
            self._filled += stop - start
            if self._filled == self._block:
                self._filled = 0
                self._end_of_block()
            start = stop
        return out

    def _rebuilt(self, data: FloatArray, usable: NDArray[np.bool_]) -> FloatArray:
        """Apply the last two operators, row by row so that cutting does not matter."""
        out = data.copy()
        known = np.where(usable, data, 0.0)
        for k, share in enumerate(self._blend[self._filled : self._filled + len(data)]):
            row = known[k]
            old = row if self._before is None else self._before @ row
            new = row if self._now is None else self._now @ row
            mixed = share * new + (1.0 - share) * old
            out[k, usable[k]] = mixed[usable[k]]
        return out

    def _end_of_block(self) -> None:
        if self._fitted is None:
            self._learn()
            return
        usable = np.asarray(self._usable[:, self.channels].all(axis=0))
        known = np.where(usable, self._ready[:, self.channels], 0.0)
        filtered, self._zi = self._meegkit.yulewalk_filter(
            known.T, sfreq=self._sfreq, ab=self._fitted.ab_, zi=self._zi
        )
        self._covariances.append(filtered @ filtered.T / self._block)
        del self._covariances[: -self._memory]
        self._before, self._now = self._now, self._operator(known.T, filtered, usable)

    def _operator(
        self, data: FloatArray, filtered: FloatArray, usable: NDArray[np.bool_]
    ) -> FloatArray | None:
        """Return the matrix that rebuilds all channels, None where nothing is to be done."""
        good = np.flatnonzero(usable)
        if len(good) < FEWEST_CHANNELS:
            return None
        pair = np.ix_(good, good)
        learned = self._fitted.state_
        state = {"M": learned["M"][pair], "T": learned["T"][:, good], "R": None}
        recent = np.stack([covariance[pair] for covariance in self._covariances])
        _, state = self._meegkit.asr_process(
            data[good],
            filtered[good],
            state,
            cov=recent,
            method="euclid",
            sample_weight=self._weights[-len(recent) :],
        )
        rebuild = np.real(state["R"])
        if np.array_equal(rebuild, np.eye(len(good))):
            return None
        whole = np.eye(self._n)
        where = self.channels[good]
        whole[np.ix_(where, where)] = rebuild
        return whole

    def _learn(self) -> None:
        good = np.flatnonzero(self._usable.all(axis=0))
        if not len(self.channels) or self._skipped * self._block > PATIENCE_S * self._sfreq:
            self.channels, self._clean, self._skipped = good, [], 0
        if not self._calm[:, self.channels].all() or len(self.channels) < FEWEST_CHANNELS:
            self._skipped += not np.isin(self.channels, good).all()
            return
        self._skipped = 0
        self._clean.append(self._ready[:, self.channels].copy())
        if len(self._clean) < self._blocks_wanted:
            return
        fitted = self._meegkit.ASR(sfreq=self._sfreq, cutoff=self.cutoff, method="euclid")
        fitted.fit(np.concatenate(self._clean).T)
        self._clean = []
        self._fitted = fitted

"""Causal filters whose channels can be restarted one by one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray


class RestartingFilter:
    """Second-order sections over channels, restarted where a channel breaks off.

    A sample that must not enter (not finite, railed) ends a channel's filter;
    the next good one starts it again from the steady state of that sample.
    Such samples come out as NaN.

    Parameters
    ----------
    sos : array, shape (n_sections, 6)
        Second-order sections.
    n_channels : int
        Number of channels.
    settling : int
        Samples for which a restarted channel is not to be used.
    """

    def __init__(self, sos: FloatArray, n_channels: int, settling: int) -> None:
        from scipy.signal import sosfilt, sosfilt_zi

        self._sosfilt = sosfilt
        self._sos = sos
        self._steady = sosfilt_zi(sos)[:, :, None]
        self._settling = settling
        self._state = np.zeros((len(sos), 2, n_channels))
        self._running = np.zeros(n_channels, dtype=bool)
        self._unsettled = np.zeros(n_channels, dtype=np.int64)
        self._fresh = True

    def reset(self) -> None:
        """Start every channel anew with the next sample."""
        self._running[:] = False
        self._unsettled[:] = 0
        self._fresh = True

    def extend(self, section: FloatArray, recent: FloatArray, settling: int) -> None:
        """Put one more section behind the others, from the next sample on.

        The section is run over what the others gave most recently, from its steady
        state, and goes on from there: it has settled when its output is first used, so
        that nothing jumps.

        Parameters
        ----------
        section : array, shape (1, 6)
            The section.
        recent : array, shape (n_samples, n_channels)
            Newest output, volts; channels with a NaN in it start settled on nothing.
        settling : int
            Samples for which a restarted channel is not to be used from now on.
        """
        from scipy.signal import sosfilt_zi

        known = np.where(np.isfinite(recent).all(axis=0), recent, 0.0)
        steady = sosfilt_zi(section)[:, :, None]
        _, state = self._sosfilt(section, known, axis=0, zi=steady * known[0])
        self._sos = np.concatenate([self._sos, section])
        self._steady = sosfilt_zi(self._sos)[:, :, None]
        self._state = np.concatenate([self._state, state])
        self._settling = settling

    def process(
        self, data: FloatArray, broken: NDArray[np.bool_]
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Filter consecutive samples.

        Parameters
        ----------
        data : array, shape (n_samples, n_channels)
            Volts.
        broken : array of bool, same shape
            Samples that must not enter.

        Returns
        -------
        filtered : array, same shape
            Volts, NaN where broken.
        unsettled : array of bool, same shape
            Samples of channels that have not settled since their restart.
        """
        if self._fresh:
            self._fresh = False
            self._running = ~broken[0]
            self._state = self._steady * np.where(self._running, data[0], 0.0)
        unsettled = np.zeros(data.shape, dtype=bool)
        if self._unsettled.any():
            unsettled = np.arange(len(data))[:, None] < self._unsettled
        if self._running.all() and not broken.any():
            filtered, self._state = self._sosfilt(self._sos, data, axis=0, zi=self._state)
            self._unsettled = np.maximum(self._unsettled - len(data), 0)
            return filtered, unsettled
        slow = np.flatnonzero(~self._running | broken.any(axis=0))
        filtered = np.full(data.shape, np.nan)
        quick = np.setdiff1d(np.arange(data.shape[1]), slow)
        if len(quick):
            filtered[:, quick], self._state[:, :, quick] = self._sosfilt(
                self._sos, data[:, quick], axis=0, zi=self._state[:, :, quick]
            )
            self._unsettled[quick] = np.maximum(self._unsettled[quick] - len(data), 0)
        for channel in slow:
            column = (slice(None), channel)
            self._restarting(
                int(channel), data[column], broken[column], filtered[column], unsettled[column]
            )
        return filtered, unsettled

    def _restarting(
        self,
        channel: int,
        data: FloatArray,
        broken: NDArray[np.bool_],
        filtered: FloatArray,
        unsettled: NDArray[np.bool_],
    ) -> None:
        unsettled[:] = False
        for start, stop in good_runs(broken):
            if start > 0 or not self._running[channel]:
                self._state[:, :, channel] = self._steady[:, :, 0] * data[start]
                self._unsettled[channel] = self._settling
            filtered[start:stop], self._state[:, :, channel] = self._sosfilt(
                self._sos, data[start:stop], zi=self._state[:, :, channel]
            )
            left = int(self._unsettled[channel])
            unsettled[start : min(stop, start + left)] = True
            self._unsettled[channel] = max(left - (stop - start), 0)
            self._running[channel] = True
        if broken[-1]:
            self._running[channel] = False


def good_runs(broken: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the half-open ranges of rows that are not broken."""
    edges = np.flatnonzero(np.diff(np.concatenate(([True], broken, [True])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]

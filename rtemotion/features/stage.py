"""The stage that turns conditioned chunks into feature frames.

Frame m ends after sample (m + 1)·hop since the last reset, whatever the
chunks were; a gap resets everything.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..signal import EXCLUDED, Chunk, FeatureFrame, FloatArray, Item, StreamInfo
from .measures import get_measure
from .pairs import PairLayout
from .schema import FeatureSchema, widest
from .window import SegmentWindow

# Room for so many hops more than the longest segment, before older samples are let go.
SPARE_HOPS = 8


class FeatureStage:
    """Sliding band power and connectivity (`Chunk` in, `FeatureFrame` out).

    Parameters
    ----------
    info : StreamInfo
        The conditioned stream.
    schema : FeatureSchema
        Bands, windows, hop and measures.

    Attributes
    ----------
    ahead : bool
        Do what the next frame needs as soon as one is out, so that it comes without delay;
        True. Where nobody waits, False takes less time in all, and changes no number.
    """

    def __init__(self, info: StreamInfo, schema: FeatureSchema) -> None:
        self.ahead = True
        self.info = info
        self.schema = schema
        n = info.n_channels
        self._hop = schema.hop_samples(info.sfreq)
        groups = schema.realise(info.sfreq)
        self._layout = PairLayout(n)
        self._windows = [SegmentWindow(g, schema, self._layout, info.sfreq) for g in groups]
        self._antisymmetric = [
            row for row, name in enumerate(schema.measures) if get_measure(name).antisymmetric
        ]
        self._edges = (len(schema.measures), len(schema.connectivity_bands))
        self._widest = widest(groups)
        self._n_frequencies = self._widest.n_bins if self._widest is not None else 0
        self._longest = max((group.segment for group in groups), default=self._hop)
        self._frames_to_fill = schema.frames_to_fill(info.sfreq)
        self._buffer = np.zeros((n, self._longest + SPARE_HOPS * self._hop))
        self._bad = np.zeros(self._buffer.shape, dtype=bool)
        n_blocks = -(-schema.longest_window(info.sfreq) // self._hop)
        self._clean = np.zeros((n_blocks, n), dtype=np.int64)
        self._all_valid = np.ones(n, dtype=bool)
        self._all_valid.flags.writeable = False
        self._pairs = np.stack(np.triu_indices(n, k=1), axis=1).astype(np.int64)
        self._pairs.flags.writeable = False
        self.reset()

    def reset(self) -> None:
        """Forget every sample; the next chunk starts frame 0."""
        self._filled = 0
        self._since_reset = 0
        self._hops = 0
        # Samples since the newest one that may not enter, in any channel.
        self._since_bad = self._longest
        self._origin: tuple[int, float] | None = None
        self._clean[:] = 0
        for window in self._windows:
            window.clear()

    def process(self, item: Item) -> Iterator[Item]:
        """Yield a frame for every hop a chunk completes; pass on anything else."""
        if not isinstance(item, Chunk):
            yield item
            return
        if item.missing_before:
            self.reset()
        if self._origin is None and len(item):
            self._origin = (item.first_sample, float(item.times[0]))
        start = 0
        while start < len(item):
            until_hop = self._hop - self._since_reset % self._hop
            stop = min(len(item), start + until_hop)
            self._append(item, start, stop)
            if stop - start == until_hop:
                yield self._frame(float(item.times[stop - 1]))
                # By now the frame is out.
                for window in self._windows if self.ahead else ():
                    window.prepare()
            start = stop

    def _append(self, chunk: Chunk, start: int, stop: int) -> None:
        n = stop - start
        if self._filled + n > self._buffer.shape[1]:
            keep = self._longest
            for rows in (self._buffer, self._bad):
                rows[:, :keep] = rows[:, self._filled - keep : self._filled]
            self._filled = keep
        new = slice(self._filled, self._filled + n)
        data, flags = chunk.data[start:stop], chunk.flags[start:stop]
        self._buffer[:, new] = data.T
        clean = self._clean[self._hops % len(self._clean)]
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.add.reduce(data, axis=None)
        # One NaN or infinity shows in the sum, which is quicker to look at.
        if not flags.any() and np.isfinite(total):
            self._bad[:, new] = False
            self._since_bad += n
            clean += n
        else:
            bad = ((flags & EXCLUDED) != 0) | ~np.isfinite(data)
            self._bad[:, new] = bad.T
            at = np.flatnonzero(bad.any(axis=1))
            self._since_bad = n - 1 - int(at[-1]) if len(at) else self._since_bad + n
            clean += n - np.count_nonzero((flags != 0) | bad, axis=0)
        self._filled += n
        self._since_reset += n

    def _frame(self, newest: float) -> FeatureFrame:
        self._hops += 1
        full = self._hops >= self._frames_to_fill
        schema, n = self.schema, self.info.n_channels
        power = np.full((len(schema.bands), n), np.nan)
        segments = np.zeros((len(schema.bands), n), dtype=np.int64)
        spectrum = np.full((n, self._n_frequencies), np.nan) if not full else None
        for window in self._windows:
            bands = window.bands
            if self._since_reset >= window.group.segment:
                window.push(*self._segment(window.group.segment), measuring=full)
                if full:
                    density = window.density()
                    power[bands] = window.power(density)
                    if window.group is self._widest:
                        spectrum = density
            segments[bands] = window.ring.counts
        connectivity = self._connectivity(full)
        quality = self._clean.sum(axis=0) / (min(self._hops, len(self._clean)) * self._hop)
        self._clean[self._hops % len(self._clean)] = 0
        assert self._origin is not None
        first, time = self._origin
        return FeatureFrame(
            index=first + self._since_reset,
            time=time + self._since_reset / self.info.sfreq,
            newest=newest,
            power=power,
            connectivity=connectivity,
            pairs=self._pairs,
            quality=quality,
            segments=segments,
            full=full,
            spectrum=np.empty((n, 0)) if spectrum is None else spectrum,
        )

    def _segment(self, length: int) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Return the newest samples, (n_channels, length), and the channels they are good in."""
        newest = slice(self._filled - length, self._filled)
        if self._since_bad >= length:
            return self._buffer[:, newest], self._all_valid
        return self._buffer[:, newest], ~np.asarray(self._bad[:, newest].any(axis=1))

    def _connectivity(self, full: bool) -> FloatArray:
        if not full:
            return np.full((*self._edges, len(self._pairs)), np.nan)
        layout = self._layout
        by_shift = np.full((*self._edges, layout.n_shifts * layout.n_channels), np.nan)
        for window in self._windows:
            if window.connectivity_rows:
                by_shift[:, window.connectivity_rows] = window.connectivity()
        return layout.in_order(by_shift, self._antisymmetric)

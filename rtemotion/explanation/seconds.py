"""What a decoder saw and said, second by second, kept to be looked at once it is over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..signal import EmotionFrame, FloatArray
from .leaving_out import Groups

FloatsSingle = NDArray[np.float32]

# So many bytes of features are kept; of longer recordings every second second, and so on.
MOST_BYTES = 512_000_000


@dataclass(frozen=True, eq=False)
class Seconds:
    """The seconds of one recording in which there were values.

    Attributes
    ----------
    index : array of int, shape (n,)
        Sample at which each ends.
    times : array, shape (n,)
        When that is, on the stream's clock, s.
    power : array, shape (n, n_bands, n_channels)
        Log power against its reference; NaN where unknown.
    edges : array, shape (n, n_connectivity_bands, n_pairs)
        One measure of connectivity against its reference; NaN where unknown.
    outputs : array, shape (n, n_emotions)
        What was decoded.
    removed : array, shape (n, n_groups, n_emotions)
        By how much each output falls when a group of channels is reset to its reference.
    stride : int
        One row stands for so many seconds.
    """

    index: NDArray[np.int64]
    times: FloatArray
    power: FloatsSingle
    edges: FloatsSingle
    outputs: FloatArray
    removed: FloatArray
    stride: int

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.times)


class Watching:
    """Keeps what a decoder sees and says, once a second (`Decoder.watch`).

    Contributions belong to a frame, inputs are told a moment later: every frame is to be
    shown to `see` when it comes out.

    Parameters
    ----------
    measure : int
        Which measure of connectivity is kept.
    pairs : array of int, shape (n_pairs, 2)
        Channels of each pair.
    groups : Groups
        Sets of channels whose share in the outputs is kept.
    most_bytes : int
        Limit to the memory for features.
    """

    def __init__(
        self,
        measure: int,
        pairs: NDArray[np.int64],
        groups: Groups,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._measure, self._pairs, self._groups = measure, pairs, groups
        self._most = most_bytes
        self.reset()

    def reset(self) -> None:
        """Forget everything, as when the reference of the features changes."""
        self._frame: EmotionFrame | None = None
        self._rows: list[tuple[int, float, FloatsSingle, FloatsSingle, FloatArray, FloatArray]]
        self._rows = []
        self._count, self._stride = 0, 1

    def see(self, frame: EmotionFrame) -> None:
        """Take note of a frame that came out."""
        self._frame = frame

    def add(
        self,
        power: FloatArray,
        connectivity: FloatArray,
        mean: FloatArray,
        mask: NDArray[np.bool_],
    ) -> None:
        """Take the inputs and outputs of the frame that was seen last."""
        frame = self._frame
        if frame is None or frame.index is None or not np.isfinite(mean).all():
            return
        self._count += 1
        if (self._count - 1) % self._stride:
            return
        both = mask[self._pairs[:, 0]] & mask[self._pairs[:, 1]]
        kept = _known(power, mask), _known(connectivity[self._measure], both)
        removed = self._groups.removed(frame.node_contribution, frame.edge_contribution)
        self._rows.append((frame.index, frame.time, *kept, mean.copy(), removed))
        if len(self._rows) * sum(x.nbytes for x in kept) > self._most:
            self._rows = self._rows[::2]
            self._stride *= 2

    def seconds(self) -> Seconds | None:
        """Return what was kept; None where there was nothing."""
        if not self._rows:
            return None
        index, times, power, edges, outputs, removed = zip(*self._rows, strict=True)
        return Seconds(
            np.array(index, dtype=np.int64),
            np.array(times),
            np.stack(power),
            np.stack(edges),
            np.stack(outputs),
            np.stack(removed),
            self._stride,
        )


def _known(values: FloatArray, used: NDArray[np.bool_]) -> FloatsSingle:
    """Return values in single precision, NaN where they are unknown, which decoders put as 0."""
    return np.where(used & (values != 0.0), values, np.nan).astype(np.float32)

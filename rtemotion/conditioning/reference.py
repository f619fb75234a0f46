"""What every channel is measured against: an average, named channels, or nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import SetupError
from ..signal import FloatArray, StreamInfo
from .blocks import Latch, total_over_channels
from .design import AS_RECORDED, AVERAGE, LINKED_MASTOIDS

PAIRS = (("M1", "M2"), ("A1", "A2"), ("TP9", "TP10"))
# Volts RMS from which what all channels share is taken for a detached reference.
LARGE_COMMON = 50e-6
CALM_BLOCKS = 4
FEWEST_CHANNELS = 3


def reference_channels(reference: str, info: StreamInfo, renamed: dict[str, str]) -> list[int]:
    """Return the channels whose mean is the reference, none where it is not channels.

    Parameters
    ----------
    reference : str
        See `ConditioningDesign.reference`.
    info : StreamInfo
        The source's stream; channels of any kind may serve.
    renamed : dict
        New names, and the names in `info` they stand for.

    Raises
    ------
    SetupError
        When a channel named is not there, or no two mastoids are found.
    """
    if reference in {AVERAGE, AS_RECORDED}:
        return []
    known = {name.casefold(): i for i, name in enumerate(info.channels)}
    known |= {new.casefold(): info.channels.index(old) for new, old in renamed.items()}
    if reference == LINKED_MASTOIDS:
        return _mastoids(known, info)
    names = [name.strip() for name in reference.split(",") if name.strip()]
    missing = [name for name in names if name.casefold() not in known]
    if missing or not names:
        raise SetupError(
            f"--reference '{reference}' names no channel of {info.name or 'the source'} "
            f"({', '.join(missing) or 'nothing'} is not there); take '{AVERAGE}', "
            f"'{AS_RECORDED}', '{LINKED_MASTOIDS}' or some of: {', '.join(info.channels)}."
        )
    return list(dict.fromkeys(known[name.casefold()] for name in names))


def _mastoids(known: dict[str, int], info: StreamInfo) -> list[int]:
    for pair in PAIRS:
        # With A1, A2, A3 the letters are an amplifier's banks, not ears.
        if pair[0] == "A1" and "a3" in known:
            continue
        if all(name.casefold() in known for name in pair):
            return [known[name.casefold()] for name in pair]
    raise SetupError(
        f"--reference '{LINKED_MASTOIDS}' needs M1 and M2, A1 and A2, or TP9 and TP10, and "
        f"{info.name or 'the source'} has neither; name the two with --reference NAME,NAME or "
        f"rename them with --channels OLD:NEW; there are: {', '.join(info.channels)}."
    )


class Reference:
    """Subtracts the reference from filtered samples.

    Parameters
    ----------
    how : str
        See `ConditioningDesign.reference`.
    columns : list of int
        Columns whose mean is subtracted, where `how` names channels.
    n : int
        Number of channels in use; further columns only serve as references.
    """

    def __init__(self, how: str, columns: list[int], n: int) -> None:
        self._average = how == AVERAGE
        self.columns = np.array(columns, dtype=np.int64)
        self._n = n

    def apply(
        self, filtered: FloatArray, good: NDArray[np.bool_]
    ) -> tuple[FloatArray, NDArray[np.bool_] | None]:
        """Subtract the reference from consecutive samples.

        Parameters
        ----------
        filtered : array, shape (n_samples, n_columns)
            Volts, NaN where broken.
        good : array of bool, same shape
            What may enter a reference.

        Returns
        -------
        referenced : array, shape (n_samples, n)
            Volts.
        without : array of bool, same shape, or None
            Samples whose reference is bad, or which are themselves all of it.
        """
        data = filtered[:, : self._n]
        if self._average:
            return average_reference(data, good[:, : self._n]), None
        if not len(self.columns):
            return data, None
        use = good[:, self.columns]
        total = total_over_channels(np.where(use, filtered[:, self.columns], 0.0))
        count = use.sum(axis=1)
        without = np.repeat((count == 0)[:, None], self._n, axis=1)
        for k, column in enumerate(self.columns):
            if column < self._n:
                without[:, column] |= use[:, k] & (count == 1)
        return data - (total / np.maximum(count, 1))[:, None], without


def average_reference(data: FloatArray, use: np.ndarray) -> FloatArray:
    """Subtract from each row the mean of its usable channels.

    Parameters
    ----------
    data : array, shape (n_samples, n_channels)
        Volts; may hold NaN where `use` is False.
    use : array of bool, same shape
        What enters the mean. Rows without any keep their values.
    """
    if use.all():
        mean = total_over_channels(data) / data.shape[1]
    else:
        count = np.maximum(use.sum(axis=1), 1)
        mean = total_over_channels(np.where(use, data, 0.0)) / count
    referenced: FloatArray = data - mean[:, None]
    return referenced


class DetachedReference:
    """Notices that the recording's own reference is off, block by block.

    Then all channels show the same large signal, or all leave the plausible range at
    once.

    Parameters
    ----------
    common_mode : float
        Share of the power that all channels have in common.
    """

    def __init__(self, common_mode: float) -> None:
        self._share = common_mode
        self._latch = Latch(1, CALM_BLOCKS)

    @property
    def on(self) -> bool:
        """Whether the reference is taken to be detached."""
        return self._latch.any

    def reset(self) -> None:
        """Take the reference to be in place."""
        self._latch.reset()

    def block(self, filtered: FloatArray, mean_square: FloatArray, out: NDArray[np.bool_]) -> None:
        """Judge one block.

        Parameters
        ----------
        filtered : array, shape (n_samples, n_channels)
            Volts, NaN where unknown.
        mean_square : array, shape (n_channels,)
            Of its columns, V².
        out : array of bool, same shape
            Channels out of the plausible range.
        """
        n = len(out)
        detached = n >= FEWEST_CHANNELS and np.count_nonzero(out) == n
        total = float(np.add.reduce(mean_square))
        if not detached and total > n * LARGE_COMMON**2:
            use = np.isfinite(filtered).all(axis=0)
            n_used = int(use.sum())
            if n_used >= FEWEST_CHANNELS:
                common = filtered[:, use].mean(axis=1)
                shared = n_used * float(common @ common) / len(common)
                detached = shared > self._share * float(mean_square[use].sum()) and (
                    shared > n_used * LARGE_COMMON**2
                )
        if detached or self._latch.any:
            self._latch.update(np.array([detached]), np.array([not detached]))

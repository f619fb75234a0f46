"""What a header that lists its signals tells before a sample is read: names, kinds, rates."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ..errors import SourceError
from .labels import canonical_site, clean_label, kinds_from_labels

logger = logging.getLogger(__name__)


class SignalList(Protocol):
    """A header of EDF, BDF or GDF."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Name of each signal."""

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Unit of each signal."""

    @property
    def samples(self) -> tuple[int, ...]:
        """Samples of each signal in one record."""

    @property
    def record_s(self) -> float:
        """Duration of one record in seconds."""

    @property
    def signals(self) -> tuple[int, ...]:
        """Positions of the signals that are not annotations."""


def signal_kinds(header: SignalList) -> tuple[str, ...]:
    """Return the MNE channel type of each of ``header.signals``, by their labels."""
    labels = [clean_label(header.labels[i]) for i in header.signals]
    return kinds_from_labels(labels, ["eeg"] * len(labels))


def check_duplicates(path: Path, header: SignalList) -> None:
    """Raise `SourceError` if two EEG channels have the same name."""
    kinds = signal_kinds(header)
    labels = [header.labels[i] for i, kind in zip(header.signals, kinds, strict=True)]
    counts = Counter(label for label, kind in zip(labels, kinds, strict=True) if kind == "eeg")
    twice = {label for label, count in counts.items() if count > 1}
    if twice:
        raise duplicates(path, twice)


def duplicates(path: Path, names: set[str]) -> SourceError:
    """Return the error for EEG channels of the same name."""
    return SourceError(
        f"{path} has more than one EEG channel called {', '.join(sorted(names))}, expected unique "
        "names; rename them in the file, since nobody can tell which is which."
    )


def one_rate(path: Path, header: SignalList) -> tuple[int, ...]:
    """Return the positions of the signals at the EEG's rate; nothing is resampled.

    Where EEG channels have several rates, the one that most of them have is the
    EEG's; channels named after electrode sites count first.

    Raises
    ------
    SourceError
        If as many EEG channels have one rate as another.
    """
    votes: dict[int, list[int]] = {}
    for i, kind in zip(header.signals, signal_kinds(header), strict=True):
        if kind == "eeg":
            vote = votes.setdefault(header.samples[i], [0, 0])
            vote[0] += canonical_site(clean_label(header.labels[i])) is not None
            vote[1] += 1
    if not votes:
        return header.signals
    best = max(votes.values())
    winners = [count for count, vote in votes.items() if vote == best]
    if len(winners) > 1:
        written = " and ".join(_hertz(header, count) for count in sorted(winners))
        raise SourceError(
            f"{path} has as many EEG channels at {written}, expected one rate; export the "
            "channels you need at one rate."
        )
    return tuple(i for i in header.signals if header.samples[i] == winners[0])


def warn_of_others(path: Path, header: SignalList, kept: Sequence[int]) -> None:
    """Say which signals are left out because of their rate."""
    others = [i for i in header.signals if i not in set(kept)]
    if others:
        said = [f"{header.labels[i]} ({_hertz(header, header.samples[i])})" for i in others]
        logger.warning(
            "%s: left out %s, since the EEG has %s and nothing is resampled",
            *(path, ", ".join(said), _hertz(header, header.samples[kept[0]])),
        )


def _hertz(header: SignalList, count: int) -> str:
    return f"{count / header.record_s:g} Hz"

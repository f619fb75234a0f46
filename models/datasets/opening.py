"""Opening a data set by its place on the disk: which layout it has, and what it needs beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import SourceError
from .alice import alice
from .bids import bids
from .dataset import Dataset, Target
from .deap import deap, deap_original
from .dreamer import dreamer
from .faced import faced
from .seed_vii import seed_vii
from .sessions import sessions
from .shared import dasps, eegmat


@dataclass(frozen=True)
class Wanted:
    """A data set, and what has to be told where its layout leaves it open.

    Attributes
    ----------
    path : Path
        A folder, or the one file that it is.
    layout : str or None
        One of `LAYOUTS`; found out if None.
    labels : Path or None
        A table of labels, where they do not lie in the folder.
    trials : Path or None
        A table of what was shown when, for sessions.
    targets : tuple of Target
        What is labelled, for sessions and BIDS folders.
    """

    path: Path
    layout: str | None = None
    labels: Path | None = None
    trials: Path | None = None
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True)
class _Layout:
    """How a layout is known by its files, and opened."""

    marks: tuple[str, ...]
    open: Callable[[Wanted], Dataset]
    labels: bool = False
    trials: bool = False
    targets: bool = False

    def fits(self, path: Path) -> bool:
        if path.is_file():
            return any(path.match(mark) for mark in self.marks)
        return all(any(path.glob(mark)) for mark in self.marks)


def open_dataset(wanted: Wanted) -> Dataset:
    """Open a data set.

    Raises
    ------
    SourceError
        If it has no layout that is known, more than one, or what it needs was not told.
    """
    if not wanted.path.exists():
        raise SourceError(
            f"{wanted.path} does not exist; name the folder that holds the data set."
        )
    name = wanted.layout or _found(wanted.path)
    if name not in _LAYOUTS:
        raise SourceError(f"'{name}' is no layout, expected one of {', '.join(LAYOUTS)}.")
    layout = _LAYOUTS[name]
    if layout.targets and not wanted.targets:
        raise SourceError(
            f"{wanted.path} is opened as {name}, which does not say what is labelled; name it, as "
            "in --targets joy,fear or --targets valence:1:9:felt."
        )
    for told, takes, what in (
        (wanted.labels, layout.labels, "table of labels (--labels)"),
        (wanted.trials, layout.trials, "table of trials (--trials)"),
        (wanted.targets, layout.targets or name == "alice", "targets (--targets)"),
    ):
        if told and not takes:
            raise SourceError(
                f"{wanted.path} is opened as {name}, which has its own and takes no {what}; leave "
                "it out, or name another layout with --layout."
            )
    return layout.open(wanted)


def parse_target(text: str) -> Target:
    """Read ``NAME[:LOW:HIGH[:CONSTRUCT]]``.

    Raises
    ------
    SourceError
        If it says something else.
    """
    name, *rest = text.strip().split(":")
    try:
        scale = [float(end) for end in rest[:2]] or [0.0, 1.0]
    except ValueError:
        scale = []
    if not name or len(rest) > 3 or len(scale) != 2:
        raise SourceError(
            f"'{text}' is no target, expected NAME, NAME:LOW:HIGH or NAME:LOW:HIGH:CONSTRUCT, as "
            "in valence:1:9:felt."
        )
    return Target(name, scale[0], scale[1], rest[2] if len(rest) == 3 else "felt")


def _found(path: Path) -> str:
    names = [name for name, layout in _LAYOUTS.items() if layout.fits(path)]
    if len(names) == 1:
        return names[0]
    if names:
        raise SourceError(
            f"{path} could be {' or '.join(names)}; say which with --layout {names[0]}."
        )
    raise SourceError(
        f"{path} has no layout that is known ({', '.join(LAYOUTS)}); name the folder as its "
        "owners publish it, or bring recordings into a BIDS folder or sessions (see "
        "docs/evaluation.md)."
    )


def _alice(wanted: Wanted) -> Dataset:
    labels = wanted.labels or wanted.path / "labels.csv"
    if not labels.is_file():
        raise SourceError(
            f"{labels} is missing; make labels of the story with `rtemotion annotate "
            f"{wanted.path / 'stimuli' / 'AliceChapterOne-EEG.csv'} --out {labels}`, or name a "
            "table with --labels."
        )
    return alice(wanted.path, labels, wanted.targets or None)


def _sessions(wanted: Wanted) -> Dataset:
    path = wanted.path
    files = [path] if path.is_file() else sorted(path.rglob("*.xdf"))
    return sessions(files, wanted.targets, wanted.labels, wanted.trials)


def _deap_original(wanted: Wanted) -> Dataset:
    ratings = wanted.labels or wanted.path / "participant_ratings.csv"
    return deap_original(wanted.path, ratings)


def _dreamer(wanted: Wanted) -> Dataset:
    path = wanted.path
    return dreamer(path if path.is_file() else path / "DREAMER.mat")


_LAYOUTS: Mapping[str, _Layout] = {
    "alice": _Layout(("eeg/S*/S*_alice-raw.fif",), _alice, labels=True),
    "bids": _Layout(
        ("sub-*/**/*_eeg.*",),
        lambda w: bids(w.path, w.targets, w.labels),
        labels=True,
        targets=True,
    ),
    "dasps": _Layout(("trials.csv", "S*.edf"), lambda w: dasps(w.path)),
    "deap": _Layout(("s[0-9][0-9].[dm]at",), lambda w: deap(w.path)),
    "deap-original": _Layout(("s[0-9][0-9].bdf",), _deap_original, labels=True),
    "dreamer": _Layout(("DREAMER.mat",), _dreamer),
    "eegmat": _Layout(("Subject*_2.edf",), lambda w: eegmat(w.path)),
    "faced": _Layout(("Processed_data", "Data"), lambda w: faced(w.path)),
    "seed-vii": _Layout(
        ("EEG_preprocessed", "continuous_labels"), lambda w: seed_vii(w.path)
    ),
    "sessions": _Layout(
        ("**/*.xdf",), _sessions, labels=True, trials=True, targets=True
    ),
}  # fmt: skip
LAYOUTS: Sequence[str] = tuple(_LAYOUTS)

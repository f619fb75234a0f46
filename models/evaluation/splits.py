"""Splits of a table into what is learnt from and what is scored, made of groups alone.

A random split of windows cannot be asked for. Wherever two sides touch in time, on the
clock of a recording or of a story, rows nearer than the gap are left out of training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ...signal import FloatArray
from .table import EvaluationError, FeatureTable, IntArray

BLOCKS = 5
# Subjects and stimuli of a double hold-out are put into so many groups at most.
MOST_GROUPS = 6
INNER = 3


class Protocol(StrEnum):
    """Which groups are left out.

    Attributes
    ----------
    A
        Within a subject, one stimulus.
    B
        Subjects and stimuli at once: what is scored shares neither with training.
    C
        Within a subject, one session.
    D
        Within a recording, one block of time.
    E
        Subjects, while stimuli are the same: for the stimulus mean alone, no headline.
    """

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"

    @property
    def says(self) -> str:
        """What it is, in words."""
        return _WORDS[self]


_WORDS = {
    Protocol.A: "within subject, leave one stimulus out",
    Protocol.B: "subjects and stimuli held out together",
    Protocol.C: "within subject, leave one session out",
    Protocol.D: "within recording, blocks of time",
    Protocol.E: "subjects held out, same stimuli: a baseline, no headline",
}


@dataclass(frozen=True, eq=False)
class Fold:
    """Two sides of a split.

    Attributes
    ----------
    train, test : array of int
        Rows of the table.
    name : str
        What is held out.
    """

    train: IntArray
    test: IntArray
    name: str


def folds_of(
    table: FeatureTable, protocol: Protocol | str, gap_s: float, blocks: int = BLOCKS
) -> tuple[Fold, ...]:
    """Return the folds of a protocol.

    Parameters
    ----------
    table : FeatureTable
        Rows with labels.
    protocol : Protocol or str
        ``"A"`` to ``"E"``.
    gap_s : float
        Rows of training nearer than this to what is scored are left out; at least what
        `table` needs for its windows and labels.
    blocks : int
        Blocks of time in D.

    Raises
    ------
    EvaluationError
        If there are too few groups, saying what would be needed, or no such protocol.
    """
    try:
        asked = Protocol(protocol)
    except ValueError:
        raise EvaluationError(
            f"There is no protocol '{protocol}', expected one of "
            + "; ".join(f"{p} ({p.says})" for p in Protocol)
            + ". A random split of windows cannot be had."
        ) from None
    least = table.support_s + table.smoothing_s
    if gap_s < least:
        raise EvaluationError(
            f"A gap of {gap_s:g} s lets both sides share samples or labels, expected at least "
            f"{least:g} s: windows, memory of filters and smoothing of labels."
        )
    if asked == Protocol.D and table.kind == "rating":
        raise EvaluationError(
            "One rating a clip cannot be split into blocks of time (D), for a block would share "
            "its rating with the next; leave out stimuli (A) or sessions (C)."
        )
    everything = np.arange(len(table))
    if asked == Protocol.A:
        found = _within_subject(table, everything, table.stimulus, gap_s, 3, "stimuli")
    elif asked == Protocol.B:
        found = _double(table, everything, gap_s)
    elif asked == Protocol.C:
        found = _within_subject(table, everything, table.session, gap_s, 2, "sessions")
    elif asked == Protocol.D:
        found = _blocked(table, everything, gap_s, blocks)
    else:
        found = _subjects(table, everything, gap_s)
    return tuple(found)


def strictest(table: FeatureTable, gap_s: float, blocks: int = BLOCKS) -> tuple[Protocol, str]:
    """Return the strictest protocol that the groups allow, and why it was chosen.

    Strictest first: subjects and stimuli together (B), sessions (C), stimuli (A), blocks of
    time (D). Leaving out subjects alone (E) is a baseline, and never chosen.

    Raises
    ------
    EvaluationError
        If none can be had, saying what each would need.
    """
    refused: list[str] = []
    for protocol in (Protocol.B, Protocol.C, Protocol.A, Protocol.D):
        try:
            folds_of(table, protocol, gap_s, blocks)
        except EvaluationError as problem:
            refused.append(f"{protocol}: {str(problem).split(';')[0].rstrip('.')}.")
            continue
        why = f"Protocol {protocol} ({protocol.says}) was chosen, the strictest that can be had."
        return protocol, " ".join([why, *(f"Not {one}" for one in refused)])
    raise EvaluationError(
        "No protocol that makes a score of a decoder can be had. "
        + " ".join(refused)
        + " Subjects alone can be left out with the protocol E, which is a baseline."
    )


def inner_folds(
    table: FeatureTable, fold: Fold, protocol: Protocol, gap_s: float
) -> tuple[Fold, ...]:
    """Return folds inside the training side, for everything that is tuned.

    They leave out what the protocol leaves out, in at most three groups; where a training
    side has a single group left, blocks of its time. None are left where there is too little.
    """
    found: tuple[Fold, ...] = ()
    train = fold.train
    if protocol == Protocol.B:
        found = tuple(_diagonal(table, train, gap_s))
    elif protocol != Protocol.D:
        groups = {
            Protocol.A: table.stimulus,
            Protocol.C: table.session,
            Protocol.E: table.subject,
        }[protocol]
        found = tuple(_grouped(table, train, groups, gap_s))
    if not found and table.kind == "rating":
        return tuple(_grouped(table, train, table.stimulus, gap_s))
    return found or tuple(_inner_blocks(table, train, gap_s))


def far_from(table: FeatureTable, train: IntArray, test: IntArray, gap_s: float) -> IntArray:
    """Return the rows of training that no scored row comes near, on either clock."""
    near = _near(table.recording, table.times, train, test, gap_s)
    # A story is heard by all alike: its neighbouring segments share words and labels.
    others = ~np.isin(table.stimulus[train], table.stimulus[test])
    near |= others & _near(table.story, table.story_times, train, test, gap_s)
    far: IntArray = train[~near]
    return far


def _near(
    group: IntArray, times: FloatArray, train: IntArray, test: IntArray, gap_s: float
) -> np.ndarray:
    near = np.zeros(len(train), dtype=bool)
    for code in np.intersect1d(group[train], group[test]):
        ours = group[train] == code
        near[ours] = distances(times[train[ours]], times[test[group[test] == code]]) < gap_s - 1e-9
    return near


def distances(times: FloatArray, others: FloatArray) -> FloatArray:
    """Return how far each time is from the nearest of the others, in seconds."""
    ordered = np.sort(others)
    after = np.searchsorted(ordered, times)
    below = np.abs(times - ordered[np.maximum(after - 1, 0)])
    above = np.abs(times - ordered[np.minimum(after, len(ordered) - 1)])
    return np.asarray(np.minimum(below, above), dtype=np.float64)


def _within_subject(
    table: FeatureTable, rows: IntArray, group: IntArray, gap_s: float, least: int, what: str
) -> Iterator[Fold]:
    names = table.stimuli if what == "stimuli" else table.sessions
    counts = {}
    for subject in np.unique(table.subject[rows]):
        own = rows[table.subject[rows] == subject]
        codes = np.unique(group[own])
        counts[table.subjects[subject]] = len(codes)
        if len(codes) < least:
            continue
        for code in codes:
            test = own[group[own] == code]
            train = far_from(table, own[group[own] != code], test, gap_s)
            yield _fold(table, train, test, f"{table.subjects[subject]}, {names[code]}", gap_s)
    if max(counts.values(), default=0) < least:
        raise EvaluationError(
            f"To leave out {what} within a subject, somebody must have at least {least} of them, "
            f"and the most that anybody has is {max(counts.values())}; "
            + (
                "blocks of time in a recording (D) need one only."
                if what == "sessions"
                else "leave out sessions (C) or blocks of time (D)."
            )
        )


def _double(table: FeatureTable, rows: IntArray, gap_s: float) -> Iterator[Fold]:
    subjects, stimuli = np.unique(table.subject[rows]), np.unique(table.stimulus[rows])
    shared = [len(np.unique(table.subject[rows[table.stimulus[rows] == s]])) for s in stimuli]
    if len(subjects) < 3 or len(stimuli) < 3 or max(shared) < 2:
        raise EvaluationError(
            "To hold out subjects and stimuli together at least 3 subjects and 3 stimuli that "
            f"they share are needed, and there are {len(subjects)} and {len(stimuli)}"
            f"{'' if max(shared) > 1 else ', none of them shared'}; with one subject leave out "
            "stimuli (A), sessions (C) or blocks of time (D)."
        )
    for people in _groups(subjects, MOST_GROUPS):
        ours = np.isin(table.subject[rows], people)
        for shown in _groups(stimuli, MOST_GROUPS):
            seen = np.isin(table.stimulus[rows], shown)
            if not (ours & seen).any():
                continue
            test = rows[ours & seen]
            train = far_from(table, rows[~ours & ~seen], test, gap_s)
            name = f"{_list(table.subjects, people)} × {_list(table.stimuli, shown)}"
            yield _fold(table, train, test, name, gap_s)


def _subjects(table: FeatureTable, rows: IntArray, gap_s: float) -> Iterator[Fold]:
    subjects = np.unique(table.subject[rows])
    if len(subjects) < 2:
        raise EvaluationError(
            f"To leave out subjects at least 2 are needed, and there is {len(subjects)}; leave "
            "out stimuli (A), sessions (C) or blocks of time (D)."
        )
    for people in _groups(subjects, 10):
        ours = np.isin(table.subject[rows], people)
        yield _fold(table, rows[~ours], rows[ours], _list(table.subjects, people), gap_s)


def _blocked(table: FeatureTable, rows: IntArray, gap_s: float, blocks: int) -> Iterator[Fold]:
    longest = 0.0
    for recording in np.unique(table.recording[rows]):
        own = rows[table.recording[rows] == recording]
        length = float(np.ptp(table.times[own]))
        longest = max(longest, length)
        # With shorter blocks hardly anything would be left between two gaps.
        if length < blocks * max(gap_s, 2 * table.step_s):
            continue
        for k, test in enumerate(_by_time(table, own, blocks)):
            train = far_from(table, np.setdiff1d(own, test), test, gap_s)
            name = f"{table.recordings[recording]}, block {k + 1}"
            yield _fold(table, train, test, name, gap_s)
    needed = blocks * max(gap_s, 2 * table.step_s)
    if longest < needed:
        raise EvaluationError(
            f"For {blocks} blocks of time with gaps of {gap_s:g} s a recording must have labels "
            f"over at least {needed:.0f} s, and the longest has {longest:.0f} s; record longer, "
            "or smooth labels less."
        )


def _by_time(table: FeatureTable, rows: IntArray, blocks: int) -> list[IntArray]:
    times = table.times[rows]
    edges = np.linspace(times.min(), times.max(), blocks + 1)[1:-1]
    block = np.searchsorted(edges, times, side="right")
    return [rows[block == k] for k in range(blocks) if np.any(block == k)]


def _grouped(table: FeatureTable, rows: IntArray, group: IntArray, gap_s: float) -> Iterator[Fold]:
    codes = np.unique(group[rows])
    if len(codes) < 2:
        return
    for left_out in _groups(codes, INNER):
        ours = np.isin(group[rows], left_out)
        train = far_from(table, rows[~ours], rows[ours], gap_s)
        if len(train) > 2:
            yield Fold(train, rows[ours], "inner")


def _diagonal(table: FeatureTable, rows: IntArray, gap_s: float) -> Iterator[Fold]:
    subjects, stimuli = np.unique(table.subject[rows]), np.unique(table.stimulus[rows])
    n = min(INNER, len(subjects), len(stimuli))
    if n < 2:
        return
    for people, shown in zip(_groups(subjects, n), _groups(stimuli, n), strict=True):
        ours = np.isin(table.subject[rows], people)
        seen = np.isin(table.stimulus[rows], shown)
        test = rows[ours & seen]
        if not len(test):
            continue
        train = far_from(table, rows[~ours & ~seen], test, gap_s)
        if len(train) > 2:
            yield Fold(train, test, "inner")


def _inner_blocks(table: FeatureTable, rows: IntArray, gap_s: float) -> Iterator[Fold]:
    """Yield folds of whole stretches of time, the same share of each recording at once."""
    split = [
        _by_time(table, rows[table.recording[rows] == code], INNER)
        for code in np.unique(table.recording[rows])
    ]
    for k in range(INNER):
        test = np.concatenate([parts[k] for parts in split if len(parts) > k] or [rows[:0]])
        train = far_from(table, np.setdiff1d(rows, test), test, gap_s)
        if len(test) and len(train) > 2:
            yield Fold(train, test, "inner")


def _groups(codes: IntArray, most: int) -> list[IntArray]:
    return [np.asarray(part) for part in np.array_split(codes, min(most, len(codes)))]


def _list(names: Sequence[str], codes: IntArray) -> str:
    return "+".join(names[code] for code in codes)


def _fold(table: FeatureTable, train: IntArray, test: IntArray, name: str, gap_s: float) -> Fold:
    if len(train) < 3:
        raise EvaluationError(
            f"With {name} held out and a gap of {gap_s:g} s, {len(train)} windows are left to "
            "learn from, expected at least 3; more stimuli or longer recordings are needed."
        )
    return Fold(train, test, name)

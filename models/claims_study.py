"""Whom the decoder's claims are measured on, what it says of them, and how a finding is told."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..decoding import Model
from ..signal import FloatArray
from ..simulators.benchmark import Benchmark, Sitting, Split
from ..simulators.codes import Code
from .claims_live import Shown, Watcher
from .contenders import covered, served, within
from .scoring import Interval
from .simulated import Record, Recorder, load, recorded

log = logging.getLogger(__name__)

DOSE_DEG = 30.0
MONTAGES = ("net128", "cap64", "cap32", "epoc", "muse")


@dataclass(frozen=True)
class Finding:
    """One claim, and what came out.

    Attributes
    ----------
    claim : str
        Name of the claim it belongs to.
    what : str
        What was measured.
    goal : str
        What it has to be.
    measured : str
        What it is.
    held : bool
        Whether that is so.
    values : mapping
        The numbers behind it, as JSON holds them.
    """

    claim: str
    what: str
    goal: str
    measured: str
    held: bool
    values: Mapping[str, Any]

    def __str__(self) -> str:
        """Return the finding as one line."""
        verdict = "held" if self.held else "NOT HELD"
        return f"{self.claim}: {self.what} [{self.goal}]: {self.measured}: {verdict}"


def said(interval: Interval, form: str = ".3f") -> str:
    """Return an interval as a table would show it."""
    return f"{interval.mean:{form}} [{interval.low:{form}}, {interval.high:{form}}]"


def numbers(interval: Interval) -> dict[str, float]:
    """Return an interval for a report."""
    return {name: round(value, 6) for name, value in asdict(interval).items()}


@dataclass(frozen=True, eq=False)
class Seen:
    """What a model says of one person on the scored stretch, and what is true.

    Attributes
    ----------
    means, std, truth : array, shape (n_frames, 8)
        Predictions, their standard deviations, labels.
    inside : array of bool, shape (n_frames, 8)
        Which labels lie in their 90 % interval.
    """

    means: FloatArray
    std: FloatArray
    truth: FloatArray
    inside: NDArray[np.bool_]


@dataclass(frozen=True)
class Study:
    """The unseen people of a benchmark, and the model whose claims are measured on them.

    Attributes
    ----------
    benchmark : Benchmark
        Whose test people, at 30° of orientation.
    model : Model
        What decodes them.
    people : int
        So many, the first ones.
    folder : Path
        Keeps what was recorded and decoded, so that a broken run goes on where it was.
    workers : int
        Processes that record.
    codes : tuple of str
        Whom montages are compared on.
    montages : tuple of str
        Headsets, from many channels to few.
    trained : int
        Training people behind the control whose labels were swapped.
    """

    benchmark: Benchmark
    model: Model
    people: int
    folder: Path
    workers: int = 1
    codes: tuple[Code, ...] = ("mix",)
    montages: tuple[str, ...] = MONTAGES
    trained: int = 24

    def sittings(
        self, code: Code = "mix", headset: str | None = None, split: Split = "test"
    ) -> tuple[Sitting, ...]:
        """Return who is recorded, and wearing what."""
        people = self.benchmark.sittings(split, code, DOSE_DEG, headset)
        return people[: self.people if split == "test" else self.trained]

    def records(self, sittings: Sequence[Sitting], what: str = "") -> Iterator[Record]:
        """Record people, or find their records, and yield them one by one."""
        card = self.model.card
        recorder = Recorder(card.features, card.conditioning, card.smoothing_s, self.folder)
        paths = recorded(sittings, recorder, self.workers)
        for number, (one, path) in enumerate(zip(sittings, paths, strict=True), start=1):
            name = f"{one.code} in {one.headset}"
            log.info("%s: %d of %d people", what or name, number, len(sittings))
            yield load(path, one)

    def shown(self, sittings: Sequence[Sitting]) -> Iterator[Shown]:
        """Decode people live, sample by sample, or find what that showed."""
        watcher = Watcher(self.model.path, self.folder)
        for number, one in enumerate(sittings, start=1):
            shown = watcher(one)
            log.info("decoded %s live: %d of %d people", one.code, number, len(sittings))
            yield shown

    def seen(self, record: Record) -> Seen:
        """Return what the model says of a person on the scored stretch.

        The whole record is decoded: the weights may follow from what went before.
        """
        means, std = served(self.model, record)
        scored = within(record, self.benchmark.scored_span)
        return Seen(
            means[scored],
            std[scored],
            record.truth[scored].astype(np.float64),
            covered(self.model, record)[scored],
        )

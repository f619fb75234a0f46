"""Claim: the stated uncertainty is the uncertainty there is, and knowing it is worth something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from ..decoding import Model
from ..decoding.trust import Unfamiliarity, summary
from ..signal import FloatArray
from ..simulators.artifacts import Artifacts
from .claims_study import Finding, Seen, Study, numbers, said
from .claims_weights import features_at
from .contenders import within
from .scoring import crps_gaussian, crps_sample, over_people
from .simulated import Record

CLAIM = "intervals"
LOWEST, HIGHEST, FEWEST = 0.87, 0.93, 0.80
TERCILES = ("familiar", "between", "unfamiliar")


@dataclass(frozen=True, eq=False)
class Person:
    """One person under one headset with one lot of artifacts.

    Attributes
    ----------
    seen : Seen
        What was predicted.
    distance : array, shape (n_frames,)
        How unfamiliar each frame was.
    """

    seen: Seen
    distance: FloatArray

    @property
    def covered(self) -> float:
        """Share of labels inside their 90 % interval."""
        return float(self.seen.inside.mean())

    def and_also(self, other: Person) -> Person:
        """Return the frames of both, as one person."""
        seen = (
            np.concatenate([getattr(one.seen, field.name) for one in (self, other)])
            for field in fields(Seen)
        )
        return Person(Seen(*seen), np.concatenate([self.distance, other.distance]))


def measure(study: Study) -> Iterator[Finding]:
    """Measure coverage of 90 % intervals, in all and by what could spoil it, and CRPS.

    People are those of the code mix in the benchmark's headset with its usual artifacts,
    unless said otherwise; coverage is the share of labels of a recording, over emotions
    and frames, then the mean over people. By artifact level: the same people in the same
    sessions with the realistic mixture. By unfamiliarity: the frames of both, cut into
    terciles of the distance that the reason `unfamiliar` goes by; people without frames
    in a tercile do not count there.

    The CRPS is that of a normal distribution of the predicted mean and standard
    deviation. The marginal forecast is the distribution of the labels of the benchmark's
    first training people, each emotion's own, the same at every moment.
    """
    sittings = study.sittings()
    usual = _people(study, study.records(sittings))
    covered = _coverage(usual)
    yield Finding(
        CLAIM,
        f"coverage of 90 % intervals, {len(usual)} people",
        f"{LOWEST:.2f} to {HIGHEST:.2f}",
        said(over_people(covered)),
        LOWEST <= float(covered.mean()) <= HIGHEST,
        {"coverage": numbers(over_people(covered)), "people": covered.round(6).tolist()},
    )
    taught = study.records(study.sittings(split="training"), "training people")
    labels = np.concatenate([record.truth.astype(np.float64) for record in taught])
    yield _crps(usual, labels)
    loud = tuple(replace(one, artifacts=Artifacts.realistic()) for one in sittings)
    realistic = _people(study, study.records(loud, "realistic artifacts"))
    by_headset = {}
    for headset in study.montages:
        worn = study.records(study.sittings(headset=headset))
        by_headset[headset] = over_people(_coverage(_people(study, worn)))
    by_artifacts = {
        name: over_people(_coverage(people))
        for name, people in (("usual", usual), ("realistic", realistic))
    }
    both = [a.and_also(b) for a, b in zip(usual, realistic, strict=True)]
    by_distance = {name: over_people(values) for name, values in terciles(both).items()}
    groups = (
        ("channel count", by_headset),
        ("artifact level", by_artifacts),
        ("unfamiliarity", by_distance),
    )
    for what, found in groups:
        yield Finding(
            CLAIM,
            f"coverage by {what}",
            f"at least {FEWEST:.2f} each",
            ", ".join(f"{name} {said(interval)}" for name, interval in found.items()),
            min(interval.mean for interval in found.values()) >= FEWEST,
            {name: numbers(interval) for name, interval in found.items()},
        )


def _people(study: Study, records: Iterable[Record]) -> list[Person]:
    found = []
    for record in records:
        scored = np.flatnonzero(within(record, study.benchmark.scored_span))
        found.append(Person(study.seen(record), _distances(study.model, record, scored)))
    return found


def _distances(model: Model, record: Record, frames: NDArray[np.intp]) -> FloatArray:
    known = Unfamiliarity(model.card.familiarity)
    mask = record.mask > 0.5
    summaries = (summary(*features_at(record, frame), mask) for frame in frames)
    return np.array([known.distance(each) for each in summaries])


def _coverage(people: Iterable[Person]) -> FloatArray:
    return np.array([one.covered for one in people])


def terciles(people: list[Person]) -> dict[str, FloatArray]:
    """Return the coverage of each person in each third of all frames, nearest first."""
    edges = np.quantile(np.concatenate([one.distance for one in people]), [1 / 3, 2 / 3])
    found: dict[str, list[float]] = {name: [] for name in TERCILES}
    for one in people:
        third = np.searchsorted(edges, one.distance)
        for k, name in enumerate(TERCILES):
            if (third == k).any():
                found[name].append(float(one.seen.inside[third == k].mean()))
    return {name: np.array(values) for name, values in found.items()}


def _crps(people: list[Person], labels: FloatArray) -> Finding:
    predicted, blind = [], []
    for one in people:
        seen = one.seen
        predicted.append(crps_gaussian(seen.means, seen.std, seen.truth).mean())
        columns = zip(labels.T, seen.truth.T, strict=True)
        blind.append(np.mean([crps_sample(sample, truth) for sample, truth in columns]))
    ours, theirs = np.array(predicted), np.array(blind)
    gained = over_people(theirs - ours)
    values: Mapping[str, object] = {
        "gained": numbers(gained),
        "predicted": ours.round(6).tolist(),
        "marginal": theirs.round(6).tolist(),
    }
    return Finding(
        CLAIM,
        "CRPS of the marginal forecast - CRPS of the predicted distribution",
        "above 0",
        f"{theirs.mean():.4f} - {ours.mean():.4f} = {said(gained, '.4f')}",
        gained.low > 0.0,
        values,
    )

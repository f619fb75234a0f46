"""What calibration gains on unseen people: ``python -m rtemotion.models.calibration.study``.

People of the benchmark are recorded for longer: eight minutes of labels after the rest, a
gap, five minutes that are scored, and enough after another gap for a within-subject oracle
of half an hour. What was recorded is kept, so that a broken run goes on.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path
from threadpoolctl import threadpool_limits

from ...decoding import Model, load_model
from ...decoding.card import by_size
from ...signal import FloatArray
from ...simulators import EMOTIONS
from ...simulators.benchmark import Benchmark, load_benchmark
from ..contenders import features_of, parts_of, served, stretch, within
from ..references import contexts_of
from ..ridge import fit_within_person
from ..scoring import Rescaling, concordance, over_people
from ..simulated import Record, Recorder, records
from .head import fit_head
from .judging import chance_of, widening
from .minutes import Minutes

log = logging.getLogger("rtemotion.models.calibration.study")

DOSE_DEG = 30.0


@dataclass(frozen=True)
class Spans:
    """Stretches of a recording in seconds: labelled, scored, and the oracle's besides."""

    labelled: tuple[float, float]
    scored: tuple[float, float]
    oracle: tuple[float, float]

    @classmethod
    def of(cls, benchmark: Benchmark, labels_s: float, scored_s: float, oracle_s: float) -> Spans:
        """Lay them out one after the other; what is not labelled of the oracle's comes last."""
        start = benchmark.rest_s
        labelled = start, start + labels_s
        scored = labelled[1] + benchmark.gap_s, labelled[1] + benchmark.gap_s + scored_s
        rest = scored[1] + benchmark.gap_s
        return cls(labelled, scored, (rest, rest + max(0.0, oracle_s - labels_s)))


@dataclass(frozen=True)
class Outcome:
    """What came out for one person.

    Attributes
    ----------
    before, spread, after, oracle : float
        CCC of the model as it is, of the same with the spread and mean of the labels, of the
        calibrated model, and of the oracle; means over emotions.
    held, held_after : float
        Share of labels in 90 % intervals before and after.
    gain, chance, variance, seconds : float
        What the held-out minutes say of it, the size of gains, and how long fitting took.
    """

    before: float
    spread: float
    after: float
    oracle: float
    held: float
    held_after: float
    gain: float
    chance: float
    variance: float
    seconds: float


def minutes_of(
    model: Model, record: Record, span: tuple[float, float], labels: FloatArray | None = None
) -> Minutes:
    """Return what a decoder saw of a record during a span; labels are the truth by default."""
    mean, std = served(model, record)
    card, inside = model.card, within(record, span)
    contexts, starts = contexts_of(
        record, card.normalisation.population, card.context, card.features
    )
    if len(starts) > 2:
        # Frames without a context are not trusted, and not calibrated on.
        inside[: starts[1]] = False
    last = np.flatnonzero(inside)[-1]
    context = contexts[np.searchsorted(starts, last, side="right") - 1]
    positions = record.positions.astype(np.float64)
    truth = record.truth.astype(np.float64) if labels is None else labels
    return Minutes(
        record.times[inside],
        record.power[inside],
        record.connectivity[inside],
        mean[inside],
        std[inside],
        truth[inside],
        model.weights(record.pairs, positions, record.mask > 0.5, context),
        record.pairs,
    )


def outcome(model: Model, record: Record, spans: Spans, gap_s: float) -> Outcome:
    """Calibrate on one person and score."""
    targets = tuple(range(len(EMOTIONS)))
    minutes = minutes_of(model, record, spans.labelled).thinned()
    centre = np.array([target.prior_mean for target in model.card.targets])
    factor = by_size(model.card.interval_by_size, int((record.mask > 0.5).sum()))
    half = factor * np.array([target.interval for target in model.card.targets])
    began = time.perf_counter()
    fit = fit_head(minutes, targets, centre)
    chance = chance_of(minutes, fit, targets)
    wider = widening(minutes, fit, targets, half)
    seconds = time.perf_counter() - began
    scored = within(record, spans.scored)
    truth = record.truth[scored].astype(np.float64)
    mean, std = (x[scored] for x in served(model, record))
    after = fit.head(mean, record.power[scored], record.connectivity[scored])
    own = stretch(record, spans.labelled, spans.oracle)
    labels, parts = own.truth.astype(np.float64), parts_of(own)
    name, ridge = fit_within_person(features_of(own), labels, own.times, gap_s, parts)
    best = ridge.ridge.predict(features_of(record)[scored][:, parts[name]])
    best = Rescaling.fitted(ridge.held_out, labels)(best)
    shown = within(record, spans.labelled)
    known = record.truth[shown].astype(np.float64)
    rescaling = Rescaling.fitted(served(model, record)[0][shown], known)
    return Outcome(
        before=_ccc(mean, truth),
        spread=_ccc(rescaling(mean), truth),
        after=_ccc(after, truth),
        oracle=_ccc(best, truth),
        held=float((np.abs(truth - mean) <= half * std).mean()),
        held_after=float((np.abs(truth - after) <= wider * half * std).mean()),
        gain=fit.gain,
        chance=chance,
        variance=fit.variance,
        seconds=seconds,
    )


def _ccc(estimate: FloatArray, truth: FloatArray) -> float:
    return float(concordance(estimate, truth).mean())


def study(options: argparse.Namespace) -> Iterator[tuple[int, Outcome]]:
    """Yield each person's seed and outcome."""
    benchmark, model = load_benchmark(), load_model(options.model)
    spans = Spans.of(benchmark, options.labels, options.scored, options.oracle)
    card = model.card
    recorder = Recorder(card.features, card.conditioning, card.smoothing_s, options.work)
    seconds = spans.oracle[1] - benchmark.rest_s
    people = benchmark.sittings("test", options.code, DOSE_DEG)[: options.people]
    sittings = [replace(one, seconds=seconds) for one in people]
    for one, record in zip(sittings, records(sittings, recorder, options.workers), strict=True):
        yield one.subject, outcome(model, record, spans, benchmark.gap_s)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one line a person, then the mean over people."""
    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    _tell("person      before  spread  after  oracle  held  held after  gain     p  size  s")
    found = []
    with threadpool_limits(1):
        for person, one in study(options):
            found.append(one)
            _tell(
                f"{person}  {one.before:6.3f}  {one.spread:6.3f}  {one.after:5.3f}  "
                f"{one.oracle:6.3f}  {one.held:4.2f}  {one.held_after:10.2f}  {one.gain:4.2f}  "
                f"{one.chance:4.2f}  {one.variance:4g}  {one.seconds:.2f}"
            )
    names = ("before", "spread", "after", "oracle", "held", "held_after")
    mean = {name: over_people(np.array([getattr(one, name) for one in found])) for name in names}
    for name, over in mean.items():
        _tell(f"{name:10s} {over.mean:.3f} [{over.low:.3f}, {over.high:.3f}]")
    before, spread, after, best = (mean[name].mean for name in names[:4])
    _tell(f"of the gap to the oracle closed: {(after - before) / (best - before):.0%}")
    _tell(f"by spread and mean alone: {(spread - before) / (best - before):.0%}")
    worst = min(one.after - one.before for one in found)
    longest = max(one.seconds for one in found)
    _tell(f"worst change of a person: {worst:+.3f}; longest {longest:.2f} s")


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--model", type=Path, help="a model file; the shipped one by default")
    parser.add_argument("--code", default="network", choices=("network", "power", "mix"))
    parser.add_argument("--people", type=int, default=10, help="of the test side, the first ones")
    parser.add_argument("--labels", type=float, default=480.0, help="seconds of labels")
    parser.add_argument("--scored", type=float, default=300.0, help="seconds that are scored")
    parser.add_argument("--oracle", type=float, default=1800.0, help="seconds the oracle sees")
    parser.add_argument("--workers", type=int, default=1, help="processes that record")
    parser.add_argument(
        "--work",
        type=Path,
        default=user_cache_path("rtemotion", appauthor=False) / "calibration",
        help="keeps the records, so that a broken run goes on",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()

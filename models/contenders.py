"""Everything that is scored on the benchmark: the model, ridges, a mean, an oracle.

All are functions from a record to predictions of the eight emotions, and all but the
model as it is served are rescaled in the same way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..decoding import Model
from ..decoding.card import by_size
from ..errors import SetupError
from ..signal import FloatArray
from ..simulators import EMOTIONS
from ..simulators.benchmark import Benchmark
from .references import contexts_of
from .ridge import Fit, Rows, fit_over_people, fit_within_person
from .scoring import Rescaling
from .simulated import Record

log = logging.getLogger(__name__)

MODEL, SERVED = "model", "model as served"
CONNECTIVITY, POWER, BOTH = "connectivity ridge", "band-power ridge", "ridge on both"
ADDITIVE, APPROXIMATE = "additive encoder", "approximate encoder"
MEAN, ORACLE = "training mean", "within-subject oracle"
# More features than this make a ridge over people too large for an ordinary machine.
MOST_FEATURES = 6000

Agreements = dict[str, tuple[float, float]]
"""Name of an encoder to how far its reasons, of channels and of pairs, are what resetting does."""
Guess = Callable[[Record], FloatArray]
"""From a record to predictions of the eight emotions, shape (n_frames, 8)."""


def features_of(record: Record) -> Rows:
    """Return a record's power, then connectivity, one row a frame."""
    n = len(record.truth)
    return np.concatenate(
        [record.power.reshape(n, -1), record.connectivity.reshape(n, -1)], axis=1
    ).astype(np.float32)


def parts_of(record: Record) -> dict[str, slice]:
    """Return the features that each ridge is given, by its name."""
    power, edges = record.power[0].size, record.connectivity[0].size
    return {
        CONNECTIVITY: slice(power, power + edges),
        POWER: slice(0, power),
        BOTH: slice(0, power + edges),
    }


def served(model: Model, record: Record) -> tuple[FloatArray, FloatArray]:
    """Return what the decoder shows, and its standard deviation, both (n_frames, 8).

    The smoothing is linear and the weights stay while no channel drops out and the
    context does not change, so that weights on smoothed features are smoothed predictions.
    """
    card = model.card
    names = card.target_names
    missing = [name for name in EMOTIONS if name not in names]
    if missing or card.normalisation.policy != "baseline":
        raise SetupError(
            f"{model.path} cannot be scored on simulated people: it must decode "
            f"{', '.join(EMOTIONS)} against the person's own baseline"
        )
    contexts, starts = contexts_of(
        record, card.normalisation.population, card.context, card.features
    )
    pairs, positions, mask = record.pairs, record.positions.astype(np.float64), record.mask > 0.5
    means, stds = [], []
    for context, span in zip(contexts, map(slice, starts, starts[1:]), strict=True):
        power = record.power[span].astype(np.float64)
        edges = record.connectivity[span].astype(np.float64)
        if card.architecture == "additive":
            weights = model.weights(pairs, positions, mask, context)
            by_node = np.einsum("tbc,nbc->nt", weights.node, power, optimize=True)
            by_edge = np.einsum("tmbp,nmbp->nt", weights.edge, edges, optimize=True)
            means.append(weights.bias + by_node + by_edge)
            stds.append(np.tile(weights.std, (len(power), 1)))
        else:
            for p, e in zip(power, edges, strict=True):
                mean, std, *_ = model.run(p, e, pairs, positions, mask, context)
                means.append(mean[None])
                stds.append(std[None])
    order = [names.index(name) for name in EMOTIONS]
    return np.concatenate(means)[:, order], np.concatenate(stds)[:, order]


def covered(model: Model, record: Record) -> NDArray[np.bool_]:
    """Tell which labels lie inside the model's own 90 % intervals, shape (n_frames, 8)."""
    means, std = served(model, record)
    factors = {target.name: target.interval for target in model.card.targets}
    size = by_size(model.card.interval_by_size, int(np.count_nonzero(record.mask > 0.5)))
    half = std * size * np.array([factors[name] for name in EMOTIONS])
    return np.asarray(np.abs(record.truth - means) <= half)


def decoders(
    model: Model, people: Iterable[Record], encoders: bool = False
) -> tuple[dict[str, Guess], dict[str, float], Agreements]:
    """Return everything that is scored, by name, the ridges' penalties, the encoders' agreement.

    Ridges are left out where there are more than `MOST_FEATURES`.

    Parameters
    ----------
    model : Model
        Its features are those of the records.
    people : iterable of Record
        Those of the training side, at least two.
    encoders : bool
        Whether both architectures are fitted on these people as well; at least five then.
    """
    truths, shown, rows, kept = [], [], [], []
    parts: dict[str, slice] = {}
    for record in people:
        truths.append(record.truth.astype(np.float64))
        shown.append(served(model, record)[0])
        if encoders:
            kept.append(record)
        parts = parts_of(record)
        if parts[BOTH].stop <= MOST_FEATURES:
            rows.append(features_of(record))
    truth = np.concatenate(truths)
    mean = truth.mean(axis=0)
    found: dict[str, Guess] = {
        MODEL: _rescaled(
            lambda r: served(model, r)[0], Rescaling.fitted(np.concatenate(shown), truth)
        ),
        SERVED: lambda r: served(model, r)[0],
        MEAN: lambda r: np.tile(mean, (len(r.truth), 1)),
    }
    agreements: Agreements = {}
    if encoders:
        from .encoders import FittedEncoder

        additive = FittedEncoder("additive", kept, model.card)
        approximate = FittedEncoder("approximate", kept, model.card)
        found |= {ADDITIVE: additive, APPROXIMATE: approximate}
        agreements = {ADDITIVE: additive.agreement, APPROXIMATE: approximate.agreement}
    if not rows:
        log.warning("no ridges over people: %d features are too many", parts[BOTH].stop)
        return found, {}, agreements
    person = np.repeat(np.arange(len(truths)), [len(x) for x in truths])
    fits = fit_over_people(np.concatenate(rows), truth, person, parts)
    for name, fit in fits.items():
        found[name] = _ridge(fit, truth, parts[name])
    return found, {name: fit.ridge.alpha for name, fit in fits.items()}, agreements


def oracle(benchmark: Benchmark, record: Record, oracle_s: float | None = None) -> Guess:
    """Return what a test person's own stretches teach, `oracle_s` of them in all.

    Hundreds of rows for thousands of features: whether it is given power,
    connectivity or both is chosen like the penalty, on stretches held out of its own.
    """
    own = stretch(record, *benchmark.oracle_spans(oracle_s))
    truth, parts = own.truth.astype(np.float64), parts_of(own)
    name, fit = fit_within_person(features_of(own), truth, own.times, benchmark.gap_s, parts)
    return _ridge(fit, truth, parts[name])


def within(record: Record, *spans: tuple[float, float]) -> NDArray[np.bool_]:
    """Tell which frames end within spans of seconds, their starts excluded, (n_frames,)."""
    inside = np.zeros(len(record.times), dtype=np.bool_)
    for start, end in spans:
        inside |= (record.times > start) & (record.times <= end)
    return inside


def stretch(record: Record, *spans: tuple[float, float]) -> Record:
    """Return the frames of a record that end within spans, see `within`."""
    inside = within(record, *spans)
    return replace(
        record,
        power=record.power[inside],
        connectivity=record.connectivity[inside],
        truth=record.truth[inside],
        times=record.times[inside],
    )


def _ridge(fit: Fit, truth: FloatArray, part: slice) -> Guess:
    """Return a regression of some features, rescaled by what was held out of its fit."""
    return _rescaled(
        lambda record: fit.ridge.predict(features_of(record)[:, part]),
        Rescaling.fitted(fit.held_out, truth),
    )


def _rescaled(guess: Guess, rescaling: Rescaling) -> Guess:
    return lambda record: rescaling(guess(record))

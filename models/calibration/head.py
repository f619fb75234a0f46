"""A head on an additive model: each electrode's part in it is weighed anew for one person.

A prediction is a sum of weight · feature. The head asks how much of the weight that the
model gives an electrode, in each band and measure, is right for this person: a weight on a
pair is multiplied by one plus the gains of its two electrodes. That is a few hundred gains
in place of thousands of weights, all of them 0 unless labels say otherwise, and what comes
out is again a weight for every feature. At last predictions are given the spread and mean of
the labels, as least squares predicts too narrowly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array

from ...signal import FloatArray
from ..scoring import concordance
from .minutes import Minutes

# Variances of what gains add, in units of that of the model's estimate; 0 is no head at all.
VARIANCES = (0.0, 0.3, 1.0, 3.0, 10.0)
FOLDS = 5
# The longest window (8 s) and the smoothing fit in many times over.
GAP_S = 30.0
# Rows err alike for about so long in seconds: errors last as long as emotions do.
ALIKE_S = 20.0
# What a person's mean is off by is believed as far as there are more pieces of evidence than this.
_DOUBT = 6.0
_FLATTEST, _STEEPEST = 0.25, 4.0


@dataclass(frozen=True, eq=False)
class Head:
    """What is done to a model's estimate: ``scale · estimate + offset + Σ weight · feature``.

    Attributes
    ----------
    scale, offset : array, shape (n_targets,)
    node : array, shape (n_targets, n_bands, n_channels)
    edge : array, shape (n_targets, n_measures, n_connectivity_bands, n_pairs)
    """

    scale: FloatArray
    offset: FloatArray
    node: FloatArray
    edge: FloatArray

    def __call__(
        self,
        mean: FloatArray,
        power: NDArray[np.floating],
        connectivity: NDArray[np.floating],
    ) -> FloatArray:
        """Return calibrated estimates (n_rows, n_targets)."""
        n = len(mean)
        by_node = power.reshape(n, -1) @ self.node.reshape(len(self.scale), -1).T
        by_edge = connectivity.reshape(n, -1) @ self.edge.reshape(len(self.scale), -1).T
        estimate: FloatArray = self.scale * mean + self.offset + by_node + by_edge
        return estimate


@dataclass(frozen=True, eq=False)
class Fit:
    """A head, and how those fitted without a stretch of time do on it.

    Attributes
    ----------
    head : Head
    variance : float
        Of `VARIANCES`, the one chosen.
    held_out : array, shape (n_rows, n_targets)
        Calibrated estimates of rows that the gains were not fitted on; NaN without labels.
    before, after : array, shape (n_fitted,)
        Concordance of the uncalibrated and of the held-out estimates with the labels.
    """

    head: Head
    variance: float
    held_out: FloatArray
    before: FloatArray
    after: FloatArray

    @property
    def gain(self) -> float:
        """Mean over targets of what the concordance rose by."""
        return float((self.after - self.before).mean())


def fit_head(minutes: Minutes, targets: tuple[int, ...], centre: FloatArray) -> Fit:
    """Fit a head on some of the targets; the others stay as they are.

    The size of gains is chosen by squared error on stretches of time that were held out,
    with a gap on either side. Scale and offset of a stretch's held-out estimates come from
    the other stretches.

    Parameters
    ----------
    minutes : Minutes
        At most a few hundred rows.
    targets : tuple of int
        Those with labels that move.
    centre : array, shape (n_targets,)
        What is known of each target without a signal: estimates are widened about it.
    """
    problems = {t: _Problem.of(minutes, t, float(centre[t])) for t in targets}
    guesses = {t: problem.held_out() for t, problem in problems.items()}
    errors = np.mean([problems[t].errors(guesses[t]) for t in targets], axis=0)
    best = int(np.argmin(errors))
    n_targets = minutes.labels.shape[1]
    w = minutes.weights
    head = Head(np.ones(n_targets), np.zeros(n_targets), w.node * 0.0, w.edge * 0.0)
    held_out = np.full_like(minutes.labels, np.nan)
    before, after = [], []
    for t, problem in problems.items():
        guess = guesses[t][best]
        held_out[problem.rows, t] = problem.rescaled_by_others(guess)
        found = held_out[problem.rows, t][:, None], problem.mean[:, None]
        after.append(concordance(found[0], problem.labels[:, None])[0])
        before.append(concordance(found[1], problem.labels[:, None])[0])
        gains = problem.gains(VARIANCES[best])
        every = np.ones(len(guess), dtype=np.bool_)
        scale, offset = problem.spread(guess, every)
        node, edge = _weights(minutes, t, gains)
        head.scale[t], head.offset[t] = scale, offset - scale * problem.added(gains)
        head.node[t], head.edge[t] = scale * node, scale * edge
    return Fit(head, VARIANCES[best], held_out, np.array(before), np.array(after))


@dataclass(frozen=True, eq=False)
class _Problem:
    """One target: what electrodes contribute, what the model says, what is true."""

    rows: NDArray[np.int64]
    times: FloatArray
    parts: FloatArray
    mean: FloatArray
    labels: FloatArray
    gram: FloatArray
    unit: float
    centre: float

    @classmethod
    def of(cls, minutes: Minutes, target: int, centre: float) -> _Problem:
        rows = np.flatnonzero(np.isfinite(minutes.labels[:, target]))
        parts = _parts(minutes, target, rows)
        mean = minutes.mean[rows, target]
        # In units in which gains add as much variance as the estimate has.
        away = parts - parts.mean(axis=0)
        own, added = float(mean.var()), float(np.square(away).sum(axis=1).mean())
        unit = np.sqrt(own / added) if added > 0 else 0.0
        parts *= unit
        labels = minutes.labels[rows, target]
        return cls(rows, minutes.times[rows], parts, mean, labels, parts @ parts.T, unit, centre)

    def held_out(self) -> FloatArray:
        """Return predictions of every stretch by the others, (n_variances, n_rows)."""
        guesses = np.empty((len(VARIANCES), len(self.rows)))
        for stretch in self._stretches():
            first, last = self.times[stretch[[0, -1]]]
            others = np.flatnonzero((self.times < first - GAP_S) | (self.times > last + GAP_S))
            cross = self._centred(stretch, others)
            for guess, variance in zip(guesses, VARIANCES, strict=True):
                guess[stretch] = self.mean[stretch]
                if variance > 0:
                    guess[stretch] += cross @ self._solved(others, variance)
        return guesses

    def errors(self, guesses: FloatArray) -> FloatArray:
        """Return the squared error of each variance in units of that of the labels."""
        errors: FloatArray = np.square(guesses - self.labels).mean(axis=1) / self.labels.var()
        return errors

    def rescaled_by_others(self, guess: FloatArray) -> FloatArray:
        """Return held-out predictions with the spread and mean that other stretches teach."""
        rescaled = np.empty_like(guess)
        for stretch in self._stretches():
            others = np.ones(len(guess), dtype=np.bool_)
            others[stretch] = False
            scale, offset = self.spread(guess, others)
            rescaled[stretch] = scale * guess[stretch] + offset
        return rescaled

    def spread(self, guess: FloatArray, rows: NDArray[np.bool_]) -> tuple[float, float]:
        """Return scale and offset that give held-out predictions the spread of the labels.

        Predictions of rows they were fitted on would move too much. Of what the mean is off
        by only a part is taken: in few minutes the labels' own mean says little.
        """
        guess, labels = guess[rows], self.labels[rows]
        spread = float(guess.std())
        scale = float(labels.std()) / spread if spread > 1e-9 else 1.0
        scale = float(np.clip(scale, _FLATTEST, _STEEPEST))
        evidence = len(guess) * self._spacing() / (2.0 * ALIKE_S)
        off = float(np.mean(labels - self.centre - scale * (guess - self.centre)))
        level = off * evidence / (evidence + _DOUBT)
        return scale, self.centre * (1.0 - scale) + level

    def gains(self, variance: float) -> FloatArray:
        """Return the gain of every part, fitted on all rows."""
        if variance == 0.0:
            return np.zeros(self.parts.shape[1])
        every = np.arange(len(self.rows))
        away = self.parts - self.parts.mean(axis=0)
        gains: FloatArray = self.unit * (away.T @ self._solved(every, variance))
        return gains

    def added(self, gains: FloatArray) -> float:
        """Return the mean of what gains add."""
        return float(self.parts.mean(axis=0) @ gains / self.unit) if self.unit else 0.0

    def _spacing(self) -> float:
        return float(np.median(np.diff(self.times)))

    def _stretches(self) -> list[NDArray[np.int64]]:
        return np.array_split(np.arange(len(self.rows)), FOLDS)

    def _solved(self, rows: NDArray[np.int64], variance: float) -> FloatArray:
        off = self.labels[rows] - self.mean[rows]
        off = off - off.mean()
        kernel = variance * self._centred(rows, rows)
        noise = max(1.0, ALIKE_S / self._spacing()) * max(float(off.var()), 1e-12)
        kernel[np.diag_indices_from(kernel)] += noise
        found: FloatArray = variance * cho_solve(cho_factor(kernel, overwrite_a=True), off)
        return found

    def _centred(self, rows: NDArray[np.int64], about: NDArray[np.int64]) -> FloatArray:
        """Return products of parts, those of `about` having mean 0, (n_rows, n_about)."""
        right = self.gram[np.ix_(about, about)].mean(axis=1)
        left = self.gram[np.ix_(rows, about)]
        centred: FloatArray = left - left.mean(axis=1, keepdims=True) - right + right.mean()
        return centred


def _parts(minutes: Minutes, target: int, rows: NDArray[np.int64]) -> FloatArray:
    """Return what each electrode contributes in each band and measure, (n_rows, n_parts)."""
    node, edge = minutes.weights.node[target], minutes.weights.edge[target]
    power = minutes.power[rows].astype(np.float64) * node
    n_edges, n_pairs = edge.shape[0] * edge.shape[1], edge.shape[2]
    ends = _ends(minutes.pairs, node.shape[1])
    weighted = (minutes.connectivity[rows].astype(np.float64) * edge).reshape(-1, n_pairs)
    by_electrode = np.asarray(weighted @ ends).reshape(len(rows), n_edges * node.shape[1])
    return np.concatenate([power.reshape(len(rows), -1), by_electrode], axis=1)


def _weights(minutes: Minutes, target: int, gains: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the weight that gains come to for every feature, of nodes and of edges."""
    node, edge = minutes.weights.node[target], minutes.weights.edge[target]
    of_node, of_edge = np.split(gains, [node.size])
    n_channels = node.shape[1]
    both = of_edge.reshape(-1, n_channels) @ _ends(minutes.pairs, n_channels).T.toarray()
    return node * of_node.reshape(node.shape), edge * both.reshape(edge.shape)


def _ends(pairs: NDArray[np.int64], n_channels: int) -> csr_array:
    """Return 1 where an electrode is an end of a pair, (n_pairs, n_channels)."""
    n = len(pairs)
    place = (np.tile(np.arange(n), 2), pairs.T.ravel())
    return csr_array((np.ones(2 * n), place), shape=(n, n_channels))

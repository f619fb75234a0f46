"""Ridge regression on standardised features, its penalty chosen on rows it was not fitted on.

Over many people the sums of squares and products are built once, and folds of people
are taken out of them; over the few rows of one person the dual form is solved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, eigh

from ..signal import FloatArray

ALPHAS: tuple[float, ...] = tuple(10.0**k for k in range(2, 7))
FOLDS = 5
# Rows that are turned into double precision at once.
_BLOCK = 2048

Rows = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Ridge:
    """A fitted regression: ``bias + (x - mean) / scale · weights``.

    Attributes
    ----------
    weights : array, shape (n_features, n_targets)
        On standardised features.
    mean, scale : array, shape (n_features,)
        Of the features in training; a feature that never changes has the scale 1.
    bias : array, shape (n_targets,)
        Means of the targets in training.
    alpha : float
        Penalty on the sum of squared weights.
    """

    weights: FloatArray
    mean: FloatArray
    scale: FloatArray
    bias: FloatArray
    alpha: float

    def predict(self, x: Rows) -> FloatArray:
        """Return predictions (n_rows, n_targets) from features (n_rows, n_features)."""
        weights = self.weights / self.scale[:, None]
        predicted: FloatArray = x @ weights + (self.bias - self.mean @ weights)
        return predicted


@dataclass(frozen=True, eq=False)
class Fit:
    """A regression, and what those fitted without them say of its own rows.

    Attributes
    ----------
    ridge : Ridge
        Fitted on all rows.
    held_out : array, shape (n_rows, n_targets)
        Prediction of each row by a regression of the same penalty on other folds.
    """

    ridge: Ridge
    held_out: FloatArray


def fit_over_people(
    x: Rows, y: FloatArray, person: NDArray[np.int64], parts: Mapping[str, slice]
) -> dict[str, Fit]:
    """Fit ridges on several parts of the features, folds made of whole people.

    Parameters
    ----------
    x : array, shape (n_rows, n_features)
        Features.
    y : array, shape (n_rows, n_targets)
        Targets.
    person : array of int, shape (n_rows,)
        Whose row it is, counted from 0; at least two people.
    parts : mapping
        Name of each regression to the features it is given.
    """
    fold = person % min(FOLDS, int(person.max()) + 1)
    sides = [fold == k for k in range(fold.max() + 1)]
    sums = [_Sums.of(x[side], y[side]) for side in sides]
    total = _Sums.added(sums)
    guesses = {name: np.empty((len(ALPHAS), *y.shape)) for name in parts}
    for side, own in zip(sides, sums, strict=True):
        rows = x[side]
        for name, part in parts.items():
            equations = _Equations.of(total.part(part), own.part(part))
            guesses[name][:, side] = _all(equations.solved(np.float32), rows[:, part])
    fits = {}
    for name, part in parts.items():
        best = int(np.argmin(_errors(guesses[name], y)))
        (ridge,) = _Equations.of(total.part(part)).solved(np.float64, (ALPHAS[best],))
        fits[name] = Fit(ridge, guesses[name][best])
    return fits


def fit_within_person(
    x: Rows, y: FloatArray, times: FloatArray, gap_s: float, parts: Mapping[str, slice]
) -> tuple[str, Fit]:
    """Fit a ridge on one recording, folds made of stretches of time.

    Parameters
    ----------
    x : array, shape (n_rows, n_features)
        Features.
    y : array, shape (n_rows, n_targets)
        Targets.
    times : array, shape (n_rows,)
        Seconds, ascending.
    gap_s : float
        Rows nearer than this to a stretch do not help to predict it.
    parts : mapping
        Name of each regression to the features it is given.

    Returns
    -------
    name : str
        The part that predicts best what is held out.
    fit : Fit
        Its regression.
    """
    guesses = {name: np.empty((len(ALPHAS), *y.shape)) for name in parts}
    for stretch in np.array_split(np.arange(len(x)), FOLDS):
        first, last = times[stretch[[0, -1]]]
        others = (times < first - gap_s) | (times > last + gap_s)
        for name, part in parts.items():
            ridges = _dual(x[others, part], y[others])
            guesses[name][:, stretch] = _all(ridges, x[stretch, part])
    errors = {name: _errors(guesses[name], y) for name in parts}
    name = min(parts, key=lambda part: float(errors[part].min()))
    best = int(np.argmin(errors[name]))
    (ridge,) = _dual(x[:, parts[name]], y, (ALPHAS[best],))
    return name, Fit(ridge, guesses[name][best])


def _all(ridges: Iterable[Ridge], x: Rows) -> NDArray[np.float32]:
    """Return the predictions of several regressions, (n_ridges, n_rows, n_targets)."""
    found = tuple(ridges)
    weights = np.concatenate([r.weights / r.scale[:, None] for r in found], axis=1)
    bias = np.concatenate([r.bias for r in found])
    constant = bias - found[0].mean @ weights
    predicted: NDArray[np.float32] = x @ weights.astype(np.float32) + constant.astype(np.float32)
    each: NDArray[np.float32] = predicted.reshape(len(x), len(found), -1).transpose(1, 0, 2)
    return each


def _errors(guesses: FloatArray, y: FloatArray) -> FloatArray:
    """Return the squared error of each penalty, every target in units of its variance."""
    errors: FloatArray = (np.square(guesses - y).mean(axis=1) / y.var(axis=0)).mean(axis=1)
    return errors


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums over rows, all that a regression needs of them."""

    n: int
    x: FloatArray
    y: FloatArray
    xx: FloatArray
    xy: FloatArray

    @classmethod
    def of(cls, x: Rows, y: FloatArray) -> _Sums:
        """Sum over rows in double precision."""
        n_features = x.shape[1]
        total = np.zeros(n_features)
        xx, xy = np.zeros((n_features, n_features)), np.zeros((n_features, y.shape[1]))
        for start in range(0, len(x), _BLOCK):
            block = slice(start, start + _BLOCK)
            rows = x[block].astype(np.float64)
            total += rows.sum(axis=0)
            xx += rows.T @ rows
            xy += rows.T @ y[block]
        return cls(len(x), total, y.sum(axis=0), xx, xy)

    @classmethod
    def added(cls, parts: list[_Sums]) -> _Sums:
        """Return the sums over the rows of all."""
        n = sum(part.n for part in parts)
        x, y, xx, xy = (sum(getattr(p, name) for p in parts) for name in ("x", "y", "xx", "xy"))
        return cls(n, x, y, xx, xy)

    def part(self, chosen: slice) -> _Sums:
        """Return the sums for some of the features alone."""
        return _Sums(self.n, self.x[chosen], self.y, self.xx[chosen, chosen], self.xy[chosen])


@dataclass(frozen=True, eq=False)
class _Equations:
    """Normal equations on standardised features: ``(gram + alpha) · weights = right``."""

    gram: FloatArray
    right: FloatArray
    mean: FloatArray
    scale: FloatArray
    bias: FloatArray

    @classmethod
    def of(cls, total: _Sums, without: _Sums | None = None) -> _Equations:
        """Return the equations for all rows, or for all but some of them."""
        n, x, y, xx, xy = total.n, total.x, total.y, total.xx, total.xy
        if without is not None:
            n, x, y = n - without.n, x - without.x, y - without.y
            xx, xy = xx - without.xx, xy - without.xy
        mean, bias = x / n, y / n
        centred = xx - np.outer(mean, x)
        scale = _scale(np.diagonal(centred) / n)
        centred /= scale[:, None]
        centred /= scale
        return cls(centred, (xy - np.outer(mean, y)) / scale[:, None], mean, scale, bias)

    def solved(
        self, precision: type[np.floating], alphas: tuple[float, ...] = ALPHAS
    ) -> Iterator[Ridge]:
        """Yield the regression of each penalty."""
        for alpha in alphas:
            left = self.gram.astype(precision)
            left[np.diag_indices_from(left)] += alpha
            factor = cho_factor(left, overwrite_a=True, check_finite=False)
            weights = cho_solve(factor, self.right.astype(precision), check_finite=False)
            yield Ridge(weights.astype(np.float64), self.mean, self.scale, self.bias, alpha)


def _dual(x: Rows, y: FloatArray, alphas: tuple[float, ...] = ALPHAS) -> Iterator[Ridge]:
    """Yield the regression of each penalty, fitted on fewer rows than there are features."""
    mean, bias = x.mean(axis=0, dtype=np.float64), y.mean(axis=0)
    z = x - mean
    scale = _scale(np.square(z).mean(axis=0))
    z /= scale
    values, vectors = eigh(z @ z.T)
    turned = vectors.T @ (y - bias)
    for alpha in alphas:
        weights = z.T @ (vectors @ (turned / (values + alpha)[:, None]))
        yield Ridge(weights, mean, scale, bias, alpha)


def _scale(variance: FloatArray) -> FloatArray:
    return np.sqrt(np.where(variance > 1e-12, variance, 1.0))

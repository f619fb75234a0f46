"""Regressors under one face: many columns of labels at once, several settings side by side.

Whatever is linear in its labels learns hundreds of shifted labels in one go, since all of
them share one Gram matrix. Everything else is a scikit-learn regressor, fitted as it is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from ...signal import FloatArray
from .table import EvaluationError, IntArray

ALPHAS: tuple[float, ...] = tuple(10.0**k for k in range(-1, 6))
_TINY = 1e-12


class Prepared(Protocol):
    """A regressor that has seen features, and waits for labels."""

    def each(self, y: FloatArray) -> Iterator[FloatArray]:
        """Yield for every setting predictions of the new rows, (n_new, n_columns)."""
        ...

    def chosen(self, y: FloatArray, setting: IntArray) -> FloatArray:
        """Return predictions, each column of labels with a setting of its own."""
        ...


class Regressor(Protocol):
    """What is evaluated."""

    @property
    def settings(self) -> tuple[Mapping[str, Any], ...]:
        """What is chosen from inside the training folds."""
        ...

    @property
    def refits(self) -> bool:
        """Whether it is quick to learn many shifted labels."""
        ...

    def prepare(self, x: FloatArray, new: FloatArray) -> Prepared:
        """Take standardised features to learn from (n, p) and to predict from (n_new, p)."""
        ...


def standardised(
    train: NDArray[np.floating], test: NDArray[np.floating]
) -> tuple[FloatArray, FloatArray]:
    """Return both sides in units of the training side; what is missing is its mean there."""
    known = np.isfinite(train)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, train, 0.0).sum(axis=0, dtype=np.float64) / count
    a, b = (np.where(np.isfinite(x), x - mean, 0.0) for x in (train, test))
    scale = np.sqrt((a * a).sum(axis=0) / count)
    scale[scale < _TINY * np.maximum(1.0, np.abs(mean))] = 1.0
    return a / scale, b / scale


class RidgeRegressor:
    """Ridge regression, its penalty one of several, by one eigendecomposition for all.

    Predictions equal those of ``sklearn.linear_model.Ridge`` on the same features.

    Parameters
    ----------
    alphas : sequence of float
        Penalties, above zero.
    """

    refits = True

    def __init__(self, alphas: Sequence[float] = ALPHAS) -> None:
        if not len(alphas) or min(alphas) <= 0:
            raise EvaluationError(
                f"The penalties {list(alphas)} cannot be used, expected numbers above zero."
            )
        self._alphas = np.asarray(alphas, dtype=np.float64)

    @property
    def settings(self) -> tuple[Mapping[str, Any], ...]:
        """The penalties."""
        return tuple({"alpha": float(alpha)} for alpha in self._alphas)

    def prepare(self, x: FloatArray, new: FloatArray) -> Prepared:
        """See `Regressor.prepare`."""
        centre = x.mean(axis=0)
        x, new = x - centre, new - centre
        if len(x) <= x.shape[1]:
            values, vectors = eigh(x @ x.T, driver="evd")
            return _PreparedRidge(self._alphas, values, vectors.T, new @ (x.T @ vectors))
        values, vectors = eigh(x.T @ x, driver="evd")
        return _PreparedRidge(self._alphas, values, (x @ vectors).T, new @ vectors)


class _PreparedRidge:
    def __init__(
        self, alphas: FloatArray, values: FloatArray, right: FloatArray, left: FloatArray
    ) -> None:
        self._alphas, self._values = alphas, np.maximum(values, 0.0)
        self._right, self._left = right, left

    def each(self, y: FloatArray) -> Iterator[FloatArray]:
        mean = y.mean(axis=0)
        turned = self._right @ (y - mean)
        for alpha in self._alphas:
            yield self._left @ (turned / (self._values + alpha)[:, None]) + mean

    def chosen(self, y: FloatArray, setting: IntArray) -> FloatArray:
        mean = y.mean(axis=0)
        turned = self._right @ (y - mean)
        found: FloatArray = (
            self._left @ (turned / (self._values[:, None] + self._alphas[setting])) + mean
        )
        return found


class SklearnRegressor:
    """Any scikit-learn regressor on standardised features.

    Parameters
    ----------
    estimator : object
        Has ``fit``, ``predict``, ``get_params`` and ``set_params``.
    tune : mapping
        Parameters that are chosen inside the training folds, and what from.
    """

    def __init__(self, estimator: Any, tune: Mapping[str, Sequence[Any]] | None = None) -> None:
        from sklearn.base import is_regressor
        from sklearn.kernel_ridge import KernelRidge
        from sklearn.linear_model import LinearRegression, Ridge
        from sklearn.utils import get_tags

        if not is_regressor(estimator):
            raise EvaluationError(
                f"{type(estimator).__name__} is no regressor, expected one of scikit-learn's or "
                "one that follows its conventions."
            )
        self._estimator, self._tune = estimator, dict(tune or {})
        unknown = set(self._tune) - set(estimator.get_params())
        if unknown:
            raise EvaluationError(
                f"{type(estimator).__name__} has no parameter {', '.join(sorted(unknown))} to "
                f"tune, expected some of {', '.join(sorted(estimator.get_params()))}."
            )
        # Exactly these: a subclass may do anything with its labels.
        linear = type(estimator) in (Ridge, LinearRegression, KernelRidge)
        self.refits = bool(linear and not getattr(estimator, "positive", False))
        self._together = bool(get_tags(estimator).target_tags.multi_output)

    @property
    def settings(self) -> tuple[Mapping[str, Any], ...]:
        """All combinations of what is tuned."""
        combinations = itertools.product(*self._tune.values())
        return tuple(dict(zip(self._tune, values, strict=True)) for values in combinations)

    def prepare(self, x: FloatArray, new: FloatArray) -> Prepared:
        """See `Regressor.prepare`."""
        return _PreparedSklearn(self._estimator, self.settings, self._together, x, new)


class _PreparedSklearn:
    def __init__(
        self,
        estimator: Any,
        settings: tuple[Mapping[str, Any], ...],
        together: bool,
        x: FloatArray,
        new: FloatArray,
    ) -> None:
        self._estimator, self._settings = estimator, settings
        self._together, self._x, self._new = together, x, new

    def each(self, y: FloatArray) -> Iterator[FloatArray]:
        for setting in self._settings:
            yield self._fitted(y, setting)

    def chosen(self, y: FloatArray, setting: IntArray) -> FloatArray:
        found = np.empty((len(self._new), y.shape[1]))
        for k in np.unique(setting):
            columns = setting == k
            found[:, columns] = self._fitted(y[:, columns], self._settings[k])
        return found

    def _fitted(self, y: FloatArray, setting: Mapping[str, Any]) -> FloatArray:
        from sklearn.base import clone

        columns = [y] if self._together and y.shape[1] > 1 else list(y.T)
        parts = [
            np.reshape(
                clone(self._estimator).set_params(**setting).fit(self._x, part).predict(self._new),
                (len(self._new), -1),
            )
            for part in columns
        ]
        return np.concatenate(parts, axis=1)


def regressor_of(estimator: Any, tune: Mapping[str, Sequence[Any]] | None = None) -> Regressor:
    """Return what is evaluated: our own ridge where it is one, else the estimator itself.

    Parameters
    ----------
    estimator : object or None
        A scikit-learn regressor; None for a ridge whose penalty is chosen in the folds.
    tune : mapping or None
        Parameters that are chosen inside the training folds, and what from.

    Raises
    ------
    EvaluationError
        If it is no regressor, or has no such parameters.
    """
    if estimator is None:
        return RidgeRegressor((tune or {}).get("alpha", ALPHAS))
    from sklearn.linear_model import Ridge

    if type(estimator) is Ridge and set(tune or {}) <= {"alpha"}:
        changed = {
            name
            for name, value in Ridge().get_params().items()
            if estimator.get_params()[name] != value
        }
        alphas = (tune or {}).get("alpha", (estimator.alpha,))
        if changed <= {"alpha"} and np.ndim(estimator.alpha) == 0 and min(alphas) > 0:
            return RidgeRegressor(alphas)
    return SklearnRegressor(estimator, tune)

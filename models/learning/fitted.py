"""An estimator that has been fitted on everything, and what belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...signal import FloatArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Part:
    """An estimator, and the targets that it predicts, in the order of its columns."""

    estimator: Any
    targets: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Fitted:
    """Estimators on standardised features: ``predict((x[columns] - mean) / scale)``.

    Attributes
    ----------
    columns : array of int, shape (n_columns,)
        The features it is given, of all there are.
    mean, scale : array, shape (n_columns,)
        Of those features in training; a feature that never changes has the scale 1.
    parts : tuple of Part
        Every target is predicted by one of them.
    """

    columns: IntArray
    mean: FloatArray
    scale: FloatArray
    parts: tuple[Part, ...]

    @property
    def n_targets(self) -> int:
        """Number of targets."""
        return sum(len(part.targets) for part in self.parts)

    @property
    def name(self) -> str:
        """What the estimators are."""
        return ", ".join(dict.fromkeys(type(part.estimator).__name__ for part in self.parts))

    def standardised(self, x: NDArray[np.floating]) -> FloatArray:
        """Return what the estimators are given, (n_rows, n_columns)."""
        z: FloatArray = (x[:, self.columns].astype(np.float64) - self.mean) / self.scale
        return z

    def predict(self, x: NDArray[np.floating]) -> FloatArray:
        """Return predictions (n_rows, n_targets) from features (n_rows, n_features)."""
        z = self.standardised(x)
        out = np.empty((len(z), self.n_targets))
        for part in self.parts:
            found = np.asarray(part.estimator.predict(z), dtype=np.float64)
            out[:, list(part.targets)] = found.reshape(len(z), -1)
        return out

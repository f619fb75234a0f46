"""The weights behind predictions: what a model was asked, and what it answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..decoding import Model
from ..decoding.model import Weights
from ..errors import ModelError, SetupError
from ..signal import FloatArray
from ..simulators import EMOTIONS
from .contenders import served
from .simulated import Record

# Predictions made from the same weights and features differ by rounding alone.
_SAME = 1e-9

Electrodes = tuple[NDArray[np.int64], FloatArray, NDArray[np.bool_], FloatArray]
"""Pairs, positions, mask and context, as `Model.run` takes them."""


@dataclass(frozen=True, eq=False)
class Weighed:
    """Electrodes with their context, and the weights a model gave for them."""

    electrodes: Electrodes
    weights: Weights

    def contributions(self, power: FloatArray, connectivity: FloatArray) -> FloatArray:
        """Return what every single feature adds to each target, shape (n_targets, n_features).

        Power first, in the order of the arrays; shapes of these as for `Model.run`.
        """
        n = len(self.weights.bias)
        node, edge = self.weights.node * power, self.weights.edge * connectivity
        return np.concatenate([node.reshape(n, -1), edge.reshape(n, -1)], axis=1)


class WatchedModel(Model):
    """A model that keeps the weights it was asked for, in order.

    Parameters
    ----------
    model : Model
        The model that answers.

    Attributes
    ----------
    weighed : list of Weighed
        Every question with its answer.
    """

    def __init__(self, model: Model) -> None:
        self.__dict__.update(vars(model))
        self.weighed: list[Weighed] = []

    def weights(
        self,
        pairs: NDArray[np.int64],
        positions: FloatArray,
        mask: NDArray[np.bool_],
        context: FloatArray,
    ) -> Weights:
        """Return what `Model.weights` does."""
        found = super().weights(pairs, positions, mask, context)
        electrodes = pairs, positions, mask, np.array(context)
        self.weighed.append(Weighed(electrodes, found))
        return found


def emotions_in(model: Model) -> list[int]:
    """Return where the eight emotions stand among a model's targets.

    Raises
    ------
    SetupError
        When one of them is not decoded.
    """
    names = model.card.target_names
    missing = [name for name in EMOTIONS if name not in names]
    if missing:
        raise SetupError(
            f"{model.path} does not decode {', '.join(missing)}; claims are measured on models of "
            f"{', '.join(EMOTIONS)}"
        )
    return [names.index(name) for name in EMOTIONS]


def weights_behind(model: Model, record: Record) -> list[Weighed]:
    """Return the weights behind each frame of a whole record, for the eight emotions in order.

    The model is watched while it is served. Weights hold until newer ones predict what
    was shown.

    Raises
    ------
    ModelError
        When none of the weights the model was asked for predict what was served.
    """
    watched = WatchedModel(model)
    means, _ = served(watched, record)
    order = emotions_in(model)
    asked = [_of(one, order) for one in watched.weighed]
    found: list[Weighed] = []
    newest = 0
    for frame, mean in enumerate(means):
        power, connectivity = features_at(record, frame)
        for k in range(newest, len(asked)):
            predicted, _, _ = asked[k].weights.read_out(power, connectivity)
            if np.abs(predicted - mean).max() <= _SAME:
                newest = k
                break
        else:
            raise ModelError(
                f"{model.path}: what is shown at {record.times[frame]:g} s follows from none of "
                "the weights it gave, so its contributions cannot be measured; leave out the "
                "claims sum and deletion with --only"
            )
        found.append(asked[newest])
    return found


def features_at(record: Record, frame: int | np.integer[Any]) -> tuple[FloatArray, FloatArray]:
    """Return power and connectivity of one frame in double precision."""
    return record.power[frame].astype(np.float64), record.connectivity[frame].astype(np.float64)


def _of(weighed: Weighed, targets: list[int]) -> Weighed:
    w = weighed.weights
    return Weighed(
        weighed.electrodes,
        Weights(w.node[targets], w.edge[targets], w.bias[targets], w.std[targets]),
    )

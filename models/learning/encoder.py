"""Networks over electrodes as estimators of scikit-learn's kind, on standardised features.

The additive one turns into weights, which follow from where electrodes sit; the mixing one
sees features while it makes its weights. Nothing is known of a person beside the features'
own reference: the slow context is left at 0, in training as in decoding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import Tags
from torch import Tensor

from ...features import FeatureSchema
from ...features.measures import get_measure
from ...signal import FloatArray
from ..evaluation import EvaluationError
from ..examples import Example
from ..linear_export import Electrodes
from ..network import EmotionNetwork, NetworkShape
from ..recipes import Recipe, recipe_of
from ..training import Training, predict, train_on

Architecture = Literal["additive", "approximate"]
ARCHITECTURES: Mapping[str, Architecture] = {"encoder": "additive", "mixing": "approximate"}
# Neighbouring rows that are learnt from together; one of so many pieces is held out to stop on.
PIECE, FOLDS = 64, 5
_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Layout:
    """What the columns of a table of features are.

    Attributes
    ----------
    electrodes : Electrodes
    schema : FeatureSchema
    """

    electrodes: Electrodes
    schema: FeatureSchema

    @property
    def n_power(self) -> int:
        """Columns that are power."""
        return len(self.schema.bands) * len(self.electrodes.channels)

    @property
    def edges(self) -> tuple[int, int, int]:
        """Measures, bands and pairs of connectivity."""
        schema = self.schema
        n_bands = len(schema.connectivity_bands)
        return len(schema.measures), n_bands, len(self.electrodes.pairs)

    @property
    def n_columns(self) -> int:
        """All columns."""
        return self.n_power + int(np.prod(self.edges))

    def shape(self, n_targets: int, architecture: Architecture) -> NetworkShape:
        """Return the sizes of a network on these features."""
        schema = self.schema
        return NetworkShape(
            n_targets,
            len(schema.bands),
            tuple(get_measure(name).antisymmetric for name in schema.measures),
            len(schema.connectivity_bands),
            len(schema.bands),
            width=32,
            architecture=architecture,
        )

    def example(self, x: FloatArray, truth: FloatArray) -> Example:
        """Return rows ready for a network, without context."""
        n = len(self.electrodes.channels)
        power, edges = np.split(x.astype(np.float32), [self.n_power], axis=1)
        return Example(
            torch.as_tensor(power.reshape(len(x), -1, n)),
            torch.as_tensor(edges.reshape(len(x), *self.edges)),
            torch.as_tensor(self.electrodes.pairs),
            torch.as_tensor(self.electrodes.positions.astype(np.float32)),
            torch.ones(n),
            torch.zeros(1, len(self.schema.bands), n),
            (0, len(x)),
            torch.as_tensor(truth.astype(np.float32)),
        )


class EncoderRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A network over electrodes that is fitted like any regressor; slow.

    Rows that follow one another are learnt from in pieces. One piece of five is held out to
    stop on.

    Parameters
    ----------
    layout : Layout
        What the columns are.
    architecture : {"additive", "approximate"}
    epochs : int
        At most so many passes over the rows.
    start : mapping or None
        Weights of the encoder to begin from, see `pretraining.pretrain`.
    seed : int

    Attributes
    ----------
    network_ : EmotionNetwork
    centre_, spread_ : array, shape (n_targets,)
        Of the labels; the network predicts in units of it.
    """

    def __init__(
        self,
        layout: Layout,
        architecture: Architecture = "additive",
        epochs: int = 25,
        start: Mapping[str, Tensor] | None = None,
        seed: int = 0,
    ) -> None:
        self.layout = layout
        self.architecture = architecture
        self.epochs = epochs
        self.start = start
        self.seed = seed

    def __sklearn_tags__(self) -> Tags:
        """Tell scikit-learn that several targets are learnt at once."""
        tags: Tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, x: FloatArray, y: FloatArray) -> EncoderRegressor:
        """Fit on rows (n_rows, n_columns) and labels (n_rows,) or (n_rows, n_targets).

        Raises
        ------
        EvaluationError
            If the columns are not those of the layout.
        """
        layout = self.layout
        if x.shape[1] != layout.n_columns:
            raise EvaluationError(
                f"The network knows {layout.n_columns} features of "
                f"{len(layout.electrodes.channels)} electrodes, and was given {x.shape[1]}."
            )
        y = y.reshape(len(x), -1).astype(np.float64)
        self.centre_, self.spread_ = y.mean(axis=0), np.maximum(y.std(axis=0), 1e-9)
        truth = (y - self.centre_) / self.spread_
        pieces = np.array_split(np.arange(len(x)), max(1, round(len(x) / PIECE)))
        kept = [p for k, p in enumerate(pieces) if k % FOLDS or len(pieces) < FOLDS]
        held = [p for k, p in enumerate(pieces) if k % FOLDS == 0]
        torch.manual_seed(self.seed)
        network = EmotionNetwork(layout.shape(y.shape[1], self.architecture))
        if self.start is not None:
            network.encoder.load_state_dict(dict(self.start))
        plan = Training(epochs=self.epochs, patience=6, no_baseline=0.0, decay=0.1, seed=self.seed)
        self.network_ = train_on(
            network,
            [layout.example(x[p], truth[p]) for p in kept],
            [layout.example(x[p], truth[p]) for p in held],
            truth[np.concatenate(kept)],
            plan,
            lambda epoch, loss, ccc: None,
        )
        return self

    def predict(self, x: FloatArray) -> FloatArray:
        """Return predictions (n_rows, n_targets); those of the additive one to the last digit."""
        if self.architecture == "additive":
            said = self._weighted(x)
        else:
            parts = [x[start : start + _AT_ONCE] for start in range(0, max(1, len(x)), _AT_ONCE)]
            nothing = partial(np.zeros, dtype=np.float32)
            with torch.no_grad():
                found = [
                    predict(self.network_, self.layout.example(p, nothing((len(p), 1))))[0]
                    for p in parts
                ]
            said = torch.cat(found).numpy().astype(np.float64)
        scaled: FloatArray = self.centre_ + self.spread_ * said
        return scaled

    def _weighted(self, x: FloatArray) -> FloatArray:
        one = self.layout.example(x[:1], np.zeros((1, 1)))
        with torch.no_grad():
            node, edge, _ = self.network_.weights(one.pairs, one.positions, one.mask, one.contexts)
        weights = torch.cat([node[0].flatten(1), edge[0].flatten(1)], dim=1).double().numpy()
        said: FloatArray = x @ weights.T + self.network_.bias.detach().double().numpy()
        return said


def encoder_recipe(name: str, layout: Layout, start: Mapping[str, Tensor] | None = None) -> Recipe:
    """Return the recipe of a network, ``"encoder"`` or ``"mixing"``, on features of a layout.

    Raises
    ------
    EvaluationError
        When weights to start from are given to the additive one.
    """
    architecture = ARCHITECTURES[name]
    if start is not None and architecture == "additive":
        raise EvaluationError(
            "The additive encoder sees where electrodes sit and no features, so that recordings "
            "without labels teach it nothing; pre-train --estimator mixing."
        )
    return Recipe(
        name, recipe_of(name).says, partial(EncoderRegressor, layout, architecture, start=start)
    )

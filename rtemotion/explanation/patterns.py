"""The network of an emotion, learnt while decoding: patterns in the sense of Haufe et al.

A decoder's weights say how its inputs are combined, which depends on what must be
cancelled as much as on what carries the emotion. Its pattern says which inputs move along
with the output: ``S = cov(x, y) cov(y)^-1`` (Haufe et al. 2014, NeuroImage 87:96).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import SetupError
from ..features.measures import get_measure
from ..features.schema import FeatureSchema
from ..signal import FloatArray
from .moments import Moments
from .networks import EmotionNetworks

MEMORY_S = 300.0
ENOUGH_S = 300
SHRINKAGE = 0.2
# A feature that was known for less than this share of the weight has no pattern; half of it
# is enough however sums are rounded.
LEAST_KNOWN = 0.5 - 1e-9


class Patterns:
    """Follows a decoder's inputs and outputs, once a second, and gives emotions' networks.

    Seconds weigh the same until `memory_s` of them were seen; from then on the weight of
    a second fades exponentially with that time constant. So nothing is thrown away while
    little is known, work and memory do not grow, and what a feature was long ago is
    forgotten: with 300 s, 63 % of the weight lies in the last five minutes and 86 % in the
    last ten, and means are as precise as plain ones over 599 s.

    A feature's covariance with the outputs takes in the seconds in which it was known; the
    covariance of the outputs is that over all seconds, one for all features, since one for
    each would be 64 numbers a feature. What was known for less than half of the weight has
    no pattern.

    Emotions move slowly, and five minutes hold hardly more independent values than there
    are emotions. Therefore the correlations between outputs are shrunk towards 0 by the
    share `shrinkage` before they are inverted, which is then always possible, for outputs
    that are copies of each other too. It leaves the units alone. Outputs that never move
    have no pattern.

    Parameters
    ----------
    emotions : tuple of str
        Names of the outputs.
    schema : FeatureSchema
        What the features are.
    pairs : array of int, shape (n_pairs, 2)
        Channels of each pair, the first of them the smaller.
    n_channels : int
        Number of channels.
    memory_s : float
        Time constant in seconds, at least 1.
    shrinkage : float
        Above 0, up to 1, which leaves nothing of the correlations between outputs.

    Raises
    ------
    SetupError
        When `memory_s` or `shrinkage` is out of range.
    """

    def __init__(
        self,
        emotions: tuple[str, ...],
        schema: FeatureSchema,
        pairs: NDArray[np.int64],
        n_channels: int,
        memory_s: float = MEMORY_S,
        shrinkage: float = SHRINKAGE,
    ) -> None:
        if not (memory_s >= 1.0 and 0.0 < shrinkage <= 1.0):
            raise SetupError(
                "Patterns need a memory of at least 1 s and a shrinkage above 0, up to 1; got "
                f"{memory_s:g} s and {shrinkage:g}."
            )
        self._emotions, self._schema = emotions, schema
        self._pairs = np.asarray(pairs, dtype=np.int64)
        self._memory, self._shrinkage = memory_s, shrinkage
        self._node_shape = (len(schema.bands), n_channels)
        n_bands = len(schema.connectivity_bands)
        self._edge_shape = (len(schema.measures), n_bands, len(self._pairs))
        self._n_nodes = len(schema.bands) * n_channels
        self.reset()

    def reset(self) -> None:
        """Forget everything, as when the reference of the features changes."""
        n_edges = int(np.prod(self._edge_shape))
        self._now = Moments.nothing(len(self._emotions), self._n_nodes + n_edges)

    def add(
        self,
        power: FloatArray,
        connectivity: FloatArray,
        mean: FloatArray,
        mask: NDArray[np.bool_],
    ) -> None:
        """Take one second of what the decoder saw and said, smoothed alike.

        A second without a value, NaN in `mean`, is left out.

        Parameters
        ----------
        power : array, shape (n_bands, n_channels)
            Log power against its reference; 0 or NaN where unknown.
        connectivity : array, shape (n_measures, n_connectivity_bands, n_pairs)
            Connectivity against its reference; 0 or NaN where unknown.
        mean : array, shape (n_emotions,)
            The outputs.
        mask : array of bool, shape (n_channels,)
            Channels in use; what the others show is unknown.

        Raises
        ------
        SetupError
            When an array has another shape.
        """
        shapes = (power.shape, connectivity.shape, mean.shape, mask.shape)
        n = self._node_shape[1]
        wanted = (self._node_shape, self._edge_shape, (len(self._emotions),), (n,))
        if shapes != wanted:
            raise SetupError(
                f"Patterns of {n} channels got arrays of the shapes {shapes} in place of "
                f"{wanted}; feed them from the decoder that they were made for."
            )
        if not np.isfinite(mean).all():
            return
        values = np.concatenate([power.ravel(), connectivity.ravel()])
        used = mask[self._pairs[:, 0]] & mask[self._pairs[:, 1]]
        known = np.isfinite(values) & (values != 0.0)
        known[: self._n_nodes] &= np.tile(mask, self._node_shape[0])
        known[self._n_nodes :] &= np.tile(used, self._edge_shape[0] * self._edge_shape[1])
        self._now.take(np.where(known, values, 0.0), known, mean, self._memory)

    def network(self) -> EmotionNetworks:
        """Return the networks as of now, in feature units a unit of emotion."""
        now, schema = self._now, self._schema
        forgotten = now.share < LEAST_KNOWN
        node, edge = self._shaped(np.where(forgotten, np.nan, self._patterns()))
        variance = np.where(forgotten, np.nan, now.variance)
        node_variance, edge_variance = self._shaped(variance[None])
        bands = tuple(band.name for band in schema.bands)
        return EmotionNetworks(
            emotions=self._emotions,
            bands=bands,
            connectivity_bands=tuple(bands[i] for i in schema.connectivity_bands),
            measures=schema.measures,
            antisymmetric=tuple(get_measure(name).antisymmetric for name in schema.measures),
            pairs=self._pairs.copy(),
            node=node,
            edge=edge,
            emotion_spread=np.sqrt(np.diag(now.output_covariance)),
            node_spread=root_mean(node_variance[0]),
            edge_spread=root_mean(edge_variance[0]),
            seconds=now.seconds,
            effective_seconds=1.0 / now.squares if now.seconds else 0.0,
            known=now.seconds >= ENOUGH_S,
        )

    def _patterns(self) -> FloatArray:
        """Return cov(x, y) cov(y)^-1, shape (n_emotions, n_features); NaN for still outputs."""
        now = self._now
        spread = np.sqrt(np.diag(now.output_covariance))
        moving = spread > 0.0
        patterns = np.full(now.covariance.shape, np.nan)
        by = spread[moving, None]
        # Worked out on outputs of unit variance, so that their units do not matter.
        correlation = now.output_covariance[np.ix_(moving, moving)] / (by * by.T)
        correlation *= 1.0 - self._shrinkage
        np.fill_diagonal(correlation, 1.0)
        patterns[moving] = np.linalg.solve(correlation, now.covariance[moving] / by) / by
        return patterns

    def _shaped(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the power and the connectivity in arrays of shape (n, n_features)."""
        node, edge = features[:, : self._n_nodes], features[:, self._n_nodes :]
        return node.reshape(-1, *self._node_shape), edge.reshape(-1, *self._edge_shape)

    @property
    def state(self) -> Moments:
        """All that has to be known to go on from here; a copy."""
        return self._now.copy()

    def restore(self, state: Moments) -> None:
        """Go on from a state.

        Raises
        ------
        SetupError
            When it is of other channels, features or emotions.
        """
        found, wanted = state.covariance.shape, self._now.covariance.shape
        if found != wanted:
            raise SetupError(
                f"These patterns were of {found[0]} emotions and {found[1]} features, but "
                f"{wanted[0]} and {wanted[1]} are decoded; go on with the same model and channels."
            )
        self._now = state.copy()


def root_mean(variance: FloatArray) -> FloatArray:
    """Return the square root of the mean over the last axis, of what is known there."""
    known = np.isfinite(variance)
    count = known.sum(axis=-1)
    total = np.where(known, variance, 0.0).sum(axis=-1)
    mean = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return np.asarray(np.sqrt(mean))

"""The network of each emotion, ready to be looked at: edges, rows of a table, matrices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import SetupError
from ..signal import FloatArray

POWER = "power"


@dataclass(frozen=True)
class Edge:
    """One pair of channels in the network of an emotion.

    Attributes
    ----------
    first, second : int
        Channel indices, first < second.
    band : str
        Where in frequency.
    value : float
        What the emotion goes along with, in units of the measure a unit of emotion. In an
        antisymmetric measure it changes sign with the order of the channels.
    """

    first: int
    second: int
    band: str
    value: float

    @property
    def sign(self) -> int:
        """1 where the measure rises with the emotion, -1 where it falls."""
        return int(np.sign(self.value))


@dataclass(frozen=True, eq=False)
class EmotionNetworks:
    """What goes along with each emotion: patterns, not what the decoder looks at.

    Attributes
    ----------
    emotions : tuple of str
        Their names.
    bands, connectivity_bands : tuple of str
        Names of the bands of `node` and of `edge`.
    measures : tuple of str
        Measures of `edge`.
    antisymmetric : tuple of bool
        Whether a measure changes sign when the channels of a pair change places.
    pairs : array of int, shape (n_pairs, 2)
        Channels of each pair, the first of them the smaller.
    node : array, shape (n_emotions, n_bands, n_channels)
        How far log power moves along with a unit of the emotion; NaN where unknown.
    edge : array, shape (n_emotions, n_measures, n_connectivity_bands, n_pairs)
        The same of connectivity.
    emotion_spread : array, shape (n_emotions,)
        Standard deviation of the decoded emotions.
    node_spread : array, shape (n_bands,)
        Standard deviation of log power, root mean square over channels.
    edge_spread : array, shape (n_measures, n_connectivity_bands)
        Standard deviation of connectivity, root mean square over pairs.
    seconds : int
        Seconds that were seen.
    effective_seconds : float
        A plain mean over so many seconds would be as precise.
    known : bool
        Whether that is enough to be shown: five minutes were seen.
    """

    emotions: tuple[str, ...]
    bands: tuple[str, ...]
    connectivity_bands: tuple[str, ...]
    measures: tuple[str, ...]
    antisymmetric: tuple[bool, ...]
    pairs: NDArray[np.int64]
    node: FloatArray
    edge: FloatArray
    emotion_spread: FloatArray
    node_spread: FloatArray
    edge_spread: FloatArray
    seconds: int
    effective_seconds: float
    known: bool

    def standardised(self) -> EmotionNetworks:
        """Return the same networks in numbers that compare across bands and measures.

        A value becomes the change that goes along with one standard deviation of the
        emotion, in standard deviations of the measure in that band, the same one for
        all pairs. Bands are unequally noisy, and edges of several bands are found better
        in this order (docs/networks.md).
        """
        by = self.emotion_spread
        with np.errstate(divide="ignore", invalid="ignore"):
            node = self.node * by[:, None, None] / self.node_spread[:, None]
            edge = self.edge * by[:, None, None, None] / self.edge_spread[:, :, None]
        ones = (np.ones_like(x) for x in (by, self.node_spread, self.edge_spread))
        emotion_spread, node_spread, edge_spread = ones
        return replace(
            self,
            node=node,
            edge=edge,
            emotion_spread=emotion_spread,
            node_spread=node_spread,
            edge_spread=edge_spread,
        )

    def strongest(
        self, emotion: str, band: str | None = None, measure: str | None = None, k: int = 20
    ) -> tuple[Edge, ...]:
        """Return the edges of an emotion that are largest in magnitude, largest first.

        Parameters
        ----------
        emotion : str
            Which network.
        band : str, optional
            One band; all when None, which asks for `standardised` networks.
        measure : str, optional
            The first one by default.
        k : int
            How many; fewer come back where fewer are known.

        Raises
        ------
        SetupError
            When there is no such emotion, band or measure, or `k` is negative.
        """
        if k < 0:
            raise SetupError(f"'k' is the number of edges, 0 or more, got {k}.")
        names = self.connectivity_bands if band is None else (band,)
        bands = [_index(self.connectivity_bands, name, "connectivity band") for name in names]
        values = self._edges_of(emotion, measure)[bands]
        size = np.where(np.isfinite(values), np.abs(values), -1.0)
        order = np.argsort(-size, axis=None, kind="stable")[:k].tolist()
        found = []
        for row, pair in (divmod(place, len(self.pairs)) for place in order):
            if size[row, pair] >= 0.0:
                first, second = self.pairs[pair].tolist()
                found.append(Edge(first, second, names[row], float(values[row, pair])))
        return tuple(found)

    def matrix(self, emotion: str, band: str, measure: str | None = None) -> FloatArray:
        """Return the edges of an emotion in one band as a matrix over channels.

        Parameters
        ----------
        emotion, band : str
            Which network, and where in frequency.
        measure : str, optional
            The first one by default.

        Returns
        -------
        array, shape (n_channels, n_channels)
            Antisymmetric for an antisymmetric measure, else symmetric; 0 on the diagonal,
            NaN where unknown.

        Raises
        ------
        SetupError
            When there is no such emotion, band or measure.
        """
        row = _index(self.connectivity_bands, band, "connectivity band")
        values = self._edges_of(emotion, measure)[row]
        first, second = self.pairs.T
        matrix = np.zeros((self.node.shape[2], self.node.shape[2]))
        matrix[first, second] = values
        matrix[second, first] = -values if self.antisymmetric[self._measure(measure)] else values
        return matrix

    def rows(self, channels: Sequence[str]) -> Iterator[dict[str, str | float]]:
        """Yield one row of a table for everything that is known.

        Parameters
        ----------
        channels : sequence of str
            Names of the channels, in order.

        Yields
        ------
        dict
            ``emotion``, ``measure`` (``power`` for channels), ``band``, ``first``,
            ``second`` (empty for channels) and ``value``.

        Raises
        ------
        SetupError
            When there are more or fewer names than channels.
        """
        if len(channels) != self.node.shape[2]:
            raise SetupError(
                f"These networks have {self.node.shape[2]} channels, but {len(channels)} names "
                "came; give the names of the channels that were decoded."
            )
        nodes = [(name, "") for name in channels]
        edges = [(channels[i], channels[j]) for i, j in self.pairs.tolist()]
        parts = [(POWER, self.bands, nodes, self.node)]
        parts += [
            (measure, self.connectivity_bands, edges, self.edge[:, m])
            for m, measure in enumerate(self.measures)
        ]
        for measure, bands, places, values in parts:
            for e, b, place in np.argwhere(np.isfinite(values)).tolist():
                first, second = places[place]
                yield {
                    "emotion": self.emotions[e],
                    "measure": measure,
                    "band": bands[b],
                    "first": first,
                    "second": second,
                    "value": float(values[e, b, place]),
                }

    def _edges_of(self, emotion: str, measure: str | None) -> FloatArray:
        row = _index(self.emotions, emotion, "emotion")
        return np.asarray(self.edge[row, self._measure(measure)])

    def _measure(self, name: str | None) -> int:
        return 0 if name is None else _index(self.measures, name, "measure")


def _index(names: tuple[str, ...], name: str, kind: str) -> int:
    if name not in names:
        raise SetupError(
            f"These networks have no {kind} '{name}'; choose one of {', '.join(names)}."
        )
    return names.index(name)

"""What else can be said of a feature frame, by name: shares, entropy, asymmetry, graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import SetupError
from ..signal import FeatureFrame, FloatArray, StreamInfo
from . import graph, power
from .measures import get_measure
from .schema import FeatureSchema

# Between these, Hz, the usual conditioning leaves the slope of a spectrum as it is.
APERIODIC_RANGE = (2.0, 35.0)
NODE_MEASURES: dict[str, Callable[[FloatArray], FloatArray]] = {
    "strength": graph.strength,
    "clustering": graph.clustering,
    "local_efficiency": graph.local_efficiency,
    "eigenvector_centrality": graph.eigenvector_centrality,
    "betweenness_centrality": graph.betweenness_centrality,
}
"""Graph measures of one channel."""

WHOLE_MEASURES: dict[str, Callable[[FloatArray], float]] = {
    "global_efficiency": graph.global_efficiency,
    "characteristic_path_length": graph.characteristic_path_length,
    "diameter": graph.diameter,
    "modularity": lambda weights: graph.modularity(weights, graph.communities(weights)),
}
"""Graph measures of the whole network."""


@dataclass(frozen=True)
class Descriptor:
    """Something that follows from a frame.

    Attributes
    ----------
    name : str
        What it is called.
    shape : tuple of int
        Of its values.
    unit : str
        Of its values, and what their axes are.
    values : callable
        From a frame to an array of that shape.
    constants : mapping
        What has to be known to read the values, by name.
    """

    name: str
    shape: tuple[int, ...]
    unit: str
    values: Callable[[FeatureFrame], FloatArray]
    constants: Mapping[str, Sequence[str] | np.ndarray] = field(default_factory=dict)


def descriptors(
    names: Sequence[str], info: StreamInfo, schema: FeatureSchema
) -> tuple[Descriptor, ...]:
    """Return descriptors by name.

    Parameters
    ----------
    names : sequence of str
        ``log``, ``relative``, ``entropy``, ``asymmetry``, ``aperiodic``, ``spectrum``, and
        ``graph:MEASURE`` for the graph measures of a connectivity measure of the schema.
    info : StreamInfo
        The stream the frames are of.
    schema : FeatureSchema
        What the frames hold.

    Raises
    ------
    SetupError
        When a name is another, or cannot be had for this stream.
    """
    found: list[Descriptor] = []
    for name in dict.fromkeys(names):
        kind, _, measure = name.partition(":")
        if kind == "graph" and measure:
            found += _graph(measure, info, schema)
        elif name in _SIMPLE:
            found += _SIMPLE[name](info, schema)
        else:
            raise SetupError(
                f"There is no descriptor '{name}', expected one of {', '.join(_SIMPLE)}, or "
                "graph:MEASURE with one of the connectivity measures."
            )
    return tuple(found)


def _log(info: StreamInfo, schema: FeatureSchema) -> list[Descriptor]:
    shape = (len(schema.bands), info.n_channels)
    unit = "ln(V²/Hz), (bands, channels)"
    return [Descriptor("log_power", shape, unit, lambda frame: power.log_power(frame.power))]


def _relative(info: StreamInfo, schema: FeatureSchema) -> list[Descriptor]:
    carried = list(schema.usable(info.sfreq))
    bands = [schema.bands[i] for i in carried]
    shape = (len(schema.bands), info.n_channels)

    def values(frame: FeatureFrame) -> FloatArray:
        out = np.full(shape, np.nan)
        out[carried] = power.relative_power(frame.power[carried], bands)
        return out

    return [Descriptor("relative_power", shape, "share 0..1, (bands, channels)", values)]


def _entropy(info: StreamInfo, schema: FeatureSchema) -> list[Descriptor]:
    shape = (len(schema.bands), info.n_channels)
    unit = "nats of a signal in V, (bands, channels)"
    return [
        Descriptor(
            "differential_entropy",
            shape,
            unit,
            lambda frame: power.differential_entropy(frame.power, schema.bands),
        )
    ]


def _asymmetry(info: StreamInfo, schema: FeatureSchema) -> list[Descriptor]:
    pairs = power.mirror_pairs(info.positions)
    if not len(pairs):
        raise SetupError(
            "Asymmetry needs electrodes that mirror each other, and there are none with known "
            "positions; name a --montage, or leave asymmetry out."
        )
    shape = (len(schema.bands), len(pairs))
    return [
        Descriptor(
            "asymmetry",
            shape,
            "ln right - ln left, (bands, asymmetry_pairs)",
            lambda frame: power.asymmetry(frame.power, pairs),
            {"asymmetry_pairs": pairs},
        )
    ]


def _aperiodic(info: StreamInfo, schema: FeatureSchema) -> list[Descriptor]:
    frequencies = schema.spectrum_frequencies(info.sfreq)

    def values(frame: FeatureFrame) -> FloatArray:
        found = power.aperiodic(frame.spectrum, frequencies, *APERIODIC_RANGE)
        return np.stack([found.exponent, found.offset])

    return [
        Descriptor(
            "aperiodic",
            (2, info.n_channels),
            "exponent, and log10(V²/Hz) at 1 Hz, (aperiodic_parts, channels)",
            values,
            {"aperiodic_parts": ("exponent", "offset")},
        )
    ]


def _spectrum(info: StreamInfo, schema: FeatureSchema) -> list[Descriptor]:
    frequencies = schema.spectrum_frequencies(info.sfreq)
    return [
        Descriptor(
            "spectrum",
            (info.n_channels, len(frequencies)),
            "V²/Hz, (channels, spectrum_frequencies)",
            lambda frame: frame.spectrum,
            {"spectrum_frequencies": frequencies},
        )
    ]


def weights_of(
    values: FloatArray, pairs: NDArray[np.int64], n_channels: int, measure: str
) -> FloatArray | None:
    """Return the graph of one measure in one band, None where nothing of it is known.

    Parameters
    ----------
    values : array, shape (n_pairs,)
        Values of a connectivity measure.
    pairs : array, shape (n_pairs, 2)
        Channels of each pair.
    n_channels : int
        Number of channels.
    measure : str
        Which measure; one with a sign enters with its magnitude.

    Returns
    -------
    array, shape (n_channels, n_channels), or None
    """
    if not np.isfinite(values).any():
        return None
    # What a measure without a sign has below zero is noise around zero.
    how: Literal["absolute", "positive"]
    how = "absolute" if get_measure(measure).antisymmetric else "positive"
    return graph.adjacency(values, pairs, n_channels, how)


def _graph(name: str, info: StreamInfo, schema: FeatureSchema) -> list[Descriptor]:
    if name not in schema.measures:
        raise SetupError(
            f"The graph of '{name}' needs that connectivity measure, and there are "
            f"{', '.join(schema.measures)}; name it in --measures as well."
        )
    row, n = schema.measures.index(name), info.n_channels
    n_bands = len(schema.connectivity_bands)

    def graphs(frame: FeatureFrame) -> list[FloatArray | None]:
        return [weights_of(values, frame.pairs, n, name) for values in frame.connectivity[row]]

    def nodes(frame: FeatureFrame) -> FloatArray:
        out = np.full((n_bands, len(NODE_MEASURES), n), np.nan)
        for band, weights in enumerate(graphs(frame)):
            if weights is not None:
                out[band] = [measure(weights) for measure in NODE_MEASURES.values()]
        return out

    def whole(frame: FeatureFrame) -> FloatArray:
        out = np.full((n_bands, len(WHOLE_MEASURES)), np.nan)
        for band, weights in enumerate(graphs(frame)):
            if weights is not None:
                out[band] = [measure(weights) for measure in WHOLE_MEASURES.values()]
        return out

    return [
        Descriptor(
            f"graph_nodes_{name}",
            (n_bands, len(NODE_MEASURES), n),
            "(connectivity_bands, graph_node_measures, channels)",
            nodes,
            {"graph_node_measures": tuple(NODE_MEASURES)},
        ),
        Descriptor(
            f"graph_{name}",
            (n_bands, len(WHOLE_MEASURES)),
            "(connectivity_bands, graph_measures)",
            whole,
            {"graph_measures": tuple(WHOLE_MEASURES)},
        ),
    ]


_SIMPLE: dict[str, Callable[[StreamInfo, FeatureSchema], list[Descriptor]]] = {
    "log": _log,
    "relative": _relative,
    "entropy": _entropy,
    "asymmetry": _asymmetry,
    "aperiodic": _aperiodic,
    "spectrum": _spectrum,
}

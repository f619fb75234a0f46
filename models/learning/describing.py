"""What a trained model says of itself."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from ... import __version__
from ...decoding.card import Familiarity, ModelCard, Normalisation, PopulationReference, Target
from ...decoding.trust import summary
from ...extract import Extraction, feature_frames
from ...features import FeatureSchema
from ...features.measures import get_measure
from ...features.schema import HIGHEST_USABLE
from ...pipeline import Setup
from ...signal import FeatureFrame, FloatArray, StreamInfo
from ..datasets import Dataset
from ..datasets import Target as Labelled
from ..datasets.rows import Preparation, spelt
from .fitting import Learnt

# Of each recording's beginning, for what stands in until a person's own reference is known.
_POPULATION_S = 60.0
# How far beyond nearly all of training features must lie to be called unfamiliar.
_MARGIN, _NEARLY_ALL = 1.25, 0.999
_LOW, _HIGH = 0.05, 0.95


@dataclass(frozen=True)
class About:
    """What is told of a model beside what was learnt.

    Attributes
    ----------
    name : str
    dataset : Dataset
    how : Preparation
        How features were made.
    recipe : str
        Name of the estimator's recipe.
    scores, provenance : dict
        What an evaluation found, and what the data set says of itself.
    """

    name: str
    dataset: Dataset
    how: Preparation
    recipe: str
    scores: dict[str, Any]
    provenance: dict[str, Any]


def setup_for(names: Sequence[str], info: StreamInfo, montage: str | None) -> Setup:
    """Return a set-up that picks channels of a recording in one order, under one spelling."""
    own = {spelt(name): name for name in info.channels}
    picked = tuple(own[name] if own[name] == name else f"{own[name]}:{name}" for name in names)
    return Setup(channels=picked, montage=montage)


def card_of(
    learnt: Learnt, about: About, population: PopulationReference, n_channels: int
) -> ModelCard:
    """Return the card of a model; architecture and electrodes are filled in on export."""
    how = about.how
    labelled = {target.name: target for target in about.dataset.targets}
    names = learnt.rows.target_names
    return ModelCard(
        name=about.name,
        version="1",
        description=(
            f"{', '.join(names)} by {about.recipe} on {n_channels} electrodes, trained on "
            f"{about.dataset.name} ({len(learnt.rows.subjects)} people, {len(learnt.rows)} "
            "windows)."
        ),
        trained_on="simulation" if learnt.rows.simulated else "recordings",
        targets=tuple(_target(labelled[name], learnt, k) for k, name in enumerate(names)),
        features=how.schema,
        conditioning=how.design,
        normalisation=Normalisation(how.normalisation, how.minimum_s, population, how.tau_s),
        familiarity=familiarity_of(learnt.rows.features, how.schema, n_channels),
        smoothing_s=0.0,
        min_sfreq=max(band.high for band in how.schema.bands) / HIGHEST_USABLE,
        scores=about.scores,
        provenance=_provenance(learnt, about),
    )


def _target(labelled: Labelled, learnt: Learnt, k: int) -> Target:
    y = learnt.labels[:, k]
    low, high = (float(x) for x in np.quantile(y, [_LOW, _HIGH]))
    return Target(
        name=labelled.name,
        low=labelled.low,
        high=labelled.high,
        construct=labelled.construct,  # type: ignore[arg-type]
        prior_mean=float(y.mean()),
        prior_std=float(y.std()),
        prior_lower=low,
        prior_upper=high,
        interval=float(learnt.half_width[k] / learnt.std[k]),
    )


def _provenance(learnt: Learnt, about: About) -> dict[str, Any]:
    names = learnt.rows.target_names
    told: dict[str, Any] = {
        "made by": "rtemotion train",
        "estimator": about.recipe,
        "settings": dict(zip(names, map(dict, learnt.settings), strict=True)),
        "chosen on": learnt.chosen_by,
        "lags_s": dict(zip(names, learnt.lags_s, strict=True)),
        "people": len(learnt.rows.subjects),
        "windows": len(learnt.rows),
        "step_s": about.how.step_s,
        **about.provenance,
    }
    if learnt.lag_spread_s is not None:
        told["lag_spread_s"] = dict(zip(names, learnt.lag_spread_s, strict=True))
    packages = ("numpy", "scikit-learn", "onnxruntime")
    return told | {
        "rtemotion": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def population_of(dataset: Dataset, names: Sequence[str], how: Preparation) -> PopulationReference:
    """Return what stands in until a person's own reference is known: mean first minutes.

    Without normalisation features stand against nothing at all.
    """
    schema = how.schema
    if how.normalisation == "none":
        return nothing(schema)
    found = [_beginning(recording.open(), names, how) for recording in dataset]
    known = [one for one in found if one is not None]
    if not known:
        return nothing(schema)
    power = _known_mean(np.stack([p for p, _ in known]), axis=(0, 2))
    edges = _known_mean(np.stack([e for _, e in known]), axis=(0, 3))
    for row, measure in zip(edges, schema.measures, strict=True):
        # Signed measures turn with the pair and average to nothing in particular.
        if get_measure(measure).antisymmetric:
            row[:] = 0.0
    return PopulationReference(tuple(power.tolist()), tuple(map(tuple, edges.tolist())))


def nothing(schema: FeatureSchema) -> PopulationReference:
    """Return a reference that is 0 in everything."""
    zeros = (0.0,) * len(schema.connectivity_bands)
    return PopulationReference((0.0,) * len(schema.bands), (zeros,) * len(schema.measures))


def _beginning(
    source: Any, names: Sequence[str], how: Preparation
) -> tuple[FloatArray, FloatArray] | None:
    """Return mean log power and connectivity of the first minute of full windows."""
    powers, edges = [], []
    try:
        info = source.info
        what = Extraction(how.schema, how.design, setup_for(names, info, how.montage))
        last = _POPULATION_S * info.sfreq + how.schema.longest_window(info.sfreq)
        for frame in feature_frames(source, what)[0]:
            if not isinstance(frame, FeatureFrame):
                continue
            if frame.index > last:
                break
            if frame.full:
                with np.errstate(divide="ignore"):
                    powers.append(np.log(frame.power))
                edges.append(frame.connectivity)
    finally:
        source.close()
    if not powers:
        return None
    return _known_mean(np.stack(powers), axis=0), _known_mean(np.stack(edges), axis=0)


def _known_mean(values: FloatArray, axis: int | tuple[int, ...]) -> FloatArray:
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=axis), 1)
    mean: FloatArray = np.where(known, values, 0.0).sum(axis=axis) / count
    return mean


def familiarity_of(features: np.ndarray, schema: FeatureSchema, n_channels: int) -> Familiarity:
    """Return what the summary of features is like in training, see `trust.summary`."""
    split = len(schema.bands) * n_channels
    edges = (len(schema.measures), len(schema.connectivity_bands), -1)
    mask = np.ones(n_channels, dtype=bool)
    rows = np.array(
        [
            summary(row[:split].reshape(-1, n_channels), row[split:].reshape(edges), mask)
            for row in features.astype(np.float64)
        ]
    )
    mean = rows.mean(axis=0)
    precision = np.linalg.inv(np.cov(rows.T) + 1e-6 * np.eye(rows.shape[1]))
    away = rows - mean
    distances = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", away, precision, away), 0.0))
    limit = _MARGIN * float(np.quantile(distances, _NEARLY_ALL))
    return Familiarity(
        tuple(mean.tolist()), tuple(map(tuple, precision.tolist())), ((512, limit),)
    )

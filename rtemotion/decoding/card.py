"""The description a model file carries of itself, as JSON in the ONNX metadata."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ..columns import name_problem
from ..conditioning.design import ConditioningDesign
from ..errors import ModelError
from ..features.schema import FeatureSchema

METADATA_KEY = "rtemotion"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Target:
    """One emotion or dimension the model predicts.

    Attributes
    ----------
    name : str
        Name of the target.
    low, high : float
        Range of its labels; predictions outside it are shown as they are.
    construct : str
        ``"felt"``, ``"perceived"`` or ``"stimulus-inferred"``.
    prior_mean, prior_std, prior_lower, prior_upper : float
        What is known of it without any EEG: moments and 90 % range of the
        training labels.
    interval : float
        Half width of the 90 % interval in units of the predicted standard
        deviation, from held-out subjects (split conformal).
    """

    name: str
    low: float
    high: float
    construct: Literal["felt", "perceived", "stimulus-inferred"]
    prior_mean: float
    prior_std: float
    prior_lower: float
    prior_upper: float
    interval: float


@dataclass(frozen=True)
class PopulationReference:
    """What stands in for a baseline that is not there.

    Attributes
    ----------
    log_power : tuple of float
        Natural log of V²/Hz, one a band.
    connectivity : tuple of tuple of float
        One a measure and connectivity band.
    """

    log_power: tuple[float, ...]
    connectivity: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Normalisation:
    """How features are set against a reference.

    ``"baseline"`` freezes the means of at least `minimum_s` seconds of rest;
    ``"none"`` always uses the population's.
    """

    policy: Literal["none", "baseline"]
    minimum_s: float
    population: PopulationReference


@dataclass(frozen=True)
class Familiarity:
    """Training distribution of the feature summary (see `trust.summary`).

    Attributes
    ----------
    mean : tuple of float
        Mean of the summary.
    precision : tuple of tuple of float
        Inverse covariance.
    limits : tuple of (int, float)
        Up to so many channels in use, in rising order, the Mahalanobis distance
        above which features are unfamiliar; the last holds for any more. Fewer
        channels scatter more.
    """

    mean: tuple[float, ...]
    precision: tuple[tuple[float, ...], ...]
    limits: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class ModelCard:
    """Everything needed to use a model as it was trained, and to judge it.

    Attributes
    ----------
    name, version, description : str
        What it is called and what it is.
    trained_on : {"simulation", "recordings"}
        A model trained on simulation is not validated on people.
    targets : tuple of Target
        In the order of the model's outputs.
    features : FeatureSchema
        Bands, windows, hop and measures.
    conditioning : ConditioningDesign
        Filters and reference.
    normalisation : Normalisation
        Policy and population reference.
    familiarity : Familiarity
        What features looked like in training.
    smoothing_s : float
        Time constant of the causal smoothing of the output; 0 for none.
    min_channels : int
        Fewest usable channels with positions.
    scores : mapping
        How it did on held-out subjects, with the protocol.
    provenance : mapping
        Script, seed and versions it was made with.
    """

    name: str
    version: str
    description: str
    trained_on: Literal["simulation", "recordings"]
    targets: tuple[Target, ...]
    features: FeatureSchema
    conditioning: ConditioningDesign
    normalisation: Normalisation
    familiarity: Familiarity
    smoothing_s: float
    min_channels: int = 3
    scores: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def target_names(self) -> tuple[str, ...]:
        """Names of the targets, in order."""
        return tuple(target.name for target in self.targets)

    @property
    def caveat(self) -> str:
        """What has to be said wherever the model's results are shown."""
        if self.trained_on == "simulation":
            return "trained on simulation, not validated on people"
        return "trained on recordings"

    def to_json(self) -> str:
        """Return the card as JSON, ready for the ONNX metadata."""
        return json.dumps({"format": FORMAT_VERSION, "card": asdict(self)}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str, where: str) -> ModelCard:
        """Read a card and check every field.

        Raises
        ------
        ModelError
            When the text is not a card of a known format, or contradicts itself.
        """
        from pydantic import TypeAdapter, ValidationError

        try:
            outer = json.loads(text)
            version = outer["format"]
            inner = outer["card"]
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"The description inside {where} is damaged ({error}); get the file again."
            ) from error
        if version != FORMAT_VERSION:
            raise ModelError(
                f"{where} is in model format {version}, this version reads {FORMAT_VERSION}; "
                "export it again or install the version it was made for."
            )
        try:
            card = TypeAdapter(cls).validate_python(inner)
        except ValidationError as error:
            first = error.errors()[0]
            field_name = ".".join(str(part) for part in first["loc"])
            raise ModelError(
                f"The description inside {where} does not fit: {field_name}: {first['msg']}."
            ) from error
        card.check(where)
        return card

    def check(self, where: str) -> None:
        """Raise `ModelError` when parts of the card do not belong together."""
        problem = name_problem(self.target_names)
        n_bands = len(self.features.bands)
        if len(self.normalisation.population.log_power) != n_bands:
            problem = "its population reference does not fit its bands"
        if problem:
            raise ModelError(f"{where} cannot be used: {problem}.")

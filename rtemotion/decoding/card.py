"""The description a model file carries of itself, as JSON in the ONNX metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ..conditioning.design import ConditioningDesign
from ..errors import ModelError
from ..features.measures import MEASURES
from ..features.schema import FeatureSchema
from .card_check import problem_of
from .card_json import read_card, write_card
from .context import ContextPolicy, n_context
from .graph import Tensor

METADATA_KEY = "rtemotion"
# Where among a card's scores the newest evaluation on labelled recordings stands.
EVALUATION = "evaluation"

BySize = tuple[tuple[int, float], ...]
"""A number for every number of channels in use, see `by_size`."""


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
    ``"adaptive"`` follows the features with the time constant `adaptive_tau_s`, at least
    300 s; ``"none"`` always uses the population's.
    """

    policy: Literal["none", "baseline", "adaptive"]
    minimum_s: float
    population: PopulationReference
    adaptive_tau_s: float = 600.0


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
        The Mahalanobis distance above which features are unfamiliar, see `by_size`.
        Fewer channels scatter more.
    """

    mean: tuple[float, ...]
    precision: tuple[tuple[float, ...], ...]
    limits: BySize


@dataclass(frozen=True)
class Agreement:
    """How far the reasons of an approximate model are to be believed.

    Attributes
    ----------
    node, edge : float
        Correlation between what contributions of channels and of pairs claim, and how
        far resetting that input moves the prediction.
    protocol : str
        On what it was measured, and how.
    """

    node: float
    edge: float
    protocol: str


@dataclass(frozen=True)
class Tied:
    """What a model is tied to that was fitted on certain electrodes, or on one person.

    Attributes
    ----------
    channels : tuple of str
        The electrodes it was fitted on, at least two.
    positions : tuple of (float, float, float)
        Where they sit: metres, head frame.
    person : str
        Whom it was calibrated to; empty where it was fitted on several people.
    base : str
        Identity of the model that was calibrated; empty where there is none.
    """

    channels: tuple[str, ...]
    positions: tuple[tuple[float, float, float], ...]
    person: str
    base: str


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
    architecture : {"additive", "approximate"}
        Whether contributions are exact by construction, or say about what an input does.
    agreement : Agreement or None
        How well an approximate model's contributions say it; None for an additive one.
    context : ContextPolicy or None
        How slow the context is that the weights follow from; None where it is the
        resting log power alone.
    interval_by_size : tuple of (int, float)
        Factor on the half width of 90 % intervals, see `by_size`.
    information_delay_s : float or None
        Lag in seconds at which predictions correlate best with the truth; None where it
        was not measured.
    min_sfreq : float
        Lowest sampling rate in Hz. A band that reaches above 0.4 times the rate is
        masked, so that bands the model was trained with would be missing below it.
    min_channels, max_channels : int
        Fewest and most usable channels with positions.
    licence : str
        Terms of use of the file, as an SPDX identifier where there is one.
    scores : mapping
        How it did on held-out subjects, with the protocol; ``"evaluation"`` is the newest
        on a labelled data set.
    provenance : mapping
        Script, seed and versions it was made with.
    measure_versions : mapping
        Version of each connectivity measure in training; a file that was made with
        another implementation is refused.
    inputs, outputs : tuple of Tensor
        What the graph takes and gives; none before there is a file.
    tied : Tied or None
        The electrodes and the person it holds for alone; None where it serves any.
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
    architecture: Literal["additive", "approximate"] = "additive"
    agreement: Agreement | None = None
    context: ContextPolicy | None = None
    interval_by_size: BySize = ((512, 1.0),)
    information_delay_s: float | None = None
    min_sfreq: float = 112.5
    min_channels: int = 3
    max_channels: int = 512
    licence: str = "BSD-3-Clause"
    scores: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    measure_versions: dict[str, str] = field(
        default_factory=lambda: {name: measure.version for name, measure in MEASURES.items()}
    )
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    tied: Tied | None = None

    @property
    def target_names(self) -> tuple[str, ...]:
        """Names of the targets, in order."""
        return tuple(target.name for target in self.targets)

    @property
    def caveat(self) -> str:
        """What has to be said wherever the model's results are shown."""
        whose = ""
        if self.tied is not None and self.tied.person:
            whose = f"calibrated to {self.tied.person}, "
        said = f"{whose}trained on {self.trained_on}"
        if not self.validated:
            said += ", not validated on people"
        return f"{said}; {self.worth}" if self.worth else said

    @property
    def validated(self) -> bool:
        """Whether a score on real people holds, under a protocol that may be a headline.

        Its interval lies above zero, and nothing else explains it.
        """
        found = self.scores.get(EVALUATION)
        if not isinstance(found, dict) or found.get("simulated") is not False:
            return False
        _, low, _ = _interval_of(found)
        return found.get("holds") is True and low is not None and low > 0.0

    @property
    def worth(self) -> str:
        """What an evaluation on labelled recordings found, in a clause; empty without one."""
        found = self.scores.get(EVALUATION)
        if not isinstance(found, dict):
            return ""
        value, low, high = _interval_of(found)
        score = "no CCC" if value is None else f"CCC {value:z.2f}"
        if low is not None and high is not None:
            score += f" ({low:z.2f} to {high:z.2f})"
        how = str(found.get("protocol", ""))
        how = f"under {how}" if len(how) == 1 else how
        brains = "simulated" if found.get("simulated") is not False else "real"
        before = ", before calibration" if self.tied is not None and self.tied.base else ""
        said = f"{score} {how} on {found.get('people', '?')} people ({brains}){before}"
        if found.get("holds") is True:
            return said
        # What something was found in would read as praise here.
        verdict = str(found.get("verdict", "nothing"))
        unsound = verdict == "nothing" or verdict.startswith(("explained", "inconclusive"))
        return f"{said}: {verdict if unsound else 'does not hold'}"

    @property
    def n_context(self) -> int:
        """Rows of the network's `context` input."""
        return len(self.features.bands) if self.context is None else n_context(self.features)

    def to_json(self) -> str:
        """Return the card as JSON, ready for the ONNX metadata.

        Raises
        ------
        ModelError
            When a number in it is not finite.
        """
        return write_card(self, f"the model {self.name}")

    @classmethod
    def from_json(cls, text: str, where: str) -> ModelCard:
        """Read a card and check every field.

        Raises
        ------
        ModelError
            When the text is not a card of a known format, lacks a field, or
            contradicts itself.
        """
        card = read_card(cls, text, where)
        card.check(where)
        return card

    def check(self, where: str) -> None:
        """Raise `ModelError` when parts of the card do not belong together."""
        if problem := problem_of(self):
            raise ModelError(f"{where} cannot be used: {problem}.")


def _interval_of(found: dict[str, Any]) -> list[float | None]:
    """Return value, low and high of the CCC of an evaluation; None for what is no number."""
    ccc = found.get("ccc")
    given = [ccc.get(name) if isinstance(ccc, dict) else None for name in ("value", "low", "high")]
    return [float(x) if isinstance(x, int | float) else None for x in given]


def by_size(table: BySize, n_channels: int) -> float:
    """Look up what holds for a number of channels in use.

    Parameters
    ----------
    table : tuple of (int, float)
        Up to so many channels, in rising order, this value; the last holds for any more.
    n_channels : int
        Channels in use.
    """
    return next((value for up_to, value in table if n_channels <= up_to), table[-1][1])

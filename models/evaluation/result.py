"""What an evaluation found, ready to be printed, kept and written into a model file."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from typing import Any, Literal

from ...signal import FloatArray
from .scores import Score

NOTHING, INCONCLUSIVE = "nothing", "inconclusive"
MUSCLE, EYES = "explained by muscle", "explained by the eyes"
STIMULUS, TIME = "explained by the stimulus", "explained by time in trial"
CONNECTIVITY, POWER, EITHER = "connectivity", "power", "connectivity or power"
FOUND = frozenset({CONNECTIVITY, POWER, EITHER})
# Chance is an unlikely explanation where it does as well more seldom than this.
ALPHA = 0.05
# Told to whoever scores higher than anybody should on real people.
HIGH = 0.5
CHECKLIST = (
    "Do windows on the two sides share samples, or labels that were smoothed together?",
    "Was anything (scaling, ICA, channel choice, feature choice) worked out on whole recordings?",
    "Do rows of the same stimulus stand on both sides while people share its labels?",
    "Does the stimulus itself (sound level, picture) reach the electrodes or the amplifier?",
    "Do muscles or eyes say it: is the score the same without gamma and edge channels?",
    "Do time in the trial or the order of stimuli say it?",
    "Were the labels made from this very EEG, or by somebody who saw the result?",
)


@dataclass(frozen=True)
class Finding:
    """Something that speaks against a score, by name.

    Attributes
    ----------
    name : str
        What it is called, such as ``"window split"``.
    severity : {"fault", "caution"}
        A fault makes the score worthless.
    says : str
        What was seen, where, and what to do.
    """

    name: str
    severity: Literal["fault", "caution"]
    says: str


@dataclass(frozen=True)
class Scored:
    """All scores of one target, or of the mean over targets.

    Attributes
    ----------
    ccc, r, rmse, mae, r2 : Score
        Concordance first; R² is against the training mean, 1 − Σ(y − p)² / Σ(y − ȳ)².
        Taken in each recording, or across the clips of a subject; then over subjects.
    """

    ccc: Score
    r: Score
    rmse: Score
    mae: Score
    r2: Score


@dataclass(frozen=True)
class Target:
    """What was found for one target.

    Attributes
    ----------
    name, construct : str
    scored : Scored
    within : float
        r within held-out groups, the statistic that is tested.
    p, q : float
        How often chance does as well, and the same under false discovery rate control.
    discriminant : float
        CCC of what this target does not share with the others.
    verdict : str
        What it can be put down to.
    """

    name: str
    construct: str
    scored: Scored
    within: float
    p: float
    q: float
    discriminant: float
    verdict: str


@dataclass(frozen=True)
class Compared:
    """A baseline beside the model.

    Attributes
    ----------
    name : str
    protocol : str
        Usually the model's own; E for what knows the stimulus.
    scored : Scored or None
        Over all targets; None where it cannot be had.
    per_target : tuple of Scored
    says : str
        Why it cannot be had, or what it is.
    """

    name: str
    protocol: str
    scored: Scored | None
    per_target: tuple[Scored, ...] = ()
    says: str = ""


@dataclass(frozen=True)
class Significance:
    """How chance was found out about.

    Attributes
    ----------
    method : str
        What was moved, and whether the model learnt anew.
    refitted : bool
    moves, available : int
        Moves that were made, and different ones that there are.
    smallest_p : float
        The smallest that can be attained.
    apart_s : float
        Seconds from which labels resemble one another no more.
    effective : float
        Independent labels in one pass through the story.
    detectable_r : float
        Smallest mean r within groups that would have been found in four of five studies.
    p : float
        Of the mean over targets.
    observed : float
        Mean over targets of r within groups, the statistic that is tested.
    null : tuple of float
        The same under every move.
    """

    method: str
    refitted: bool
    moves: int
    available: int
    smallest_p: float
    apart_s: float
    effective: float
    detectable_r: float
    p: float
    observed: float = math.nan
    null: tuple[float, ...] = ()

    @property
    def conclusive(self) -> bool:
        """Whether there are enough moves for anything to be called significant."""
        return self.smallest_p < ALPHA


@dataclass(frozen=True)
class EqualTerms:
    """Connectivity against power with the same windows, smoothness and number of features.

    Attributes
    ----------
    connectivity, power : Scored
        Over all targets.
    difference : Score
        r of connectivity less r of power.
    components : int
        Principal components of either, found inside each fold.
    averaged : tuple of int
        Windows over which connectivity and power were averaged, causally.
    resemblance_s : tuple of float
        Seconds over which they then resemble themselves.
    """

    connectivity: Scored
    power: Scored
    difference: Score
    per_target: tuple[Score, ...]
    components: int
    averaged: tuple[int, int]
    resemblance_s: tuple[float, float]


@dataclass(frozen=True)
class Uncertainty:
    """How far stated intervals can be believed.

    Attributes
    ----------
    coverage : float
        Share of labels inside their 90 % intervals, mean over held-out subjects.
    subjects : int
        The goal of 87 to 93 % counts from 20 held-out subjects on.
    crps, crps_marginal : float
        Of normal forecasts, and of the training labels as a forecast; lower is better.
    by : dict
        Coverage by whatever rows were sorted into.
    """

    coverage: float
    subjects: int
    crps: float
    crps_marginal: float
    by: dict[str, dict[str, float]]


@dataclass(frozen=True, eq=False)
class Course:
    """What was said of one recording, or of one person's clips, beside its labels.

    Attributes
    ----------
    who : str
        Which one.
    why : str
        Why it is shown, such as ``"best"``.
    r : float
        Mean r over targets.
    clips : tuple of str
        The clips, in their order, where labels are one rating a clip; empty otherwise.
    times : array, shape (n_rows,)
        Seconds on the recording's clock; the number of the clip where clips are rated.
    truth, prediction, low, high : array, shape (n_rows, n_targets)
        Intervals are of 90 %, NaN where none could be stated.
    """

    who: str
    why: str
    r: float
    clips: tuple[str, ...]
    times: FloatArray
    truth: FloatArray
    prediction: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class Evaluation:
    """A score, how it was obtained, and what it is worth.

    Attributes
    ----------
    protocol, protocol_says : str
    headline : bool
        False for leaving out subjects alone, which is a baseline.
    estimator, features : str
    subjects, sessions, recordings, stimuli, stories, windows, folds : int
        How much was scored.
    gap_s : float
        Kept between the sides wherever they touch in time.
    simulated : bool
    mean : Scored
        Over targets.
    targets : tuple of Target
    verdict : str
        Of the mean over targets.
    baselines : tuple of Compared
    significance : Significance or None
    equal_terms : EqualTerms or None
    matrix : tuple of tuple of float
        CCC of every prediction (rows) with every label (columns).
    uncertainty : Uncertainty or None
    findings : tuple of Finding
    notes : tuple of str
    checklist : tuple of str
        Questions to answer where a score on real people is higher than it should be.
    ceiling : float or None
        Mean CCC of the within-subject oracle, on simulated brains.
    lags_s : tuple of float
        Mean lag that was chosen for each target.
    courses : tuple of Course
        A few recordings with their predictions, for pictures; not in the JSON.
    """

    protocol: str
    protocol_says: str
    headline: bool
    estimator: str
    features: str
    subjects: int
    sessions: int
    recordings: int
    stimuli: int
    stories: int
    windows: int
    folds: int
    gap_s: float
    simulated: bool
    mean: Scored
    targets: tuple[Target, ...]
    verdict: str
    baselines: tuple[Compared, ...]
    significance: Significance | None
    equal_terms: EqualTerms | None
    matrix: tuple[tuple[float, ...], ...]
    uncertainty: Uncertainty | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    checklist: tuple[str, ...]
    ceiling: float | None
    lags_s: tuple[float, ...]
    courses: tuple[Course, ...] = field(default=(), compare=False, repr=False)

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against a headline that chance is unlikely to reach."""
        return not self.doubts

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the score does not hold, in clauses; empty where it does.

        A score that holds is a headline without a fault, chance was asked and seldom does as
        well, its interval lies above zero, and at least one target was found by itself.
        """
        doubts = []
        if not self.headline:
            doubts.append(f"protocol {self.protocol} makes a baseline, not a headline")
        doubts += [finding.name for finding in self.findings if finding.severity == "fault"]
        chance = _doubt_of_chance(self.significance)
        if self.verdict == NOTHING:
            doubts.append("nothing was found")
        elif self.verdict in FOUND or chance:
            doubts += chance
        else:
            doubts.append(self.verdict)
        if self.verdict in FOUND:
            doubts += _doubt_of_size(self.mean)
            if not any(target.verdict in FOUND for target in self.targets):
                doubts.append("no single target was found")
        return tuple(dict.fromkeys(doubts))

    def baseline(self, name: str) -> Compared:
        """Return a baseline by its name.

        Raises
        ------
        KeyError
            If there is none.
        """
        return {compared.name: compared for compared in self.baselines}[name]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON-like values; what is not a number is None."""
        bare = dataclasses.replace(self, courses=())
        found: dict[str, Any] = _plain(dataclasses.asdict(bare))
        del found["courses"]
        return found | {"holds": self.holds, "doubts": list(self.doubts)}

    def to_json(self) -> str:
        """Return everything as JSON text."""
        return json.dumps(self.as_dict(), indent=1, allow_nan=False)


def _doubt_of_chance(chance: Significance | None) -> list[str]:
    if chance is None:
        return ["chance was not asked"]
    if not chance.conclusive:
        return ["chance could not be asked"]
    return [] if chance.p < ALPHA else [f"chance does as well (p {chance.p:.2g})"]


def _doubt_of_size(mean: Scored) -> list[str]:
    """Say whether the mean may be zero: its CCC, or its r where no interval of CCC is known."""
    for name, one in (("CCC", mean.ccc), ("r", mean.r)):
        if math.isfinite(one.low):
            return [] if one.low > 0 else [f"the interval of the mean {name} includes 0"]
    return ["no interval of the mean CCC can be drawn"]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

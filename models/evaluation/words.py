"""An evaluation in sentences, as the terminal and the report say it."""

from __future__ import annotations

import math

from .result import (
    CONNECTIVITY,
    EITHER,
    EYES,
    INCONCLUSIVE,
    MUSCLE,
    NOTHING,
    POWER,
    STIMULUS,
    TIME,
    Evaluation,
    Finding,
)
from .scores import Score
from .verdicts import explaining

_VERDICTS = {
    NOTHING: "Nothing was found: predictions follow the labels no better than chance does.",
    MUSCLE: "Explained by muscle: muscle activity alone does as well.",
    EYES: "Explained by the eyes: eye movements alone do as well.",
    STIMULUS: "Explained by the stimulus: its own features do as well, without any EEG.",
    TIME: "Explained by time in trial: a clock does as well.",
    CONNECTIVITY: "Found in connectivity, which exceeds power on equal terms.",
    POWER: "Found in power, which exceeds connectivity on equal terms.",
    EITHER: "Found; whether connectivity or power carries it cannot be told.",
}
SIMULATED = (
    "These brains are simulated. What is found in them says that the method works, and nothing "
    "about people."
)


def verdict_words(found: Evaluation) -> str:
    """Return the verdict in a sentence."""
    if found.verdict == INCONCLUSIVE:
        return f"Inconclusive: {_unasked(found)}."
    return _VERDICTS[found.verdict]


def holds_words(found: Evaluation) -> str:
    """Say whether the score holds, and if it does not, why."""
    if found.holds:
        return "The score holds: no fault was found, and its interval lies above zero."
    return f"The score does not hold: {'; '.join(found.doubts)}."


def _unasked(found: Evaluation) -> str:
    chance = found.significance
    if chance is None:
        return "chance was not asked, so that nothing can be called found"
    if not chance.moves:
        return "the labels change too slowly to be moved, so that chance cannot be asked"
    if not chance.conclusive:
        return (
            f"of {counted(chance.moves, 'move', 'moves')} of the labels p cannot be below "
            f"{plain_p(chance.smallest_p)}, whatever there is"
        )
    return "labels that do not change leave nothing to be asked"


def target_words(found: Evaluation, which: int) -> str:
    """Return the verdict of a target, beside the CCC of what explains it."""
    word = found.targets[which].verdict
    name = explaining(word)
    if name is None:
        return word
    beside = found.baseline(name)
    if which >= len(beside.per_target):
        return word
    return f"{word} ({name}: CCC {interval(beside.per_target[which].ccc)})"


def scale_words(found: Evaluation) -> str:
    """Say how much was scored."""
    parts = [counted(found.subjects, "person", "people")]
    if found.sessions > found.subjects:
        parts.append(counted(found.sessions, "session", "sessions"))
    parts.append(counted(found.recordings, "recording", "recordings"))
    if found.stimuli:
        parts.append(counted(found.stimuli, "stimulus", "stimuli"))
    parts.append(counted(found.windows, "window", "windows"))
    if found.folds:
        parts.append(f"{counted(found.folds, 'fold', 'folds')} {found.gap_s:.1f} s apart")
    return ", ".join(parts)


def chance_words(found: Evaluation) -> list[str]:
    """Say how chance was found out about."""
    chance = found.significance
    if chance is None:
        return ["Chance was not asked: no labels were shifted."]
    said = [f"{chance.method[:1].upper()}{chance.method[1:]}."]
    if not chance.moves:
        return said
    said.append(
        f"{counted(chance.moves, 'move', 'moves')} of {chance.available} that differ, so that p "
        "can be "
        f"{plain_p(chance.smallest_p)} at best; p of the mean over targets is "
        f"{plain_p(chance.p)}."
    )
    said.append(
        f"Labels resemble themselves for {chance.apart_s:.0f} s: about {chance.effective:.0f} "
        "independent ones in one pass."
        if chance.apart_s
        else f"{chance.effective:.0f} independent labels in one pass."
    )
    if not chance.conclusive:
        said.append("So few moves could not have found any r, however large.")
    elif math.isfinite(chance.detectable_r):
        said.append(
            f"A mean r within groups of {chance.detectable_r:z.2f} would have been found in four "
            f"of five studies like this one; here it is {chance.observed:z.2f}."
        )
    return said


def terms_words(found: Evaluation) -> str:
    """Say what connectivity does against power on equal terms."""
    terms = found.equal_terms
    if terms is None:
        return "Connectivity and power were not compared: one is lacking, or too little is left."
    return (
        f"Connectivity reaches r {interval(terms.connectivity.r)}, power "
        f"{interval(terms.power.r)}; the difference is {interval(terms.difference)}. Both with "
        f"{counted(terms.components, 'principal component', 'principal components')} found inside "
        f"each fold, averaged over {terms.averaged[0]} and {terms.averaged[1]} past windows, so "
        f"that they resemble themselves for {terms.resemblance_s[0]:.0f} and "
        f"{terms.resemblance_s[1]:.0f} s."
    )


def coverage_words(found: Evaluation) -> str:
    """Say how far stated intervals can be believed."""
    stated = found.uncertainty
    if stated is None:
        return "No intervals could be stated."
    goal = "" if stated.subjects >= 20 else "; the goal, 87 to 93 %, counts from 20 on"
    than = "below" if stated.crps < stated.crps_marginal else "not below"
    return (
        f"90 % intervals hold {stated.coverage:.0%} of the labels, mean over "
        f"{counted(stated.subjects, 'held-out person', 'held-out people')}{goal}. CRPS "
        f"{stated.crps:.3f}, {than} the {stated.crps_marginal:.3f} of what training labels say "
        "without any EEG."
    )


def findings_of(found: Evaluation) -> list[Finding]:
    """Return the findings, faults first."""
    return sorted(found.findings, key=lambda finding: finding.severity != "fault")


def interval(score: Score, digits: int = 2) -> str:
    """Return a score with its interval."""
    if not math.isfinite(score.value):
        return "–"
    said = f"{score.value:z.{digits}f}"
    if math.isfinite(score.low) and math.isfinite(score.high):
        said += f" ({score.low:z.{digits}f} to {score.high:z.{digits}f})"
    return said


def plain_p(p: float) -> str:
    """Return a p-value as it is read."""
    if not math.isfinite(p):
        return "–"
    return f"{p:.3f}" if p < 0.1 else f"{p:z.2f}"


def counted(n: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{n} {one if n == 1 else many}"

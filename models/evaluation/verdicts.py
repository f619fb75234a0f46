"""What a score can be put down to, in a word, and what speaks against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from . import baselines as known
from .compared import Comparison, R, difference
from .result import (
    ALPHA,
    CONNECTIVITY,
    EITHER,
    EYES,
    FOUND,
    INCONCLUSIVE,
    MUSCLE,
    NOTHING,
    POWER,
    STIMULUS,
    TIME,
    EqualTerms,
    Finding,
    Target,
)
from .scores import score
from .splits import Protocol

STIMULUS_LOCKED = "stimulus-locked confound"
BASELINE_ONLY = "baseline only"
EYES_UNSEEN = "eyes not looked at"
NO_SINGLE_TARGET = "no single target"
# What may explain a score without a brain, in the order in which it is asked for.
_EXPLANATIONS = (
    (known.STIMULUS, STIMULUS),
    (known.TIME, TIME),
    (known.MUSCLE, MUSCLE),
    (known.EYES, EYES),
)


def verdict(
    model: Comparison,
    others: Mapping[str, Comparison],
    terms: EqualTerms | None,
    p: float,
    target: int | None,
) -> str:
    """Return what a score is put down to.

    Something explains it that finds the labels by itself (its interval of r lies above
    zero) and that the model is not shown to exceed (the interval of the difference in r
    reaches zero).

    Parameters
    ----------
    model : Comparison
    others : mapping
        Baselines by name.
    terms : EqualTerms or None
    p : float
        How often chance does as well, of several targets corrected for their number; NaN
        where that was not, or could not be, asked. Nothing is found then: what explains a
        score whose interval of r lies above zero is named all the same.
    target : int or None
        None for the mean over targets.
    """
    asked = np.isfinite(p)
    if asked and not p < ALPHA:
        return NOTHING
    if not asked and not score(*model.metric(R, target)).low > 0:
        return INCONCLUSIVE
    for name, word in _EXPLANATIONS:
        if name in others and _explains(model, others[name], target):
            return word
    if not asked:
        return INCONCLUSIVE
    if terms is None:
        return EITHER
    more = terms.difference if target is None else terms.per_target[target]
    if more.low > 0:
        return CONNECTIVITY
    return POWER if more.high < 0 else EITHER


def _explains(model: Comparison, other: Comparison, target: int | None) -> bool:
    alone = score(*other.metric(R, target))
    beyond = difference(model, other, target)
    if np.isfinite(alone.low):
        return alone.low > 0 and not beyond.low > 0
    # Without a second subject or stimulus nothing can be drawn: what comes near explains.
    return alone.value > 0.05 and alone.value >= 0.8 * (alone.value + beyond.value)


def findings_of(
    model: Comparison,
    others: Mapping[str, Comparison],
    overall: str,
    protocol: Protocol | None,
) -> list[Finding]:
    """Return what speaks against the score as a whole.

    Parameters
    ----------
    model : Comparison
    others : mapping
        Baselines by name.
    overall : str
        The verdict.
    protocol : Protocol or None
        Under which the model learnt; None where it was finished before.
    """
    found = []
    if overall in {MUSCLE, EYES, STIMULUS, TIME}:
        name = next(baseline for baseline, word in _EXPLANATIONS if word == overall)
        alone = score(*others[name].metric(R, None))
        own = score(*model.metric(R, None))
        found.append(
            Finding(
                overall,
                "fault",
                f"The baseline '{name}' alone reaches r = {alone.value:.2f}, and the model with "
                f"r = {own.value:.2f} is not shown to exceed it.",
            )
        )
    if others and known.EYES not in others and overall != NOTHING:
        found.append(
            Finding(
                EYES_UNSEEN,
                "caution",
                "No delta power of channels near the eyes is among the features: whether eye "
                "movements do as well could not be asked.",
            )
        )
    if protocol == Protocol.E:
        found.append(
            Finding(
                BASELINE_ONLY,
                "caution",
                "Subjects were held out and stimuli were not: this stands beside the stimulus "
                "mean, and is no score of a decoder. Hold out both (B).",
            )
        )
    inside, outside = (
        (model, others.get(known.NEW_STIMULI))
        if protocol == Protocol.E
        else (others.get(known.SAME_STIMULI), model)
    )
    if inside is not None and outside is not None:
        seen, new = (score(*part.metric(R, None)) for part in (inside, outside))
        unexplained = overall in {NOTHING, INCONCLUSIVE} or protocol == Protocol.E
        if seen.low > 0 and not new.low > 0 and seen.low > new.value and unexplained:
            found.append(
                Finding(
                    STIMULUS_LOCKED,
                    "fault" if protocol == Protocol.E else "caution",
                    f"On stimuli that were learnt from, people held out reach r = "
                    f"{seen.value:.2f}, on new stimuli {new.value:.2f}: what is learnt is the "
                    "response to these stimuli.",
                )
            )
    return found


def explaining(word: str) -> str | None:
    """Return the name of the baseline that a verdict puts a score down to; None for others."""
    return next((name for name, said in _EXPLANATIONS if said == word), None)


def single_targets(overall: str, targets: Sequence[Target]) -> list[Finding]:
    """Return a caution where the mean over targets was found, and none of them by itself."""
    if overall not in FOUND or any(target.verdict in FOUND for target in targets):
        return []
    return [
        Finding(
            NO_SINGLE_TARGET,
            "caution",
            "The mean over targets was found, and none of them by itself once their number is "
            "corrected for: it cannot be said which is followed. Predict fewer, or record more.",
        )
    ]

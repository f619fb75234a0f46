"""A model file's own account of what its scores are worth, and how it is written into it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from ...decoding.card import EVALUATION, ModelCard
from ...decoding.card_writing import with_card
from ...decoding.model import Model
from .result import Evaluation
from .scores import Score

_DIGITS = 4


def scores_of(evaluation: Evaluation, data: str = "", day: date | None = None) -> dict[str, Any]:
    """Return an evaluation as a card holds it, to be put among its `scores`.

    Parameters
    ----------
    evaluation : Evaluation
    data : str
        Name of the data set.
    day : date or None
        When it was done; today (UTC) by default.

    Returns
    -------
    dict
        One entry, ``"evaluation"``: protocol, verdict, whether it holds or why not, mean CCC with
        its interval, targets, baselines, people, data and date. What is not a number is None.
    """
    chance, stated = evaluation.significance, evaluation.uncertainty
    said = {
        "protocol": evaluation.protocol,
        "protocol_says": evaluation.protocol_says,
        "verdict": evaluation.verdict,
        "holds": evaluation.holds,
        "doubts": list(evaluation.doubts),
        "ccc": _interval(evaluation.mean.ccc),
        "people": evaluation.subjects,
        "recordings": evaluation.recordings,
        "stimuli": evaluation.stimuli,
        "simulated": evaluation.simulated,
        "data": data,
        "date": (day or datetime.now(UTC).date()).isoformat(),
        "estimator": evaluation.estimator,
        "features": evaluation.features,
        "targets": {
            target.name: _interval(target.scored.ccc)
            | {"r": _number(target.scored.r.value), "p": _number(target.p)}
            | {"verdict": target.verdict}
            for target in evaluation.targets
        },
        "baselines": {
            beside.name: _number(beside.scored.ccc.value)
            for beside in evaluation.baselines
            if beside.scored is not None
        },
        "p": None if chance is None else _number(chance.p),
        "refitted": None if chance is None else chance.refitted,
        "coverage": None if stated is None else _number(stated.coverage),
        "findings": [finding.name for finding in evaluation.findings],
    }
    return {EVALUATION: said}


def scored_card(card: ModelCard, evaluation: Evaluation, data: str = "") -> ModelCard:
    """Return a card with an evaluation among its scores, in place of an older one."""
    return replace(card, scores={**card.scores, **scores_of(evaluation, data)})


def write_scores(model: Model, evaluation: Evaluation, out: Path, data: str = "") -> None:
    """Write a copy of a model file whose card holds an evaluation.

    The network stays as it is to the bit; the file is another, and so is its hash.

    Parameters
    ----------
    model : Model
        The file that was evaluated.
    evaluation : Evaluation
    out : Path
        Where to write; replaced at once when the file is complete and opens.
    data : str
        Name of the data set.

    Raises
    ------
    ModelError
        If the file would be refused on opening.
    """
    made = with_card(model.path.read_bytes(), scored_card(model.card, evaluation, data), str(out))
    partial = out.with_name(out.name + ".partial")
    try:
        partial.write_bytes(made)
        Model(partial)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def _interval(score: Score) -> dict[str, float | None]:
    return {
        "value": _number(score.value),
        "low": _number(score.low),
        "high": _number(score.high),
    }


def _number(value: float) -> float | None:
    return round(float(value), _DIGITS) if math.isfinite(value) else None

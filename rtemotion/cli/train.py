"""`train`: from labelled recordings to a model file, and what it is worth."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..decoding import load_model
from ..errors import SetupError
from .model_file import check_model_file
from .printing import samples_bar

if TYPE_CHECKING:
    from ..models.datasets import Dataset
    from ..models.learning.train import Trained


@dataclass(frozen=True)
class Wanted:
    """What is trained, on what, and where it goes; see the command's options.

    Attributes
    ----------
    open : callable
        Opens the data set.
    out : Path
        The model file to write.
    estimator, protocol, normalisation, name : str
    parts, channels, only : tuple of str
    lags_s : tuple of float or None
    pretrain : Path or None
    montage : str or None
    step_s : float
    shifts, jobs : int
    cache : Path or None
    overwrite : bool
    """

    open: Callable[[], Dataset]
    out: Path
    estimator: str
    protocol: str
    parts: tuple[str, ...]
    lags_s: tuple[float, ...] | None
    pretrain: Path | None
    normalisation: str
    channels: tuple[str, ...]
    montage: str | None
    step_s: float
    shifts: int
    only: tuple[str, ...]
    name: str
    cache: Path | None
    jobs: int
    overwrite: bool


def run_train(wanted: Wanted, as_json: bool) -> None:
    """Train, write the file, and report what it is worth.

    Raises
    ------
    RtemotionError
        When something cannot be read, learnt or written; no file is left then.
    """
    check_model_file(wanted.out, wanted.overwrite)
    _require_packages()
    from ..models.datasets.rows import Preparation
    from ..models.learning.train import Order, train
    from ..models.recipes import recipe_of

    how = Preparation(
        step_s=wanted.step_s,
        normalisation=wanted.normalisation,  # type: ignore[arg-type]
        channels=wanted.channels,
        montage=wanted.montage,
    )
    order = Order(
        recipe=recipe_of(wanted.estimator),
        name=wanted.name,
        protocol=wanted.protocol,
        parts=wanted.parts,
        lags_s=wanted.lags_s,
        only=wanted.only,
        shifts=wanted.shifts,
        pretrain=wanted.pretrain,
        how=how,
    )
    dataset = wanted.open()
    with samples_bar("features", len(dataset)) as bar:
        made = train(
            dataset, order, wanted.out, wanted.cache, wanted.jobs, lambda done, total: bar(done)
        )
    report = report_of(made, wanted.out)
    if as_json:
        sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    else:
        _show(report)


def report_of(made: Trained, out: Path) -> dict[str, Any]:
    """Return what is told of a model that was trained."""
    model = load_model(out)
    card, learnt = model.card, made.learnt
    agreement = card.agreement
    return {
        "file": str(out),
        "megabytes": round(model.size / 1e6, 2),
        "model": model.identity,
        "people": len(learnt.rows.subjects),
        "windows": len(learnt.rows),
        "chosen_on": learnt.chosen_by,
        "targets": {
            name: {
                "setting": dict(learnt.settings[k]),
                "lag_s": learnt.lags_s[k],
                "lag_spread_s": None if learnt.lag_spread_s is None else learnt.lag_spread_s[k],
                "error_std": round(float(learnt.std[k]), 4),
            }
            for k, name in enumerate(card.target_names)
        },
        "reasons": "exact"
        if agreement is None
        else {"channels": agreement.node, "pairs": agreement.edge, "are": agreement.protocol},
        "pretrained": made.pretrained or None,
        "evaluation": card.scores.get("evaluation"),
        "notes": [] if made.evaluation is None else list(made.evaluation.notes),
    }


def _require_packages() -> None:
    """Refuse before the work where what does it is missing."""
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise SetupError(
            "Training needs the package scikit-learn, which is not installed; get it with "
            "pip install 'rtemotion[train]'."
        ) from None


def _show(report: dict[str, Any]) -> None:
    from ..models.evaluation.words import counted, plain_p

    write = sys.stdout.write
    people = counted(report["people"], "person", "people")
    write(f"trained on {people}, {report['windows']} windows\n")
    found = report["evaluation"]
    if found is None:
        write("no score: it was not evaluated (--protocol none)\n")
    else:
        ccc = found["ccc"]
        write(
            f"protocol {found['protocol']} ({found['protocol_says']}): mean CCC "
            f"{_number(ccc['value'])} ({_number(ccc['low'])} to {_number(ccc['high'])}), "
            f"p {'none' if found['p'] is None else plain_p(found['p'])}; "
            f"verdict: {found['verdict']}{_doubts(found['doubts'])}\n"
        )
    for name, target in report["targets"].items():
        scored = {} if found is None else found["targets"].get(name, {})
        score = f"CCC {_number(scored['value'])}  " if scored else ""
        chosen = ", ".join(f"{k} {v:g}" for k, v in target["setting"].items()) or "nothing chosen"
        write(f"  {name:14s} {score}lag {target['lag_s']:g} s{_spread(target)}  {chosen}\n")
    reasons = report["reasons"]
    if reasons != "exact":
        write(
            f"reasons are approximate: {reasons['channels']:.2f} (channels) and "
            f"{reasons['pairs']:.2f} (pairs) with what resetting does\n"
        )
    for note in report["notes"]:
        write(f"note: {note}\n")
    write(f"# wrote {report['file']} ({report['megabytes']:g} MB): {report['model']}\n")


def _doubts(doubts: list[str]) -> str:
    said = [doubt for doubt in doubts if doubt != "nothing was found"]
    return f"; does not hold: {'; '.join(said)}" if said else ""


def _spread(target: dict[str, Any]) -> str:
    spread = target["lag_spread_s"]
    return "" if spread is None else f" (over folds ± {spread:.1f})"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"

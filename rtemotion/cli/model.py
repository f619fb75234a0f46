"""`model`: what a model file says of itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..decoding import Model, ModelCard, load_model
from ..decoding.card import EVALUATION
from ..features.measures import get_measure
from ..words import size_text
from .printing import console

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

# True windows follow from whole samples; this rate stands for the usual ones.
_USUAL_HZ = 250.0


def run_model(file: Path | None, as_json: bool) -> None:
    """Print a model's card, that of the one that ships by default.

    Raises
    ------
    ModelError
        If the file is not one that could be used.
    """
    model = load_model(file)
    if as_json:
        about = {"path": str(model.path), "size": model.size, "sha256": model.sha256}
        card = model.card
        said: dict[str, Any] = {"identity": model.identity, "file": about, "caveat": card.caveat}
        said |= {"worth": card.worth, "validated": card.validated}
        said["card"] = asdict(card)
        sys.stdout.write(json.dumps(said, ensure_ascii=False, indent=2) + "\n")
        return
    shown = console()
    for part in _pictures(model):
        shown.print(part)
        shown.print()


def _pictures(model: Model) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    card = model.card
    style = "bold yellow" if card.trained_on == "simulation" else "bold"
    yield Text(f"{card.name} {card.version}: {card.caveat}", style=style)
    summary = Table.grid(padding=(0, 2))
    for key, value in facts(model).items():
        summary.add_row(Text(key, style="dim", no_wrap=True), Text(value, overflow="fold"))
    yield summary
    yield _targets(card)
    yield _bands(card)
    yield _measures(card)
    yield from _scores(card.scores)


def facts(model: Model) -> dict[str, str]:
    """Return what concerns the whole model, in words."""
    card = model.card
    made_with = ", ".join(
        # Marks of recordings are for programs.
        f"{key} {len(value) if isinstance(value, list) else _plain(value)}"
        for key, value in card.provenance.items()
    )
    return {
        "what it is": card.description,
        "licence": card.licence,
        "reasons": _reasons(card),
        "window": _window(card),
        "conditioning": _conditioning(card),
        "normalisation": _normalisation(card),
        "context": _context(card),
        "serves": _serves(card),
        "channels": f"{card.min_channels} to {card.max_channels} usable ones with positions",
        "rate": f"from {card.min_sfreq:g} Hz on; bands above 0.4 times the rate are left out",
        "unfamiliar": f"beyond a Mahalanobis distance of {_by_size(card.familiarity.limits)}",
        "intervals": f"hold 90 %; half widths times {_by_size(card.interval_by_size)}",
        "smoothing": f"time constant {card.smoothing_s:g} s" if card.smoothing_s else "none",
        "information delay": _delay(card.information_delay_s),
        "made with": made_with or "it does not say",
        "file": f"{model.path}, {size_text(model.size)}",
        "sha256": model.sha256,
    }


def _reasons(card: ModelCard) -> str:
    if card.agreement is None:
        return "exact: additive, resetting an input moves the output by what is shown for it"
    return (
        "approximate: what is shown for an input correlates with what resetting it does by "
        f"{card.agreement.node:.2f} (channels) and {card.agreement.edge:.2f} (pairs); "
        f"{card.agreement.protocol}"
    )


def _serves(card: ModelCard) -> str:
    tied = card.tied
    if tied is None:
        return "any headset and anybody; it is tied to none"
    whom = f"{tied.person} alone, calibrated from {tied.base}" if tied.base else "anybody"
    return f"{whom}; with the {len(tied.channels)} electrodes {', '.join(tied.channels)} alone"


def _window(card: ModelCard) -> str:
    features = card.features
    true = features.longest_window(_USUAL_HZ) / _USUAL_HZ
    return (
        f"{true:g} s at {_USUAL_HZ:g} Hz, the longest of its bands; one frame every "
        f"{features.hop_seconds(_USUAL_HZ):g} s ({features.hop:g} s asked for)"
    )


def _conditioning(card: ModelCard) -> str:
    design = card.conditioning
    if isinstance(design.notch, float):
        notch = f"notch at {design.notch:g} Hz"
    else:
        notch = "no notch" if design.notch else "notch where line noise is found below that"
    asr = "" if design.asr is None else f", artifact subspace reconstruction at {design.asr:g}"
    return (
        f"reference {design.reference}; high-pass {design.highpass:g} Hz (order "
        f"{design.highpass_order}), low-pass {design.lowpass:g} Hz (order "
        f"{design.lowpass_order}), {notch}{asr}"
    )


def _normalisation(card: ModelCard) -> str:
    how = card.normalisation
    if how.policy == "none":
        return "none: features stand against the population's"
    if how.policy == "adaptive":
        return f"adaptive: against a mean of their own over {how.adaptive_tau_s:g} s"
    return f"baseline: against at least {how.minimum_s:g} s of the person's own rest"


def _context(card: ModelCard) -> str:
    context = card.context
    if context is None:
        return "the person's resting power alone"
    return (
        f"how features moved, over {context.tau_s:g} s; known after {context.minimum_s:g} s, "
        f"renewed every {context.every_s:g} s"
    )


def _delay(delay: float | None) -> str:
    return "not measured" if delay is None else f"{delay:.1f} s behind the truth"


def _by_size(table: tuple[tuple[int, float], ...]) -> str:
    """Return a table by number of channels in one line."""
    if len(table) == 1:
        return f"{table[0][1]:.3g}"
    parts = [f"{value:.3g} up to {size} channels" for size, value in table[:-1]]
    return ", ".join([*parts, f"{table[-1][1]:.3g} with more"])


def _table(*headings: str, numbers: frozenset[str] = frozenset()) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        justify = "right" if heading in numbers else "left"
        table.add_column(heading, header_style="dim", justify=justify, overflow="fold")  # type: ignore[arg-type]
    return table


def _targets(card: ModelCard) -> Table:
    table = _table("emotion", "range", "what is meant", "without EEG", "its 90 %", "interval")
    for target in card.targets:
        table.add_row(
            target.name,
            f"{target.low:g}..{target.high:g}",
            target.construct,
            f"{target.prior_mean:.2f} ± {target.prior_std:.2f}",
            f"{target.prior_lower:.2f}..{target.prior_upper:.2f}",
            f"± {target.interval:.2f} std",
        )
    return table


def _bands(card: ModelCard) -> Table:
    features = card.features
    hop = features.hop_samples(_USUAL_HZ)
    true = {
        i: (group.segment + (group.n_segments - 1) * hop) / _USUAL_HZ
        for group in features.realise(_USUAL_HZ)
        for i in group.bands
    }
    table = _table("band", "Hz", "segment", "window", f"true at {_USUAL_HZ:g} Hz", "connectivity")
    for i, band in enumerate(features.bands):
        table.add_row(
            band.name,
            f"{band.low:g}-{band.high:g}",
            f"{band.segment:g} s",
            f"{band.window:g} s",
            f"{true[i]:g} s" if i in true else "left out",
            ", ".join(features.measures) if band.connectivity else "none",
        )
    return table


def _measures(card: ModelCard) -> Table:
    table = _table("measure", "version", "what it is")
    for name in card.features.measures:
        table.add_row(name, card.measure_versions[name], get_measure(name).description)
    return table


def _scores(scores: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield scores with the protocol that gave them first: without it they say nothing."""
    from rich.text import Text

    if not scores:
        yield Text("no scores", style="bold")
        return
    found = scores.get(EVALUATION)
    if isinstance(found, Mapping):
        yield from _evaluation(found)
    others = {name: value for name, value in scores.items() if name != EVALUATION}
    if not others:
        return
    yield Text(f"scores: {others.get('protocol', 'by a protocol that is not stated')}")
    for name, value in others.items():
        if name == "protocol":
            continue
        if isinstance(value, Mapping) and value:
            yield _score_table(name, value)
        else:
            yield Text(f"{name}: {_plain(value)}")


def _evaluation(found: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield what `evaluate` found: its verdict, the split, targets, and what stood beside."""
    from rich.text import Text

    brains = "real people" if found.get("simulated") is False else "simulated people"
    held = "it holds" if found.get("holds") is True else "it does not hold"
    yield Text(
        f"evaluated {found.get('date', '')} on {found.get('data') or 'a data set'}, "
        f"{found.get('people', '?')} {brains}: {found.get('verdict', 'no verdict')}; {held}",
        style="bold",
    )
    yield Text(f"{found.get('protocol', '?')}: {found.get('protocol_says', 'not stated')}")
    table = _table("target", "CCC", "low", "high", "r", "p", "verdict")
    targets = found.get("targets")
    rows = {"mean": {**(found.get("ccc") or {}), "p": found.get("p")}}
    rows |= targets if isinstance(targets, Mapping) else {}
    for name, row in rows.items():
        numbers = (_score(row.get(key)) for key in ("value", "low", "high", "r", "p"))
        table.add_row(name, *numbers, str(row.get("verdict", found.get("verdict", ""))))
    yield table
    beside = found.get("baselines")
    if isinstance(beside, Mapping) and beside:
        said = ", ".join(f"{name} {_score(value)}" for name, value in beside.items())
        yield Text(f"CCC beside it: {said}")
    for finding in found.get("findings") or ():
        yield Text(f"finding: {finding}", style="yellow")


def _score_table(name: str, value: Mapping[str, Any]) -> Table:
    table = _table(name, *value, numbers=frozenset(value))
    if not all(isinstance(inner, Mapping) for inner in value.values()):
        table.add_row("", *(_score(number) for number in value.values()))
        return table
    for row in dict.fromkeys(key for inner in value.values() for key in inner):
        table.add_row(row, *(_score(inner.get(row, "")) for inner in value.values()))
    return table


def _score(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:z.2f}" if isinstance(value, float) else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

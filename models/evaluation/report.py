"""An evaluation as one HTML page that opens without a network."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from . import pictures
from .result import Compared, Evaluation, Scored
from .scores import Score
from .words import (
    SIMULATED,
    chance_words,
    coverage_words,
    findings_of,
    holds_words,
    interval,
    plain_p,
    scale_words,
    target_words,
    terms_words,
    verdict_words,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CSS = """
.container-fluid .rtemotion { max-width: 54rem; }
.rtemotion svg { max-width: 100%; height: auto; }
.rtemotion table { width: auto; font-size: .9rem; display: block; overflow-x: auto; }
.rtemotion td, .rtemotion th { padding: .2rem .9rem .2rem 0; vertical-align: top; }
.rtemotion .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.rtemotion .verdict { font-size: 1.35rem; font-weight: 600; margin-bottom: .3rem; }
.rtemotion .caveat { border-left: 4px solid #D55E00; padding-left: .7rem; }
"""


def write_report(
    found: Evaluation, path: Path, data: str = "", caveats: Sequence[str] = ()
) -> None:
    """Write the page.

    Parameters
    ----------
    found : Evaluation
    path : Path
        Ends in ``.html``; replaced at once when it is whole.
    data : str
        Name of the data set.
    caveats : sequence of str
        What else has to be said at its top, such as what a model was trained on.
    """
    import mne

    title = f"{data or 'Evaluation'}: what the score is worth"
    report = mne.Report(title=title, verbose="ERROR")
    report.add_custom_css(_CSS)
    for heading, parts in _sections(found, data, caveats):
        inside = f"<div class='rtemotion'>{''.join(parts)}</div>"
        report.add_html(inside, heading, tags=(heading.split()[0].lower(),))
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    try:
        report.save(partial, open_browser=False, overwrite=True, verbose="ERROR")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _sections(
    found: Evaluation, data: str, caveats: Sequence[str]
) -> Iterator[tuple[str, list[str]]]:
    yield "Verdict", _verdict(found, data, caveats)
    yield "Scores", [_targets(found)]
    if found.baselines:
        yield (
            "Beside the model",
            [
                _figure(pictures.forest(found), "Under the same split unless a letter says more."),
                _beside(found.baselines),
                _p("On equal terms: " + terms_words(found)),
            ],
        )
    yield "Chance", [_figure(pictures.null(found)), *map(_p, chance_words(found))]
    if len(found.targets) > 1:
        says = (
            "On the diagonal what was meant; off it what else a prediction follows. The "
            "discriminant CCC (discr. among the scores) is what is left when the part that all "
            "labels share is taken off: outputs that are one arousal have none."
        )
        yield "Several emotions or one", [_figure(pictures.matrix(found)), _p(says)]
    yield "Intervals", [_p(coverage_words(found)), _figure(pictures.coverage(found))]
    if found.courses:
        parts = []
        for shown in found.courses:
            parts.append(_p(f"{shown.why.capitalize()}: {shown.who}, mean r {shown.r:z.2f}."))
            parts.append(_figure(pictures.course(found, shown)))
        yield "Said and labelled", parts
    yield "What speaks against it", _against(found)


def _verdict(found: Evaluation, data: str, caveats: Sequence[str]) -> list[str]:
    parts = [f"<p class='verdict'>{escape(verdict_words(found))}</p>", _p(holds_words(found))]
    said = [*caveats, *([SIMULATED] if found.simulated else [])]
    parts += [f"<p class='caveat'>{escape(text)}</p>" for text in said]
    facts = {
        "mean CCC": interval(found.mean.ccc),
        "data": data or "not named",
        "how it was split": f"{found.protocol}: {found.protocol_says}",
        "how much": scale_words(found),
        "what was scored": f"{found.estimator}; features: {found.features}",
    }
    if found.ceiling is not None:
        facts["ceiling"] = f"{found.ceiling:z.2f}, the CCC of a within-subject oracle"
    return [*parts, _rows([(f"<b>{escape(k)}</b>", escape(v)) for k, v in facts.items()])]


def _targets(found: Evaluation) -> str:
    head = ("target", "CCC", "r", "RMSE", "MAE", "R²", "discr.", "p", "q", "verdict")
    rows = [
        (
            f"{escape(target.name)}<br><small>{escape(target.construct)}</small>",
            interval(target.scored.ccc),
            interval(target.scored.r),
            *(_number(score.value) for score in _errors(target.scored)),
            _number(target.discriminant),
            plain_p(target.p),
            plain_p(target.q),
            escape(target_words(found, k)),
        )
        for k, target in enumerate(found.targets)
    ]
    mean = found.mean
    rows.append(
        (
            "<b>mean</b>",
            interval(mean.ccc),
            interval(mean.r),
            *(_number(score.value) for score in _errors(mean)),
            "",
            "" if found.significance is None else plain_p(found.significance.p),
            "",
            escape(found.verdict),
        )
    )
    table = _table(head, rows, numbers=range(1, 9))
    lags = [
        f"{target.name} {lag:.1f} s"
        for target, lag in zip(found.targets, found.lags_s, strict=True)
        if lag
    ]
    return table + (_p(f"Labels follow by: {', '.join(lags)}.") if lags else "")


def _errors(scored: Scored) -> tuple[Score, ...]:
    return scored.rmse, scored.mae, scored.r2


def _beside(compared: Sequence[Compared]) -> str:
    had = [
        (escape(one.name), one.protocol, interval(one.scored.ccc), interval(one.scored.r))
        for one in compared
        if one.scored is not None
    ]
    table = _table(("baseline", "protocol", "CCC", "r"), had, numbers=(2, 3))
    lacking = [f"{one.name} ({one.says})" for one in compared if one.scored is None]
    return table + (_p(f"Not to be had: {'; '.join(lacking)}.") if lacking else "")


def _against(found: Evaluation) -> list[str]:
    parts = [
        _p(f"{finding.severity.capitalize()}, {finding.name}: {finding.says}")
        for finding in findings_of(found)
    ]
    parts += [_p(note) for note in found.notes]
    if found.checklist:
        parts.append(_p("Higher than anybody should expect of real people. Ask first:"))
        parts.append(f"<ol>{''.join(f'<li>{escape(q)}</li>' for q in found.checklist)}</ol>")
    return parts or [_p("Nothing was found that speaks against it.")]


def _figure(figure: Figure | None, caption: str = "") -> str:
    if figure is None:
        return ""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    drawn = file.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    said = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{drawn}{said}</figure>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    right = set(numbers)

    def row(cells: Sequence[str], tag: str) -> str:
        made = "".join(
            f"<{tag}{' class=number' if i in right else ''}>{cell}</{tag}>"
            for i, cell in enumerate(cells)
        )
        return f"<tr>{made}</tr>"

    body = "".join(row(cells, "td") for cells in rows)
    return f"<table><thead>{row(head, 'th')}</thead><tbody>{body}</tbody></table>"


def _rows(rows: Iterable[Sequence[str]]) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{c}</td>' for c in cells)}</tr>" for cells in rows)
    return f"<table><tbody>{body}</tbody></table>"


def _number(value: float) -> str:
    return f"{value:z.2f}" if math.isfinite(value) else "–"


def _p(text: str) -> str:
    return f"<p>{escape(text)}</p>"

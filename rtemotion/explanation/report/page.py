"""The page that shows it all: an `mne.Report` of figures with what they say."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from ..explaining import Explanation
from .figures import figures
from .tables import Row, distance_rows, emotion_rows, region_rows

PAGE = "explain.html"

_WHAT = (
    "The network of an emotion is a pattern (Haufe et al. 2014): how far features move along "
    "with a unit of one decoded emotion while the others hold still, in standard deviations. "
    "It goes along with what was <b>decoded</b>, and is as true as that; it is not what the "
    "decoder looks at, which weights would be. Outputs shifted in time show what a network "
    "looks like that goes along with nothing; halves of the recording show how firm it is."
)


def write_page(found: Explanation, folder: Path) -> None:
    """Write every figure as PNG and SVG, and the page with all of them."""
    import mne

    report = mne.Report(title="Networks of emotions", verbose="ERROR")
    report.add_html(_head(found), "What this is", tags=("about",))
    for name, said, figure in figures(found):
        # Laid out once, for both files.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        figure.savefig(folder / f"{name}.png", dpi=150)
        figure.savefig(folder / f"{name}.svg")
        title = name.removeprefix("network-").replace("-", " ")
        report.add_image(folder / f"{name}.png", title, caption=said, tags=("figures",))
    report.add_html(_table(emotion_rows(found)), "How firm networks are", tags=("tables",))
    report.add_html(_table(distance_rows(found)), "Distances", tags=("tables",))
    if found.left_out:
        report.add_html(_table(region_rows(found)), "Regions left out", tags=("tables",))
    report.save(folder / PAGE, overwrite=True, open_browser=False, verbose="ERROR")


def _head(found: Explanation) -> str:
    about = found.about
    facts = {
        "model": about.model,
        "data": about.data,
        "seconds with values": str(about.seconds) if about.seconds else "not known",
        "recordings": str(about.recordings) if about.recordings else "not known",
        "channels": ", ".join(found.montage.channels),
        "connectivity": f"{about.measure} in {', '.join(about.bands)}",
        "shifts in time": str(len(found.learnt.shifted)),
    }
    rows = "".join(
        f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in facts.items()
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in about.notes)
    return f"<p>{_WHAT}</p><ul>{notes}</ul><table class='table table-sm'>{rows}</table>"


def _table(rows: Iterable[Row]) -> str:
    rows = list(rows)
    if not rows:
        return "<p>Nothing is known.</p>"
    head = "".join(f"<th>{escape(key.replace('_', ' '))}</th>" for key in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row.values()) + "</tr>"
        for row in rows
    )
    head = f"<thead><tr>{head}</tr></thead>"
    return f"<table class='table table-sm'>{head}<tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.3f}"
    return escape(str(value))

"""`model --compare`: one recording through two models, and how far apart they see it."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..decoding import Baseline, BaselineSpan, Model, load_model
from ..errors import ModelError, SetupError, SourceError
from ..options import Options
from ..person import from_rest
from ..pipeline import Setup
from ..signal import Source
from ..words import without_nan
from .courses import Course, Difference, Follower, common_frames, differences, follow
from .printing import console, samples_bar
from .run import stopping_on_signals
from .truth import read_truth

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True, eq=False)
class Comparison:
    """Everything a comparison says.

    Attributes
    ----------
    recording : str
        What was decoded.
    models : tuple of Model
        The two.
    courses : tuple of Course
        What each saw.
    common : int
        Frames at which both had values.
    emotions : mapping
        A `Difference` for each emotion that both have.
    finished : bool
        Whether the recording's end was reached.
    """

    recording: str
    models: tuple[Model, Model]
    courses: tuple[Course, Course]
    common: int
    emotions: Mapping[str, Difference]
    finished: bool

    @property
    def alone(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Emotions that only the first has, and only the second."""
        a, b = (course.names for course in self.courses)
        return tuple(x for x in a if x not in b), tuple(x for x in b if x not in a)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON, NaN as null."""
        emotions = {name: asdict(found) for name, found in self.emotions.items()}
        for found in emotions.values():
            if found["truth_ccc"] is None:
                del found["truth_ccc"]
        models = [
            {
                "file": str(model.path),
                "identity": model.identity,
                "frames": len(course.index),
                "with_values": int(course.known.sum()),
                "trusted": _share(course),
                "decode_ms": course.median_decode_ms,
                "only_here": list(alone),
            }
            for model, course, alone in zip(self.models, self.courses, self.alone, strict=True)
        ]
        said = {"recording": self.recording, "finished": self.finished, "models": models}
        cleaned: dict[str, Any] = without_nan(
            said | {"common_frames": self.common, "emotions": emotions}
        )
        return cleaned


def run_compare(
    files: tuple[Path, Path],
    recording: Path,
    stream: str | None,
    baseline: str | None,
    as_json: bool,
    options: Options,
) -> None:
    """Decode a recording with two models and tell how far they lie apart.

    Parameters
    ----------
    files : tuple of Path
        The model files.
    recording : Path
        A recording, or a session, which is decoded with the set-up and rest of then.
    stream : str or None
        Which stream of an XDF file.
    baseline : str or None
        ``START:END`` in seconds.
    as_json : bool
        Print JSON instead of tables.
    options : Options
        The set-up.

    Raises
    ------
    ModelError
        If a model cannot be used, or they have no emotion in common.
    SourceError
        If the recording cannot be read, or is too short for both to have values.
    """
    a, b = (load_model(file) for file in files)
    if not set(a.card.target_names) & set(b.card.target_names):
        raise ModelError(
            f"{a.path} decodes {', '.join(a.card.target_names)} and {b.path} "
            f"{', '.join(b.card.target_names)}: they have no emotion in common to compare."
        )
    span = _span(baseline, a, b)
    with stopping_on_signals() as stop:
        what = _opened(recording, stream, options, span)
        followers = tuple(
            Follower(what.source, model, what.setup, what.rest_for(model), what.span)
            for model in (a, b)
        )
        with samples_bar(recording.name, getattr(what.source, "n_samples", None)) as advance:

            def go_on(sample: int) -> bool:
                advance(sample)
                return not stop.asked

            finished = follow(what.source, followers, go_on)
    first, second = (follower.course() for follower in followers)
    rows, _ = common_frames(first, second)
    if len(rows) == 0:
        raise SourceError(
            f"There is not one frame of {recording} at which both models have a value: it is "
            "shorter than their longest window, or too few channels are usable; see rtemotion "
            f"check {recording}."
        )
    truth = read_truth(what.recording, what.source, stream)
    found = Comparison(
        str(recording),
        (a, b),
        (first, second),
        len(rows),
        differences(first, second, truth),
        finished,
    )
    if as_json:
        sys.stdout.write(json.dumps(found.as_dict(), ensure_ascii=False, indent=2) + "\n")
    else:
        _print(found)


@dataclass(frozen=True, eq=False)
class _Opened:
    """A recording, and how it is decoded."""

    recording: Path
    source: Source
    setup: Setup
    rest: Baseline | None
    span: BaselineSpan | None

    def rest_for(self, model: Model) -> Baseline | None:
        """Return the rest known from the session, where it is of the features of this model."""
        if self.rest is None:
            return None
        features = model.card.features
        wanted = (len(features.bands), len(features.measures), len(features.connectivity_bands))
        power, edges = self.rest.log_power, self.rest.connectivity
        return self.rest if (len(power), *edges.shape[:2]) == wanted else None


def _opened(
    recording: Path, stream: str | None, options: Options, span: BaselineSpan | None
) -> _Opened:
    from ..sources.recording import open_recording
    from ..sources.session import SessionSource, is_session, open_session
    from ..verify import setup_of

    file = recording
    if is_session(recording):
        session, file = open_session(recording)
        if session.decoded is not None:
            if stream is not None:
                raise SetupError(
                    "--stream does not apply to a session: what was decoded then is decoded."
                )
            how = session.decoded.how
            rest = None if span is not None or how.rest is None else from_rest(how.rest)
            then = BaselineSpan(*how.span) if how.span is not None else None
            setup = options.setup(setup_of(how))
            return _Opened(file, SessionSource(recording), setup, rest, span or then)
    source = open_recording(
        file,
        unit=options.unit,
        stream=stream,
        layout=options.layout(),
        sfreq=options.sfreq,
    )
    return _Opened(file, source, options.setup(), None, span)


def _span(text: str | None, a: Model, b: Model) -> BaselineSpan | None:
    if text is None:
        return None
    return BaselineSpan.parse(text, max(m.card.normalisation.minimum_s for m in (a, b)))


def _share(course: Course) -> float:
    return float(course.trusted.mean()) if len(course.trusted) else math.nan


def _print(found: Comparison) -> None:
    from rich.text import Text

    shown = console()
    shown.print(_of_models(found))
    shown.print()
    shown.print(_of_emotions(found))
    how = "" if found.finished else "; stopped before the end of the recording"
    notes = [f"over {found.common} frames at which both have values{how}"]
    for letter, names in zip("AB", found.alone, strict=True):
        if names:
            notes.append(f"only {letter} has {', '.join(names)}")
    for note in notes:
        shown.print(Text(f"# {note}"))


def _of_models(found: Comparison) -> Table:
    table = _table("", "model", "frames", "with values", "trusted", "decoding")
    for letter, model, course in zip("AB", found.models, found.courses, strict=True):
        table.add_row(
            letter,
            model.identity,
            str(len(course.index)),
            str(int(course.known.sum())),
            f"{_share(course):.0%}",
            f"{course.median_decode_ms:.2f} ms",
        )
    return table


def _of_emotions(found: Comparison) -> Table:
    known = any(one.truth_ccc is not None for one in found.emotions.values())
    headings = ["emotion", "B - A", "RMS", "r", "CCC", "std A", "std B"]
    table = _table(*headings, *(["truth CCC A", "truth CCC B"] if known else []))
    for name, one in found.emotions.items():
        values = [one.mean, one.rms, one.correlation, one.ccc, *one.std]
        values += one.truth_ccc or ([math.nan] * 2 if known else [])
        shown = (f"{value:.3f}" if math.isfinite(value) else "-" for value in values)
        table.add_row(name, *shown)
    return table


def _table(*headings: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        left = heading in ("", "model", "emotion")
        justify: Any = "left" if left else "right"
        table.add_column(heading, header_style="dim", justify=justify)
    return table

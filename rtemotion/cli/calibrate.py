"""`calibrate`: a few labelled minutes of a person, and a model file that is theirs."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..decoding import BaselineSpan, load_model
from ..errors import SetupError
from ..options import Options
from ..signal import Source
from ..sources.recording import open_recording
from .model_file import check_model_file


@dataclass(frozen=True)
class Wanted:
    """What is calibrated, on what, and where it goes.

    Attributes
    ----------
    file : Path
        The recording.
    labels : Path or None
        Table of labels.
    ratings : str or None
        Name of a rating stream in the recording, in place of a table.
    out : Path
        The model file to write.
    person : str
        Whom it is for.
    baseline : str or None
        ``START:END`` in seconds.
    model : Path or None
        What is calibrated; the model that ships.
    stream : str or None
        Which stream of an XDF file.
    anyway : bool
        Write even where nothing is gained.
    overwrite : bool
        Replace a file that exists.
    """

    file: Path
    labels: Path | None
    ratings: str | None
    out: Path
    person: str
    baseline: str | None
    model: Path | None
    stream: str | None
    anyway: bool
    overwrite: bool


def run_calibrate(wanted: Wanted, as_json: bool, options: Options) -> None:
    """Calibrate, write the file, and report what it gained.

    Raises
    ------
    RtemotionError
        When something cannot be read or written, or nothing is gained; no file is left then.
    """
    from ..models.calibration.calibrate import calibrate, said, see, write_calibrated
    from ..models.calibration.labels import read_ratings, read_table
    from ..models.evaluation.provenance import mark_of_source
    from ..models.graph_parts import require_onnx

    require_onnx()
    _refuse_session(wanted.file)
    check_model_file(wanted.out, wanted.overwrite)
    model = load_model(wanted.model)
    names = model.card.target_names
    if wanted.ratings is not None:
        labels = read_ratings(wanted.file, wanted.ratings, names, wanted.stream)
    else:
        assert wanted.labels is not None
        labels = read_table(wanted.labels, names, wanted.file)
    span = None
    if wanted.baseline is not None:
        span = BaselineSpan.parse(wanted.baseline, model.card.normalisation.minimum_s)

    def source() -> Source:
        return open_recording(
            wanted.file,
            unit=options.unit,
            stream=wanted.stream,
            layout=options.layout(),
            sfreq=options.sfreq,
        )

    seen = see(source(), model, labels, options.setup(), span=span)
    made = calibrate(seen, model, unless_no_gain=not wanted.anyway)
    mark = mark_of_source(source())
    write_calibrated(made, seen, model, wanted.person, wanted.out, mark)
    report = said(made, names) | {
        "person": wanted.person,
        "model": load_model(wanted.out).identity,
        "file": str(wanted.out),
        "seconds": round(made.seconds, 3),
    }
    if as_json:
        sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    else:
        _show(report)


def _refuse_session(file: Path) -> None:
    from ..sources.session import open_session

    # A recording that has a session beside it is read as what it is.
    if file.suffix.lower() == ".json":
        _, recording = open_session(file)
        raise SetupError(
            f"{file} is a session; calibrate on its recording, {recording}, with the options of a "
            "set-up that it was decoded with."
        )


def _show(report: dict[str, Any]) -> None:
    write = sys.stdout.write
    write(f"calibrated to {report['person']} on {report['minutes']:.1f} labelled minutes\n")
    write("concordance (CCC) on held-out stretches of them:\n")
    for name, before in report["before"].items():
        write(f"  {name:14s} {before:6.2f} as it was  {report['after'][name]:6.2f} calibrated\n")
    write(
        f"mean gain {report['gain']:+.3f}; as good by chance with p = {report['chance']:.3f}\n"
        f"intervals times {report['intervals']:.2f}, so that they hold 90 % of held-out labels\n"
        f"fitted in {report['seconds']:.2f} s\n"
        f"# wrote {report['file']}: {report['model']}\n"
    )

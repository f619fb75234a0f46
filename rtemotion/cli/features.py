"""`features`: every window of a recording into an HDF5 file."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..conditioning import ConditioningDesign
from ..decoding import load_model
from ..errors import SetupError
from ..extract import Extraction, extract
from ..features import FeatureSchema
from ..features.measures import MEASURES
from ..options import Options
from ..outlets.hdf5 import check_hdf5
from ..signal import Source
from ..sources.paths import FOLDERS, extension
from ..words import size_text
from .printing import samples_bar
from .run import stopping_on_signals

if TYPE_CHECKING:
    from ..pipeline import Setup

log = logging.getLogger(__name__)

# Measures of the file when none are named: all but those that say the same in other words.
ALL = tuple(name for name in MEASURES if name != "iplv")


@dataclass(frozen=True)
class Wanted:
    """What is asked of every recording.

    Attributes
    ----------
    schema : FeatureSchema
    design : ConditioningDesign or None
        None leaves the signal as it was recorded.
    also : tuple of str
    float64 : bool
        See `Extraction`.
    stream : str or None
        Which stream of an XDF file.
    options : Options
        What the user says about sources.
    """

    schema: FeatureSchema
    design: ConditioningDesign | None
    also: tuple[str, ...]
    float64: bool
    stream: str | None
    options: Options

    def open(self, file: Path) -> tuple[Source, Extraction]:
        """Open a recording, and say what is worked out from it."""
        source, setup = _source(file, self.stream, self.options)
        return source, Extraction(self.schema, self.design, setup, self.also, self.float64)


def is_folder(file: Path) -> bool:
    """Tell whether a path is a folder of recordings, rather than one that is a folder."""
    return file.is_dir() and extension(file) not in FOLDERS


def wanted_of(
    raw: bool,
    measures: tuple[str, ...],
    also: tuple[str, ...],
    float64: bool,
    stream: str | None,
    model_file: Path | None,
    options: Options,
) -> Wanted:
    """Put together what the command line asks for, with a model's bands and filters."""
    if raw:
        _refuse_conditioning(options)
    card = load_model(model_file).card
    schema = replace(card.features, measures=measures or ALL)
    return Wanted(schema, None if raw else card.conditioning, also, float64, stream, options)


def run_features(file: Path, out: Path, wanted: Wanted, overwrite: bool) -> None:
    """Write the file, with a progress bar on a terminal."""
    check_hdf5(out, overwrite)
    if file.resolve() == out.resolve():
        raise SetupError(f"{file} is what is read: it cannot be written to; name another.")
    with stopping_on_signals() as stop:
        source, what = wanted.open(file)
        warn_if_short(source, what.schema)
        with samples_bar(file.name, getattr(source, "n_samples", None)) as advance:

            def go_on(sample: int) -> bool:
                advance(sample)
                return not stop.asked

            done = extract(source, out, what, overwrite, go_on)
    how = "" if done.finished else "; stopped before the end of the recording"
    gaps = f", {done.gaps} gaps" if done.gaps else ""
    sys.stdout.write(
        f"# wrote {done.frames} windows ({done.full} with values{gaps}) to {out}, "
        f"{size_text(out.stat().st_size)}{how}\n"
    )
    say_what_misleads(wanted.schema.measures)


def warn_if_short(source: Source, schema: FeatureSchema) -> None:
    """Warn of a recording in which no window can be full."""
    n_samples, sfreq = getattr(source, "n_samples", None), source.info.sfreq
    if n_samples is not None and n_samples < schema.longest_window(sfreq):
        log.warning(
            "The recording lasts %.1f s, less than the longest window (%.1f s): every window "
            "is without values.",
            n_samples / sfreq,
            schema.longest_window(sfreq) / sfreq,
        )


def _source(file: Path, stream: str | None, options: Options) -> tuple[Source, Setup]:
    """Open a recording, or what was decoded in a session with the set-up of then."""
    from ..sources.recording import open_recording
    from ..sources.session import SessionSource, is_session, open_session

    if is_session(file):
        session, recording = open_session(file)
        if session.decoded is not None:
            from ..verify import setup_of

            return SessionSource(file), options.setup(setup_of(session.decoded.how))
        file = recording
    source = open_recording(
        file,
        unit=options.unit,
        stream=stream,
        layout=options.layout(),
        sfreq=options.sfreq,
    )
    return source, options.setup()


def _refuse_conditioning(options: Options) -> None:
    for name in ("reference", "notch", "asr"):
        if getattr(options, name) is not None:
            raise SetupError(
                f"--raw leaves the signal as it was recorded, so --{name} does not apply; leave "
                "one of the two out."
            )


def say_what_misleads(names: tuple[str, ...]) -> None:
    """Name the measures whose values are easily read as more than they are."""
    leaking = [name for name in names if name in MEASURES and MEASURES[name].leaks]
    if leaking:
        sys.stdout.write(
            f"# {' and '.join(leaking)}: sensitive to volume conduction, one source seen by two "
            "electrodes raises them\n"
        )
    if "wpli2_debiased" in names:
        sys.stdout.write(
            "# wpli2_debiased: biased upwards where segments overlap, as they do here; "
            "wpli2_lagged is not\n"
        )

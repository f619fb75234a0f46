"""Features of a whole recording, window by window, by the code that decodes live."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from . import __version__
from .conditioning import ConditioningDesign
from .content import HashedSource, code_version, content_of, hash_of
from .features import FeatureSchema, FeatureStage
from .features.describe import Descriptor, descriptors
from .features.measures import get_measure
from .outlets.hdf5 import Column, Hdf5File
from .pipeline import Setup, chain, feature_stages
from .signal import Event, FeatureFrame, Item, Kind, Source, StreamInfo

# What happened that a reader of the features may want to know.
KEPT = frozenset({Kind.MARKER, Kind.GAP, Kind.OPERATOR})


@dataclass(frozen=True)
class Extraction:
    """What is worked out from a recording.

    Attributes
    ----------
    schema : FeatureSchema
        Bands, windows, hop and measures.
    design : ConditioningDesign or None
        How the signal is conditioned; None leaves it as it is.
    setup : Setup
        The user's decisions about channels, montage and conditioning.
    also : tuple of str
        Descriptors beside power and connectivity, see `descriptors`.
    float64 : bool
        Keep connectivity in double precision.
    """

    schema: FeatureSchema
    design: ConditioningDesign | None = None
    setup: Setup = Setup()
    also: tuple[str, ...] = ()
    float64: bool = False


@dataclass(frozen=True)
class Extracted:
    """What was written.

    Attributes
    ----------
    frames, full : int
        Windows, and how many of them were filled and have values.
    gaps : int
        Gaps, after each of which the windows fill anew.
    finished : bool
        False when it was stopped before the end of the recording.
    """

    frames: int
    full: int
    gaps: int
    finished: bool


def feature_frames(source: Source, what: Extraction) -> tuple[Iterator[Item], StreamInfo]:
    """Return an iterator over a source's items up to its frames, and the conditioned stream."""
    stages, info = feature_stages(source.info, what.schema, what.design, what.setup)
    for stage in stages:
        if isinstance(stage, FeatureStage):
            stage.ahead = False
    what.schema.warn_if_unreliable(source.info.sfreq)
    return (out for item in source for out in chain(stages, item)), info


def extract(
    source: Source,
    path: Path,
    what: Extraction,
    overwrite: bool = False,
    go_on: Callable[[int], bool] = lambda sample: True,
) -> Extracted:
    """Write the features of every window to an HDF5 file.

    Parameters
    ----------
    source : Source
        What to read; closed at the end.
    path : Path
        Ends in ``.h5`` or ``.hdf5``.
    what : Extraction
        What to work out.
    overwrite : bool
        Replace a file that exists.
    go_on : callable
        Told the number of samples seen after every window; a false answer ends it, and what
        was written so far is kept.

    Returns
    -------
    Extracted

    Raises
    ------
    SetupError, SourceError, OutletError
        When something asked for cannot be had, read or written; no file is left then.
    """
    file = None
    hashed = HashedSource(source)
    try:
        items, info = feature_frames(hashed, what)
        extra = descriptors(what.also, info, what.schema)
        file = _open(path, hashed, info, what, extra, overwrite)
        done = _write(items, file, extra, go_on)
        file.say("content", hashed.digest)
        file.close()
    except BaseException:
        if file is not None:
            file.discard()
        raise
    finally:
        source.close()
    return done


def asked_for(what: Extraction) -> str:
    """Return the hash of all that decides features but the recording: the code as well."""
    asked: dict[str, Any] = {
        "what": asdict(what),
        "measures": {name: get_measure(name).version for name in what.schema.measures},
        "code": code_version(),
    }
    montage = what.setup.montage
    if montage is not None and Path(montage).is_file():
        asked["montage"] = hashlib.sha256(Path(montage).read_bytes()).hexdigest()
    return hash_of(asked)


@dataclass(frozen=True)
class Made:
    """What a file of features says it was made of.

    Attributes
    ----------
    content : str
        Hash of the recording, see `HashedSource`.
    asked : str
        Hash of all else, see `asked_for`.
    """

    content: str
    asked: str


def made_of(path: Path) -> Made | None:
    """Return what a file was made of; None where it is no whole file of features."""
    try:
        with h5py.File(path) as file:
            said = file.attrs
            return Made(str(said["content"]), str(said["asked"])) if said["complete"] else None
    except (OSError, KeyError):
        return None


def is_up_to_date(path: Path, open_source: Callable[[], Source], what: Extraction) -> bool:
    """Tell whether a file holds just what `extract` would write into it now.

    Parameters
    ----------
    path : Path
        The file.
    open_source : callable
        Opens the recording, which is read to its end unless something else is asked for.
    what : Extraction

    Raises
    ------
    SourceError
        When the recording cannot be read.
    """
    made = made_of(path)
    return (
        made is not None
        and made.asked == asked_for(what)
        and made.content == content_of(open_source())
    )


def _write(
    items: Iterator[Item],
    file: Hdf5File,
    extra: Sequence[Descriptor],
    go_on: Callable[[int], bool],
) -> Extracted:
    frames = full = 0
    events: list[Event] = []
    finished = True
    for item in items:
        if isinstance(item, FeatureFrame):
            frames += 1
            full += item.full
            file.write(_row(item, extra))
            if not go_on(item.index):
                finished = False
                break
        elif isinstance(item, Event) and item.kind in KEPT:
            events.append(item)
    file.keep("event_index", np.array([event.sample for event in events], dtype=np.int64))
    file.keep("event_times", np.array([event.time for event in events], dtype=np.float64))
    file.keep("event_kinds", [event.kind for event in events])
    file.keep("event_payloads", [json.dumps(dict(event.payload)) for event in events])
    file.say("complete", finished)
    gaps = sum(event.kind == Kind.GAP for event in events)
    return Extracted(frames, full, gaps, finished)


def _row(frame: FeatureFrame, extra: Sequence[Descriptor]) -> Mapping[str, Any]:
    row = {
        "index": frame.index,
        "times": frame.time,
        "power": frame.power,
        "connectivity": frame.connectivity,
        "quality": frame.quality,
        "segments": frame.segments,
    }
    return row | {descriptor.name: descriptor.values(frame) for descriptor in extra}


def _open(
    path: Path,
    source: Source,
    info: StreamInfo,
    what: Extraction,
    extra: Sequence[Descriptor],
    overwrite: bool,
) -> Hdf5File:
    schema, n = what.schema, info.n_channels
    edges = [schema.bands[i].name for i in schema.connectivity_bands]
    first, second = np.triu_indices(n, 1)
    shape = (len(schema.measures), len(edges), len(first))
    single = np.float64 if what.float64 else np.float32
    columns = [
        Column("times", (), np.float64, "s, end of the window"),
        Column("index", (), np.int64, "sample at which the window ends, exclusive"),
        Column("power", (len(schema.bands), n), np.float64, "V²/Hz, (power_bands, channels)"),
        Column("connectivity", shape, single, "(measures, connectivity_bands, pairs)"),
        Column("quality", (n,), np.float32, "share of clean samples 0..1, (channels)"),
        Column(
            "segments", (len(schema.bands), n), np.int32, "good segments, (power_bands, channels)"
        ),
        *(Column(d.name, d.shape, single, d.unit) for d in extra),
    ]
    constants: dict[str, Sequence[str] | np.ndarray] = {
        "channels": info.channels,
        "positions": info.positions,
        "pairs": np.stack([first, second], axis=1),
        "power_bands": [band.name for band in schema.bands],
        "power_band_edges": np.array([(band.low, band.high) for band in schema.bands]),
        "connectivity_bands": edges,
        "measures": schema.measures,
    }
    for descriptor in extra:
        constants |= descriptor.constants
    n_samples = getattr(source, "n_samples", None)
    expected = None if n_samples is None else n_samples // schema.hop_samples(info.sfreq)
    about = _about(info, what)
    return Hdf5File(path, columns, constants, about, expected, overwrite)


def _about(info: StreamInfo, what: Extraction) -> dict[str, Any]:
    schema = what.schema
    design = None if what.design is None else asdict(what.setup.design(what.design))
    return {
        "written_by": f"rtemotion {__version__}",
        "asked": asked_for(what),
        "sfreq": info.sfreq,
        "hop": schema.hop_seconds(info.sfreq),
        "reference": info.reference,
        "start_utc": info.start_utc,
        "simulated": info.simulated,
        "schema": json.dumps(asdict(schema)),
        "conditioning": json.dumps(design),
        "about_measures": json.dumps(
            {name: get_measure(name).description for name in schema.measures}
        ),
    }

"""The file beside a recording that says what was recorded and how it was decoded.

A recording ``NAME.xdf`` has its session file ``NAME.json``. Together they are all
that replaying needs to give the same numbers again.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import OutletError, SourceError
from .signal import StreamInfo

SCHEMA_VERSION = 1
# Versions that may change the last bits of a number.
DECIDING = ("rtemotion", "numpy", "scipy", "mne", "onnxruntime")
# What the recorder notes among a source's events, under names no event has: the number
# of the first sample, samples known to be missing before the next one, what the clock
# stage has found out so far, and what the decoder knows of the person.
FIRST, MISSING, STATE = "rtemotion first", "rtemotion missing", "rtemotion clock state"
PERSON = "rtemotion person"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")


class Described(_Part):
    """A `StreamInfo`, and what the recorded values are multiplied by to be volts."""

    channels: tuple[str, ...]
    sfreq: float
    kinds: tuple[str, ...]
    positions: tuple[tuple[float, float, float], ...]
    unit: str
    reference: str
    timestamps: Literal["regular", "raw"]
    name: str
    source_id: str
    host: str
    start_utc: str
    simulated: bool
    factors: tuple[float, ...]

    @classmethod
    def of(cls, info: StreamInfo, factors: np.ndarray) -> Described:
        """Describe a source's stream."""
        return cls(
            **{
                name: getattr(info, name)
                for name in cls.model_fields
                if name not in {"positions", "factors"}
            },
            positions=tuple(tuple(row) for row in info.positions.tolist()),
            factors=tuple(factors.tolist()),
        )

    def info(self) -> StreamInfo:
        """Return the stream's description as the source gave it."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        del values["factors"]
        values["positions"] = np.array(self.positions, dtype=np.float64)
        return StreamInfo(**values)


class RecordedStream(_Part):
    """One stream of the file; `samples` and `clock` are known once it is closed."""

    id: int
    name: str
    type: str
    source_id: str = ""
    host: str = ""
    samples: int | None = None
    clock: dict[str, Any] | None = None


class Moved(_Part):
    """A slow context: see `rtemotion.decoding.context.ContextState`."""

    seconds: int
    weight: float
    power: list[list[float]]
    squares: list[list[float]]
    connectivity: list[list[list[float]]]
    rows: list[list[float]]


class Rest(_Part):
    """What is known of a person: see `rtemotion.decoding.Baseline`."""

    log_power: list[list[float]]
    connectivity: list[list[list[float]]]
    n_frames: int
    context: Moved | None = None


class Decoding(_Part):
    """How a stream is decoded: the model, and what the user decided.

    Attributes
    ----------
    model : str
        Identity of the model, its content's hash included.
    model_file : str
        Where it was.
    setup : dict
        The fields of `rtemotion.Setup`.
    span : tuple of float or None
        Where in the stream the person rested, s.
    rest : Rest or None
        A baseline that was known before the start.
    """

    model: str
    model_file: str
    setup: dict[str, Any]
    span: tuple[float, float] | None = None
    rest: Rest | None = None


class Decoded(_Part):
    """Which stream of the file was decoded, how, and where its frames are.

    Attributes
    ----------
    stream, frames : int
        Numbers of the two streams in the file.
    described : Described
        The stream as its source described it.
    reasons : tuple of str
        What the bits of a frame's reasons stand for, lowest first.
    how : Decoding
        Model and decisions.
    """

    stream: int
    frames: int
    described: Described
    reasons: tuple[str, ...]
    how: Decoding


class Session(_Part):
    """What a session file holds.

    Attributes
    ----------
    recording : str
        Name of the XDF file beside it.
    events : int
        Number of the stream of events in that file.
    ended : str
        How it ended; empty while it runs, and when it was killed.
    """

    schema_version: int = SCHEMA_VERSION
    recording: str
    created_utc: str
    closed_utc: str | None = None
    ended: str = ""
    versions: dict[str, str]
    events: int
    streams: tuple[RecordedStream, ...] = ()
    decoded: Decoded | None = None


def versions() -> dict[str, str]:
    """Return what results depend on: this program, its libraries, Python, the machine."""
    found = {name: importlib.metadata.version(name) for name in DECIDING}
    return found | {"python": platform.python_version(), "machine": platform.machine()}


def session_path(recording: Path) -> Path:
    """Return where the session file of a recording is."""
    return recording.with_suffix(".json")


def save_session(path: Path, session: Session) -> None:
    """Write a session file so that it is never seen half written.

    Raises
    ------
    OutletError
        If it cannot be written.
    """
    unfinished = path.with_name(path.name + ".tmp")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(session.model_dump_json(indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as problem:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise OutletError(
            f"the session file {path} cannot be written ({problem.strerror or problem}); the "
            "recording beside it is complete without it, but replays as any XDF file."
        ) from problem


def load_session(path: Path) -> Session:
    """Read a session file.

    Raises
    ------
    SourceError
        If it is missing, damaged, or of a version to come.
    """
    try:
        session = Session.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise SourceError(
            f"the session file {path} cannot be read ({problem.strerror or problem}); name a "
            "recording that has one beside it."
        ) from problem
    except (ValidationError, UnicodeDecodeError) as problem:
        raise SourceError(
            f"{path} is no session file of rtemotion ({_first(problem)}); replay the .xdf file "
            "under another name to read it without one."
        ) from problem
    if session.schema_version > SCHEMA_VERSION:
        raise SourceError(
            f"{path} is a session of version {session.schema_version}, expected at most "
            f"{SCHEMA_VERSION}; update rtemotion."
        )
    return session


def _first(problem: ValidationError | UnicodeDecodeError) -> str:
    """Return the first thing that is wrong, in words."""
    if isinstance(problem, UnicodeDecodeError):
        return str(problem)
    error = problem.errors()[0]
    where = ".".join(str(part) for part in error["loc"]) or "its beginning"
    return f"at {where}: {error['msg']}"

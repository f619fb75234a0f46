"""Proof that a session replays to the same numbers, or where it first does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from .decoding import Baseline, BaselineSpan, Model, load_model
from .engine import decode
from .errors import SourceError
from .outlets.frame_rows import FACTS, REASONS, comparable, frame_labels
from .person import from_rest
from .pipeline import Setup
from .session import Decoded, Decoding, Session, versions
from .signal import FloatArray
from .sources.session import SessionSource, recorded_frames


@dataclass(frozen=True)
class Restored:
    """How a session was decoded: everything an engine needs beside the source."""

    model: Model
    setup: Setup
    baseline: Baseline | None
    span: BaselineSpan | None


@dataclass(frozen=True)
class Verdict:
    """What a comparison found.

    Attributes
    ----------
    frames : int
        Frames that are the same to the bit.
    difference : str
        Where replay and session first differ; empty when they do not.
    unrecorded : int
        Frames the replay has beyond the session's last: those on their way when it ended.
    versions : tuple of str
        What has another version now than then, each as ``name then → now``.
    """

    frames: int
    difference: str
    unrecorded: int
    versions: tuple[str, ...]


def setup_of(how: Decoding) -> Setup:
    """Return the user's decisions that a session was decoded with."""
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in how.setup.items()
    }
    return Setup(**values)


def restore(session: Session, model_file: Path | None = None) -> Restored:
    """Return what a session was decoded with.

    Parameters
    ----------
    session : Session
        As read from its file.
    model_file : Path or None
        Where the model is now; where it was then, or the one that ships, by default.

    Raises
    ------
    SourceError
        If nothing was decoded, or the model is not the same any more.
    """
    decoded = _decoded(session)
    how = decoded.how
    model = _model(how.model, Path(how.model_file), model_file)
    baseline = None if how.rest is None else from_rest(how.rest)
    span = None if how.span is None else BaselineSpan(*how.span)
    return Restored(model, setup_of(how), baseline, span)


def _decoded(session: Session) -> Decoded:
    if session.decoded is None:
        raise SourceError(
            f"in the session of {session.recording} nothing was decoded: there is nothing to "
            "compare a replay with."
        )
    return session.decoded


def _model(identity: str, then: Path, now: Path | None) -> Model:
    if now is not None:
        model = load_model(now)
    else:
        model = load_model(then) if then.is_file() else load_model(None)
    if model.identity != identity:
        raise SourceError(
            f"the session was decoded with the model '{identity}', but {model.path} is "
            f"'{model.identity}'; name that model's file with --model."
        )
    return model


def verify(path: Path, model_file: Path | None = None) -> Verdict:
    """Replay a session and compare every frame with the one that was published.

    Compared to the bit are index, time, newest sample, estimates, quality, reasons and
    contributions; what depends on the run (ages, lateness, publish times) is left out.

    Raises
    ------
    SourceError
        If the session cannot be replayed.
    """
    source = SessionSource(path)
    restored = restore(source.session, model_file)
    names = frame_labels(restored.model.card.target_names)
    frames, unrecorded = 0, 0
    for then, now in zip_longest(recorded_frames(path), _replayed(source, restored)):
        if then is None:
            unrecorded += 1
            continue
        if found := _difference(names, then, now, frames):
            return Verdict(frames, found, 0, _changed(source.session))
        frames += 1
    found = ""
    if source.n_samples is not None and source.n_read != source.n_samples:
        found = f"the recording holds {source.n_read} of {source.n_samples} samples"
    return Verdict(frames, found, unrecorded, _changed(source.session))


def _replayed(source: SessionSource, how: Restored) -> Iterator[FloatArray]:
    for frame in decode(source, how.model, how.setup, how.baseline, how.span):
        if frame.index is not None:
            yield comparable(frame)


def _difference(
    names: tuple[str, ...], row: FloatArray, now: FloatArray | None, number: int
) -> str:
    then = np.ascontiguousarray(row[: len(row) - len(FACTS)])
    at = f"frame {number + 1} (index {then[0]:.0f}, time {then[1]:.3f} s)"
    if now is None:
        return f"{at} was published, but the replay has none"
    if then.tobytes() == now.tobytes():
        return ""
    same = (then == now) | (np.isnan(then) & np.isnan(now))
    differing = np.flatnonzero(~same)
    if len(differing) == 0:
        return ""
    first = int(differing[0])
    name = names[first]
    if name == "reasons":
        return f"{at} differs in its reasons: {_said(then[first])} then, {_said(now[first])} now"
    return (
        f"{at} differs in {name}: {float(then[first])!r} then, {float(now[first])!r} now "
        f"({len(differing)} of {len(now)} values differ)"
    )


def _said(bits: float) -> str:
    names = [reason for i, reason in enumerate(REASONS) if int(bits) >> i & 1]
    return ", ".join(names) or "none"


def _changed(session: Session) -> tuple[str, ...]:
    now = versions()
    return tuple(
        f"{name} {then} → {now.get(name, 'absent')}"
        for name, then in session.versions.items()
        if now.get(name) != then
    )

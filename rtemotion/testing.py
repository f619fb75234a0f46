"""What every source, stage, outlet and decoder has to keep to, as plain functions.

A package that adds one of them calls the function from its own tests. Each
raises `AssertionError` with one sentence that says what was not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import cycle, pairwise, zip_longest
from operator import is_
from typing import Any

import numpy as np

from .signal import (
    Chunk,
    EmotionFrame,
    Event,
    FeatureFrame,
    Item,
    Kind,
    Outlet,
    Publication,
    Reason,
    Source,
    Stage,
    StreamInfo,
    Tick,
    identical,
)

__all__ = ["check_decoder", "check_outlet", "check_source", "check_stage", "joined", "recut"]

# Lengths of the pieces chunks are cut into, in turn.
CUTTINGS = ((10**9,), (1,), (7, 1, 64, 3, 250))
TOLERANCE = 1e-5


def joined(items: Iterable[Any]) -> list[Any]:
    """Return the items with every run of consecutive chunks joined into one.

    Chunks are consecutive when no sample is missing and nothing stands between them.
    """
    runs: list[list[Any]] = []
    for item in items:
        before = runs[-1][-1] if runs else None
        if (
            isinstance(item, Chunk)
            and isinstance(before, Chunk)
            and not item.missing_before
            and item.first_sample == before.stop
        ):
            runs[-1].append(item)
        else:
            runs.append([item])
    return [_one(run) for run in runs]


def recut(items: Iterable[Any], lengths: Iterable[int]) -> list[Any]:
    """Return the items with the same samples in chunks of the given lengths, in turn.

    Parameters
    ----------
    items : iterable
        Chunks and anything else, which stays where it is.
    lengths : iterable of int
        Samples in a chunk; taken from the start again when they run out.
    """
    turns = cycle(lengths)
    out: list[Any] = []
    for item in joined(items):
        if not isinstance(item, Chunk):
            out.append(item)
            continue
        start = 0
        while start < len(item):
            stop = min(len(item), start + next(turns))
            out.append(item.cut(start, stop))
            start = stop
    return out


def check_source(source: Source) -> None:
    """Check that a source keeps to the protocol; reads it to its end and closes it.

    Parameters
    ----------
    source : Source
        Newly opened, with a stream that ends.
    """
    name = type(source).__name__
    _require(isinstance(source, Source), f"{name} has not every method of a Source")
    info = source.info
    previous: Chunk | None = None
    for item in source:
        _require(
            isinstance(item, Chunk | Event | Tick),
            f"{name} yields a {type(item).__name__}, but a source yields Chunk, Event or Tick",
        )
        if isinstance(item, Chunk):
            _check_chunk(f"{name} at sample {item.first_sample}", item, info, previous)
            previous = item
    _require(isinstance(source.now(), float), f"{name}.now() is not a float")
    source.close()
    source.close()


def _check_chunk(at: str, chunk: Chunk, info: StreamInfo, previous: Chunk | None) -> None:
    # A chunk itself sees to its type, layout and the lengths of its arrays.
    n = chunk.data.shape[1]
    _require(n == info.n_channels, f"{at}: {n} channels, but the info names {info.n_channels}")
    _require(chunk.missing_before >= 0, f"{at}: {chunk.missing_before} samples are missing")
    expected = chunk.first_sample if previous is None else previous.stop + chunk.missing_before
    _require(
        chunk.first_sample == expected,
        f"{at}: the chunk should start at {expected}, where the one before it stops and "
        f"{chunk.missing_before} samples are missing",
    )
    if info.timestamps == "regular":
        before = chunk.times[:0] if previous is None else previous.times[-1:]
        steps = np.diff(np.concatenate([before, chunk.times]))
        _require(bool(np.isfinite(chunk.times).all()), f"{at}: the times are not all finite")
        _require(bool((steps >= 0).all()), f"{at}: 'regular' times run backwards")


def check_stage(make: Callable[[], Stage], items: Sequence[Item]) -> None:
    """Check that a stage keeps the laws, whatever it computes.

    That the cutting of chunks does not matter, that no sample changes what came
    out before it, that `reset` makes it as new, that it leaves its input alone
    and passes on what it does not know.

    Parameters
    ----------
    make : callable
        Returns a new stage, the same every time.
    items : sequence
        What it is fed: chunks, in any cutting, and whatever else flows to it.
    """
    name = type(make()).__name__
    _require(isinstance(make(), Stage), f"{name} has not every method of a Stage")
    before = [_snapshot(item) for item in items]
    reference = joined(_run(make(), items))
    _require_unchanged(name, items, before)
    for lengths in CUTTINGS:
        difference = _difference(reference, joined(_run(make(), recut(items, lengths))))
        _require(
            not difference,
            f"{name}: cutting the same samples into chunks of {lengths} changes {difference}",
        )
    _check_prefixes(name, make, items, reference)
    stage = make()
    _run(stage, items[: len(items) * 2 // 3])
    stage.reset()
    difference = _difference(reference, joined(_run(stage, items)))
    _require(not difference, f"{name} is not as new after reset(): {difference} is another")
    _check_passing(name, make, items, reference)


def _check_prefixes(
    name: str, make: Callable[[], Stage], items: Sequence[Item], reference: list[Any]
) -> None:
    # Copies, since a view of a longer array would show what comes later.
    pieces = [
        replace(item, data=item.data.copy()) if isinstance(item, Chunk) else item
        for item in recut(items, CUTTINGS[2])
    ]
    for share in (0.25, 0.5, 0.8):
        outcome = joined(_run(make(), pieces[: int(share * len(pieces))]))
        expected: list[Any] = reference[: len(outcome)]
        if outcome and len(expected) == len(outcome):
            last, whole = outcome[-1], expected[-1]
            if isinstance(last, Chunk) and isinstance(whole, Chunk):
                expected[-1] = whole.cut(0, min(len(last), len(whole)))
        difference = _difference(expected, outcome)
        _require(
            not difference,
            f"{name} is not causal: without the samples after the first "
            f"{share:.0%} of its input {difference} is another",
        )


def _check_passing(
    name: str, make: Callable[[], Stage], items: Sequence[Item], reference: list[Any]
) -> None:
    foreign = [_Foreign() for _ in items]
    outcome = _run(make(), [x for pair in zip(foreign, items, strict=True) for x in pair])
    passed = [item for item in outcome if isinstance(item, _Foreign)]
    _require(
        len(passed) == len(foreign) and all(map(is_, passed, foreign)),
        f"{name} does not pass on, once and in order, the objects it cannot know",
    )
    rest = joined(item for item in outcome if not isinstance(item, _Foreign))
    difference = _difference(reference, rest)
    _require(not difference, f"{name}: objects it cannot know change {difference}")


class _Foreign:
    """Something no stage knows."""


def check_outlet(
    make: Callable[[], Outlet],
    publications: Sequence[Publication],
    events: Sequence[Event] = (),
) -> None:
    """Check that an outlet takes frames and events, and can be closed at any time.

    What it wrote is for the caller to check.

    Parameters
    ----------
    make : callable
        Returns a new open outlet; called twice, for places that do not clash.
    publications : sequence of Publication
        Frames to publish.
    events : sequence of Event
        Events to send in between.
    """
    outlet = make()
    name = type(outlet).__name__
    _require(isinstance(outlet, Outlet), f"{name} has not every method of an Outlet")
    before = [_snapshot(publication.frame) for publication in publications]
    for publication, event in zip_longest(publications, events):
        if publication is not None:
            outlet.publish(publication)
        if event is not None:
            outlet.event(event)
    _close_twice(name, outlet)
    _require_unchanged(name, (publication.frame for publication in publications), before)
    _close_twice(name, make())


def _close_twice(name: str, outlet: Outlet) -> None:
    outlet.close()
    try:
        outlet.close()
    except Exception as error:
        raise AssertionError(f"{name} cannot be closed twice: {error!r}") from error


def check_decoder(
    make: Callable[[], Stage], frames: Sequence[FeatureFrame], n_targets: int
) -> None:
    """Check that a decoder's frames have the right shapes, values and reasons.

    Parameters
    ----------
    make : callable
        Returns a new decoder, the same every time.
    frames : sequence of FeatureFrame
        Consecutive frames since a reset, from the first on, at least two.
    n_targets : int
        Number of emotions.
    """
    decoder = make()
    name = type(decoder).__name__
    _require(isinstance(decoder, Stage), f"{name} has not every method of a Stage")
    before = [_snapshot(frame) for frame in frames]
    decoded = [_decoded(name, decoder, frame) for frame in frames]
    for frame, emotion in zip(frames, decoded, strict=True):
        _check_frame(name, frame, emotion, n_targets)
    _check_sum(name, decoded)
    _check_stale(name, make(), frames)
    decoder.reset()
    difference = _difference(decoded, [_decoded(name, decoder, frame) for frame in frames])
    _require(not difference, f"{name} is not as new after reset(): {difference} is another")
    _require_unchanged(name, frames, before)


def _decoded(name: str, decoder: Stage, frame: FeatureFrame) -> EmotionFrame:
    outcome = list(decoder.process(frame))
    at = f"{name} at {frame.index}"
    if len(outcome) != 1 or not isinstance(outcome[0], EmotionFrame):
        raise AssertionError(f"{at} gives {len(outcome)} items, not one EmotionFrame.")
    index = outcome[0].index
    _require(index == frame.index, f"{at} gives a frame with the index {index}")
    return outcome[0]


def _check_frame(name: str, frame: FeatureFrame, emotion: EmotionFrame, n_targets: int) -> None:
    at = f"{name} at {frame.index}"
    shapes: dict[str, tuple[int, ...]] = {
        **{field: (n_targets,) for field in ("mean", "std", "lower", "upper")},
        "node_contribution": (n_targets, frame.power.shape[1]),
        "edge_contribution": (n_targets, len(frame.pairs)),
    }
    unknown = sorted(emotion.reasons - Reason.ALL)
    _require(not unknown, f"{at} gives reasons that are none: {', '.join(unknown)}")
    without = bool(emotion.reasons & Reason.WITHOUT_VALUE)
    _require(frame.full or without, f"{at} gives a value though the windows are not full")
    for field, shape in shapes.items():
        values = getattr(emotion, field)
        _require(
            values.shape == shape,
            f"{at}: '{field}' has the shape {values.shape} instead of {shape}",
        )
        nan = np.isnan(values)
        _require(
            bool(nan.all() if without else not nan.any()),
            f"{at}: '{field}' must be NaN exactly when a reason leaves no value, "
            f"and the reasons are: {', '.join(sorted(emotion.reasons)) or 'none'}",
        )
    inside = (emotion.lower <= emotion.mean) & (emotion.mean <= emotion.upper)
    _require(without or bool(inside.all()), f"{at}: 'mean' lies outside 'lower' and 'upper'")


def _check_sum(name: str, decoded: Sequence[EmotionFrame]) -> None:
    biases = [
        e.mean - e.node_contribution.sum(axis=1) - e.edge_contribution.sum(axis=1)
        for e in decoded
        if not e.reasons & Reason.WITHOUT_VALUE
    ]
    if biases:
        spread = float(np.ptp(np.stack(biases), axis=0).max())
        _require(
            spread <= TOLERANCE,
            f"{name}: 'mean' minus its contributions must be the same in every frame, "
            f"but varies by {spread:.2g}",
        )


def _check_stale(name: str, decoder: Stage, frames: Sequence[FeatureFrame]) -> None:
    hop = float(np.median([b.time - a.time for a, b in pairwise(frames)]))
    _run(decoder, frames)
    limit, since = 1.0, frames[-1].time
    n_expected = 5
    idle = limit + (n_expected - 0.5) * hop
    lost = {"idle": limit, "limit": limit}
    _run(decoder, [Event(frames[-1].index, since + limit, Kind.STREAM_LOST, lost)])
    ticks = [Tick(since + t, float(t)) for t in np.linspace(limit, idle, 3 * n_expected)]
    outcome = _run(decoder, ticks)
    stale = [item for item in outcome if isinstance(item, EmotionFrame)]
    _require(
        len(stale) == n_expected and [x for x in outcome if isinstance(x, Tick)] == ticks,
        f"{name} gives {len(stale)} frames in {n_expected} hops of a lost stream, "
        "or does not pass on the ticks",
    )
    for emotion in stale:
        fitting = emotion.index is None and Reason.STALE in emotion.reasons
        _require(
            fitting and bool(np.isnan(emotion.mean).all()),
            f"{name}: a frame of a lost stream must be NaN, without an index and stale",
        )
    apart = np.diff([emotion.time for emotion in stale])
    close = np.allclose(apart, hop, rtol=0, atol=1e-6)
    _require(bool(close), f"{name}: stale frames are not a hop apart")
    back = Event(frames[-1].index, since + idle, Kind.STREAM_RETURNED)
    after = _run(decoder, [back, Tick(since + idle + 0.01, 0.01)])
    _require(
        not any(isinstance(item, EmotionFrame) for item in after),
        f"{name} gives stale frames though the stream has returned",
    )


def _run(stage: Stage, items: Iterable[Any]) -> list[Any]:
    return [out for item in items for out in stage.process(item)]


def _one(run: list[Any]) -> Any:
    if len(run) == 1:
        return run[0]
    data, times, flags = (
        np.concatenate([getattr(chunk, name) for chunk in run])
        for name in ("data", "times", "flags")
    )
    return Chunk(data, run[0].first_sample, times, flags, run[0].missing_before)


def _difference(expected: Sequence[Any], found: Sequence[Any]) -> str:
    """Return where two outputs part, empty when they are identical."""
    for number, (left, right) in enumerate(zip(expected, found, strict=False)):
        if identical(left, right):
            continue
        where = f"output {number} (a {type(right).__name__})"
        if type(left) is not type(right) or not is_dataclass(left):
            return where
        names = [f.name for f in fields(left)]
        parts = [x for x in names if not identical(getattr(left, x), getattr(right, x))]
        return f"{', '.join(map(repr, parts))} of {where}"
    if len(expected) != len(found):
        return f"the number of outputs from {len(expected)} to {len(found)}"
    return ""


def _snapshot(item: Any) -> tuple[bytes, ...]:
    values = (getattr(item, f.name) for f in fields(item)) if is_dataclass(item) else ()
    return tuple(value.tobytes() for value in values if isinstance(value, np.ndarray))


def _require_unchanged(name: str, items: Iterable[Any], before: list[tuple[bytes, ...]]) -> None:
    for number, (item, was) in enumerate(zip(items, before, strict=True)):
        _require(_snapshot(item) == was, f"{name} changed the arrays of its input {number}")


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise AssertionError(f"{sentence}.")

"""Finding the one LSL stream that is meant, and what to do about two of the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from ..errors import SourceError
from ..lsl import load_pylsl
from .lsl_connect import measured_offset
from .lsl_network import FoundStream, Query, found

Duplicates = Literal["refuse", "newest"]

_POLL_S = 0.02
# How long others that match may take to show up after the first has.
_SETTLE_S = 0.6
_SETTLE_WITH_ID_S = 0.2
_FORGET_S = 2.0
_OFFSET_TIMEOUT_S = 2.0


def resolve(query: Query, wait: float, duplicates: Duplicates = "refuse") -> Any:
    """Return the ``pylsl.StreamInfo`` of the one stream meant.

    Parameters
    ----------
    query : Query
        What it must be.
    wait : float
        Seconds to wait for it.
    duplicates : {"refuse", "newest"}
        What to do when two senders offer the same name, type and source_id.

    Raises
    ------
    SourceError
        If there is none after `wait` seconds, or more than one.
    """
    resolver = load_pylsl().ContinuousResolver(forget_after=_FORGET_S)
    deadline = time.monotonic() + wait
    settled: float | None = None
    twice_since: float | None = None
    while True:
        seen = resolver.results()
        matching = _usable([info for info in seen if query.matches(found(info))])
        now = time.monotonic()
        if matching and settled is None:
            settled = now + (_SETTLE_WITH_ID_S if query.source_id else _SETTLE_S)
        if not matching and now >= deadline:
            raise _not_found(query, wait, [found(info) for info in seen])
        if matching and settled is not None and now >= settled:
            twice = len(matching) > 1 and len({_identity(info) for info in matching}) == 1
            if not twice:
                return _the_one(query, matching)
            if duplicates == "newest":
                return newest(matching)
            # A sender that has just been restarted is announced beside its ghost.
            twice_since = now if twice_since is None else twice_since
            if now >= twice_since + _FORGET_S + _SETTLE_S:
                raise _twice(matching)
        time.sleep(_POLL_S)


def newest(infos: Sequence[Any], offset: Callable[[Any], float] | None = None) -> Any:
    """Return the stream whose outlet was made last.

    Parameters
    ----------
    infos : sequence of pylsl.StreamInfo
        At least one.
    offset : callable, optional
        Returns what is to be added to the clock of a stream's machine to be ours, in
        seconds; measured by default. Asked only where machines differ, since each
        counts from a moment of its own.
    """
    if len({info.hostname() for info in infos}) == 1:
        return max(infos, key=lambda info: float(info.created_at()))
    clock = offset or _clock_offset
    return max(infos, key=lambda info: float(info.created_at()) + clock(info))


def _clock_offset(info: Any) -> float:
    try:
        inlet = load_pylsl().StreamInlet(info, recover=False)
        measured = measured_offset(inlet, _OFFSET_TIMEOUT_S)
    except RuntimeError:
        measured = None  # gone meanwhile: hardly the newest
    return measured["offset"] if measured is not None else float("-inf")


def _identity(info: Any) -> tuple[str, ...]:
    if not info.source_id():
        return (info.uid(),)
    return (info.source_id(), info.name(), info.type())


def _usable(matching: list[Any]) -> list[Any]:
    # Markers and annotations often share a source_id with the signal they go with.
    usable = [info for info in matching if not found(info).text and info.nominal_srate() > 0]
    return usable or matching


def _the_one(query: Query, matching: list[Any]) -> Any:
    if len(matching) > 1:
        listed = "; ".join(str(found(info)) for info in matching)
        raise SourceError(
            f"{len(matching)} streams match {query}, expected one: {listed}. Say which with "
            "--stream source_id=… (and name=… where they share one)."
        )
    return matching[0]


def _twice(matching: list[Any]) -> SourceError:
    stream = found(matching[0])
    where = " and ".join(f"host {info.hostname()} (uid {info.uid()})" for info in matching)
    return SourceError(
        f"{len(matching)} senders offer the stream name={stream.name}, "
        f"source_id={stream.source_id} at the same time, on {where}, expected one: end the "
        "others, give each a source_id of its own, or take the one started last with "
        "--duplicates newest."
    )


def _not_found(query: Query, wait: float, seen: list[FoundStream]) -> SourceError:
    if seen:
        listed = "; ".join(str(stream) for stream in seen)
        return SourceError(
            f"no stream matching {query} was found within {wait:g} s, but there are: {listed}. "
            "Name one of them with --stream, or start the sender."
        )
    return SourceError(
        f"no stream matching {query} was found within {wait:g} s, nor any other stream: start the "
        "sender, and check that both machines are on one network and that no firewall or VPN "
        "blocks UDP port 16571 and TCP ports 16572-16604; `rtemotion doctor` tells more."
    )

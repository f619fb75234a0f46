"""Recognising a stream that comes back, and saying what about it is not as it was."""

from __future__ import annotations

from collections.abc import Sequence

from .lsl_metadata import StreamDescription
from .lsl_network import FoundStream, Query

_NAMED = 3


def identity(stream: FoundStream) -> Query:
    """Return what the same stream is recognised by after its sender restarts.

    Without a source_id that is as much as can be told: name, type and host.
    """
    if stream.source_id:
        return Query(name=stream.name, type=stream.type, source_id=stream.source_id)
    return Query(name=stream.name, type=stream.type, hostname=stream.hostname)


def changes(old: StreamDescription, new: StreamDescription) -> str:
    """Say in a sentence what changed from what to what; empty if nothing did."""
    volts_old, volts_new = ([f"{f:g} V" for f in d.factors] for d in (old, new))
    rate_old, rate_new = (f"{d.info.sfreq:g} Hz" for d in (old, new))
    said = {
        "channels": _pairs(old.info.channels, new.info.channels),
        "kinds of channel": _pairs(old.info.kinds, new.info.kinds),
        "sampling rate": _pairs([rate_old], [rate_new]),
        "units": _pairs(volts_old, volts_new),
    }
    if len(old.factors) != len(new.factors):
        del said["kinds of channel"], said["units"]  # a consequence of the other channels
    changed = {what: how for what, how in said.items() if how}
    if not changed:
        return ""
    details = "; ".join(f"{what}: {how}" for what, how in changed.items())
    return (
        f"stream '{old.info.name}' came back with other {' and '.join(changed)} ({details}), "
        "expected the same as before."
    )


def _pairs(before: Sequence[str], now: Sequence[str]) -> str:
    if len(before) != len(now):
        return f"{len(before)} before, {len(now)} now"
    pairs = [(a, b) for a, b in zip(before, now, strict=True) if a != b]
    distinct = list(dict.fromkeys(pairs))
    named = ", ".join(f"{a} before, {b} now" for a, b in distinct[:_NAMED])
    more = len(distinct) - _NAMED
    return f"{named} and {more} more" if more > 0 else named

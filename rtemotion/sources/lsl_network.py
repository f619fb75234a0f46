"""Finding LSL streams: what is asked for, what is there, and which one is meant."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import SourceError
from ..lsl import load_pylsl

_KEYS = ("name", "type", "source_id", "hostname")
_POLL_S = 0.02
# How long others that match may take to show up after the first has.
_SETTLE_S = 0.6
_STRING_FORMAT = 3


@dataclass(frozen=True)
class FoundStream:
    """A stream seen on the network.

    Attributes
    ----------
    name, type, source_id, hostname : str
        As the sender states them.
    n_channels : int
        Number of channels.
    sfreq : float
        Nominal rate in Hz; 0 for an irregular stream.
    text : bool
        True for a stream of strings.
    labels, units : tuple of str
        One a channel; empty where they were not asked for or not given.
    """

    name: str
    type: str
    source_id: str
    hostname: str
    n_channels: int
    sfreq: float
    text: bool = False
    labels: tuple[str, ...] = ()
    units: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return one line for a list of streams."""
        rate = f"{self.sfreq:g} Hz" if self.sfreq > 0 else "irregular"
        return (
            f"name={self.name}, type={self.type}, source_id={self.source_id or '(none)'}, "
            f"{self.n_channels} channels, {rate}, host {self.hostname}"
        )


@dataclass(frozen=True)
class Query:
    """What a stream must be; empty fields stand for anything."""

    name: str = ""
    type: str = ""
    source_id: str = ""
    hostname: str = ""

    def matches(self, stream: FoundStream) -> bool:
        """Tell whether a stream is one of those meant; `type` ignores case."""
        return (
            self.name in {"", stream.name}
            and self.type.lower() in {"", stream.type.lower()}
            and self.source_id in {"", stream.source_id}
            and self.hostname in {"", stream.hostname}
        )

    def __str__(self) -> str:
        """Return the query as a user would write it."""
        said = [f"{key}={value}" for key in _KEYS if (value := getattr(self, key))]
        return ",".join(said) or "any stream"


def parse_query(text: str | None) -> Query:
    """Read ``KEY=VALUE[,KEY=VALUE…]`` over name, type, source_id and hostname.

    A text without ``=`` is a name; nothing at all asks for the only EEG stream.

    Raises
    ------
    SourceError
        If a key is unknown, given twice or without a value.

    Examples
    --------
    >>> parse_query("type=EEG,hostname=lab1")
    Query(name='', type='EEG', source_id='', hostname='lab1')
    """
    text = (text or "").strip()
    if not text:
        return Query(type="EEG")
    if "=" not in text:
        return Query(name=text)
    fields: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or key not in _KEYS or not value or key in fields:
            raise SourceError(
                f"'{part.strip()}' in the stream query '{text}' is not understood, expected "
                f"KEY=VALUE once each for any of {', '.join(_KEYS)}, or a bare name."
            )
        fields[key] = value
    return Query(**fields)


def found(info: Any) -> FoundStream:
    """Return what a resolved ``pylsl.StreamInfo`` says."""
    return FoundStream(
        name=info.name(),
        type=info.type(),
        source_id=info.source_id(),
        hostname=info.hostname(),
        n_channels=info.channel_count(),
        sfreq=info.nominal_srate(),
        text=info.channel_format() == _STRING_FORMAT,
    )


def distinct(infos: Iterable[Any]) -> list[Any]:
    """Drop what is the same stream seen twice, keeping the youngest.

    Several interfaces announce one stream several times, and one that was
    restarted under its source_id is announced for a while beside its ghost.
    """
    newest: dict[tuple[str, ...], Any] = {}
    for info in infos:
        key: tuple[str, ...] = (info.source_id(), info.name(), info.type(), info.hostname())
        if not info.source_id():
            key = (info.uid(),)
        if key not in newest or info.created_at() > newest[key].created_at():
            newest[key] = info
    return list(newest.values())


def find_streams(wait: float = 1.0, details: bool = False) -> list[FoundStream]:
    """List the streams on the network.

    Parameters
    ----------
    wait : float
        Seconds to look; below about 0.5 s some may be missed.
    details : bool
        Ask each stream for its labels and units too, at most a second each.

    Raises
    ------
    SourceError
        If LSL cannot be used on this machine.
    """
    pylsl = load_pylsl()
    streams: list[FoundStream] = []
    for info in distinct(pylsl.resolve_streams(wait)):
        stream = found(info)
        if details:
            try:
                full = pylsl.StreamInlet(info, recover=False).info(1.0)
            except (pylsl.util.TimeoutError, pylsl.util.LostError):
                full = None  # gone, or behind a firewall: what was announced stands
            if full is not None:
                stream = replace(
                    stream,
                    labels=_texts(full.get_channel_labels()),
                    units=_texts(full.get_channel_units()),
                )
        streams.append(stream)
    return sorted(streams, key=lambda s: (s.type, s.name, s.source_id))


def _texts(values: Sequence[str | None] | None) -> tuple[str, ...]:
    return tuple(value or "" for value in values or ())


def resolve(query: Query, wait: float) -> Any:
    """Return the ``pylsl.StreamInfo`` of the one stream meant.

    Parameters
    ----------
    query : Query
        What it must be.
    wait : float
        Seconds to wait for it.

    Raises
    ------
    SourceError
        If there is none after `wait` seconds, or more than one.
    """
    pylsl = load_pylsl()
    resolver = pylsl.ContinuousResolver(forget_after=2.0)
    deadline = time.monotonic() + wait
    settled: float | None = None
    while True:
        seen = distinct(resolver.results())
        matching = [info for info in seen if query.matches(found(info))]
        if matching and settled is None:
            settled = time.monotonic() + (0.0 if query.source_id else _SETTLE_S)
        if settled is not None and time.monotonic() >= settled and matching:
            return _the_one(query, matching)
        if not matching and time.monotonic() >= deadline:
            raise _not_found(query, wait, [found(info) for info in seen])
        time.sleep(_POLL_S)


def _the_one(query: Query, matching: list[Any]) -> Any:
    # Markers and annotations often share a source_id with the signal they go with.
    usable = [info for info in matching if not found(info).text and info.nominal_srate() > 0]
    chosen = usable or matching
    if len(chosen) > 1:
        listed = "; ".join(str(found(info)) for info in chosen)
        raise SourceError(
            f"{len(chosen)} streams match {query}, expected one: {listed}. Say which with "
            "--stream source_id=… (and name=… where they share one)."
        )
    return chosen[0]


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

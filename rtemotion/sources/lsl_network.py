"""What LSL streams there are, and how one of them is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ..errors import SourceError
from ..lsl import load_pylsl

_KEYS = ("name", "type", "source_id", "hostname")
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
    uid : str
        What tells this outlet from every other, the same sender restarted included.
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
    uid: str = ""

    def __str__(self) -> str:
        """Return one line for a list of streams."""
        rate = f"{self.sfreq:g} Hz" if self.sfreq > 0 else "irregular"
        return (
            f"name={self.name}, type={self.type}, source_id={self.source_id or '(none)'}, "
            f"{self.n_channels} channels, {rate}, host {self.hostname}"
        )


class Named(Protocol):
    """Whatever a query can be put to: a stream on the network or in a file."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def source_id(self) -> str: ...  # noqa: D102
    @property
    def hostname(self) -> str: ...  # noqa: D102


@dataclass(frozen=True)
class Query:
    """What a stream must be; empty fields stand for anything."""

    name: str = ""
    type: str = ""
    source_id: str = ""
    hostname: str = ""

    def matches(self, stream: Named) -> bool:
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


def parse_query(text: str | None, default_type: str = "EEG") -> Query:
    """Read ``KEY=VALUE[,KEY=VALUE…]`` over name, type, source_id and hostname.

    A text without ``=`` is a name; nothing at all asks for any stream of the default
    type.

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
        return Query(type=default_type)
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
        uid=info.uid(),
    )


def find_streams(wait: float = 1.0, details: bool = False) -> list[FoundStream]:
    """List the streams on the network, one entry an outlet.

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
    infos = pylsl.resolve_streams(wait)
    return listed(_with_details(pylsl, info) if details else found(info) for info in infos)


def listed(streams: Iterable[FoundStream]) -> list[FoundStream]:
    """Return streams in the order of a list for people."""
    return sorted(streams, key=lambda s: (s.type, s.name, s.source_id, s.hostname, s.uid))


def _with_details(pylsl: Any, info: Any) -> FoundStream:
    try:
        full = pylsl.StreamInlet(info, recover=False).info(1.0)
    except (pylsl.util.TimeoutError, pylsl.util.LostError):
        return found(info)  # gone, or behind a firewall: what was announced stands
    labels, units = _texts(full.get_channel_labels()), _texts(full.get_channel_units())
    return replace(found(info), labels=labels, units=units)


def _texts(values: Sequence[str | None] | None) -> tuple[str, ...]:
    return tuple(value or "" for value in values or ())

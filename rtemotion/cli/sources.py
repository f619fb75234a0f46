"""Which headset is meant, and opening it: LSL, BrainFlow or FieldTrip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..errors import SetupError
from ..signal import Source
from .setup import Options

Duplicates = Literal["refuse", "newest"]
OnChange = Literal["stop", "wait"]
# What a board may need to be opened, beside its name.
BOARD_KEYS = (
    "serial_port",
    "mac_address",
    "ip_address",
    "ip_port",
    "serial_number",
    "file",
    "master",
)
FIELDTRIP_PORT = 1972


@dataclass(frozen=True)
class LiveSpec:
    """A headset, as the command line names it.

    Attributes
    ----------
    stream : str or None
        Query of an LSL stream.
    board : str or None
        ``NAME[,KEY=VALUE…]`` of a BrainFlow board.
    fieldtrip : str or None
        ``HOST[:PORT]`` of a FieldTrip buffer.
    wait : float
        Seconds to wait for it.
    duplicates, on_change : str
        See `rtemotion.sources.lsl.LSLSource`.
    """

    stream: str | None = None
    board: str | None = None
    fieldtrip: str | None = None
    wait: float = 10.0
    duplicates: str = "refuse"
    on_change: str = "stop"

    def open(self, options: Options) -> Source:
        """Open it.

        Raises
        ------
        SetupError
            When more than one is named, or an option is not one of those allowed.
        SourceError
            When it is not there or cannot be decoded.
        """
        if sum(named is not None for named in (self.stream, self.board, self.fieldtrip)) > 1:
            raise SetupError("Only one of --stream, --board and --fieldtrip can be decoded.")
        if self.board is not None:
            from ..sources.brainflow import BrainFlowSource

            name, given = board_options(self.board)
            unit = {} if options.unit is None else {"unit": options.unit}
            return BrainFlowSource(name, **given, **unit)
        if self.fieldtrip is not None:
            from ..sources.fieldtrip import FieldTripSource

            host, port = host_and_port(self.fieldtrip)
            return FieldTripSource(host, port, options.unit, self.wait)
        return self._stream(options)

    def _stream(self, options: Options) -> Source:
        from ..sources.lsl import open_stream

        duplicates = _one_of("--duplicates", self.duplicates, Duplicates)
        on_change = _one_of("--on-change", self.on_change, OnChange)
        markers = "" if options.markers == "all" else options.markers
        return open_stream(
            self.stream,
            wait=self.wait,
            unit=options.unit,
            sfreq=options.sfreq,
            markers=markers,
            duplicates=duplicates,
            on_change=on_change,
        )


def board_options(text: str) -> tuple[str | int, dict[str, Any]]:
    """Return a board's name or number, and what it needs, from ``NAME[,KEY=VALUE…]``.

    Raises
    ------
    SetupError
        When a key is not one of those that boards need.
    """
    name, *parts = (part.strip() for part in text.split(","))
    given: dict[str, Any] = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if not equals or key not in BOARD_KEYS or not value:
            raise SetupError(
                f"'{part}' in --board {text} is not understood, expected KEY=VALUE with a key of "
                f"{', '.join(BOARD_KEYS)}."
            )
        given[key] = _port("--board", value) if key == "ip_port" else value
    return (int(name) if name.lstrip("-").isdigit() else name), given


def host_and_port(text: str) -> tuple[str, int]:
    """Return the two parts of ``HOST[:PORT]``.

    Raises
    ------
    SetupError
        When the port is no number.
    """
    host, colon, port = text.rpartition(":")
    return (host, _port("--fieldtrip", port)) if colon else (text, FIELDTRIP_PORT)


def _port(option: str, text: str) -> int:
    if not (text.isdigit() and 0 < int(text) < 65536):
        raise SetupError(f"The port '{text}' in {option} is not a number from 1 to 65535.")
    return int(text)


def _one_of(option: str, value: str, allowed: Any) -> Any:
    if value not in get_args(allowed):
        raise SetupError(
            f"{option} cannot be '{value}', expected one of {', '.join(get_args(allowed))}."
        )
    return value

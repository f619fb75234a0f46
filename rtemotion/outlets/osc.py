"""Emotions for music, art and game software: one OSC bundle a frame, over UDP.

`docs/osc.md` lists the addresses and what stands behind them.
"""

from __future__ import annotations

import ipaddress
import logging
import math
import re
import socket
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..columns import Columns
from ..errors import OutletError
from ..signal import Event, Publication
from .about import About, event_json

if TYPE_CHECKING:
    from pythonosc.osc_message import OscMessage

log = logging.getLogger(__name__)

ROOT = "/rtemotion"
LOOPBACK = "127.0.0.1"
# How long a receiver that starts later has to wait to learn what it gets.
INFO_EVERY_S = 10.0
# OSC keeps these for patterns, and knows no letters beyond ASCII.
_UNSAFE = re.compile(r"[^!-~]|[#*,/?\[\]{}]")

Argument = tuple[str, float | str]


class OSCOutlet:
    """Publish frames and events as OSC bundles.

    Values are 32-bit floats, which every OSC program reads; only ``/rtemotion/time`` is
    a 64-bit one. A frame without a value goes out as NaN. What cannot be sent is counted
    and told once; it never delays or stops the sender.

    Parameters
    ----------
    targets : sequence of str
        Names of the emotions, in the order of `EmotionFrame.mean`.
    model : str
        Identity of the model, part of what is said about it.
    place : str
        ``[HOST:]PORT`` of the receiver; this machine without a host.
    about : About, optional
        What else is said, at the start and every 10 s.

    Attributes
    ----------
    unsent : int
        Bundles known to have been lost: refused where they were sent to, or not taken
        by the network of this machine.

    Raises
    ------
    OutletError
        If the place is none, python-osc is missing, or a target's name is taken.
    """

    def __init__(
        self, targets: Sequence[str], model: str, place: str, about: About | None = None
    ) -> None:
        self._columns = Columns.of(targets, model)
        self._about = about or About()
        self._names = safe_names(targets)
        self._place = place
        _load()
        self._socket: socket.socket | None = _connect(*parse_place(place))
        self._told = -math.inf
        self.unsent = 0
        self._tell()

    def publish(self, publication: Publication) -> None:
        """Send one frame, tagged with its time; nothing once closed."""
        if self._socket is None:
            return
        if time.monotonic() - self._told >= INFO_EVERY_S:
            self._tell()
        self._send(self._frame(publication), _moment(publication))

    def event(self, event: Event) -> None:
        """Send one event: its kind, and all of it as JSON."""
        arguments = [("s", event.kind), ("s", event_json(event))]
        self._send([message(f"{ROOT}/event", arguments)])

    def close(self) -> None:
        """Let go of the network."""
        if self._socket is None:
            return
        self._socket.close()
        self._socket = None
        if self.unsent:
            log.info("%d OSC bundles did not reach %s.", self.unsent, self._place)

    def _frame(self, publication: Publication) -> list[OscMessage]:
        frame = publication.frame
        values = self._columns.estimates(publication)
        about = [
            ("i", -1 if frame.index is None else frame.index),
            ("f", frame.quality),
            ("i", int(frame.trusted)),
            ("f", publication.sample_age),
            ("i", int(publication.late)),
        ]
        return [
            message(f"{ROOT}/time", [("d", frame.time)]),
            message(f"{ROOT}/frame", about),
            message(f"{ROOT}/reasons", [("s", reason) for reason in sorted(frame.reasons)]),
            *(
                message(f"{ROOT}/emotion/{name}", [("f", x) for x in values[4 * i : 4 * i + 4]])
                for i, name in enumerate(self._names)
            ),
        ]

    def _tell(self) -> None:
        """Say what the model is and what the emotions are."""
        self._told = time.monotonic()
        about = self._about
        said: list[Argument] = [
            ("s", self._columns.model),
            ("s", about.caveat),
            ("i", int(about.validated)),
            ("i", len(self._names)),
            *(("f", _known(x)) for x in (about.hop_s, about.smoothing_s, about.delay_s)),
        ]
        messages = [message(f"{ROOT}/info", said)]
        for name, target in zip(self._names, self._columns.targets, strict=True):
            of = about.target(target)
            facts: list[Argument] = [
                *(("s", target), ("f", of.low), ("f", of.high)),
                *(("s", of.unit), ("s", of.construct)),
            ]
            messages.append(message(f"{ROOT}/info/emotion/{name}", facts))
        self._send(messages)

    def _send(self, messages: Iterable[OscMessage], moment: float = 0.0) -> None:
        from pythonosc.osc_bundle_builder import OscBundleBuilder

        if self._socket is None:
            return
        # Seconds, as its documentation says; 0 is "at once".
        bundle = OscBundleBuilder(moment)  # type: ignore[arg-type]
        for part in messages:
            bundle.add_content(part)
        datagram = bundle.build().dgram
        for _ in range(2):
            try:
                self._socket.send(datagram)
            except OSError as problem:
                self._miss(problem)
                # This tells of a datagram before; the present one has not been sent yet.
                if isinstance(problem, ConnectionRefusedError):
                    continue
            return

    def _miss(self, problem: OSError) -> None:
        if self.unsent == 0:
            log.warning(
                "OSC does not reach %s (%s); what is lost is counted, and a receiver that "
                "starts there is served at once.",
                self._place,
                problem.strerror or problem,
            )
        self.unsent += 1


def message(address: str, arguments: Iterable[Argument]) -> OscMessage:
    """Return a message with arguments of given OSC types; an integer too long for 32 bits has 64.

    Parameters
    ----------
    address : str
        Where it goes.
    arguments : iterable of (str, value)
        OSC type tag and value.
    """
    from pythonosc.osc_message_builder import OscMessageBuilder

    builder = OscMessageBuilder(address)
    for kind, value in arguments:
        builder.add_arg(value, None if kind == "i" else kind)
    return builder.build()


def safe_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return names that may stand in an OSC address, all different.

    What OSC keeps for itself (blanks and ``# * , / ? [ ] { }``) and what is not ASCII
    becomes ``_``; of names that would then be one, the later get a number.
    """
    safe: list[str] = []
    for name in names:
        plain = _UNSAFE.sub("_", name)
        number, candidate = 1, plain
        while candidate in safe or (candidate != name and candidate in names):
            number += 1
            candidate = f"{plain}_{number}"
        safe.append(candidate)
    return tuple(safe)


def parse_place(text: str) -> tuple[str, int]:
    """Return host and port of ``[HOST:]PORT``; an IPv6 address stands in square brackets.

    Raises
    ------
    OutletError
        If it is no such place.
    """
    host, colon, port = text.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    number = int(port) if port.isascii() and port.isdecimal() else 0
    named = bool(host.strip()) if colon else True
    if not (named and 0 < number < 2**16) or (":" in host and not bracketed):
        raise OutletError(
            f"'{text}' is no place for OSC, expected PORT or HOST:PORT with a port from 1 to "
            "65535, such as 9000 or 192.168.1.20:9000; an IPv6 address stands in [ ]."
        )
    return host or LOOPBACK, number


def check_place(place: str) -> None:
    """Refuse a place that nothing could be sent to, before anything else is waited for.

    Raises
    ------
    OutletError
        As `OSCOutlet` would.
    """
    _load()
    _connect(*parse_place(place)).close()


def _connect(host: str, port: int) -> socket.socket:
    """Return a socket that sends there and never waits."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        # Most receivers listen for IPv4 alone, and "localhost" is both.
        family, kind, protocol, _, address = min(found, key=lambda at: at[0] != socket.AF_INET)
        numeric = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if numeric.is_multicast or numeric.is_unspecified:
            raise OutletError(
                f"OSC cannot be sent to {host}, which is no single machine; name the receiver's "
                "own address."
            )
        opened = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as problem:
        raise _no_way(host, port, problem) from problem
    try:
        opened.setblocking(False)
        # Once connected, the machine there can say that nobody listens.
        opened.connect(address)
    except OSError as problem:
        opened.close()
        raise _no_way(host, port, problem) from problem
    return opened


def _no_way(host: str, port: int, problem: OSError | UnicodeError) -> OutletError:
    reason = problem.strerror if isinstance(problem, OSError) else None
    return OutletError(
        f"OSC cannot be sent to {host}:{port} ({reason or problem}), expected the name or "
        "address of a machine that can be reached; correct it."
    )


def _load() -> None:
    try:
        import pythonosc  # noqa: F401
    except ImportError as problem:
        raise OutletError(
            "OSC needs the package python-osc, which is not installed; install it with "
            "`pip install python-osc`."
        ) from problem


def _moment(publication: Publication) -> float:
    """Return when a frame's window ended, in seconds of this machine's clock; 0 if unknown.

    Never in the future, for which a receiver would wait.
    """
    since = publication.published - publication.frame.time
    return time.time() - max(0.0, since) if math.isfinite(since) else 0.0


def _known(value: float | None) -> float:
    return math.nan if value is None else value

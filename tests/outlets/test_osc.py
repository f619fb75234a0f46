"""OSC: what a receiver gets, and that no receiver can hold up the sender."""

import json
import logging
import math
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_server import BlockingOSCUDPServer

from rtemotion import Engine
from rtemotion.decoding import Model
from rtemotion.errors import OutletError
from rtemotion.outlets import osc
from rtemotion.outlets.about import About, AboutTarget
from rtemotion.outlets.osc import OSCOutlet, check_place, parse_place, safe_names
from rtemotion.signal import EmotionFrame, Event, Kind, Outlet, Publication, Tick
from rtemotion.sources.memory import MemorySource
from rtemotion.testing import check_outlet

from ..cli.test_entry import rtemotion
from ..helpers import simulated

TARGETS = ("joy", "valence")
NO_VALUE = [math.nan] * 8
ABOUT = About(
    {"joy": AboutTarget(0.0, 1.0, "felt"), "valence": AboutTarget(-1.0, 1.0, "perceived")},
    caveat="trained on simulation",
    hop_s=0.25,
    smoothing_s=2.0,
)


def publication(
    values: list[float],
    index: int | None = 64,
    moment: float = 5.0,
    reasons: frozenset[str] = frozenset(),
    published: float = 5.5,
) -> Publication:
    mean, std, lower, upper = np.array(values).reshape(4, 2)
    nothing = np.zeros((2, 1))
    frame = EmotionFrame(
        *(index, moment, moment, mean, std, lower, upper, nothing, nothing),
        reasons=reasons,
        quality=0.75,
        model="m",
    )
    return Publication(frame, published - moment, False, published)


class Receiver:
    """A program that listens for OSC on this machine."""

    def __init__(self, port: int = 0) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self._socket.settimeout(5.0)
        self.port = int(self._socket.getsockname()[1])

    def next(self) -> OscBundle:
        """Return the next bundle."""
        return OscBundle(self._socket.recv(65536))

    def waiting(self) -> list[OscBundle]:
        """Return every bundle that has arrived."""
        self._socket.setblocking(False)
        found = []
        try:
            while True:
                found.append(self.next())
        except BlockingIOError:
            return found

    def close(self) -> None:
        self._socket.close()


def read(bundle: OscBundle) -> dict[str, list[Any]]:
    """Return the arguments of every message by its address, each sent once."""
    messages = [(part.address, list(part.params)) for part in bundle]
    assert len(dict(messages)) == len(messages)
    return dict(messages)


def tags(bundle: OscBundle) -> set[str]:
    """Return the type tags of everything in a bundle but the time."""
    found = set()
    for part in bundle:
        start = part.dgram.index(b",")
        if part.address != "/rtemotion/time":
            found |= set(part.dgram[start + 1 : part.dgram.index(b"\0", start)].decode())
    return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    there = Receiver()
    yield there
    there.close()


@pytest.fixture
def outlet(receiver: Receiver) -> Iterator[OSCOutlet]:
    out = OSCOutlet(TARGETS, "model-1 (trained on simulation)", str(receiver.port), ABOUT)
    receiver.next()
    yield out
    out.close()


def test_it_keeps_the_contract_of_an_outlet(receiver: Receiver) -> None:
    frames = [publication([0.5] * 8), publication(NO_VALUE, index=None)]
    check_outlet(
        lambda: OSCOutlet(TARGETS, "m", str(receiver.port)), frames, [Event(1, 0.5, Kind.MARKER)]
    )


def test_a_frame_is_one_bundle_with_everything_in_it(
    outlet: OSCOutlet, receiver: Receiver
) -> None:
    assert isinstance(outlet, Outlet)
    values = [0.25, -0.5, 0.125, 1.0, 0.0, -1.0, 0.5, 0.75]
    outlet.publish(publication(values, moment=123456.789, published=123456.914))
    assert read(receiver.next()) == {
        "/rtemotion/time": [123456.789],
        "/rtemotion/frame": [64, 0.75, 1, pytest.approx(0.125), 0],
        "/rtemotion/reasons": [],
        "/rtemotion/emotion/joy": [0.25, 0.125, 0.0, 0.5],
        "/rtemotion/emotion/valence": [-0.5, 1.0, -1.0, 0.75],
    }
    assert receiver.waiting() == []


def test_all_but_the_time_is_of_the_types_that_every_osc_program_reads(
    outlet: OSCOutlet, receiver: Receiver
) -> None:
    outlet.publish(publication([0.5] * 8, reasons=frozenset({"artifact"})))
    outlet.event(Event(1, 0.5, Kind.MARKER))
    assert tags(receiver.next()) == {"i", "f", "s"}
    assert tags(receiver.next()) == {"s"}


def test_a_frame_without_a_value_is_nan_whatever_came_before(
    outlet: OSCOutlet, receiver: Receiver
) -> None:
    outlet.publish(publication([0.5] * 8))
    outlet.publish(publication(NO_VALUE, None, reasons=frozenset({"stale", "no baseline"})))
    receiver.next()
    stale = read(receiver.next())
    assert all(math.isnan(x) for name in TARGETS for x in stale[f"/rtemotion/emotion/{name}"])
    assert stale["/rtemotion/frame"][0] == -1
    assert stale["/rtemotion/frame"][2] == 0
    assert stale["/rtemotion/reasons"] == ["no baseline", "stale"]


def test_a_session_longer_than_32_bits_of_samples_goes_on(
    outlet: OSCOutlet, receiver: Receiver
) -> None:
    outlet.publish(publication([0.5] * 8, index=2**31 + 7))
    assert read(receiver.next())["/rtemotion/frame"][0] == 2**31 + 7


@pytest.mark.parametrize("since", [0.0, 0.25, 3.0])
def test_the_bundle_is_tagged_with_the_moment_its_window_ended(
    outlet: OSCOutlet, receiver: Receiver, since: float
) -> None:
    before = time.time()
    outlet.publish(publication([0.5] * 8, published=5.0 + since))
    after = time.time()
    assert before - since - 1e-3 <= receiver.next().timestamp <= after - since + 1e-3


def test_no_tag_lies_in_the_future_where_a_receiver_would_wait_for_it(
    outlet: OSCOutlet, receiver: Receiver
) -> None:
    outlet.publish(publication([0.5] * 8, moment=5.0, published=4.0))
    assert receiver.next().timestamp <= time.time()


def test_without_a_clock_a_bundle_is_for_at_once(outlet: OSCOutlet, receiver: Receiver) -> None:
    outlet.publish(publication([0.5] * 8, published=math.nan))
    assert receiver.next().dgram[8:16] == b"\0\0\0\0\0\0\0\1"


@pytest.mark.parametrize(
    "event",
    [
        Event(77, 1.5, Kind.MARKER, {"description": "näh", "duration": 0.5}),
        Event(80, 2.5, Kind.STREAM_LOST, {"idle": 1.0, "limit": 1.0}),
    ],
)
def test_an_event_is_its_kind_and_json(
    outlet: OSCOutlet, receiver: Receiver, event: Event
) -> None:
    outlet.event(event)
    kind, text = read(receiver.next())["/rtemotion/event"]
    assert kind == event.kind
    assert json.loads(text) == {
        "kind": event.kind,
        "sample": event.sample,
        "time": event.time,
        "payload": event.payload,
    }


def test_a_time_that_nobody_knows_is_null_in_json(outlet: OSCOutlet, receiver: Receiver) -> None:
    outlet.event(Event(0, math.nan, Kind.WARNING, {"all": [1.0, math.inf]}))
    _, text = read(receiver.next())["/rtemotion/event"]
    said = json.loads(text, parse_constant=pytest.fail)
    assert (said["time"], said["payload"]) == (None, {"all": [1.0, None]})


def test_it_says_first_what_a_receiver_gets(receiver: Receiver) -> None:
    out = OSCOutlet(TARGETS, "model-1 (trained on simulation)", str(receiver.port), ABOUT)
    said = read(receiver.next())
    out.close()
    identity, caveat, validated, n, hop, smoothing, delay = said["/rtemotion/info"]
    assert identity == "model-1 (trained on simulation)"
    assert (caveat, validated, n) == ("trained on simulation", 0, 2)
    assert (hop, smoothing) == (0.25, 2.0)
    assert math.isnan(delay)
    assert said["/rtemotion/info/emotion/joy"] == ["joy", 0.0, 1.0, "score", "felt"]
    assert said["/rtemotion/info/emotion/valence"] == ["valence", -1.0, 1.0, "score", "perceived"]


def test_it_says_so_again_every_ten_seconds(
    outlet: OSCOutlet, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = time.monotonic()
    told = []
    for seconds in np.arange(0.0, 31.0, 0.25):
        now = start + float(seconds)
        clock = SimpleNamespace(monotonic=lambda now=now: now, time=time.time)
        monkeypatch.setattr(osc, "time", clock)
        outlet.publish(publication([0.5] * 8))
        addresses = [address for bundle in receiver.waiting() for address in read(bundle)]
        if "/rtemotion/info" in addresses:
            told.append(float(seconds))
    assert told == pytest.approx([10.0, 20.0, 30.0], abs=0.26)


def test_nobody_there_is_told_once_and_counted_and_a_late_receiver_is_served(
    caplog: pytest.LogCaptureFixture,
) -> None:
    nobody = Receiver()
    nobody.close()
    with caplog.at_level(logging.DEBUG, "rtemotion"):
        out = OSCOutlet(TARGETS, "m", f"127.0.0.1:{nobody.port}")
        began = time.perf_counter()
        for index in range(50):
            out.publish(publication([0.5] * 8, index=index))
        assert time.perf_counter() - began < 5.0
        there = Receiver(nobody.port)
        for index in range(50, 60):
            out.publish(publication([0.5] * 8, index=index))
        received = [read(bundle)["/rtemotion/frame"][0] for bundle in there.waiting()]
        out.close()
        there.close()
    assert received == list(range(50, 60))
    assert out.unsent == 51
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert f"127.0.0.1:{nobody.port}" in warnings[0].getMessage()


def test_what_is_too_long_for_a_datagram_is_left_out_alone(
    outlet: OSCOutlet, receiver: Receiver
) -> None:
    outlet.event(Event(0, 1.0, "note", {"text": "x" * 70_000}))
    outlet.publish(publication([0.5] * 8))
    assert "/rtemotion/frame" in read(receiver.next())
    assert outlet.unsent == 1


def test_nothing_goes_out_once_closed(receiver: Receiver) -> None:
    out = OSCOutlet(TARGETS, "m", str(receiver.port))
    out.close()
    out.publish(publication([0.5] * 8))
    out.event(Event(0, 0.0, Kind.MARKER))
    assert ["/rtemotion/info" in read(bundle) for bundle in receiver.waiting()] == [True]


def test_a_server_of_the_library_hears_every_emotion() -> None:
    heard: list[tuple[Any, ...]] = []
    dispatcher = Dispatcher()
    dispatcher.map("/rtemotion/emotion/*", lambda *said: heard.append(said))
    with BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        out = OSCOutlet(("joy", "a b"), "m", f"127.0.0.1:{server.server_address[1]}")
        out.publish(publication([0.5, 0.25] * 4))
        deadline = time.monotonic() + 5.0
        while len(heard) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        out.close()
        server.shutdown()
        thread.join()
    assert heard == [
        ("/rtemotion/emotion/joy", *[0.5] * 4),
        ("/rtemotion/emotion/a_b", *[0.25] * 4),
    ]


def test_a_running_engine_sends_what_it_publishes(model: Model, receiver: Receiver) -> None:
    info, chunk = simulated("muse", 9.0)
    silence = [Tick(9.0 + idle, idle) for idle in np.arange(0.1, 2.0, 0.1)]
    out = OSCOutlet(model.card.target_names, model.identity, str(receiver.port))
    with Engine(MemorySource(info, [chunk, *silence]), model, [out]) as engine:
        items = list(engine)
    sent = [item.frame for item in items if isinstance(item, Publication)]
    lost = [item for item in items if isinstance(item, Event)]
    received = [read(bundle) for bundle in receiver.waiting()]
    frames = [said for said in received if "/rtemotion/frame" in said]
    events = [said["/rtemotion/event"][0] for said in received if "/rtemotion/event" in said]
    assert events == [event.kind for event in lost]
    assert Kind.STREAM_LOST in events
    assert len(frames) == len(sent)
    for frame, said in zip(sent, frames, strict=True):
        assert said["/rtemotion/frame"][0] == (-1 if frame.index is None else frame.index)
        assert said["/rtemotion/reasons"] == sorted(frame.reasons)
        for i, name in enumerate(model.card.target_names):
            values = [frame.mean[i], frame.std[i], frame.lower[i], frame.upper[i]]
            expected = np.array(values, dtype=np.float32).tolist()
            assert said[f"/rtemotion/emotion/{name}"] == pytest.approx(expected, 0, 0, nan_ok=True)
    assert any(np.isfinite(frame.mean).all() for frame in sent)
    assert any(frame.index is None for frame in sent)


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6, unique=True))
def test_any_names_become_addresses_of_their_own(names: list[str]) -> None:
    safe = safe_names(names)
    assert len(set(safe)) == len(names)
    for name, address in zip(names, safe, strict=True):
        assert re.fullmatch(r"[!-~]+", address)
        assert not set(address) & set(" #*,/?[]{}")
        if re.fullmatch(r"\w+", name, re.ASCII):
            assert address == name


def test_names_that_would_be_one_get_a_number() -> None:
    names = ("a/b", "a b", "a_b", "love {strong}")
    assert safe_names(names) == ("a_b_2", "a_b_3", "a_b", "love__strong_")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("9000", ("127.0.0.1", 9000)),
        ("192.168.1.20:57120", ("192.168.1.20", 57120)),
        ("studio.local:1", ("studio.local", 1)),
        ("[::1]:65535", ("::1", 65535)),
    ],
)
def test_a_port_alone_is_this_machine(text: str, place: tuple[str, int]) -> None:
    assert parse_place(text) == place


@pytest.mark.parametrize(
    "text", ["", "nine", "0", "65536", ":9000", "host:", "host", "::1:9000", "-1", "9000.5", "٣"]
)
def test_what_is_no_place_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(OutletError, match=re.escape(f"'{text}' is no place for OSC")):
        parse_place(text)


@pytest.mark.parametrize("host", ["0.0.0.0", "224.0.0.1", "255.255.255.255", "a..b"])
def test_only_a_single_machine_is_sent_to(host: str) -> None:
    with pytest.raises(OutletError, match=re.escape(host)):
        check_place(f"{host}:9000")


def test_a_name_of_both_kinds_of_address_is_served_where_most_programs_listen(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    udp = (socket.SOCK_DGRAM, socket.IPPROTO_UDP, "")
    both = [
        (socket.AF_INET6, *udp, ("::1", receiver.port, 0, 0)),
        (socket.AF_INET, *udp, ("127.0.0.1", receiver.port)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    OSCOutlet(TARGETS, "m", f"localhost:{receiver.port}").close()
    assert "/rtemotion/info" in read(receiver.next())


def test_without_the_library_a_sentence_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pythonosc", None)
    with pytest.raises(OutletError, match="pip install python-osc"):
        OSCOutlet(TARGETS, "m", "9000")


def test_a_target_named_like_a_column_is_refused(receiver: Receiver) -> None:
    with pytest.raises(OutletError, match="'quality'"):
        OSCOutlet(("quality",), "m", str(receiver.port))


def test_the_demo_sends_to_whoever_listens(receiver: Receiver) -> None:
    done = rtemotion("demo", "--headset", "muse", "--seconds", "1", "--osc", str(receiver.port))
    assert done.returncode == 0, done.stderr
    info, *rest = [read(bundle) for bundle in receiver.waiting()]
    identity, caveat, validated, n, hop, *_ = info["/rtemotion/info"]
    assert caveat in identity
    assert (validated, n, hop) == (0, 8, 0.25)
    assert info["/rtemotion/info/emotion/joy"][:3] == ["joy", 0.0, 1.0]
    frames = [said["/rtemotion/frame"][0] for said in rest if "/rtemotion/frame" in said]
    assert frames == [64, 128, 192, 256]


def test_a_replay_goes_on_where_nobody_listens(receiver: Receiver, tmp_path: Path) -> None:
    file, table = tmp_path / "person.xdf", tmp_path / "person.csv"
    made = rtemotion("simulate", "--headset", "muse", "--seconds", "3", "--out", str(file))
    assert made.returncode == 0, made.stderr
    receiver.close()
    place = f"127.0.0.1:{receiver.port}"
    done = rtemotion(*("replay", str(file), "--speed", "max", "--osc", place, "--out", str(table)))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(f"OSC does not reach {place}") == 1
    assert len(table.read_text().splitlines()) == 1 + 12


@pytest.mark.parametrize("command", [("demo",), ("live",), ("replay", "nothing.edf")])
def test_a_place_that_is_none_is_wrong_usage(command: tuple[str, ...]) -> None:
    done = rtemotion(*command, "--osc", "here")
    assert done.returncode == 2
    assert "is no place for OSC" in " ".join(done.stderr.split())

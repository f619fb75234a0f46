"""Two senders of one stream, and streams that come back as something else."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from rtemotion.errors import SourceError
from rtemotion.signal import Chunk, Kind
from rtemotion.sources import lsl_resolve, lsl_threads
from rtemotion.sources.lsl import LSLSource
from rtemotion.sources.lsl_resolve import newest

from .lsl_senders import Start, chunks, collect, events, senders


@pytest.fixture
def send() -> Iterator[Start]:
    with senders() as start:
        yield start


def test_two_senders_with_one_identity_are_refused(
    send: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lsl_resolve, "_FORGET_S", 0.5)
    source_id, _ = send(name="double")
    send(source_id, name="double")
    message = refusal(f"source_id={source_id}")
    assert "2 senders offer" in message
    assert "name=double" in message
    assert message.count("uid ") == message.count("host ") == 2
    assert "--duplicates newest" in message


def refusal(query: str) -> str:
    """Return why a stream is refused, once both of its senders have been heard of."""
    for _ in range(10):
        try:
            source = LSLSource(query)
        except SourceError as problem:
            return str(problem)
        # On a busy machine the second may answer after the first was taken.
        source.close()
    return "was never refused"


def test_of_two_senders_the_newest_is_taken_if_asked_for(send: Start) -> None:
    source_id, _ = send(name="double")
    send(source_id, name="double", first=50000)
    source = LSLSource(f"source_id={source_id}", duplicates="newest")
    try:
        assert chunks(collect(source, 0.2))[0].data[0, 0] * 1e6 > 49999
    finally:
        source.close()


def test_a_ghost_of_the_sender_is_no_second_sender(send: Start) -> None:
    source_id, process = send(name="ghost")
    watching = LSLSource(f"source_id={source_id}")  # so that it is restarted while looked for
    process.kill()
    process.wait()
    send(source_id, name="ghost", first=50000)
    source = LSLSource(f"source_id={source_id}")
    try:
        assert chunks(collect(source, 0.2))[0].data[0, 0] * 1e6 > 49999
    finally:
        watching.close()
        source.close()


@dataclass
class Announced:
    host: str
    made: float

    def hostname(self) -> str:
        return self.host

    def created_at(self) -> float:
        return self.made


def test_newest_compares_the_clocks_of_different_machines() -> None:
    here, elsewhere = Announced("a", 900.0), Announced("b", 5000.0)
    offsets = {"a": 0.0, "b": -4500.0}
    assert newest([here, elsewhere], lambda info: offsets[info.host]) is here
    assert newest([Announced("a", 1.0), Announced("a", 2.0)]).made == 2.0


def test_a_second_sender_is_warned_about_and_left_alone(
    send: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lsl_threads, "_MEASURE_EVERY_S", 0.5)
    source_id, _ = send(name="double")
    source = LSLSource(f"source_id={source_id}")
    try:
        assert not events(collect(source, 1.5), Kind.WARNING)
        send(source_id, name="double", first=500000)
        items = collect(source, 3.0)
        (warning,) = events(items, Kind.WARNING)
        assert "second sender" in warning.payload["message"]
        assert source.info.host in warning.payload["message"]
        assert max(c.data[:, 0].max() for c in chunks(items)) * 1e6 < 400000
    finally:
        source.close()


def test_a_changed_stream_can_be_waited_out(send: Start) -> None:
    source_id, process = send(name="changing")
    source = LSLSource(f"source_id={source_id}", on_change="wait")
    try:
        collect(source, 0.2)
        process.kill()
        process.wait()
        _, other = send(source_id, name="changing", sfreq=500.0, first=50000)
        items = collect(source, 2.5)
        (warning,) = events(items, Kind.WARNING)
        assert "250 Hz before, 500 Hz now" in warning.payload["message"]
        assert "Waiting" in warning.payload["message"]
        assert all(c.data[:, 0].max() * 1e6 < 49999 for c in chunks(items))
        other.kill()
        other.wait()
        send(source_id, name="changing", first=90000)
        end = time.monotonic() + 10
        for item in source:
            if isinstance(item, Chunk):
                assert item.data[0, 0] * 1e6 > 89999
                break
            assert time.monotonic() < end
    finally:
        source.close()

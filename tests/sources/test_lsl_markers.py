"""Marker streams received beside the EEG."""

import time
import uuid
from collections.abc import Iterator

import pylsl
import pytest

from rtemotion.signal import Chunk, Event, Kind, Tick
from rtemotion.sources.lsl import LSLSource

from .lsl_senders import Start, chunks, collect, events, senders

Items = list[Chunk | Event | Tick]


@pytest.fixture
def send() -> Iterator[Start]:
    with senders() as start:
        yield start


def outlet(name: str, kind: str = "string", type_: str = "Markers") -> pylsl.StreamOutlet:
    source_id = f"markers-{uuid.uuid4().hex}"
    return pylsl.StreamOutlet(pylsl.StreamInfo(name, type_, 1, 0.0, kind, source_id))


def until(source: LSLSource, n: int, items: Items) -> list[str]:
    """Receive until there are `n` markers in all, and return their descriptions."""
    end = time.monotonic() + 10
    for item in source:
        items.append(item)
        if len(events(items, Kind.MARKER)) >= n:
            break
        assert time.monotonic() < end
    return [event.payload["description"] for event in events(items, Kind.MARKER)]


def test_markers_come_as_events_between_the_samples(send: Start) -> None:
    source_id, _ = send()
    name = f"words-{uuid.uuid4().hex}"
    words, numbers, others = outlet(name), outlet(name, "int32"), outlet("else")
    source = LSLSource(f"source_id={source_id}", markers=f"name={name}")
    try:
        items: Items = collect(source, 0.3)
        others.push_sample(["not asked for"])
        stamp = pylsl.local_clock()
        words.push_sample(["pic \u00e4 1"], stamp)
        assert until(source, 1, items) == ["pic \u00e4 1"]
        numbers.push_sample([42])
        assert until(source, 2, items) == ["pic \u00e4 1", "42"]
        first = events(items, Kind.MARKER)[0]
        assert first.payload == {"description": "pic \u00e4 1", "stream": name, "stamp": stamp}
        assert first.time == pytest.approx(stamp, abs=0.01)
        before = items[: items.index(first)]
        assert first.sample == sum(len(c) for c in chunks(before))
        newest = chunks(before)[-1].times[-1]
        assert first.time == pytest.approx(newest, abs=0.5)
    finally:
        source.close()
    assert not events(list(source), Kind.MARKER)


def test_a_late_one_joins_and_its_last_words_are_heard(send: Start) -> None:
    source_id, _ = send()
    name = f"late-{uuid.uuid4().hex}"
    source = LSLSource(f"source_id={source_id}", markers=f"name={name}")
    try:
        items: Items = collect(source, 0.5)
        # It ends right after its last marker, as scripts of experiments do.
        lines = ["begin", "trial", "end"]
        script = {"name": name, "type": "Markers", "sfreq": 0.0, "format": "string"}
        marker_id, _ = send(labels=[], count=1, lines=lines, line_s=0.0, **script)
        assert until(source, 3, items) == lines
        send(marker_id, labels=[], count=1, lines=["again", "end"], line_s=0.0, **script)
        assert until(source, 5, items) == [*lines, "again", "end"]
        heard = events(items, Kind.MARKER)
        assert [e.payload["stream"] for e in heard] == [name] * 5
        samples = [event.sample for event in heard]
        assert samples == sorted(samples)
        counted = [c.first_sample for c in chunks(items)]
        assert counted == sorted(counted)
    finally:
        source.close()


def test_all_markers_are_those_of_type_markers_but_our_own_events(send: Start) -> None:
    source_id, _ = send()
    mine = f"emotions-{uuid.uuid4().hex}"
    emotions = pylsl.StreamOutlet(pylsl.StreamInfo(mine, "Emotion", 1, 0.0, "float32", mine))
    ours = pylsl.StreamOutlet(
        pylsl.StreamInfo(f"{mine}-events", "Markers", 1, 0.0, "string", f"{mine}-events")
    )
    theirs, other = outlet(f"theirs-{mine}"), outlet(f"other-{mine}", type_="Ratings")
    source = LSLSource(f"source_id={source_id}", markers="")
    try:
        collect(source, 0.3)
        ours.push_sample(["clock offset"])
        other.push_sample(["5"])
        theirs.push_sample(["go"])
        items = collect(source, 0.5)
        said = [e.payload for e in events(items, Kind.MARKER)]
        assert [p["description"] for p in said if mine in p["stream"]] == ["go"]
    finally:
        source.close()
        del emotions


def test_text_in_another_encoding_is_read(send: Start) -> None:
    source_id, _ = send()
    name = f"latin-{uuid.uuid4().hex}"
    words = outlet(name)
    source = LSLSource(f"source_id={source_id}", markers=f"name={name}")
    try:
        items: Items = collect(source, 0.2)
        words.push_sample(["Bl\u00f6cke".encode("latin-1")])
        assert until(source, 1, items) == ["Bl\u00f6cke"]
    finally:
        source.close()

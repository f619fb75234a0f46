"""The streams on the network as they come and go."""

import time
import uuid

import pylsl

from rtemotion.sources.lsl import FoundStream, StreamWatcher


def outlet(source_id: str) -> pylsl.StreamOutlet:
    return pylsl.StreamOutlet(pylsl.StreamInfo("watched", "EEG", 4, 128.0, "float32", source_id))


def wait_for(watcher: StreamWatcher, source_id: str, which: int) -> FoundStream:
    end = time.monotonic() + 8
    while time.monotonic() < end:
        for stream in watcher.changes()[which]:
            if stream.source_id == source_id:
                return stream
        time.sleep(0.05)
    raise AssertionError("no such change")


def test_streams_appear_and_leave() -> None:
    source_id = f"watched-{uuid.uuid4().hex}"
    with StreamWatcher(forget_after=1.0) as watcher:
        made = outlet(source_id)
        appeared = wait_for(watcher, source_id, 0)
        assert (appeared.name, appeared.type, appeared.sfreq) == ("watched", "EEG", 128.0)
        assert appeared in watcher.streams()
        assert not [s for s in watcher.changes()[0] if s.source_id == source_id]  # told once
        del made
        assert wait_for(watcher, source_id, 1) == appeared
        assert appeared not in watcher.streams()
    assert watcher.streams() == []
    watcher.close()


def test_two_outlets_of_one_identity_are_two_streams() -> None:
    source_id = f"watched-{uuid.uuid4().hex}"
    both = outlet(source_id), outlet(source_id)
    with StreamWatcher() as watcher:
        end = time.monotonic() + 8
        mine: list[FoundStream] = []
        while len(mine) < 2 and time.monotonic() < end:
            mine = [s for s in watcher.streams() if s.source_id == source_id]
            time.sleep(0.05)
        assert len({s.uid for s in mine}) == 2
    del both

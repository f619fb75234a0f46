"""A recording at the pace of whoever looks at it: pace changes when, and never what."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest

from rtemotion.errors import ServiceError
from rtemotion.service.client import Client

from ..helpers import simulated
from .services import HEADSET, Served, frames_until, wait_for

SECONDS = 80.0


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # 62 samples a hop and chunks of 5: no chunk ends where a frame does.
    info, chunk = simulated("epoc", SECONDS)
    made = mne.create_info(list(info.channels), 250.0, "eeg")
    raw = mne.io.RawArray(chunk.data.T[:, : round(SECONDS * 128)], made, verbose="ERROR")
    path = tmp_path_factory.mktemp("recording") / "run_raw.fif"
    raw.save(path, verbose="ERROR")
    return path


@pytest.fixture
def client(shared_service: Served) -> Iterator[Client]:
    with shared_service.client() as client:
        client.request("subscribe", topics=["frames"])
        client.take()
        yield client
        client.request("stop")


HOP = 62
LENGTH = int(SECONDS * 128) / 250.0


def start(client: Client, recording: Path, **said: Any) -> Any:
    state = client.request("start", place={"file": str(recording)}, **said)
    assert state["pace"] is not None
    assert state["source"]["length"] == pytest.approx(LENGTH)
    return state


def reached(found: list[Any]) -> float:
    return float(found[-1]["index"][-1]) / 250.0 if found else -1.0


def means(found: list[Any], run: int) -> dict[int, bytes]:
    """Return everything that is no fact of the pace, by the frame's index."""
    kept = {}
    for message in found:
        if message["run"] != run:
            continue
        for row, index in enumerate(message["index"].tolist()):
            values = [message[key][row] for key in ("mean", "std", "lower", "upper", "quality")]
            said = (message["reasons"][row], message["time"][row])
            kept[index] = np.hstack(values).tobytes() + repr(said).encode()
    return kept


@pytest.fixture(scope="module")
def straight(shared_service: Served, recording: Path) -> dict[int, bytes]:
    """The whole recording from start to end, by the shortest way."""
    with shared_service.client() as client:
        client.request("subscribe", topics=["frames"])
        run = start(client, recording, position=1e6)["run"]
        found: list[Any] = []
        # The greeting told how an earlier run ended.
        over = ("ended", run)
        wait_for(client, lambda m: found.append(m) or (m.get("phase"), m.get("run")) == over)
        frames = [m for m in found if m["type"] == "frames"]
        return means(frames, run)


def test_it_runs_to_the_end_by_itself(straight: dict[int, bytes]) -> None:
    assert list(straight) == list(range(HOP, int(LENGTH * 250) + 1, HOP))


def test_a_pause_gives_no_frame_and_nothing_stale(client: Client, recording: Path) -> None:
    start(client, recording)
    frames_until(client, lambda found: reached(found) >= 1.0)
    assert client.request("pace", paused=True)["pace"] == {"speed": 1.0, "paused": True}
    time.sleep(0.3)
    client.take()
    # Longer than the second after which a silent stream is stale.
    time.sleep(2.5)
    quiet = client.take()
    assert [m for m in quiet if m["type"] == "frames"] == []
    assert [m for m in quiet if m["type"] == "event"] == []
    health = [m for m in quiet if m["type"] == "health"]
    assert len(health) >= 2
    assert all(m["stale"] == 0 and not m["silent"] for m in health)
    assert health[0]["position"] == health[-1]["position"]
    client.request("pace", paused=False)
    found = frames_until(client, lambda found: len(found) >= 4)
    assert all(m["index"][0] > 0 and not m["late"][0] for m in found)
    assert np.all(np.diff([m["index"][0] for m in found]) == HOP)


def test_speed_changes_on_the_way(client: Client, recording: Path) -> None:
    start(client, recording)
    for speed in (4.0, 0.5, 16.0, 1.0):
        assert client.request("pace", speed=speed)["pace"]["speed"] == speed
        # What was due at the pace before has to be caught up with first: on a busy machine
        # that takes a while.
        end = time.monotonic() + 20.0
        passed, last = pace_of(client, speed)
        while passed != pytest.approx(speed, rel=0.6) and time.monotonic() < end:
            passed, last = pace_of(client, speed)
        assert passed == pytest.approx(speed, rel=0.6)
        if speed <= 1.0:
            assert not any(m["late"].any() for m in last)


def pace_of(client: Client, speed: float) -> tuple[float, list[dict[str, Any]]]:
    """Return seconds of signal a second, over about 0.8 s, and the frames of that time."""
    time.sleep(0.5)
    client.take()
    first = frames_until(client, bool)[-1]
    began, at = time.monotonic(), reached([first])
    last = frames_until(client, lambda f: reached(f) >= at + 0.8 * speed)
    return (reached(last) - at) / (time.monotonic() - began), last


def test_a_step_gives_one_frame_each_and_as_many_as_were_asked_for(
    client: Client, recording: Path
) -> None:
    start(client, recording, paused=True)
    expected = 0
    for step in (1, 1, 3, 1, 7):
        client.request("pace", paused=True, step=step)
        found = frames_until(client, lambda f, n=step: len(f) >= n)
        time.sleep(0.25)
        assert [m for m in client.take() if m["type"] == "frames"] == []
        expected += step
        assert found[-1]["index"][-1] == expected * HOP
    for _ in range(5):
        client.ask("pace", paused=True, step=1)
    found = frames_until(client, lambda f: len(f) >= 5)
    assert found[-1]["index"][-1] == (expected + 5) * HOP


def test_a_seek_shows_the_frame_at_its_place_even_in_a_pause(
    client: Client, recording: Path
) -> None:
    start(client, recording, paused=True)
    for seconds in (5.0, 5.208, 11.9, 12.4):
        client.request("pace", seek=seconds)
        wanted = int(seconds * 250 + 1e-6) // HOP * HOP
        found = frames_until(client, lambda f, w=wanted: bool(f) and f[-1]["index"][-1] >= w)
        assert found[-1]["index"][-1] == wanted
        time.sleep(0.25)
        assert [m for m in client.take() if m["type"] == "frames"] == []


def test_the_way_to_a_moment_changes_no_bit_of_it(
    client: Client, recording: Path, straight: dict[int, bytes]
) -> None:
    runs = [start(client, recording, speed=16.0)["run"]]
    found = frames_until(client, lambda f: reached(f) >= 4.0)
    client.request("pace", paused=True)
    client.request("pace", step=3)
    client.request("pace", seek=15.0)
    found += frames_until(client, lambda f: reached(f) >= 14.8)
    runs.append(client.request("pace", seek=6.0)["run"])
    assert runs[1] == runs[0] + 1
    found += frames_until(client, lambda f: bool(f) and f[-1]["run"] == runs[1])
    found += frames_until(client, lambda f: reached(f) >= 5.7)
    client.request("pace", paused=False, speed=8.0)
    found += frames_until(client, lambda f: reached(f) >= 9.0)
    runs.append(client.request("start", place={"file": str(recording)}, position=18.0)["run"])
    found += frames_until(client, lambda f: reached(f) >= 18.5 and f[-1]["run"] == runs[2])
    for run in runs:
        taken = means(found, run)
        assert len(taken) > 20
        assert list(taken) == list(range(HOP, (len(taken) + 1) * HOP, HOP))
        assert all(straight[index] == values for index, values in taken.items())


def test_a_run_that_is_over_is_sought_back_and_not_otherwise_moved(
    client: Client, recording: Path
) -> None:
    first = start(client, recording, position=1e6)["run"]
    wait_for(client, lambda m: m.get("phase") == "ended")
    state = client.request("pace", speed=2.0)
    assert (state["phase"], state["run"]) == ("ended", first)
    assert client.request("pace", paused=True, step=1)["phase"] == "ended"
    state = client.request("pace", seek=3.0)
    assert (state["phase"], state["run"]) == ("running", first + 1)
    assert state["pace"] == {"speed": 2.0, "paused": True}
    found = frames_until(
        client, lambda f: bool(f) and f[-1]["run"] == first + 1 and reached(f) > 2.9
    )
    assert reached(found) == pytest.approx(2.976)


def test_a_table_of_what_is_sought_back_in_is_whole(
    client: Client, recording: Path, tmp_path: Path
) -> None:
    table = tmp_path / "frames.csv"
    start(client, recording, table=str(table), position=20.0)
    frames_until(client, lambda f: reached(f) >= 15.0)
    client.take()
    client.request("pace", seek=1.0)
    client.request("pace", seek=1e6)
    told: list[Any] = []
    wait_for(client, lambda m: told.append(m) or m.get("phase") == "ended")
    phases = [m["phase"] for m in told if m["type"] == "state"]
    assert phases == ["opening", "opening", "running", "running", "ended"]
    ended = told[-1]
    assert str(table) in ended["written"][0]
    assert len(table.read_text("utf-8").splitlines()) > LENGTH * 250 / HOP


def test_a_damaged_recording_fails_in_the_engines_own_words(
    client: Client, tmp_path: Path
) -> None:
    path = tmp_path / "broken.xdf"
    path.write_bytes(b"no XDF at all")
    with pytest.raises(ServiceError, match=r"broken\.xdf"):
        client.request("start", place={"file": str(path)})
    state = client.request("state")
    assert state["phase"] == "failed"
    assert "broken.xdf" in state["problem"]
    with pytest.raises(ServiceError, match="Only a recording"):
        client.request("pace", seek=0.0)


def test_a_live_source_keeps_its_own_pace(client: Client) -> None:
    client.request("start", place={"headset": HEADSET})
    with pytest.raises(ServiceError, match="Only a recording"):
        client.request("pace", paused=True)

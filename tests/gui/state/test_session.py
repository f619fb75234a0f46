"""What a real run tells ends up where the views look for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtemotion.gui.state.session import Session, channel_reasons

from .runs import CHANNELS, SILENT_S, Account, account

WELCOME = {"type": "welcome", "pid": 7}


@pytest.fixture(scope="module")
def run() -> Account:
    return account()


def session_of(*messages: Any) -> Session:
    session = Session()
    for message in messages:
        session.apply(message)
    return session


@pytest.fixture
def told(run: Account) -> Session:
    return session_of(run.state, *run.messages)


def rows(session: Session) -> list[tuple[float, int, bytes]]:
    """Return every row of the history, so that two can be compared."""
    assert session.history is not None
    kept = session.history.window(1e6)
    return list(zip(kept.times.tolist(), kept.index.tolist(), map(bytes, kept.mean), strict=True))


def happened(session: Session) -> list[str]:
    return [happening.text for happening in session.events]


def test_a_state_says_what_is_decoded_and_with_what(run: Account) -> None:
    session = session_of(run.state)
    assert session.live
    assert session.source is not None
    assert session.source.channels == CHANNELS
    assert session.source.sfreq == 256.0
    assert session.source.positions.shape == (4, 3)
    assert session.source.simulated
    assert [tuple(pair) for pair in session.source.pairs[:3]] == [(0, 1), (0, 2), (0, 3)]
    assert session.model is not None
    assert "joy" in session.model.names
    assert session.model.hop_s == 0.25
    assert [band.name for band in session.model.bands][:2] == ["delta", "theta"]
    assert len(session.model.connectivity_bands) < len(session.model.bands)
    assert {m.name: m.signed for m in session.model.measures}["imcoh"]
    assert session.has_truth
    assert session.speed is None


def test_frames_become_the_present_and_the_past(run: Account, told: Session) -> None:
    frames = run.of("frames")
    valued = [f for f in frames if np.isfinite(f["mean"]).all()]
    assert valued
    np.testing.assert_array_equal(told.present["mean"], frames[-1]["mean"][0])
    assert told.position == frames[-1]["index"][0] / 256.0
    assert told.history is not None
    kept = told.history.window(1e6)
    got = kept.mean[np.isfinite(kept.mean).all(axis=1)]
    np.testing.assert_array_equal(got, np.concatenate([f["mean"] for f in valued]).astype("f4"))
    assert np.isfinite(kept.truth[-1]).all()


def test_reasons_against_the_newest_frame_are_those_it_came_with(run: Account) -> None:
    session = session_of(run.state)
    for message in run.of("frames"):
        session.apply(message)
        assert session.reasons == tuple(message["reasons"][-1])
        assert session.trusted == bool(message["trusted"][-1])


def test_stale_frames_have_no_value_and_leave_the_position_where_it_was(run: Account) -> None:
    session = session_of(run.state)
    stale = 0
    for message in run.of("frames"):
        before = session.position
        session.apply(message)
        if message["index"][0] < 0:
            stale += 1
            assert session.position == before
            assert session.reasons == ("stale",)
            assert np.isnan(session.present["mean"]).all()
    assert stale == round((SILENT_S - 1.0) / 0.25)
    assert session.history is not None
    # The silence is not bridged: it and the windows that fill anew are one stretch without value.
    silences = [span for span in session.history.gap_spans(1e6) if span[1] - span[0] > SILENT_S]
    assert len(silences) == 2


def test_signals_keep_their_place_and_what_was_lost_stays_lost(
    run: Account, told: Session
) -> None:
    last = run.of("signals")[-1]
    assert told.ring is not None
    assert told.ring.stop == last["first_sample"] + len(last["data"])
    data = told.ring.channel(2, 13 * 256, told.ring.stop)
    assert int(np.isnan(data).sum()) == pytest.approx(SILENT_S * 256, abs=10)
    np.testing.assert_array_equal(told.ring.channel(2, last["first_sample"], told.ring.stop),
                                  last["data"][:, 2])  # fmt: skip


def test_features_contributions_and_networks_are_the_newest(run: Account, told: Session) -> None:
    latest = told.latest
    assert latest.features is run.of("features")[-1]
    assert latest.contributions is run.of("contributions")[-1]
    assert latest.network is run.of("networks")[-1]
    np.testing.assert_array_equal(told.quality, latest.features["quality"])
    assert len(told.spectra) == min(len(run.of("features")), told.spectra.maxlen or 0)


def test_health_is_the_newest_and_has_a_past(run: Account, told: Session) -> None:
    assert told.latest.health is run.of("health")[-1]
    assert list(told.health) == run.of("health")
    assert set(channel_reasons(told.latest.health)) <= set(CHANNELS)
    assert "operator" in channel_reasons(told.latest.health)["TP10"]


def test_events_are_told_and_notable_ones_mark_the_past(run: Account, told: Session) -> None:
    assert happened(told) == [event["text"] for event in run.of("event")]
    assert told.history is not None
    kinds = {mark.kind for mark in told.history.marks(1e6)}
    assert {"marker", "operator", "stream lost", "stream returned", "gap"} <= kinds
    assert "mask" not in kinds
    film = next(mark for mark in told.history.marks(1e6) if mark.kind == "marker")
    assert film.time == pytest.approx(9.0, abs=0.03)


def test_channels_left_out_follow_the_engine(run: Account) -> None:
    session, seen = session_of(run.state), []
    for message in run.messages:
        session.apply(message)
        if not seen or seen[-1] != session.bad:
            seen.append(session.bad)
    assert seen == [frozenset(), {"AF7"}, frozenset(), {"TP10"}]
    # Who attaches later learns it from the state.
    assert session_of({**run.state, "bad": ["TP10"]}).bad == {"TP10"}


def test_what_is_not_known_is_left_alone(run: Account) -> None:
    session = session_of(run.state)
    session.apply({"type": "weather", "rain": True})
    session.apply({"type": "reply", "id": 3, "ok": True, "result": None})
    assert rows(session) == []
    assert happened(session) == []


@pytest.mark.parametrize("kind", ["frames", "signals", "features", "event", "health"])
def test_what_comes_before_anything_ran_does_no_harm(run: Account, kind: str) -> None:
    session = session_of(*run.of(kind))
    assert session.history is None
    assert session.ring is None
    assert not session.live


def test_frames_of_a_model_of_another_size_are_left_alone(run: Account, told: Session) -> None:
    before = rows(told)
    other = {**run.of("frames")[-1], "mean": np.zeros((1, 3))}
    told.apply(other)
    told.apply({**run.of("signals")[-1], "data": np.zeros((3, 7), "f4")})
    told.apply({**run.of("features")[-1], "power": np.zeros((5, 7), "f4")})
    assert rows(told) == before


def test_a_truth_of_other_emotions_than_the_model_s_is_left_out(run: Account) -> None:
    frame = {**run.of("frames")[-1], "truth": np.zeros((1, 3))}
    session = session_of(run.state, frame)
    assert "truth" not in session.present
    assert len(rows(session)) == 1


def test_another_run_begins_everything_anew(run: Account, told: Session) -> None:
    begun = told.run
    told.apply({**run.state, "run": 2})
    assert told.run != begun
    assert rows(told) == []
    assert told.history is not None
    assert told.history.marks(1e6) == []
    assert told.ring is not None
    assert told.ring.stop == 0
    assert happened(told) == []
    assert list(told.health) == []
    assert told.latest.health == {}
    assert told.latest.features == {}
    assert told.present == {}
    assert told.reasons == ()
    assert told.bad == frozenset()


def test_the_same_run_told_of_again_is_the_same(run: Account, told: Session) -> None:
    before, begun = rows(told), told.run
    told.apply({**run.state, "recording": "/tmp/a.xdf", "phase": "ended", "bad": ["TP10"]})
    assert rows(told) == before
    assert told.run == begun
    assert told.recording == "/tmp/a.xdf"
    assert not told.live


def test_a_run_of_another_service_is_another_one_though_it_has_the_same_number(
    run: Account, told: Session
) -> None:
    told.apply({**WELCOME, "pid": 7})
    begun = told.run
    told.apply({**run.state})
    assert told.run == begun
    told.apply({**WELCOME, "pid": 8})
    told.apply({**run.state})
    assert told.run != begun
    assert rows(told) == []


def test_a_service_that_died_under_a_run_is_said_so_by_the_next(run: Account) -> None:
    session = session_of({**WELCOME, "pid": 7}, {**run.state, "recording": "/data/s1.xdf"})
    assert session.live
    session.apply({**WELCOME, "pid": 8})
    session.apply({"type": "state", "phase": "idle", "problem": ""})
    assert session.phase == "failed"
    assert "ended unexpectedly" in session.problem
    assert "rtemotion recover /data/s1.xdf" in session.problem
    session.apply({**run.state})
    assert session.live
    assert session.problem == ""


def test_a_service_that_was_ended_while_idle_is_no_problem() -> None:
    idle = {"type": "state", "phase": "idle", "problem": ""}
    session = session_of({**WELCOME, "pid": 7}, idle, {**WELCOME, "pid": 8}, idle)
    assert session.phase == "idle"
    assert session.problem == ""


def test_a_failed_start_says_why_and_the_next_run_has_another_beginning(run: Account) -> None:
    session = session_of(run.state, *run.messages)
    begun = session.run
    session.apply({"type": "state", "phase": "opening", "problem": ""})
    assert not session.live
    session.apply({"type": "state", "phase": "failed", "problem": "There is no such file."})
    assert session.problem == "There is no such file."
    session.apply({**run.state})
    assert session.run != begun
    assert rows(session) == []


def test_the_backlog_alone_tells_of_frames_events_and_truth(run: Account, told: Session) -> None:
    later = session_of(run.state, *run.backlog)
    assert rows(later) == rows(told)
    assert happened(later) == happened(told)
    np.testing.assert_array_equal(later.present["mean"], told.present["mean"])
    np.testing.assert_array_equal(later.present["truth"], told.present["truth"])


@settings(max_examples=40, deadline=None)
@given(broke=st.floats(0.0, 1.0), again=st.floats(0.0, 1.0), doubled=st.integers(0, 3))
def test_after_a_reconnection_the_past_is_neither_doubled_nor_lost(
    broke: float, again: float, doubled: int
) -> None:
    run = account()
    lasting = [m for m in run.messages if m["type"] in {"frames", "event"}]
    whole = session_of(run.state, *lasting)
    lost, back = sorted((round(broke * len(lasting)), round(again * len(lasting))))
    session = session_of(run.state, *lasting[:lost])
    # What a service tells who comes back: the frames so far in one message, then the events.
    known = lasting[:back]
    frames = [m for m in known if m["type"] == "frames"]
    session.apply(run.state)
    if frames:
        session.apply(joined(frames))
    for event in (m for m in known if m["type"] == "event"):
        session.apply({**event, "backlog": True})
    # The newest may be on their way a second time already.
    for message in lasting[max(back - doubled, 0) :]:
        session.apply(message)
    assert rows(session) == rows(whole)
    assert happened(session) == happened(whole)
    assert session.bad == whole.bad


def joined(frames: list[dict[str, Any]]) -> dict[str, Any]:
    """Return frames as the service's backlog tells them."""
    message: dict[str, Any] = {"type": "frames", "backlog": True, "reasons": []}
    for frame in frames:
        message["reasons"] += frame["reasons"]
    message |= {name: frames[-1][name] for name in ("run", "number")}
    for name, value in frames[0].items():
        if isinstance(value, np.ndarray):
            message[name] = np.concatenate([frame[name] for frame in frames])
    return message


def test_the_pace_of_a_recording_is_known_and_a_live_source_has_none(run: Account) -> None:
    session = session_of({**run.state, "pace": {"speed": 4.0, "paused": True}})
    assert session.speed == 4.0
    assert session.paused
    session.apply({**run.state, "pace": None})
    assert session.speed is None
    assert not session.paused

import json
import math
import time
import uuid
from collections.abc import Iterator

import numpy as np
import pylsl
import pytest

from rtemotion.errors import OutletError
from rtemotion.outlets.lsl import LSLOutlet
from rtemotion.signal import EmotionFrame, Event, Outlet, Publication

TARGETS = ("joy", "valence")


def publication(moment: float, values: list[float], trusted: bool = True) -> Publication:
    mean, std, lower, upper = np.array(values).reshape(4, 2)
    frame = EmotionFrame(
        index=3,
        time=moment,
        newest=moment,
        mean=mean,
        std=std,
        lower=lower,
        upper=upper,
        node_contribution=np.zeros((2, 1)),
        edge_contribution=np.zeros((2, 1)),
        reasons=frozenset() if trusted else frozenset({"stale"}),
        quality=0.5,
        model="m",
    )
    return Publication(frame, 0.0, False, moment)


@pytest.fixture
def outlet() -> Iterator[LSLOutlet]:
    name = f"out-{uuid.uuid4().hex}"
    out = LSLOutlet(
        TARGETS, "model-1; simulated", name=name, hop_s=0.25, ranges={"valence": (-1, 1)}
    )
    yield out
    out.close()


def receive(source_id: str) -> pylsl.StreamInlet:
    found = pylsl.resolve_byprop("source_id", source_id, 1, 5.0)
    assert len(found) == 1
    inlet = pylsl.StreamInlet(found[0], recover=False)
    inlet.open_stream(5.0)
    return inlet


def test_frames_arrive_with_their_time(outlet: LSLOutlet) -> None:
    assert isinstance(outlet, Outlet)
    inlet = receive(outlet.source_id)
    values = [0.25, -0.5, 0.125, 1.0, 0.0, -1.0, 0.5, 0.75]
    moment = pylsl.local_clock() - 1.25
    outlet.publish(publication(moment, values))
    outlet.publish(publication(moment + 0.25, [math.nan] * 8, trusted=False))
    first, stamp = inlet.pull_sample(5.0)
    assert first == [0.25, 0.125, 0.0, 0.5, -0.5, 1.0, -1.0, 0.75, 0.5, 1.0]
    assert stamp == moment
    stale, _ = inlet.pull_sample(5.0)
    assert all(math.isnan(v) for v in stale[:8])
    assert stale[8:] == [0.5, 0.0]


def test_the_description_says_what_it_is(outlet: LSLOutlet) -> None:
    info = receive(outlet.source_id).info(5.0)
    assert (info.type(), info.nominal_srate(), info.channel_format()) == ("Emotion", 0.0, 1)
    assert info.get_channel_labels() == [
        *("joy", "joy_std", "joy_lower", "joy_upper"),
        *("valence", "valence_std", "valence_lower", "valence_upper"),
        *("quality", "trusted"),
    ]
    description = info.desc()
    assert description.child_value("model") == "model-1; simulated"
    assert description.child_value("validated") == "false"
    assert description.child_value("hop_s") == "0.25"
    assert "<minimum>-1.0</minimum><maximum>1.0</maximum>" in "".join(info.as_xml().split())


def test_events_arrive_as_json_beside_the_frames(outlet: LSLOutlet) -> None:
    inlet = receive(f"{outlet.source_id}-events")
    outlet.event(Event(77, 1.5, "marker", {"description": "näh", "duration": 0.5}))
    (text,), stamp = inlet.pull_sample(5.0)
    assert json.loads(text) == {
        "kind": "marker",
        "sample": 77,
        "time": 1.5,
        "payload": {"description": "näh", "duration": 0.5},
    }
    assert stamp == 1.5


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (Event(0, 1.5, "marker", {"description": "17"}), 17),
        (Event(0, 1.5, "marker", {"description": "Beginn"}), 0x8101),
        (Event(0, 1.5, "gap", {"missing": 3}), 0x8102),
        (Event(0, 1.5, "something else"), 0x8141),
    ],
)
def test_events_arrive_as_numbers_too(outlet: LSLOutlet, event: Event, code: int) -> None:
    inlet = receive(f"{outlet.source_id}-codes")
    outlet.event(event)
    (value,), stamp = inlet.pull_sample(5.0)
    assert (value, stamp) == (code, 1.5)


def test_a_closed_outlet_is_gone() -> None:
    out = LSLOutlet(TARGETS, "m", name="gone")
    receive(out.source_id)
    out.close()
    out.close()
    out.publish(publication(1.0, [0.0] * 8))
    out.event(Event(0, 0.0, "marker"))
    time.sleep(0.1)
    assert pylsl.resolve_byprop("source_id", out.source_id, 1, 0.5) == []


def test_two_outlets_are_two_streams() -> None:
    one, other = LSLOutlet(TARGETS, "m"), LSLOutlet(TARGETS, "m")
    assert one.source_id != other.source_id
    one.close()
    other.close()


def test_a_target_named_like_a_channel_is_refused() -> None:
    with pytest.raises(OutletError, match="'quality'"):
        LSLOutlet(("quality",), "m")

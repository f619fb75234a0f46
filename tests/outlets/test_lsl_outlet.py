import json
import math
import sys
import time
import uuid
from collections.abc import Iterator

import numpy as np
import pylsl
import pytest

from rtemotion.errors import OutletError
from rtemotion.outlets.about import About, AboutTarget
from rtemotion.outlets.lsl import CODES, OTHER, LSLOutlet, code_of
from rtemotion.signal import EmotionFrame, Event, Kind, Outlet, Publication
from rtemotion.testing import check_outlet

from ..cli.test_entry import loaded_by

TARGETS = ("joy", "valence")
ABOUT = About(
    {"joy": AboutTarget(0.0, 1.0, "felt"), "valence": AboutTarget(-1.0, 1.0, "perceived")},
    sha256="ab" * 32,
    trained_on="simulation",
    caveat="not validated on people",
    hop_s=0.25,
    smoothing_s=2.5,
    delay_s=6.0,
    stream="cap",
    source_id="cap-7",
    simulated=True,
)


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
    out = LSLOutlet(TARGETS, "model-1; simulated", name=name, about=ABOUT)
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


def test_the_description_says_what_the_model_is(outlet: LSLOutlet) -> None:
    description = receive(outlet.source_id).info(5.0).desc()
    said = {
        "model": "model-1; simulated",
        "sha256": "ab" * 32,
        "trained_on": "simulation",
        "caveat": "not validated on people",
        "validated": "false",
        "hop_s": "0.25",
        "smoothing_s": "2.5",
        "information_delay_s": "6.0",
        "interval": "0.9",
        "simulated": "true",
    }
    assert {name: description.child_value(name) for name in said} == said
    assert "do not act" in description.child_value("note")
    source = description.child("decoded_from")
    assert (source.child_value("name"), source.child_value("source_id")) == ("cap", "cap-7")


def test_the_description_says_of_every_channel_what_it_holds(outlet: LSLOutlet) -> None:
    described = channels(receive(outlet.source_id).info(5.0))
    limits = {"joy": ("0.0", "1.0"), "valence": ("-1.0", "1.0")}
    constructs = {"joy": "felt", "valence": "perceived"}
    for i, target in enumerate(TARGETS):
        of_target = described[4 * i : 4 * i + 4]
        assert [c["statistic"] for c in of_target] == ["mean", "std", "lower", "upper"]
        assert {c["target"] for c in of_target} == {target}
        assert {c["unit"] for c in of_target} == {"score"}
        assert {c["construct"] for c in of_target} == {constructs[target]}
        ranges = [(c["minimum"], c["maximum"]) for c in of_target]
        assert ranges == [limits[target], ("", ""), limits[target], limits[target]]
    assert [c["label"] for c in described[8:]] == ["quality", "trusted"]
    assert {(c["minimum"], c["maximum"]) for c in described[8:]} == {("0.0", "1.0")}


def channels(info: pylsl.StreamInfo) -> list[dict[str, str]]:
    """Return what the description says of each channel, empty where it says nothing."""
    found = []
    channel = info.desc().child("channels").child("channel")
    while not channel.empty():
        names = ("label", "type", "unit", "target", "statistic", "construct")
        said = {name: channel.child_value(name) for name in names}
        limits = channel.child("range")
        found.append(said | {name: limits.child_value(name) for name in ("minimum", "maximum")})
        channel = channel.next_sibling("channel")
    return found


def test_what_is_not_known_is_not_said() -> None:
    out = LSLOutlet(TARGETS, "m")
    info = receive(out.source_id).info(5.0)
    out.close()
    xml = info.as_xml()
    for word in ("sha256", "hop_s", "smoothing_s", "information_delay_s", "simulated", "nan"):
        assert word not in xml
    assert {c["construct"] for c in channels(info)} == {""}


def test_a_validated_model_carries_no_warning() -> None:
    out = LSLOutlet(TARGETS, "m", about=About(validated=True))
    description = receive(out.source_id).info(5.0).desc()
    out.close()
    assert (description.child_value("validated"), description.child_value("note")) == ("true", "")


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


def test_every_kind_of_event_has_a_number_of_its_own() -> None:
    kinds = {value for name, value in vars(Kind).items() if not name.startswith("_")}
    assert set(CODES) == kinds
    assert len({*CODES.values(), OTHER}) == len(kinds) + 1


def test_the_numbers_of_events_never_change() -> None:
    assert {kind: code - 0x8100 for kind, code in CODES.items()} == {
        "marker": 1,
        "gap": 2,
        "stream lost": 3,
        "stream returned": 4,
        "clock offset": 5,
        "mask": 6,
        "warning": 7,
        "clock step": 8,
        "machine slept": 9,
        "operator": 10,
        "notch": 11,
        "asr": 12,
    }


def test_a_program_that_takes_int32_markers_alone_finds_and_reads_them(
    outlet: LSLOutlet,
) -> None:
    """As OpenViBE does: signals are float32, stimulations int32 in a single channel."""
    deadline = time.monotonic() + 10.0
    found: list[pylsl.StreamInfo] = []
    while not found and time.monotonic() < deadline:
        found = [
            stream
            for stream in pylsl.resolve_streams(1.0)
            if stream.channel_format() == pylsl.cf_int32 and outlet.source_id in stream.source_id()
        ]
    (stream,) = found
    assert (stream.type(), stream.channel_count()) == ("Markers", 1)
    assert stream.source_id() == f"{outlet.source_id}-codes"
    inlet = pylsl.StreamInlet(stream, recover=False)
    inlet.open_stream(5.0)
    moment = pylsl.local_clock()
    events = [
        Event(0, moment, Kind.MARKER, {"description": "32769"}),
        Event(1, moment + 0.5, Kind.MARKER, {"description": "näh"}),
        Event(2, moment + 1.0, Kind.STREAM_LOST, {"idle": 1.0, "limit": 1.0}),
        Event(3, moment + 1.5, "reward", {"joy": 0.5}),
    ]
    for event in events:
        outlet.event(event)
    stimulations = [inlet.pull_sample(5.0) for _ in events]
    assert [stamp for _, stamp in stimulations] == [event.time for event in events]
    assert [value for (value,), _ in stimulations] == [0x8000 + 1, 0x8101, 0x8103, OTHER]
    assert all(0 < code_of(event) < 2**31 for event in events)


def test_the_description_of_the_numbers_says_what_they_mean(outlet: LSLOutlet) -> None:
    codes = receive(f"{outlet.source_id}-codes").info(5.0).desc().child("codes")
    said = {}
    code = codes.child("code")
    while not code.empty():
        said[code.child_value("kind")] = int(code.child_value("value"))
        code = code.next_sibling("code")
    assert said == CODES | {"any other kind": OTHER}
    assert str(CODES[Kind.MARKER] - 1) in codes.child_value("note")


def test_a_machine_without_lsl_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylsl", None)
    with pytest.raises(OutletError, match="rtemotion doctor"):
        LSLOutlet(TARGETS, "m")


def test_it_keeps_the_contract_of_an_outlet() -> None:
    now = pylsl.local_clock()
    frames = [publication(now, [0.5] * 8), publication(now + 0.25, [math.nan] * 8, trusted=False)]
    check_outlet(lambda: LSLOutlet(TARGETS, "m"), frames, [Event(0, now, Kind.MARKER)])


def test_outlets_load_no_decoder() -> None:
    loaded = loaded_by("import rtemotion.outlets.lsl, rtemotion.outlets.osc")
    assert not loaded & {"onnxruntime", "pythonosc", "pylsl", "mne"}


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

import io

import numpy as np
import pytest
from rich.console import Console

from rtemotion.cli.view import PlainView, Screen, TerminalView
from rtemotion.decoding import Model
from rtemotion.signal import EmotionFrame, Event, Kind, Publication, Reason, Tick
from rtemotion.words import describe, plain_line


def frame(time: float, value: float = 0.42, *reasons: str) -> EmotionFrame:
    known = np.full(8, value)
    index = None if Reason.STALE in reasons else round(time * 250)
    return EmotionFrame(
        index=index,
        time=time,
        newest=time,
        mean=known,
        std=known * 0 + 0.1,
        lower=known - 0.2,
        upper=known + 0.2,
        node_contribution=np.zeros((8, 4)),
        edge_contribution=np.zeros((8, 6)),
        reasons=frozenset(reasons),
        quality=0.93,
        model="m",
    )


def published(shown: EmotionFrame, age: float = 0.004, late: bool = False) -> Publication:
    return Publication(shown, age, late, shown.newest + age)


@pytest.fixture
def screen(model: Model) -> Screen:
    return Screen("replay · rest.edf · 4 ch", model.identity, False, model.card.targets, 60.0)


def seen(view: TerminalView, width: int = 110) -> str:
    console = Console(record=True, width=width, file=io.StringIO())
    console.print(view.picture())
    return console.export_text()


def test_every_emotion_has_a_bar_a_value_and_a_trace(screen: Screen) -> None:
    view = TerminalView(screen)
    for k in range(40):
        view.frame(published(frame(float(k), k / 40)))
    text = seen(view)
    for target in screen.targets:
        (line,) = [line for line in text.splitlines() if line.startswith(target.name)]
        assert "█" in line
        assert "0.97 ± 0.10" in line
        assert "▁" in line
        assert "▇" in line
    assert "39 of 60 s" in text
    assert "p99" in text


def test_what_the_model_is_stands_on_the_screen(screen: Screen) -> None:
    view = TerminalView(screen)
    assert "not validated on people" in seen(view)
    view.frame(published(frame(9.0, 0.5, Reason.NOT_VALIDATED)))
    assert "NOT VALIDATED" in seen(view)


def test_a_stale_frame_shows_no_number_and_how_long_nothing_came(screen: Screen) -> None:
    view = TerminalView(screen)
    view.frame(published(frame(9.0)))
    view.tick(Tick(11.5, 2.5))
    view.frame(published(frame(11.5, np.nan, Reason.STALE), 2.5))
    text = seen(view)
    assert "0.42" not in text
    assert "stale" in text
    assert "nothing for 2.5 s" in text


def test_the_view_fits_a_small_terminal(screen: Screen) -> None:
    view = TerminalView(screen)
    for k in range(60):
        view.frame(published(frame(float(k))))
    lines = seen(view, 80).rstrip().splitlines()
    assert len(lines) <= 20
    assert all(len(line.rstrip()) <= 80 for line in lines)


def test_a_plain_line_is_time_values_reasons() -> None:
    names = [f"e{i}" for i in range(8)]
    line = plain_line(names, frame(3.25, 0.42, Reason.NO_BASELINE, Reason.ARTIFACT))
    assert line.split() == ["3.25", *(f"e{i}=0.42" for i in range(8)), "artifact;no", "baseline"]
    assert plain_line(names, frame(3.25)).endswith(" trusted")


def test_the_plain_view_says_one_line_a_second_and_a_summary(
    screen: Screen, capsys: pytest.CaptureFixture[str]
) -> None:
    with PlainView(screen) as view:
        for k in range(1, 41):
            view.frame(published(frame(k / 4), late=k == 7))
        view.event(Event(2500, 10.0, Kind.GAP, {"missing": 12}))
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if not line.startswith("#")]) == 11
    assert "# 10.00 s: 12 samples missing, starting over" in lines
    assert lines[-1].startswith("# 40 frames")
    assert "late 1" in lines[-1]
    assert "lost samples 12" in lines[-1]


def test_events_are_told_as_people_would() -> None:
    assert describe(Event(0, 0.0, Kind.MASK, {"bad": ["Fz", "Cz"]})) == "left out: Fz, Cz"
    assert describe(Event(0, 0.0, Kind.MASK, {"bad": []})) == "every channel is in use"
    assert describe(Event(0, 0.0, "marker", {"description": "stim"})) == "marker stim"


@pytest.mark.parametrize(
    ("kind", "payload", "said"),
    [
        (
            Kind.MASK,
            {"bad": ["Fz", "Cz"], "reasons": {"Fz": ["noisy", "flat"]}},
            "left out: Fz (noisy, flat), Cz",
        ),
        (Kind.CLOCK_STEP, {"step": -5.0}, "the sender's clock was set by -5.000 s"),
        (Kind.SLEPT, {"seconds": 61.04}, "this machine slept for 61.0 s"),
        (Kind.NOTCH, {"hz": None, "how": "detected", "filtered": False}, "no line noise"),
        (
            Kind.NOTCH,
            {"hz": 50.0, "how": "detected", "filtered": False},
            "line noise at 50 Hz (detected): not filtered, since it lies above the low-pass",
        ),
        (Kind.NOTCH, {"hz": 60.0, "how": "chosen", "filtered": True}, "(chosen): filtered"),
        (Kind.OPERATOR, {"bad": ["Fz"]}, "operator: bad Fz"),
        (Kind.OPERATOR, {"note": "coughs"}, "operator: coughs"),
    ],
)
def test_what_happens_to_the_signal_is_said(
    kind: str, payload: dict[str, object], said: str
) -> None:
    assert said in describe(Event(0, 0.0, kind, payload))

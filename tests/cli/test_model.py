"""`model`: a card for people and programs, and two models side by side on a recording."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

import rtemotion as package
from rtemotion.cli.courses import Course, Follower, common_frames, differences, follow
from rtemotion.cli.model import facts
from rtemotion.cli.truth import Truth, read_truth
from rtemotion.decoding import BaselineSpan, Model, ModelCard, load_model
from rtemotion.decoding.card import METADATA_KEY, Agreement, Tied
from rtemotion.decoding.card_writing import with_card
from rtemotion.decoding.model import shipped_model
from rtemotion.pipeline import Setup
from rtemotion.signal import Source
from rtemotion.simulators import Brain, Faults, Subject, write_recording
from rtemotion.sources.recording import open_recording

from .test_entry import rtemotion


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings, the same person in XDF and FIF, and models beside the one that ships."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("person.xdf", "person_raw.fif"):
        write_recording(brain(), folder / name, 140.0)
    model_file(folder / "smooth.onnx", lambda c: {"name": "smooth", "smoothing_s": 20.0})
    model_file(folder / "slow.onnx", lambda c: {"features": replace(c.features, hop=0.6)})
    model_file(
        folder / "other.onnx",
        lambda c: {"targets": (replace(c.targets[0], name="awe"), *c.targets[1:])},
    )
    model_file(
        folder / "strange.onnx",
        lambda c: {"targets": tuple(replace(t, name=f"{t.name} felt") for t in c.targets)},
    )
    return folder


def brain() -> Brain:
    return Brain(Subject.draw(3), "muse", seed=3, rest_s=65.0)


def model_file(path: Path, change: Callable[[ModelCard], dict[str, Any]]) -> Path:
    """Write the shipped model with another card."""
    made = onnx.load(shipped_model())
    card = load_model().card
    helper.set_model_props(made, {METADATA_KEY: replace(card, **change(card)).to_json()})
    path.write_bytes(made.SerializeToString())
    return path


def compared(*arguments: str | Path) -> dict[str, Any]:
    done = rtemotion("model", "--json", "--compare", *map(str, arguments))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_what_an_evaluation_found_is_shown_with_its_split(model: Model, folder: Path) -> None:
    found = {
        "protocol": "B",
        "protocol_says": "subjects and stimuli held out together",
        "verdict": "explained by muscle",
        "holds": False,
        "ccc": {"value": 0.3, "low": 0.2, "high": None},
        "people": 33,
        "simulated": False,
        "data": "films",
        "date": "2026-01-02",
        "targets": {"joy": {"value": 0.3, "low": 0.2, "high": 0.4, "r": 0.5, "p": 0.01}},
        "baselines": {"muscle proxy": 0.31},
        "findings": ["explained by muscle"],
    }
    scored = model_file(
        folder / "scored.onnx", lambda c: {"scores": c.scores | {"evaluation": found}}
    )
    said = " ".join(rtemotion("model", str(scored)).stdout.split())
    assert "evaluated 2026-01-02 on films, 33 real people: explained by muscle" in said
    assert "it does not hold B: subjects and stimuli held out together" in said
    assert "mean 0.30 0.20 –" in said
    assert "CCC beside it: muscle proxy 0.31" in said
    assert "finding: explained by muscle" in said
    assert "mean_ccc" in said
    told = json.loads(rtemotion("model", "--json", str(scored)).stdout)
    assert told["worth"] == "CCC 0.30 under B on 33 people (real): explained by muscle"
    assert told["validated"] is False


def test_whom_and_which_electrodes_a_model_serves_is_told(model: Model, folder: Path) -> None:
    assert facts(model)["serves"] == "any headset and anybody; it is tied to none"
    places = ((0.0, 0.0, 0.1), (0.1, 0.0, 0.0))
    for person, base, said in (
        (
            "P01",
            "some model",
            "P01 alone, calibrated from some model; with the 2 electrodes Cz, C4",
        ),
        ("", "", "anybody; with the 2 electrodes Cz, C4 alone"),
    ):
        tied = Tied(("Cz", "C4"), places, person, base)
        path = folder / "tied.onnx"
        write = replace(model.card, tied=tied)
        path.write_bytes(with_card(model.path.read_bytes(), write, str(path)))
        assert said in facts(load_model(path))["serves"]


def test_the_caveat_comes_first_then_all_that_the_card_says(model: Model) -> None:
    done = rtemotion("model")
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[0]
    assert model.card.name in first
    assert "not validated on people" in first
    for said in ("BSD-3-Clause", "exact: additive", "imcoh", "theta", "sadness", "unseen"):
        assert said in done.stdout
    assert model.sha256 in done.stdout


def test_json_holds_the_whole_card_and_reads_back(model: Model) -> None:
    done = rtemotion("model", str(shipped_model()), "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    outer = json.loads(model.card.to_json()) | {"card": said["card"]}
    assert ModelCard.from_json(json.dumps(outer), "printed") == model.card
    assert said["file"]["sha256"] == model.sha256
    assert said["file"]["size"] == shipped_model().stat().st_size


def test_an_approximate_model_says_how_far_to_believe_its_reasons(model: Model) -> None:
    assert facts(model)["reasons"].startswith("exact")
    free = load_model()
    free.card = replace(
        model.card, architecture="approximate", agreement=Agreement(0.61, 0.42, "100 people")
    )
    assert "approximate" in facts(free)["reasons"]
    for said in ("0.61 (channels)", "0.42 (pairs)", "100 people"):
        assert said in facts(free)["reasons"]


def test_what_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    done = rtemotion("model", str(tmp_path / "none.onnx"))
    assert done.returncode == 1
    assert "no model file" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--compare", "a.onnx", "b.onnx"], "needs a recording"),
        (["a.onnx", "--baseline", "0:60"], "only --compare"),
        (["a.onnx", "--montage", "standard_1005"], "only --compare"),
        (["--compare", "a.onnx"], "--compare"),
    ],
)
def test_wrong_usage_exits_2(arguments: list[str], said: str) -> None:
    done = rtemotion("model", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_model_does_not_differ_from_itself(folder: Path) -> None:
    shipped = shipped_model()
    found = compared(shipped, shipped, folder / "person.xdf", "--baseline", "0:62")
    assert found["finished"]
    assert found["common_frames"] == found["models"][0]["with_values"] > 200
    assert list(found["emotions"]) == list(load_model().card.target_names)
    for one in found["emotions"].values():
        assert (one["mean"], one["rms"]) == (0.0, 0.0)
        assert one["correlation"] == pytest.approx(1.0)
        assert one["ccc"] == pytest.approx(1.0)
        assert one["std"][0] == one["std"][1] > 0.0
        assert one["truth_ccc"][0] == one["truth_ccc"][1]
    for one in found["models"]:
        assert 0.0 < one["trusted"] < 1.0
        assert 0.0 < one["decode_ms"] < 100.0
        assert one["only_here"] == []


def test_models_that_differ_are_told_apart_and_their_own_emotions_named(folder: Path) -> None:
    found = compared(folder / "smooth.onnx", folder / "other.onnx", folder / "person_raw.fif")
    assert found["models"][0]["only_here"] == ["anticipation"]
    assert found["models"][1]["only_here"] == ["awe"]
    assert "anticipation" not in found["emotions"]
    assert all(one["rms"] > 0.001 for one in found["emotions"].values())
    assert all(one["ccc"] < one["correlation"] + 1e-12 for one in found["emotions"].values())
    # Without --baseline nothing is trusted.
    assert [one["trusted"] for one in found["models"]] == [0.0, 0.0]


def test_a_table_says_the_same_to_people(folder: Path) -> None:
    files = (folder / "slow.onnx", folder / "other.onnx", folder / "person.xdf")
    done = rtemotion("model", "--compare", *map(str, files))
    assert done.returncode == 0, done.stderr
    for said in ("truth CCC A", "sadness", "only A has anticipation", "only B has awe"):
        assert said in done.stdout


def test_models_without_a_common_emotion_are_refused(folder: Path) -> None:
    files = (shipped_model(), folder / "strange.onnx", folder / "person.xdf")
    done = rtemotion("model", "--compare", *map(str, files))
    assert done.returncode == 1
    assert "no emotion in common" in done.stderr


def test_a_recording_too_short_for_values_is_refused(folder: Path) -> None:
    short = folder / "short.xdf"
    write_recording(brain(), short, 5.0)
    done = rtemotion("model", "--compare", str(shipped_model()), str(shipped_model()), str(short))
    assert done.returncode == 1
    assert "not one frame" in done.stderr


def test_a_session_is_decoded_with_the_rest_of_then(folder: Path) -> None:
    session = folder / "session.xdf"
    how = ("--speed", "max", "--baseline", "0:62", "--record", str(session), "--no-gui")
    done = rtemotion("replay", str(folder / "person.xdf"), *how)
    assert done.returncode == 0, done.stderr
    shipped = shipped_model()
    found = compared(shipped, shipped, session)
    again = compared(shipped, shipped, folder / "person.xdf", "--baseline", "0:62")
    assert [m["trusted"] for m in found["models"]] == [m["trusted"] for m in again["models"]]
    assert found["models"][0]["trusted"] > 0.0
    # What was recorded of the session is the EEG alone.
    assert not any("truth_ccc" in one for one in found["emotions"].values())
    done = rtemotion("model", "--compare", str(shipped), str(shipped), str(session), "--stream=x")
    assert done.returncode == 1
    assert "--stream does not apply to a session" in done.stderr


def courses_of(source: Source, *models: Model, span: BaselineSpan | None = None) -> list[Course]:
    followers = tuple(Follower(source, model, Setup(), None, span) for model in models)
    assert follow(source, followers, lambda sample: True)
    return [follower.course() for follower in followers]


def test_it_sees_what_decoding_sees(folder: Path, model: Model) -> None:
    span = BaselineSpan(0.0, 62.0)
    recording = folder / "person.xdf"
    frames = list(package.decode(open_recording(recording), model, span=span))
    (course,) = courses_of(open_recording(recording), model, span=span)
    assert course.index.tolist() == [frame.index for frame in frames]
    assert course.times.tolist() == [frame.time for frame in frames]
    assert course.trusted.tolist() == [frame.trusted for frame in frames]
    np.testing.assert_array_equal(course.mean, [frame.mean for frame in frames])
    np.testing.assert_array_equal(course.std, [frame.std for frame in frames])


def test_models_of_different_hops_meet_at_the_frames_of_the_slower(
    folder: Path, model: Model
) -> None:
    slow = load_model(folder / "slow.onnx")
    fast, slower = courses_of(open_recording(folder / "person.xdf"), model, slow)
    rows_fast, rows_slow = common_frames(fast, slower)
    assert len(rows_slow) == slower.known.sum() > 100
    behind = slower.index[rows_slow] - fast.index[rows_fast]
    assert behind.min() == 0
    assert 0 < behind.max() < fast.hop
    again = common_frames(slower, fast)
    assert (again[0].tolist(), again[1].tolist()) == (rows_slow.tolist(), rows_fast.tolist())


def course(hop: int, n: int, first: int = 0, names: tuple[str, ...] = ("joy",)) -> Course:
    """Return a made-up course."""
    rng = np.random.default_rng(hop)
    index = first + hop * (1 + np.arange(n))
    shape = (n, len(names))
    return Course(
        names,
        index,
        index / 100.0,
        rng.standard_normal(shape),
        np.abs(rng.standard_normal(shape)),
        np.ones(n, dtype=bool),
        np.full(n, 2e-3),
        hop,
    )


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 60), st.integers(0, 60))
def test_common_frames_are_never_from_the_future_nor_old(
    hop_a: int, hop_b: int, n_a: int, n_b: int
) -> None:
    a, b = course(hop_a, n_a), course(hop_b, n_b)
    rows_a, rows_b = common_frames(a, b)
    behind = (a.index[rows_a] - b.index[rows_b]) * (1 if hop_a >= hop_b else -1)
    assert ((behind >= 0) & (behind < min(hop_a, hop_b))).all()
    last = min(a.index.max(initial=0), b.index.max(initial=0))
    slower = a if hop_a >= hop_b else b
    assert len(rows_a) >= ((slower.index <= last) & (slower.index >= min(hop_a, hop_b))).sum()


def test_the_numbers_are_those_of_their_definitions() -> None:
    a, b = course(25, 300, names=("joy", "awe")), course(20, 400, names=("fear", "joy"))
    b = replace(b, hop=25, index=25 * (1 + np.arange(400)), times=0.25 * (1 + np.arange(400)))
    a.mean[7, 0] = np.nan
    truth = Truth(("joy",), a.times[50:], np.linspace(0.0, 1.0, 250)[:, None])
    found = differences(a, b, truth)
    assert list(found) == ["joy"]
    kept = np.delete(np.arange(300), 7)
    x, y = a.mean[kept, 0], b.mean[:300][kept, 1]
    one = found["joy"]
    assert one.mean == pytest.approx(np.mean(y - x))
    assert one.rms == pytest.approx(np.sqrt(np.mean((y - x) ** 2)))
    assert one.correlation == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert one.ccc == pytest.approx(lin(x, y))
    assert one.std == (np.median(a.std[kept, 0]), np.median(b.std[:300][kept, 1]))
    assert one.truth_ccc is not None
    told = truth.values[:, 0]
    assert one.truth_ccc[0] == pytest.approx(lin(a.mean[50:, 0], told))
    assert one.truth_ccc[1] == pytest.approx(lin(b.mean[50:300, 1], told))
    assert a.median_decode_ms == pytest.approx(2.0)


def lin(x: np.ndarray, y: np.ndarray) -> float:
    """Return concordance by Lin's formula (1989)."""
    covariance = np.cov(x, y, bias=True)
    apart = float((x.mean() - y.mean()) ** 2)
    return float(2 * covariance[0, 1] / (covariance[0, 0] + covariance[1, 1] + apart))


@pytest.mark.parametrize("name", ["person.xdf", "person_raw.fif"])
def test_the_truth_of_a_simulated_recording_is_found(folder: Path, name: str) -> None:
    recording = folder / name
    source = open_recording(recording)
    truth = read_truth(recording, source)
    _, expected = brain().read(round(140.0 * 256))
    assert truth is not None
    assert len(truth.names) == 8
    np.testing.assert_allclose(truth.values, expected[::64], atol=1e-6)
    first = next(item for item in source if hasattr(item, "times"))
    np.testing.assert_allclose(truth.times - first.times[0], np.arange(560) / 4, atol=1e-6)


def test_the_truth_lies_beside_its_samples_whatever_happened_on_the_way(
    tmp_path: Path, model: Model
) -> None:
    recording = tmp_path / "bad.xdf"
    write_recording(brain(), recording, 90.0, Faults(jitter_ms=3.0, drift_ppm=80.0))
    (seen,) = courses_of(open_recording(recording), model)
    truth = read_truth(recording, open_recording(recording))
    assert truth is not None
    _, expected = brain().read(round(90.0 * 256))
    told = truth.at(seen.times[10:])
    np.testing.assert_allclose(told, expected[seen.index[10:] - 1], atol=0.02)


def test_a_truth_is_not_held_for_ever() -> None:
    truth = Truth(("joy",), np.array([1.0, 2.0]), np.array([[0.25], [0.75]]))
    told = truth.at(np.array([0.9, 1.0, 1.9, 2.5, 3.1]))[:, 0]
    np.testing.assert_array_equal(told, [np.nan, 0.25, 0.25, 0.75, np.nan])


def test_a_recording_of_people_knows_no_truth(recordings: Path, folder: Path) -> None:
    path = next(iter(sorted(recordings.rglob("*.edf"))))
    assert read_truth(path, open_recording(path)) is None

"""`calibrate`, as its users call it: a file that is theirs, or one sentence and no file."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from rtemotion import Engine, load_model, open_recording
from rtemotion.decoding import BaselineSpan, Model
from rtemotion.models.calibration.calibrate import calibrate, see
from rtemotion.models.calibration.labels import Labels, read_ratings
from rtemotion.models.evaluation.provenance import mark_of_source, origin_known
from rtemotion.signal import EmotionFrame, Publication

from .test_entry import rtemotion

SECONDS = 420


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven minutes of a simulated headband, with what was felt as a stream beside."""
    path = tmp_path_factory.mktemp("recording") / "person.xdf"
    done = rtemotion(
        *("simulate", "--headset", "epoc", "--code", "power", "--seed", "5", "--name", "cap"),
        *("--seconds", str(SECONDS), "--out", str(path)),
    )
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="module")
def labels(recording: Path, model: Model) -> Labels:
    return read_ratings(recording, "cap-truth", model.card.target_names)


@pytest.fixture(scope="module")
def calibrated(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model file of that person."""
    out = tmp_path_factory.mktemp("model") / "p01.onnx"
    done = rtemotion(
        *("calibrate", str(recording), "--ratings", "cap-truth", "--baseline", "0:75"),
        *("--person", "P01", "--out", str(out), "--json"),
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["gain"] > 0.01
    assert report["chance"] < 0.02
    assert report["seconds"] < 5.0
    # After the rest the slow context takes another minute.
    assert report["minutes"] == pytest.approx((SECONDS - 75 - 60) / 60, abs=0.1)
    assert "calibrated to P01, trained on simulation" in report["model"]
    return out


def table(path: Path, labels: Labels, rows: slice = slice(None)) -> Path:
    with path.open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(["time", *labels.names])
        for time, values in zip(labels.times[rows], labels.values[rows], strict=True):
            write.writerow([repr(float(time)), *(repr(float(value)) for value in values)])
    return path


def decoded(recording: Path, path: Path | None) -> list[EmotionFrame]:
    source, model = open_recording(recording), load_model(path)
    with Engine(source, model, span=BaselineSpan(0.0, 75.0)) as engine:
        return [x.frame for x in engine if isinstance(x, Publication)]


def test_live_frames_say_whose_model_it_is_and_sum_up(recording: Path, calibrated: Path) -> None:
    frames = [f for f in decoded(recording, calibrated) if np.isfinite(f.mean).all()]
    frames = [f for f in frames if not f.reasons]
    assert len(frames) > 500
    assert "calibrated to P01" in frames[-1].model
    # What is left when every contribution is taken away moves only with the slow context.
    left = np.array(
        [f.mean - f.node_contribution.sum(1) - f.edge_contribution.sum(1) for f in frames]
    )
    assert np.abs(left - left[-1]).max() < 1e-5


def test_it_tells_nearer_the_truth_than_the_model_it_was_made_from(
    recording: Path, calibrated: Path, labels: Labels, model: Model
) -> None:
    apart = []
    for path in (None, calibrated):
        frames = [f for f in decoded(recording, path) if not f.reasons]
        assert all(f.index is not None for f in frames)
        times = np.array([(f.index or 0) / 128.0 for f in frames])
        truth = labels.at(times, model.card.target_names)
        apart.append(np.nanmean(np.square(np.array([f.mean for f in frames]) - truth)))
    assert apart[1] < apart[0]


def test_the_file_knows_which_recording_it_learnt_from(
    recording: Path, calibrated: Path, model: Model
) -> None:
    card = load_model(calibrated).card
    assert card.provenance["recordings"] == [mark_of_source(open_recording(recording))]
    assert origin_known(card)
    assert card.provenance["recordings"] != model.card.provenance.get("recordings")


def test_a_table_is_as_good_as_a_stream(
    recording: Path, labels: Labels, model: Model, tmp_path: Path, calibrated: Path
) -> None:
    out = tmp_path / "b.onnx"
    done = rtemotion(
        *("calibrate", str(recording), "--labels", str(table(tmp_path / "l.csv", labels))),
        *("--baseline", "0:75", "--person", "P01", "--out", str(out)),
    )
    assert done.returncode == 0, done.stderr
    assert "calibrated to P01 on 4.7 labelled minutes" in done.stdout
    assert out.read_bytes() == calibrated.read_bytes()


def test_a_session_decoded_with_it_replays_to_the_bit(
    recording: Path, calibrated: Path, tmp_path: Path
) -> None:
    session = tmp_path / "session.xdf"
    done = rtemotion(
        *("replay", str(recording), "--model", str(calibrated), "--baseline", "0:75"),
        *("--speed", "max", "--no-gui", "--record", str(session)),
    )
    assert done.returncode == 0, done.stderr
    done = rtemotion("replay", str(session), "--verify")
    assert done.returncode == 0, done.stdout + done.stderr
    done = rtemotion(
        *("calibrate", str(session.with_suffix(".json")), "--ratings", "cap-truth"),
        *("--out", str(tmp_path / "b.onnx")),
    )
    assert done.returncode == 1
    assert f"is a session; calibrate on its recording, {session}" in done.stderr


def test_another_headset_is_refused(calibrated: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.xdf"
    assert rtemotion("simulate", "--seconds", "10", "--out", str(other)).returncode == 0
    done = rtemotion("replay", str(other), "--model", str(calibrated), "--speed", "max")
    assert done.returncode == 1
    assert (
        "calibrated to P01, was fitted on 14 electrodes, but the stream also has Fp1"
        in done.stderr
    )


def test_a_calibrated_model_is_not_calibrated_again(
    recording: Path, calibrated: Path, tmp_path: Path
) -> None:
    out = tmp_path / "again.onnx"
    done = rtemotion(
        *("calibrate", str(recording), "--ratings", "cap-truth", "--baseline", "0:75"),
        *("--model", str(calibrated), "--out", str(out), "--anyway"),
    )
    assert done.returncode == 1
    assert "is calibrated to P01 already" in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("constant", "never change: there is nothing to calibrate on"),
        ("short", "at least 180 s are needed"),
        ("early", "None of the labels belongs to a moment"),
        ("another's", "Nothing was calibrated: on minutes that were held out"),
    ],
)
def test_labels_that_teach_nothing_leave_no_file(
    kind: str, said: str, recording: Path, labels: Labels, model: Model, tmp_path: Path
) -> None:
    values, rows = labels.values.copy(), slice(None)
    if kind == "constant":
        values[:] = 0.5
    elif kind == "short":
        rows = slice(int(np.searchsorted(labels.times, SECONDS - 150.0)), None)
    elif kind == "early":
        rows = slice(0, int(np.searchsorted(labels.times, 60.0)))
    else:
        values = values[::-1]
    wrong = table(tmp_path / "l.csv", Labels(labels.names, labels.times, values), rows)
    out = tmp_path / "none.onnx"
    done = rtemotion(
        *("calibrate", str(recording), "--labels", str(wrong), "--baseline", "0:75"),
        *("--out", str(out)),
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert not list(tmp_path.glob("*.onnx*"))


def test_a_head_is_shown_the_same_that_decoding_sees(
    recording: Path, labels: Labels, model: Model
) -> None:
    seen = see(open_recording(recording), model, labels, span=BaselineSpan(0.0, 75.0))
    minutes = seen.minutes
    frames = {round((f.index or 0) / 128.0, 6): f for f in decoded(recording, None) if f.index}
    for row in (0, 57, -1):
        frame = frames[round(float(minutes.times[row]), 6)]
        np.testing.assert_array_equal(minutes.mean[row], frame.mean)
    weights = minutes.weights
    last = (minutes.power[-1], minutes.connectivity[-1])
    mean, _, _ = weights.read_out(*(x.astype(np.float64) for x in last))
    np.testing.assert_allclose(mean, minutes.mean[-1], atol=1e-2)
    assert calibrate(seen, model).targets == tuple(range(8))

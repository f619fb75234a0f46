"""Every layout gives recordings with who, when and what was shown, and labels on their clock."""

from __future__ import annotations

import math
import pickle
from pathlib import Path

import numpy as np
import pytest

from rtemotion.annotation.emotions import EMOTIONS
from rtemotion.annotation.segments import Segment
from rtemotion.annotation.trajectory import Trajectory
from rtemotion.annotation.trajectory_table import write_trajectory
from rtemotion.errors import SourceError
from rtemotion.models.datasets import (
    Dataset,
    Target,
    alice,
    bids,
    dasps,
    deap,
    deap_original,
    dreamer,
    eegmat,
    faced,
    seed_vii,
)
from rtemotion.models.datasets.seed_vii import ELICITED
from rtemotion.signal import Chunk
from rtemotion.testing import check_source

from . import made

RATED = (Target("valence", 1, 9), Target("arousal", 1, 9))


def samples(dataset: Dataset, which: int = 0) -> np.ndarray:
    source = dataset.recordings[which].open()
    return np.concatenate([item.data for item in source if isinstance(item, Chunk)])


def test_alice_is_one_story_in_segments_that_all_hear(tmp_path: Path) -> None:
    folder = made.alice(tmp_path / "alice")
    data = alice(folder, folder / "labels.csv")
    assert data.subjects == ("S01", "S02")
    assert [t.name for t in data.targets] == ["joy", "fear"]
    assert {t.construct for t in data.targets} == {"stimulus-inferred"}
    first, second, third = data.recordings[0].trials
    assert (first.stimulus, second.stimulus, third.stimulus) == ("1", "2", "3")
    assert first.story == second.story
    assert (first.story_start, second.story_start) == (0.0, 20.0)
    assert second.start == pytest.approx(24.0, abs=0.01)
    assert second.stop - second.start == pytest.approx(20.0)
    np.testing.assert_allclose(second.labels.at(np.array([second.start + 5.0])), [[2 / 12, 0.25]])
    assert second.about is not None
    np.testing.assert_allclose(second.about.at(np.array([second.start + 10.0])), [[0.2, 7.0, 1.0]])
    check_source(data.recordings[0].open())


def test_alice_takes_what_annotation_wrote_of_its_words(tmp_path: Path) -> None:
    folder = made.alice(tmp_path / "alice", subjects=1)
    pieces = [Segment(str(k), 2.0, 8.0, "words", 6) for k in (1, 2)]
    scores = np.arange(16.0).reshape(2, 8) / 16
    write_trajectory(Trajectory.of(pieces, scores, "made", "measured"), tmp_path / "labels.csv")
    data = alice(folder, tmp_path / "labels.csv")
    assert tuple(target.name for target in data.targets) == EMOTIONS
    first, second = data.recordings[0].trials
    assert (first.stimulus, second.stimulus) == ("1", "2")
    np.testing.assert_allclose(first.labels.at(np.array([first.start + 5.0])), scores[:1])
    np.testing.assert_allclose(second.labels.at(np.array([second.start + 5.0])), scores[1:])
    with pytest.raises(SourceError, match="no labels of calm"):
        alice(folder, tmp_path / "labels.csv", [Target("calm")])


def test_alice_labels_of_the_whole_story_are_cut_at_its_segments(tmp_path: Path) -> None:
    folder = made.alice(tmp_path / "alice", subjects=1)
    rows = ["time,joy"] + [f"{t},{t / 240}" for t in range(0, 241, 2)]
    (folder / "story.csv").write_text("\n".join(rows) + "\n")
    trial = alice(folder, folder / "story.csv").recordings[0].trials[2]
    at = trial.labels.at(trial.start + np.array([0.0, 10.0]))
    np.testing.assert_allclose(at[:, 0], [40 / 240, 50 / 240])


def test_what_is_missing_from_alice_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="S01_alice-raw.fif"):
        alice(tmp_path, tmp_path / "labels.csv")
    folder = made.alice(tmp_path / "other", subjects=1, segments=("start", "end"))
    with pytest.raises(SourceError, match="no annotation named after a segment"):
        _ = alice(folder, folder / "labels.csv").recordings[0].trials
    (folder / "bad.csv").write_text("second,joy\n1,0.5\n")
    with pytest.raises(SourceError, match="no column time"):
        alice(folder, folder / "bad.csv")


@pytest.mark.parametrize("where", ["events", "table"])
def test_bids_ratings_come_from_events_or_a_table(tmp_path: Path, where: str) -> None:
    folder = made.bids(tmp_path / "bids", where)
    data = bids(folder, RATED, folder / "ratings.tsv" if where == "table" else None)
    assert data.subjects == ("01", "02")
    assert data.kind == "rating"
    trials = data.recordings[1].trials
    assert [t.stimulus for t in trials] == ["clip0", "clip1", "clip2"]
    assert (trials[1].start, trials[1].stop) == (24.0, 44.0)
    np.testing.assert_allclose(trials[1].labels.at(np.array([30.0])), [[2.0, 8.0]])
    assert data.recordings[1].channels == ("Fp1", "Cz", "Pz", "O1", "O2")


def test_bids_ratings_come_from_a_continuous_recording(tmp_path: Path) -> None:
    folder = made.bids(tmp_path / "bids", "continuous")
    data = bids(folder, RATED[:1], continuous="physio", smoothing_s=2.0)
    assert (data.kind, data.smoothing_s) == ("continuous", 2.0)
    trial = data.recordings[0].trials[0]
    np.testing.assert_allclose(trial.labels.at(np.array([35.0])), [[0.5]], atol=1e-3)


def test_bids_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    folder = made.bids(tmp_path / "bids", "table")
    with pytest.raises(SourceError, match="holds no EEG in BIDS of the task rest"):
        bids(folder, RATED, task="rest")
    with pytest.raises(SourceError, match="no column valence, arousal"):
        _ = bids(folder, RATED).recordings[0].trials
    with pytest.raises(SourceError, match="No column of .* names the stimulus"):
        bids(folder, RATED, folder / "ratings.tsv", stimulus="film")


@pytest.mark.parametrize("kind", ["mat", "dat"])
def test_deap_trials_lie_apart_in_volts(tmp_path: Path, kind: str) -> None:
    data = deap(made.deap(tmp_path / "deap", kind))
    (recording,) = data.recordings
    assert [t.stimulus for t in recording.trials] == [f"video {k}" for k in range(1, 5)]
    first, second = recording.trials[:2]
    assert (first.start, first.stop) == (3.0, 63.0)
    assert second.start - first.stop == 10.0 + 3.0
    rows = samples(data)
    assert rows.shape == (4 * 8064, 32)
    assert rows.std() == pytest.approx(10e-6, rel=0.01)
    check_source(recording.open())
    rng = np.random.default_rng(0)
    rng.standard_normal((4, 40, 8064))
    expected = rng.uniform(1, 9, (4, 4))
    np.testing.assert_allclose(second.labels.values[0], expected[1])


def test_videos_of_original_deap_recordings_are_found_by_their_codes(tmp_path: Path) -> None:
    folder = made.deap_original(tmp_path / "original")
    data = deap_original(folder, folder / "participant_ratings.csv")
    trials = data.recordings[0].trials
    assert [(t.stimulus, t.start) for t in trials] == [
        ("video 3", 4.0),
        ("video 2", 74.0),
        ("video 1", 144.0),
    ]
    assert trials[1].stop - trials[1].start == 60.0
    np.testing.assert_allclose(trials[1].labels.values, [[2.0, 2.0, 3.0, 4.0]])
    short = (folder / "participant_ratings.csv").read_text().rsplit("\n", 2)[0] + "\n"
    (folder / "participant_ratings.csv").write_text(short)
    again = deap_original(folder, folder / "participant_ratings.csv")
    with pytest.raises(SourceError, match="3 markers of a video that starts .* 2 videos"):
        _ = again.recordings[0].trials


class _Harm:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('the pickle was run')",)


@pytest.mark.parametrize(
    "held",
    [{"data": _Harm(), "labels": np.zeros((1, 4))}, np.array([_Harm()], dtype=object), math.sqrt],
)
def test_a_pickle_that_asks_for_more_than_arrays_is_refused(tmp_path: Path, held: object) -> None:
    (tmp_path / "s01.dat").write_bytes(pickle.dumps(held))
    with pytest.raises(SourceError, match="no pickle of arrays and plain containers alone"):
        deap(tmp_path)


def test_a_pickle_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    whole = (made.deap(tmp_path / "deap", "dat") / "s01.dat").read_bytes()
    (tmp_path / "s01.dat").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match="copy it again"):
        deap(tmp_path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_of_every_kind_of_pickle_are_read(tmp_path: Path, protocol: int) -> None:
    from rtemotion.models.datasets.pickles import read_arrays

    held = {"a": np.arange(6.0).reshape(2, 3), "b": [np.float32(2), "text", (1, None)]}
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(held, protocol))
    found = read_arrays(tmp_path / "a.pkl")
    np.testing.assert_array_equal(found["a"], held["a"])
    assert found["b"] == held["b"]


def test_dreamer_is_one_file_of_all_people(tmp_path: Path) -> None:
    data = dreamer(made.dreamer(tmp_path / "DREAMER.mat"))
    assert data.subjects == ("01", "02")
    trials = data.recordings[1].trials
    assert [t.stop - t.start for t in trials] == [20.0, 21.0, 22.0]
    np.testing.assert_allclose(trials[0].labels.values, [[1.0, 3.0, 1.0]])
    assert samples(data, 1).mean() == pytest.approx(4200e-6, rel=0.01)
    check_source(data.recordings[0].open())


def test_faced_ratings_follow_the_number_of_the_video_not_its_turn(tmp_path: Path) -> None:
    data = faced(made.faced(tmp_path / "faced"))
    trials = data.recordings[0].trials
    assert len(trials) == 28
    for number, trial in enumerate(trials, 1):
        np.testing.assert_allclose(trial.labels.values, np.full((1, 12), number / 4.0))
    assert [t.name for t in data.targets][:2] == ["joy", "tenderness"]
    assert samples(data).shape == (28 * 7500, 30)


def test_seed_vii_labels_are_of_the_emotion_of_their_clip_alone(tmp_path: Path) -> None:
    data = seed_vii(made.seed_vii(tmp_path / "seed"))
    assert [r.session for r in data.recordings] == ["1", "2"]
    assert len(ELICITED) == 80
    first, second = data.recordings[0].trials
    at = second.labels.at(np.array([second.start + 7.5]))
    known = np.flatnonzero(np.isfinite(at[0]))
    assert [data.targets[k].name for k in known] == [ELICITED[1]] == ["neutral"]
    assert at[0, known[0]] == pytest.approx(0.5)
    assert first.stop - first.start == 15.0
    check_source(data.recordings[0].open())
    (tmp_path / "seed" / "continuous_labels" / "1.mat").unlink()
    with pytest.raises(SourceError, match="continuous labels of subject 1"):
        seed_vii(tmp_path / "seed")


@pytest.mark.parametrize("load", [deap, dreamer, faced, seed_vii])
def test_an_empty_folder_or_a_foreign_file_is_refused(tmp_path: Path, load) -> None:
    path = tmp_path
    if load is dreamer:
        path = tmp_path / "DREAMER.mat"
        path.write_bytes(b"nothing of the kind")
    with pytest.raises(SourceError, match=r"no recording with labels|cannot be read"):
        load(path)


def test_both_stages_of_an_anxious_situation_are_one_stimulus(recordings: Path) -> None:
    data = dasps(recordings / "dasps-anxiety")
    assert len(data) == 13
    for recording in data:
        names = [trial.stimulus for trial in recording.trials]
        assert names == [f"situation {k}" for k in range(1, 7)]
        lengths = [trial.stop - trial.start for trial in recording.trials]
        np.testing.assert_allclose(lengths, 30.0, atol=0.6)
    np.testing.assert_allclose(data.recordings[0].trials[3].labels.values, [[3.0, 5.0]])


def test_mental_arithmetic_is_held_against_rest(recordings: Path) -> None:
    data = eegmat(recordings / "eegmat-stress")
    assert len(data) == 12
    assert len(data.subjects) == 6
    assert {r.trials[0].stimulus: r.trials[0].labels.values[0, 0] for r in data} == {
        "rest": 0.0,
        "arithmetic": 1.0,
    }

"""Listeners' recordings are laid out as the Alice data, and show what their version says."""

from __future__ import annotations

from pathlib import Path

import mne
import numpy as np
import pytest

from rtemotion.errors import OutletError
from rtemotion.models.datasets import alice
from rtemotion.simulators.listening import VERSIONS, Told, tell, write_twin
from rtemotion.simulators.listening.people import Listening, begins
from rtemotion.sources.recording import open_recording

LENGTHS = (14.0, 12.0)


@pytest.fixture(scope="module")
def told() -> Told:
    return tell(5, LENGTHS)


@pytest.fixture(scope="module")
def twin(told: Told, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_twin(tmp_path_factory.mktemp("twin"), VERSIONS["network"], 2, told=told)


def raw_of(folder: Path, person: int = 1) -> mne.io.BaseRaw:
    name = f"S{person:02d}"
    return mne.io.read_raw_fif(folder / "eeg" / name / f"{name}_alice-raw.fif", verbose="error")


def test_a_recording_has_the_channels_and_annotations_of_the_release(twin: Path) -> None:
    raw = raw_of(twin)
    assert raw.ch_names == [*(str(k) for k in range(1, 62)), "VEOG", "Aux5", "AUD"]
    assert raw.get_channel_types() == ["eeg"] * 61 + ["eog", "misc", "misc"]
    assert raw.info["sfreq"] == 500.0
    assert [str(note["description"]) for note in raw.annotations] == ["1", "2"]
    np.testing.assert_allclose(raw.annotations.onset, begins(LENGTHS), atol=0.002)


def test_it_says_that_it_is_simulated(twin: Path) -> None:
    source = open_recording(twin / "eeg" / "S01" / "S01_alice-raw.fif")
    assert source.info.simulated
    source.close()


def test_the_loader_of_the_real_data_opens_it(twin: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    rows = [f"{piece},{t},0.5" for piece in (1, 2) for t in range(0, 15, 2)]
    labels.write_text("\n".join(["segment,time,joy", *rows]) + "\n")
    data = alice(twin, labels)
    assert data.subjects == ("S01", "S02")
    assert [trial.stimulus for trial in data.recordings[0].trials] == ["1", "2"]


def test_everybody_has_a_brain_of_their_own_and_hears_the_same(twin: Path) -> None:
    first, second = (raw_of(twin, person).get_data() for person in (1, 2))
    np.testing.assert_allclose(first[-1], second[-1], atol=1e-6)
    assert abs(np.corrcoef(first[30], second[30])[0, 1]) < 0.5


def test_emotions_of_a_listener_are_mostly_those_of_the_story(told: Told) -> None:
    at = begins(LENGTHS)
    times = at[1] + np.arange(0.0, 12.0, 0.25)
    story = np.stack(
        [np.interp(told.starts[1] + times - at[1], told.knots, e) for e in told.emotions.T], axis=1
    )
    np.testing.assert_allclose(Listening(told, at, 7, 0.0).at(times), story)
    own = Listening(told, at, 7, 0.2).at(times)
    assert 0.0 < np.abs(own - story).max() <= 0.2
    assert not np.allclose(own, Listening(told, at, 8, 0.2).at(times))


def test_in_a_pause_the_story_stands_still(told: Told) -> None:
    at = begins(LENGTHS)
    listening = Listening(told, at, 1, 0.0)
    pause = np.array([at[0] + LENGTHS[0] + 1.0, at[0] + LENGTHS[0] + 3.0])
    np.testing.assert_allclose(listening.story_time(pause), LENGTHS[0])
    np.testing.assert_allclose(listening.story_time(at), told.starts)


def test_sound_is_heard_in_every_version_and_emotions_in_theirs(
    told: Told, tmp_path: Path
) -> None:
    data = {
        name: raw_of(write_twin(tmp_path / name, version, 1, told=told)).get_data()
        for name, version in VERSIONS.items()
    }
    assert {"network", "power", "acoustics"} == set(data)
    for name, volts in data.items():
        assert abs(np.corrcoef(volts[:61].mean(axis=0), volts[-1])[0, 1]) > 0.02, name
    # The same noise in all three; only what emotions do to it differs.
    assert not np.allclose(data["network"][:61], data["acoustics"][:61])
    assert not np.allclose(data["power"][:61], data["acoustics"][:61])


def test_what_was_written_is_kept_when_it_goes_on(told: Told, tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    write_twin(tmp_path, VERSIONS["power"], 1, told=told)
    path = tmp_path / "eeg" / "S01" / "S01_alice-raw.fif"
    before = path.stat().st_mtime_ns
    write_twin(tmp_path, VERSIONS["power"], 2, told=told, progress=lambda *at: done.append(at))
    assert path.stat().st_mtime_ns == before
    assert done == [(1, 2), (2, 2)]
    assert not list(tmp_path.rglob("unfinished*"))


def test_a_place_that_cannot_be_written_to_is_told(told: Told, tmp_path: Path) -> None:
    (tmp_path / "eeg").write_text("a file where a folder should be")
    with pytest.raises(OutletError, match="name another folder"):
        write_twin(tmp_path, VERSIONS["power"], 1, told=told)

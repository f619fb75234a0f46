"""The types that flow: what they refuse, what they convert, that they do not change."""

from __future__ import annotations

import dataclasses

import mne
import numpy as np
import pytest

from rtemotion.signal import (
    Chunk,
    EmotionFrame,
    Event,
    FeatureFrame,
    Flag,
    Reason,
    StreamInfo,
    Tick,
    identical,
)


def chunk(n: int = 6, n_channels: int = 2, first: int = 10, missing: int = 3) -> Chunk:
    data = np.arange(n * n_channels, dtype=np.float64).reshape(n, n_channels)
    flags = np.zeros((n, n_channels), np.uint8)
    flags[-1, 0] = Flag.BLINK
    return Chunk(data, first, first + np.arange(n) / 100, flags, missing)


def test_a_stream_left_bare_is_eeg_without_positions() -> None:
    info = StreamInfo(("Cz", "Pz"), 250.0)
    assert info.kinds == ("eeg", "eeg")
    assert info.n_channels == 2
    assert info.positions.shape == (2, 3)
    assert not info.has_position.any()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"channels": (), "sfreq": 100.0}, "at least one channel"),
        ({"channels": ("Cz", "Pz", "Cz"), "sfreq": 100.0}, "Cz twice"),
        ({"channels": ("Cz",), "sfreq": 0.0}, "positive number of Hz"),
        ({"channels": ("Cz",), "sfreq": np.nan}, "positive number of Hz"),
        ({"channels": ("Cz",), "sfreq": 1.0, "kinds": ("eeg", "eog")}, "2 kinds"),
        ({"channels": ("Cz",), "sfreq": 1.0, "positions": np.zeros((2, 3))}, r"\(2, 3\)"),
        ({"channels": ("Cz",), "sfreq": 1.0, "positions": np.zeros(3)}, "2 dimension"),
    ],
)
def test_a_stream_that_contradicts_itself_is_refused(
    arguments: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        StreamInfo(**arguments)  # type: ignore[arg-type]


def test_picking_keeps_what_belongs_to_each_channel() -> None:
    positions = np.arange(9, dtype=np.float64).reshape(3, 3)
    info = StreamInfo(("A", "B", "C"), 100.0, ("eeg", "eog", "misc"), positions, name="N")
    picked = info.pick([2, 0])
    assert picked.channels == ("C", "A")
    assert picked.kinds == ("misc", "eeg")
    assert np.array_equal(picked.positions, positions[[2, 0]])
    assert (picked.sfreq, picked.name) == (100.0, "N")


def test_there_and_back_through_mne_nothing_is_lost() -> None:
    positions = np.array([[0.01, 0.02, 0.09], [np.nan] * 3, [-0.05, 0.0, 0.04]])
    info = StreamInfo(("Cz", "HEOG", "Aux"), 512.0, ("eeg", "eog", "misc"), positions)
    again = StreamInfo.from_mne(info.to_mne())
    assert again.channels == info.channels
    assert again.kinds == info.kinds
    assert again.sfreq == info.sfreq
    np.testing.assert_array_equal(again.positions, info.positions)


def test_positions_come_from_a_montage_of_mne_and_keywords_replace_the_rest() -> None:
    theirs = mne.create_info(["Cz", "nowhere"], 100.0, "eeg")
    theirs.set_montage("biosemi64", on_missing="ignore")
    info = StreamInfo.from_mne(theirs, unit="uV", name="cap")
    np.testing.assert_array_equal(info.positions[0], theirs["chs"][0]["loc"][:3])
    assert info.has_position.tolist() == [True, False]
    assert (info.unit, info.name, info.start_utc) == ("uV", "cap", "")


def test_a_position_of_zeros_is_how_mne_says_unknown() -> None:
    theirs = mne.create_info(["Cz", "Pz"], 100.0, "eeg")
    theirs["chs"][0]["loc"][:3] = 0.0
    theirs["chs"][1]["loc"][:3] = [0.0, -0.05, 0.0]
    assert StreamInfo.from_mne(theirs).has_position.tolist() == [False, True]


def test_the_start_of_a_recording_is_kept_in_utc() -> None:
    raw = mne.io.RawArray(np.zeros((1, 5)), mne.create_info(1, 100.0), verbose="ERROR")
    raw.set_meas_date(86400.5)
    assert StreamInfo.from_mne(raw.info).start_utc == "1970-01-02T00:00:00.500000+00:00"


def test_nothing_that_flows_can_be_changed() -> None:
    item = chunk()
    for array in (item.data, item.times, item.flags):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        item.first_sample = 0  # type: ignore[misc]
    info = StreamInfo(("Cz",), 100.0)
    with pytest.raises(ValueError, match="read-only"):
        info.positions[0, 0] = 1.0


def test_a_chunk_makes_its_data_contiguous_float64() -> None:
    item = Chunk(np.ones((3, 4), np.float32).T, np.int32(7), [0, 1, 2, 3])  # type: ignore[arg-type]
    assert item.data.dtype == np.float64
    assert item.data.flags.c_contiguous
    assert item.times.dtype == np.float64
    assert type(item.first_sample) is int
    assert item.flags.shape == (4, 3)
    assert not item.flags.any()


@pytest.mark.parametrize(
    ("data", "times", "flags", "complaint"),
    [
        (np.zeros(3), np.zeros(3), np.empty((0, 0), np.uint8), "2 dimension"),
        (np.zeros((3, 1)), np.zeros(2), np.empty((0, 0), np.uint8), "3 entries, got 2"),
        (np.zeros((3, 1)), np.zeros(3), np.zeros((3, 2), np.uint8), r"shape \(3, 1\)"),
    ],
)
def test_a_chunk_whose_arrays_do_not_fit_is_refused(
    data: np.ndarray, times: np.ndarray, flags: np.ndarray, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Chunk(data, 0, times, flags)


def test_the_pieces_of_a_chunk_are_the_chunk() -> None:
    whole = chunk()
    pieces = [whole.cut(0, 2), whole.cut(2, 3), whole.cut(3, 6)]
    assert [len(p) for p in pieces] == [2, 1, 3]
    assert [p.first_sample for p in pieces] == [10, 12, 13]
    assert [p.stop for p in pieces] == [12, 13, 16]
    assert [p.missing_before for p in pieces] == [3, 0, 0]
    for name in ("data", "times", "flags"):
        together = np.concatenate([getattr(p, name) for p in pieces])
        assert np.array_equal(together, getattr(whole, name))


def test_identical_means_to_the_bit() -> None:
    assert identical(chunk(), chunk())
    changed = chunk().data.copy()
    changed[3, 1] = np.nextafter(changed[3, 1], np.inf)
    assert not identical(chunk(), dataclasses.replace(chunk(), data=changed))
    assert not identical(chunk(), dataclasses.replace(chunk(), missing_before=2))
    assert not identical(np.zeros((2, 3)), np.zeros((3, 2)))


def test_identical_takes_nan_for_nan_and_looks_at_types() -> None:
    assert identical(np.array([np.nan, 1.0]), np.array([np.nan, 1.0]))
    assert identical(Tick(np.nan, 0.1), Tick(np.nan, 0.1))
    assert not identical(Tick(0.0, 0.1), Tick(np.nan, 0.1))
    assert not identical(1, 1.0)
    assert not identical(Tick(0.0, 0.0), Event(0, 0.0, "marker"))
    assert identical(Event(0, 0.0, "m", {"a": [1]}), Event(0, 0.0, "m", {"a": [1]}))
    assert not identical(Event(0, 0.0, "m", {"a": [1]}), Event(0, 0.0, "m", {"a": [2]}))


def test_frames_are_compared_field_by_field() -> None:
    def frame(quality: float) -> FeatureFrame:
        return FeatureFrame(
            *(64, 0.5, 0.49, np.full((1, 2), np.nan), np.zeros((1, 1, 1))),
            *(np.array([[0, 1]]), np.array([1.0, quality]), np.ones((1, 2), np.int64), False),
        )

    assert identical(frame(0.5), frame(0.5))
    assert not identical(frame(0.5), frame(0.25))


def test_a_frame_is_trusted_when_nothing_speaks_against_it() -> None:
    nothing = np.zeros(1)

    def frame(*reasons: str) -> EmotionFrame:
        return EmotionFrame(
            *(0, 0.0, 0.0, nothing, nothing, nothing, nothing),
            *(np.zeros((1, 2)), np.zeros((1, 1)), frozenset(reasons), 1.0, "model"),
        )

    assert frame().trusted
    assert not any(frame(reason).trusted for reason in Reason.ALL)

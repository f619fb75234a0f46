"""Which channels are used, and where they sit."""

from __future__ import annotations

import logging
from pathlib import Path

import mne
import numpy as np
import pytest

from rtemotion.conditioning import plan_channels
from rtemotion.conditioning.channels import positions_of
from rtemotion.errors import SetupError
from rtemotion.signal import StreamInfo

INFO = StreamInfo(
    ("F3", "F4", "HEOG", "Cz", "TRIG"),
    250.0,
    ("eeg", "eeg", "eog", "eeg", "misc"),
    name="cap",
)


def theirs(montage: str) -> dict[str, np.ndarray]:
    """Return MNE's own positions, in the head frame."""
    made = mne.channels.make_standard_montage(montage)
    info = mne.create_info(made.ch_names, 100.0, "eeg").set_montage(made, verbose="ERROR")
    return {channel["ch_name"]: channel["loc"][:3] for channel in info["chs"]}


def test_all_eeg_channels_are_used_when_none_is_named() -> None:
    plan = plan_channels(INFO)
    assert plan.indices == (0, 1, 3)
    assert plan.info.channels == ("F3", "F4", "Cz")
    assert plan.info.kinds == ("eeg", "eeg", "eeg")


@pytest.mark.parametrize(
    ("wanted", "indices", "names"),
    [
        (["Cz", "F3"], (3, 0), ("Cz", "F3")),
        (["F*"], (0, 1), ("F3", "F4")),
        (["F?", "F3"], (0, 1), ("F3", "F4")),
        (["F4", "F*"], (1, 0), ("F4", "F3")),
        (["*"], (0, 1, 3), ("F3", "F4", "Cz")),
        (["HEOG:Fpz", "Cz"], (2, 3), ("Fpz", "Cz")),
        (["C?:Pz"], (3,), ("Pz",)),
    ],
)
def test_names_patterns_and_renames_pick_in_the_order_asked_for(
    wanted: list[str], indices: tuple[int, ...], names: tuple[str, ...]
) -> None:
    plan = plan_channels(INFO, wanted)
    assert plan.indices == indices
    assert plan.info.channels == names
    assert set(plan.info.kinds) == {"eeg"}


def test_a_name_with_brackets_is_a_name_before_it_is_a_pattern() -> None:
    info = StreamInfo(("E[1]", "E1"), 100.0)
    assert plan_channels(info, ["E[1]:Cz"]).indices == (0,)
    assert plan_channels(info, ["E1:Cz"]).indices == (1,)


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        (["Oz"], "'Oz' matches no channel; there are: F3, F4, HEOG, Cz, TRIG"),
        (["f3"], "'f3' matches no channel"),
        (["T*"], "matches no channel"),
        (["F*:Fz"], "renames more than one channel"),
        (["F3:Cz", "Cz"], "Cz twice"),
    ],
)
def test_what_cannot_be_picked_is_refused_with_the_reason(
    wanted: list[str], complaint: str
) -> None:
    with pytest.raises(SetupError) as error:
        plan_channels(INFO, wanted)
    assert complaint in str(error.value)


def test_a_source_without_eeg_asks_for_channels() -> None:
    with pytest.raises(SetupError, match="No EEG channel in cap .*misc.*--channels"):
        plan_channels(StreamInfo(("a", "b"), 100.0, ("misc", "misc"), name="cap"))


def test_positions_from_labels_equal_those_of_mne() -> None:
    plan = plan_channels(INFO)
    labels = mne.channels.make_standard_montage("biosemi64").ch_names
    found = positions_of(labels)
    built_in = mne.channels.get_builtin_montages()
    reference = theirs("colin27_1020" if "colin27_1020" in built_in else "standard_1020")
    np.testing.assert_array_equal(found, [reference[label] for label in labels])
    np.testing.assert_array_equal(
        plan.info.positions, [reference[label] for label in plan.info.channels]
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [("standard_1020", "colin27_1020"), ("standard_1005", "colin27_1005")],
)
def test_both_names_of_the_template_positions_are_accepted(old: str, new: str) -> None:
    found = plan_channels(INFO, montage=old).info.positions
    np.testing.assert_array_equal(found, plan_channels(INFO, montage=new).info.positions)
    np.testing.assert_array_equal(found, plan_channels(INFO).info.positions)


def test_labels_of_the_finest_layout_have_positions_too() -> None:
    assert np.isfinite(positions_of(["FFC1h", "CPP2h", "Fp1", "AF7", "POO9h", "O9"])).all()


def test_labels_are_read_in_any_case_together_and_by_their_old_names() -> None:
    found = positions_of(["cz", "CZ", "T3", "fp1"])
    np.testing.assert_array_equal(found, positions_of(["Cz", "Cz", "T7", "Fp1"]))
    assert np.isfinite(found).all()


def test_positions_of_the_source_win_over_its_labels_and_a_montage_over_both() -> None:
    own = np.array([[0.0, 0.0, 0.1], [np.nan] * 3])
    info = StreamInfo(("Cz", "Pz"), 100.0, positions=own)
    filled = plan_channels(info).info.positions
    np.testing.assert_array_equal(filled[0], own[0])
    np.testing.assert_array_equal(filled[1], positions_of(["Pz"])[0])
    named = plan_channels(info, montage="biosemi64").info.positions
    reference = theirs("biosemi64")
    np.testing.assert_array_equal(named, [reference["Cz"], reference["Pz"]])


def test_channels_without_a_position_are_named_in_one_warning_with_the_remedy(
    caplog: pytest.LogCaptureFixture,
) -> None:
    info = StreamInfo(("Cz", *(f"Ch{i}" for i in range(12))), 100.0)
    with caplog.at_level(logging.WARNING):
        plan = plan_channels(info)
    assert plan.info.has_position.tolist() == [True] + [False] * 12
    (record,) = caplog.records
    assert "Ch0, Ch1" in record.getMessage()
    assert "and 4 more" in record.getMessage()
    assert "--montage" in record.getMessage()


def test_nothing_is_said_when_every_channel_has_a_position(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        plan_channels(INFO)
    assert not caplog.records


def test_a_montage_can_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "cap.sfp"
    rows = {"FidNz": (0, 10, 0), "FidT9": (-8, 0, 0), "FidT10": (8, 0, 0), "A1": (0, 0, 9)}
    path.write_text("".join(f"{k} {x} {y} {z}\n" for k, (x, y, z) in rows.items()))
    reference = mne.create_info(["A1"], 100.0, "eeg").set_montage(
        mne.channels.read_custom_montage(path)
    )
    found = plan_channels(StreamInfo(("A1",), 100.0), montage=str(path)).info.positions
    np.testing.assert_array_equal(found[0], reference["chs"][0]["loc"][:3])
    assert found[0, 2] > 0.05


def test_an_unknown_montage_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SetupError, match=r"no montage 'nonsense'.*biosemi64"):
        plan_channels(INFO, montage="nonsense")


def test_a_montage_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cap.sfp"
    path.write_text("this is no montage\n")
    with pytest.raises(SetupError, match=r"cap\.sfp cannot be read"):
        plan_channels(INFO, montage=str(path))

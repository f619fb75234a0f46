"""A data set is opened by its folder; what its files leave open has to be told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rtemotion.errors import SourceError
from rtemotion.models.datasets import Target
from rtemotion.models.datasets.opening import LAYOUTS, Wanted, open_dataset, parse_target

from . import made

RATED = (Target("valence", 1, 9), Target("arousal", 1, 9))


def session(folder: Path) -> Path:
    folder.mkdir()
    made.session(folder / "sub-P1_ses-1.xdf")
    return folder


def dreamer(folder: Path) -> Path:
    folder.mkdir()
    made.dreamer(folder / "DREAMER.mat")
    return folder


@pytest.mark.parametrize(
    ("name", "make", "targets"),
    [
        ("Alice", made.alice, ()),
        ("data", made.bids, RATED),
        ("DEAP", lambda folder: made.deap(folder, "mat"), ()),
        ("DREAMER", dreamer, ()),
        ("FACED", made.faced, ()),
        ("SEED-VII", made.seed_vii, ()),
        ("sessions", session, RATED),
    ],
)
def test_a_folder_says_by_its_files_what_it_is(
    name: str, make: Callable[[Path], Path], targets: tuple[Target, ...], tmp_path: Path
) -> None:
    folder = make(tmp_path / "data")
    found = open_dataset(Wanted(folder, targets=targets))
    assert found.name.lower().startswith(name.lower())
    assert len(found)


def test_the_original_recordings_of_deap_are_told_from_the_preprocessed_ones(
    tmp_path: Path,
) -> None:
    folder = made.deap_original(tmp_path / "data")
    assert open_dataset(Wanted(folder)).recordings[0].trials


def test_one_file_is_a_data_set_where_its_layout_is_one(tmp_path: Path) -> None:
    assert open_dataset(Wanted(dreamer(tmp_path / "data") / "DREAMER.mat")).name == "DREAMER"
    recorded = session(tmp_path / "rated") / "sub-P1_ses-1.xdf"
    assert open_dataset(Wanted(recorded, targets=RATED)).subjects == ("P1",)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(Path("nowhere")), "does not exist"),
        (Wanted(Path("empty")), "no layout that is known"),
        (Wanted(Path("empty"), "alicia"), "'alicia' is no layout"),
        (Wanted(Path("bids")), "--targets"),
        (Wanted(Path("alice"), trials=Path("t.csv")), "takes no table of trials"),
        (Wanted(Path("alice"), labels=Path("none.csv")), "rtemotion annotate"),
        (Wanted(Path("both"), targets=RATED), "--layout"),
    ],
)
def test_what_cannot_be_opened_says_what_to_do(
    wanted: Wanted, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    made.bids(tmp_path / "bids")
    made.alice(tmp_path / "alice", subjects=1)
    made.bids(tmp_path / "both")
    made.session(tmp_path / "both" / "s.xdf")
    with pytest.raises(SourceError, match=words):
        open_dataset(wanted)


def test_a_target_has_a_scale_and_says_what_it_is() -> None:
    assert parse_target("joy") == Target("joy", 0.0, 1.0, "felt")
    assert parse_target(" valence:1:9 ") == Target("valence", 1.0, 9.0, "felt")
    assert parse_target("fear:0:1:perceived").construct == "perceived"


@pytest.mark.parametrize("text", ["", ":1:2", "joy:1", "joy:a:b", "joy:0:1:felt:x", "joy:2:1"])
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="expected"):
        parse_target(text)


def test_layouts_have_names_that_can_be_typed() -> None:
    assert all(name == name.lower() and " " not in name for name in LAYOUTS)

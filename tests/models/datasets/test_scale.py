"""A table at scale has the numbers of the plain one, and nothing in it is worked out twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest
from distributed import LocalCluster

from rtemotion.conditioning import ConditioningDesign
from rtemotion.decoding import BaselineSpan
from rtemotion.errors import RtemotionError, SourceError
from rtemotion.features import Band, FeatureSchema
from rtemotion.models.datasets import Dataset, Preparation, Target, bids, table_of
from rtemotion.models.datasets.cache import asked_for, clear_away, default_folder
from rtemotion.models.datasets.cut_apart import cut_apart, microvolts, rated
from rtemotion.models.datasets.dataset import LabelledRecording
from rtemotion.models.datasets.scale import table_at_scale
from rtemotion.models.evaluation import FeatureTable
from rtemotion.signal import Source

from . import made

BANDS = (Band("alpha", 8, 13, 1.0, 3.0), Band("gamma", 30, 45, 1.0, 3.0))
QUICK = Preparation(FeatureSchema(BANDS), minimum_s=5.0)
RATED = (Target("valence", 1, 9), Target("arousal", 1, 9))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return bids(made.bids(tmp_path_factory.mktemp("bids")), RATED)


@pytest.fixture(scope="module")
def plain(dataset: Dataset) -> FeatureTable:
    return table_of(dataset, QUICK)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as cluster:
        yield cluster.scheduler_address


def assert_same(table: FeatureTable, other: FeatureTable) -> None:
    for field in fields(FeatureTable):
        one, two = getattr(table, field.name), getattr(other, field.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == two.dtype
            np.testing.assert_array_equal(one, two)
        else:
            assert one == two


def opened_by(dataset: Dataset, opened: list[str]) -> Dataset:
    """Return a data set that notes which of its recordings are read to their end."""

    def noting(recording: LabelledRecording) -> Source:
        source = recording.open()
        passed = source.__iter__

        class Noting(type(source)):  # type: ignore[misc]
            def __iter__(self) -> Iterator[object]:
                yield from passed()
                opened.append(str(recording))

        source.__class__ = Noting
        return source

    recordings = tuple(replace(r, open=partial(noting, r)) for r in dataset)
    return replace(dataset, recordings=recordings)


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.h5"))


def killing(path: Path, opener: Callable[[], Source]) -> Callable[[], Source]:
    """Return an opener whose process, if it is another, is killed once, half way through."""

    def opened() -> Source:
        source = opener()
        if os.getpid() == here or path.exists():
            return source
        whole = source.__iter__

        # Goes to other processes as it is, so that nothing in it may need this module.
        class Deadly(type(source)):  # type: ignore[misc]
            def __iter__(self):  # type: ignore[no-untyped-def]
                items = list(whole())
                yield from items[: len(items) // 2]
                path.touch()
                os.kill(os.getpid(), signal.SIGKILL)

        source.__class__ = Deadly
        return source

    here = os.getpid()
    return opened


@pytest.mark.parametrize("how", ["one", "two", "cluster"])
def test_the_numbers_are_those_of_the_plain_table_even_if_a_worker_is_killed_half_way(
    how: str, dataset: Dataset, plain: FeatureTable, scheduler: str, tmp_path: Path
) -> None:
    mark, cache = tmp_path / "killed", tmp_path / "cache"
    first, second = dataset.recordings
    deadly = replace(first, open=killing(mark, first.open))
    told: list[tuple[int, int]] = []
    table = table_at_scale(
        replace(dataset, recordings=(deadly, second)),
        QUICK,
        cache,
        jobs=2 if how == "two" else 1,
        scheduler=scheduler if how == "cluster" else None,
        progress=lambda done, total: told.append((done, total)),
    )
    assert len(table) > 50
    assert_same(table, plain)
    assert told == [(1, 2), (2, 2)]
    assert len(files(cache)) == 2
    assert mark.exists() == (how != "one")
    # What was left half-written is cleared away a day later.
    assert bool(list(cache.glob("*/*.partial"))) == mark.exists()
    clear_away(cache)
    assert bool(list(cache.glob("*/*.partial"))) == mark.exists()
    clear_away(cache, now=cache.stat().st_mtime + 2 * 86400.0)
    assert not list(cache.glob("*/*.partial"))


def test_what_is_there_is_not_worked_out_again(
    dataset: Dataset, plain: FeatureTable, tmp_path: Path
) -> None:
    opened: list[str] = []
    watched = opened_by(dataset, opened)
    table_at_scale(watched, QUICK, tmp_path)
    # Once to work it out; only later, to know that it is the same, once more.
    assert len(opened) == 2
    before = {path: path.stat().st_mtime_ns for path in files(tmp_path)}
    assert_same(table_at_scale(watched, QUICK, tmp_path), plain)
    assert len(opened) == 4
    assert {path: path.stat().st_mtime_ns for path in files(tmp_path)} == before


def test_new_labels_cost_nothing(dataset: Dataset, tmp_path: Path) -> None:
    table_at_scale(dataset, QUICK, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in files(tmp_path)}
    others = []
    for recording in dataset:
        trials = [replace(t, start=t.start + 3.0, stop=t.stop - 2.0) for t in recording.trials]
        others.append(replace(recording, find=partial(tuple, trials)))
    moved = replace(dataset, recordings=tuple(others))
    assert_same(table_at_scale(moved, QUICK, tmp_path), table_of(moved, QUICK))
    assert {path: path.stat().st_mtime_ns for path in files(tmp_path)} == before


@pytest.mark.parametrize(
    "other",
    [
        replace(QUICK, schema=FeatureSchema(BANDS, measures=("imcoh",))),
        replace(QUICK, design=ConditioningDesign(lowpass=40.0)),
        replace(QUICK, step_s=0.5),
        replace(QUICK, tau_s=100.0),
        replace(QUICK, normalisation="none"),
        replace(QUICK, montage="standard_1005"),
    ],
)
def test_whatever_decides_the_features_is_part_of_what_is_asked(
    other: Preparation, dataset: Dataset
) -> None:
    recording, names = dataset.recordings[0], ("Cz", "Pz")
    asked = asked_for(recording, names, QUICK)
    assert asked_for(recording, names, other) != asked
    assert asked_for(recording, ("Pz", "Cz"), QUICK) != asked
    assert asked_for(replace(recording, rest=BaselineSpan(0.0, 9.0)), names, QUICK) != asked
    assert asked_for(replace(recording, find=tuple, subject="X"), names, QUICK) == asked


def test_another_version_of_a_measure_is_another_question(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rtemotion.features.measures import MEASURES

    recording = dataset.recordings[0]
    asked = asked_for(recording, ("Cz", "Pz"), QUICK)
    monkeypatch.setitem(MEASURES, "imcoh", replace(MEASURES["imcoh"], version="2"))
    assert asked_for(recording, ("Cz", "Pz"), QUICK) != asked


def test_a_recording_that_changed_is_worked_out_anew(tmp_path: Path) -> None:
    seen = []
    for ending in (0.0, 1e-6):
        data = made.noise(20 * 128, 2, 1)
        data[-1] += ending
        recording = cut_apart(
            "P",
            microvolts("x", ("Cz", "Pz"), 128.0, "as recorded"),
            partial(lambda d: [d], data),
            [len(data)],
            ["clip"],
            [rated([0.5])],
        )
        table_at_scale(one(recording), QUICK, tmp_path)
        seen.append(len(files(tmp_path)))
    assert seen == [1, 2]


def one(*recordings: LabelledRecording) -> Dataset:
    return Dataset("made", recordings, (Target("joy"),), "continuous")


@pytest.mark.parametrize("damage", ["cut off", "a bit turned", "nothing in it"])
def test_a_damaged_file_is_worked_out_anew_and_said_to_be(
    damage: str,
    dataset: Dataset,
    plain: FeatureTable,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    table_at_scale(dataset, QUICK, tmp_path)
    path = files(tmp_path)[0]
    if damage == "a bit turned":
        with h5py.File(path, "r+") as file:
            file["features"][3, 1] = np.nextafter(file["features"][3, 1], np.float32(9.0))
    else:
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2] if damage == "cut off" else b"")
    assert_same(table_at_scale(dataset, QUICK, tmp_path), plain)
    assert "was damaged and has been worked out anew" in caplog.text
    caplog.clear()
    assert_same(table_at_scale(dataset, QUICK, tmp_path), plain)
    assert "damaged" not in caplog.text


KILLED = """
import os, signal, sys
from pathlib import Path
from rtemotion.models.datasets import Preparation, Target, bids
from rtemotion.models.datasets.scale import table_at_scale
from rtemotion.features import Band, FeatureSchema
bands = (Band("alpha", 8, 13, 1.0, 3.0), Band("gamma", 30, 45, 1.0, 3.0))
quick = Preparation(FeatureSchema(bands), minimum_s=5.0)
rated = (Target("valence", 1, 9), Target("arousal", 1, 9))
def killed(done, total):
    os.kill(os.getpid(), signal.SIGKILL)
table_at_scale(bids(Path(sys.argv[1]), rated), quick, Path(sys.argv[2]), progress=killed)
"""


def test_a_run_that_was_killed_goes_on_where_it_was(
    dataset: Dataset, plain: FeatureTable, tmp_path: Path
) -> None:
    folder = made.bids(tmp_path / "bids")
    cache = tmp_path / "cache"
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder), str(cache)], timeout=120)
    assert done.returncode == -signal.SIGKILL
    (path,) = files(cache)
    before = path.stat().st_mtime_ns
    assert_same(table_at_scale(bids(folder, RATED), QUICK, cache), plain)
    assert len(files(cache)) == 2
    assert path.stat().st_mtime_ns == before


def test_a_bad_recording_is_named_once_the_others_are_done(
    dataset: Dataset, tmp_path: Path
) -> None:
    good, bad = dataset.recordings

    def broken() -> Source:
        source = bad.open()
        whole = source.__iter__

        class Broken(type(source)):  # type: ignore[misc]
            def __iter__(self) -> Iterator[object]:
                yield next(iter(whole()))
                raise SourceError("the file ends here.")

        source.__class__ = Broken
        return source

    watched = replace(dataset, recordings=(replace(bad, open=broken), good))
    with pytest.raises(SourceError, match="In recording 02 .*: the file ends here"):
        table_at_scale(watched, QUICK, tmp_path)
    assert len(files(tmp_path)) == 1
    assert not list(tmp_path.glob("*/*.partial"))


def test_labels_that_are_wrong_show_before_the_work(dataset: Dataset, tmp_path: Path) -> None:
    def broken() -> list[object]:
        raise SourceError("the labels are gone.")

    first, second = dataset.recordings
    watched = replace(dataset, recordings=(first, replace(second, find=broken)))
    with pytest.raises(RtemotionError, match="In recording 02 .*: the labels are gone"):
        table_at_scale(watched, QUICK, tmp_path)
    assert not files(tmp_path)


def test_features_are_kept_in_the_cache_of_the_platform(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dataset: Dataset
) -> None:
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert default_folder() == tmp_path / "rtemotion" / "features"
        table_at_scale(dataset.of("01"), QUICK)
        assert len(files(tmp_path / "rtemotion" / "features")) == 1

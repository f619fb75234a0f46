"""The parts of the BrainFlow source that need no board: names, rows, counters, clocks."""

import re
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtemotion.errors import SourceError
from rtemotion.sources.brainflow import boards
from rtemotion.sources.brainflow_boards import board_id, describe, layout_of, load_brainflow
from rtemotion.sources.brainflow_clock import STEP_S, SteadyStamps
from rtemotion.sources.brainflow_counter import PacketCounter

pytest.importorskip("brainflow")


def test_boards_that_measure_eeg_are_listed() -> None:
    listed = {board.name: board for board in boards()}
    assert len(listed) > 40
    muse, ganglion = listed["muse_2"], listed["ganglion"]
    assert (muse.channels, muse.sfreq) == (("TP9", "AF7", "AF8", "TP10"), 256.0)
    assert ganglion.channels == ("EEG1", "EEG2", "EEG3", "EEG4")
    assert "emotibit" not in listed
    assert all(board_id(board.name) == board.id == board_id(board.id) for board in boards())


@pytest.mark.parametrize("name", ["CYTON_DAISY_BOARD", "cyton daisy", "Cyton-Daisy", "2", 2])
def test_a_board_is_found_however_it_is_written(name: str | int) -> None:
    assert board_id(name) == 2


@pytest.mark.parametrize(
    ("name", "near"), [("cytn", "cyton"), ("muse2", "muse_2"), (777, "cyton")]
)
def test_an_unknown_board_is_refused_with_those_like_it(name: str | int, near: str) -> None:
    with pytest.raises(SourceError, match=f"no board '{name}'.*{near}"):
        board_id(name)


def test_a_missing_library_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brainflow", None)
    with pytest.raises(SourceError, match=re.escape('pip install "rtemotion[brainflow]"')):
        load_brainflow()


def test_every_row_of_every_board_has_one_name_and_one_kind() -> None:
    shim = load_brainflow()
    for board in boards():
        described = describe(shim, board.id)
        layout = layout_of(described)
        assert len(set(layout.channels)) == len(layout.channels)
        assert len(layout.rows) == len(set(layout.rows.tolist()))
        eeg = [row for row, kind in zip(layout.rows, layout.kinds, strict=True) if kind == "eeg"]
        assert eeg == sorted(described["eeg_channels"])
        volts = np.array([kind in {"eeg", "eog", "ecg", "emg"} for kind in layout.kinds])
        np.testing.assert_array_equal(layout.factors, np.where(volts, 1e-6, 1.0))
        assert layout.timestamp not in layout.rows
        assert not set(layout.resistances) & set(eeg)


def test_a_board_without_eeg_is_refused() -> None:
    with pytest.raises(SourceError, match="Emotibit measures no EEG"):
        layout_of(describe(load_brainflow(), 47))


def test_another_unit_is_taken_or_refused() -> None:
    described = describe(load_brainflow(), 0)
    assert layout_of(described, "nV").factors.min() == 1e-9
    with pytest.raises(SourceError, match="furlong"):
        layout_of(described, "furlong")


# What arrives of a stream: how many samples in a row, then how many are lost.
runs = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 900)), min_size=1, max_size=12)


@given(
    runs=runs,
    step=st.sampled_from([1, 2]),
    jitter=st.floats(0.0, 0.1),
    cuts=st.integers(1, 40),
    seed=st.integers(0, 1000),
)
def test_lost_packets_are_counted_whatever_the_jitter(
    runs: list[tuple[int, int]], step: int, jitter: float, cuts: int, seed: int
) -> None:
    sfreq = 250.0 / step
    kept, missing, at, before = [], [], 0, 0
    for length, lost in runs:
        kept += list(range(at, at + length))
        missing += [before] + [0] * (length - 1)
        at, before = at + length + lost, lost
    index = np.array(kept)
    arrival = index / sfreq + np.random.default_rng(seed).uniform(0.0, jitter, len(index))
    counter = PacketCounter(step, 256, sfreq)
    found = [
        counter.missing(numbers, times)
        for numbers, times in zip(
            np.array_split((index * step % 256).astype(float), cuts),
            np.array_split(np.maximum.accumulate(arrival), cuts),
            strict=True,
        )
        if len(numbers)
    ]
    np.testing.assert_array_equal(np.concatenate(found), missing)


def test_a_counter_that_does_not_count_so_says_nothing() -> None:
    counter = PacketCounter(2, 256, 125.0)
    numbers = np.array([0.0, 3.0, 4.0, 4.0, np.nan, 9.0])
    assert counter.missing(numbers, np.arange(6) / 125.0).tolist() == [0] * 6


def test_a_restarted_board_starts_with_any_number() -> None:
    counter = PacketCounter(1, 256, 250.0)
    counter.missing(np.array([7.0]), np.array([0.0]))
    counter.restart()
    assert counter.missing(np.array([200.0]), np.array([9.0])).tolist() == [0]


class Clocks:
    """A steady clock, and one beside it that somebody sets."""

    def __init__(self, step: float, at: float, slew: float = 0.0) -> None:
        self.moment = 0.0
        self.step, self.at, self.slew = step, at, slew

    def wall_at(self, moment: float) -> float:
        after = self.step if moment >= self.at else 0.0
        return 1.7e9 + (1.0 + self.slew) * moment + after

    def steady(self) -> float:
        return self.moment

    def wall(self) -> float:
        return self.wall_at(self.moment)


# How often one looks, and the smallest step that lies on one side of a sample for sure.
LOOKS = [(poll, 2 * (STEP_S + poll)) for poll in (0.01, 0.05, 0.3)]


@settings(deadline=None)
@given(
    sign=st.sampled_from([-1.0, 0.0, 1.0]),
    size=st.floats(0.01, 3600.0),
    at=st.floats(0.2, 1.8),
    slew=st.floats(-5e-4, 5e-4),
    look=st.sampled_from(LOOKS),
)
def test_a_clock_that_is_set_never_shows(
    sign: float, size: float, at: float, slew: float, look: tuple[float, float]
) -> None:
    poll, least = look
    step = sign * (least + size)
    clocks = Clocks(step, at, slew)
    stamps = SteadyStamps(clocks.wall, clocks.steady)
    arrivals = np.arange(1, 500) / 250.0
    found, rows = [], []
    for moment in np.arange(poll, 2.0 + poll, poll):
        fetched = arrivals[(arrivals > clocks.moment) & (arrivals <= moment)]
        clocks.moment = float(moment)
        converted = stamps.convert(np.array([clocks.wall_at(t) for t in fetched]))
        found.append(converted.times)
        if converted.row is not None:
            assert converted.step == pytest.approx(step, abs=1e-3)
            rows.append(sum(map(len, found[:-1])) + converted.row)
    np.testing.assert_allclose(np.concatenate(found), arrivals, atol=1e-3)
    assert rows == ([int(np.searchsorted(arrivals, at))] if step else [])


def test_steady_stamps_are_on_the_clock_they_say() -> None:
    import time

    stamps = SteadyStamps()
    before = time.perf_counter()
    converted = stamps.convert(np.array([time.time()]))
    assert before - 1e-3 <= converted.times[0] <= stamps.now() + 1e-3
    assert converted.row is None

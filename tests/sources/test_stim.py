from collections.abc import Sequence
from pathlib import Path

import edfio
import mne
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtemotion.signal import Event, identical
from rtemotion.sources.recording import RecordingSource
from rtemotion.sources.stim import OnsetFinder, StimChannel, without_lines
from rtemotion.testing import check_source, joined

from .reading import parts_of

SFREQ = 128


def codes_of(events: Sequence[Event]) -> list[tuple[int, str]]:
    return [(e.sample, e.payload["description"]) for e in events]


def found(codes: Sequence[int], *cuts: int) -> list[tuple[int, str]]:
    finder = OnsetFinder([StimChannel(0, "TRIG")], SFREQ)
    column = np.array(codes, dtype=np.int64)[:, None]
    edges = [0, *sorted(cuts), len(column)]
    events = [
        event
        for start, stop in zip(edges[:-1], edges[1:], strict=True)
        for event in finder.find(column[start:stop], start)
    ]
    assert all(e.payload["channel"] == "TRIG" and e.time == e.sample / SFREQ for e in events)
    return codes_of(events)


def test_an_onset_is_a_change_to_a_code_that_is_not_zero() -> None:
    assert found([0, 0, 5, 5, 0, 5, 6, 6, 0]) == [(2, "5"), (5, "5"), (6, "6")]
    assert found([7, 7, 0, -1]) == [(0, "7"), (3, "-1")]


@given(
    st.lists(st.sampled_from([0, 0, 0, 1, 2]), min_size=1, max_size=400),
    st.lists(st.integers(0, 400), max_size=6),
)
def test_blocks_do_not_matter(codes: list[int], cuts: list[int]) -> None:
    assert found(codes, *(cut for cut in cuts if cut <= len(codes))) == found(codes)


@pytest.mark.parametrize("cuts", [(), (1,), (70, 300)])
def test_a_channel_of_noise_is_none_of_codes(
    cuts: tuple[int, ...], caplog: pytest.LogCaptureFixture
) -> None:
    noise = np.random.default_rng(2).integers(1, 1000, 1000)
    events = found(noise.tolist(), *cuts)
    assert 64 <= len(events) <= 100
    assert events == found(noise.tolist())
    assert "TRIG changes at nearly every sample" in caplog.text


def test_values_that_are_no_numbers_are_no_codes() -> None:
    channel = StimChannel(0, "x", scale=1e6)
    values = np.array([np.nan, np.inf, -np.inf, 1e300, 5e-6, 4.9999e-6])
    assert channel.codes(values).tolist() == [0, 0, 0, 0, 5, 5]


def test_the_sum_of_a_port_stands_for_its_lines() -> None:
    names = ["STI 001", "STI 014", "Status", "STI 002"]
    channels = [StimChannel(i, name) for i, name in enumerate(names)]
    assert [c.name for c in without_lines(channels)] == ["STI 014", "Status"]
    assert without_lines(channels[:1]) == (channels[0],)


def write_bdf(path: Path, status: np.ndarray, physical: tuple[int, int]) -> Path:
    eeg = np.random.default_rng(1).normal(0, 20, (3, len(status)))
    signals = [
        edfio.BdfSignal(
            row, SFREQ, label=name, physical_dimension="uV", physical_range=(-200, 200)
        )
        for row, name in zip(eeg, ("Fp1", "Cz", "Pz"), strict=True)
    ]
    whole = (-8388608, 8388607)
    gain = (physical[1] - physical[0]) / (whole[1] - whole[0])
    signals.append(
        edfio.BdfSignal(
            (status - whole[0]) * gain + physical[0],
            SFREQ,
            label="Status",
            physical_dimension="Boolean",
            physical_range=physical,
            digital_range=whole,
        )
    )
    edfio.Bdf(signals).write(path)
    return path


@pytest.mark.parametrize("physical", [(-8388608, 8388607), (-262144, 262143)])
def test_the_lower_16_bits_of_a_bdf_status_are_the_code(
    tmp_path: Path, physical: tuple[int, int]
) -> None:
    codes = np.zeros(SFREQ * 30, dtype=np.int64)
    codes[1279:1290] = 5
    codes[1280 + 500 : 1280 + 501] = 40_000
    codes[2000:2010] = 65_535
    # CM in range, the speed of the amplifier, a battery that runs low, and an epoch that begins.
    status = codes | (1 << 20) | (0b101 << 17)
    status[1500:] |= 1 << 22
    status[100:110] |= 1 << 16
    # The highest bit makes the 24-bit sample negative.
    status = np.where(np.arange(len(status)) > 2500, status - (1 << 23), status)
    source = RecordingSource(write_bdf(tmp_path / "a.bdf", status, physical))
    chunks, events = parts_of(source)
    assert codes_of(events) == [(1279, "5"), (1780, "40000"), (2000, "65535")]
    assert source.info.kinds == ("eeg",) * 3 + ("stim",)
    assert source.n_events is None
    column = np.concatenate([chunk.data[:, 3] for chunk in chunks])
    assert column.tolist() == codes.tolist()
    check_source(RecordingSource(tmp_path / "a.bdf", chunk_s=0.7))


@pytest.mark.parametrize("chunk_s", [1 / 128, 0.3, 60.0])
def test_chunk_size_changes_neither_codes_nor_events(tmp_path: Path, chunk_s: float) -> None:
    rng = np.random.default_rng(9)
    status = np.repeat(rng.integers(0, 4, 600), rng.integers(1, 40, 600))
    status = status[: len(status) // SFREQ * SFREQ]
    path = write_bdf(tmp_path / "a.bdf", status, (-8388608, 8388607))
    one = joined(RecordingSource(path))
    other = joined(RecordingSource(path, chunk_s=chunk_s))
    assert len(one) == len(other) > 400
    assert all(map(identical, one, other))


@pytest.mark.parametrize("label", ["TRIG", "Trigger", "Status", "STI", "MARKER"])
@pytest.mark.parametrize("dimension", ["", "uV", "mV"])
def test_codes_of_an_edf_are_its_physical_values(
    tmp_path: Path, label: str, dimension: str
) -> None:
    codes = np.zeros(1280)
    codes[100:110], codes[110:120], codes[1279] = 5, 255, 1
    eeg = np.random.default_rng(1).normal(0, 20, (3, 1280))
    signals = [
        edfio.EdfSignal(
            row, SFREQ, label=name, physical_dimension="uV", physical_range=(-200, 200)
        )
        for row, name in zip(eeg, ("Fp1", "Cz", "Pz"), strict=True)
    ]
    signals.append(
        edfio.EdfSignal(
            codes, SFREQ, label=label, physical_dimension=dimension, physical_range=(0, 255)
        )
    )
    edfio.Edf(signals).write(tmp_path / "a.edf")
    source = RecordingSource(tmp_path / "a.edf")
    _, events = parts_of(source)
    assert codes_of(events) == [(100, "5"), (110, "255"), (1279, "1")]
    assert {e.payload["channel"] for e in events} == {label}
    assert source.info.kinds[-1] == "stim"


def test_codes_of_a_fif_are_any_whole_number(tmp_path: Path) -> None:
    data = np.random.default_rng(1).normal(0, 2e-5, (3, 1280))
    data[2] = 0
    data[2, 300:400], data[2, 400:500] = 100_000, -3
    info = mne.create_info(["Cz", "Pz", "STI 014"], 128.0, ["eeg", "eeg", "stim"])
    raw = mne.io.RawArray(data, info, verbose="ERROR")
    raw.set_annotations(mne.Annotations([300 / 128], [0], ["on"]))
    raw.save(tmp_path / "a_raw.fif", fmt="double", verbose="ERROR")
    _, events = parts_of(RecordingSource(tmp_path / "a_raw.fif"))
    assert codes_of(events) == [(300, "on"), (300, "100000"), (400, "-3")]
    assert [e.payload.get("channel") for e in events] == [None, "STI 014", "STI 014"]


@pytest.mark.parametrize(
    ("name", "channel", "n_onsets"),
    [
        ("mne-io/test.bdf", "Status", 1),
        ("mne-io/test.edf", "Status", 14),
        ("mne-io/test_bin_raw.fif", "STI 014", 10),
        ("eeglab-samples/test.bdf", "Status", 81),
    ],
)
def test_real_files_give_what_mne_finds(
    shared_data: Path, name: str, channel: str, n_onsets: int
) -> None:
    raw = mne.io.read_raw(shared_data / name, verbose="ERROR")
    expected = mne.find_events(
        raw,
        channel,
        consecutive=True,
        initial_event=True,
        shortest_event=1,
        mask=0xFFFF,
        mask_type="and",
        verbose="ERROR",
    )
    _, events = parts_of(RecordingSource(shared_data / name))
    found = [e for e in events if e.payload.get("channel") == channel]
    wanted = [(sample - raw.first_samp, str(code)) for sample, _, code in expected.tolist()]
    assert codes_of(found) == wanted
    assert len(found) == n_onsets

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rtemotion.errors import SourceError
from rtemotion.signal import Event
from rtemotion.sources.recording import RecordingSource
from rtemotion.testing import check_source

from . import gdf_files as gdf
from .gdf_files import write_gdf
from .reading import data_of, parts_of

NAMES = ["Fp1", "Cz", "Pz", "VEOG"]
EVENTS = [(0, 768, 0, 128), (300, 769, 0, 64), (300, 770, 2, 1), (1279, 1, 0, 1)]


def microvolts(n: int = 1280, channels: int = 4) -> np.ndarray:
    return np.round(np.random.default_rng(5).normal(0, 20, (channels, n)), 1)


@pytest.mark.parametrize(
    ("gdftyp", "digital", "tolerance"),
    [
        (3, (-32768, 32767), 5.1e-8),
        (4, (0, 65535), 5.1e-8),
        (5, (-2147483648, 2147483647), 1e-11),
        (16, (-3276.8, 3276.7), 1e-11),
        (17, (-3276.8, 3276.7), 1e-16),
    ],
    ids=["int16", "uint16", "int32", "float32", "float64"],
)
def test_samples_are_those_written(
    tmp_path: Path, gdftyp: int, digital: tuple[float, float], tolerance: float
) -> None:
    path = write_gdf(tmp_path / "a.gdf", microvolts(), NAMES, gdftyp=gdftyp, digital=digital)
    source = RecordingSource(path)
    assert source.info.channels == tuple(NAMES)
    assert source.info.kinds == ("eeg", "eeg", "eeg", "eog")
    assert (source.info.sfreq, source.info.unit) == (128.0, "uV")
    assert source.n_samples == 1280
    np.testing.assert_allclose(data_of(source), microvolts().T * 1e-6, rtol=0, atol=tolerance)
    check_source(RecordingSource(path, chunk_s=0.3))


def test_events_lie_where_the_table_says(tmp_path: Path) -> None:
    source = RecordingSource(write_gdf(tmp_path / "a.gdf", microvolts(), NAMES, events=EVENTS))
    _, events = parts_of(source)
    assert [(e.sample, e.payload["description"]) for e in events] == [
        *((0, "768"), (300, "769"), (300, "770"), (1279, "1"))
    ]
    assert [e.payload["duration"] for e in events] == [1.0, 0.5, 1 / 128, 1 / 128]
    assert [e.payload.get("channel") for e in events] == [None, None, "Cz", None]


def test_the_table_has_a_rate_of_its_own(tmp_path: Path) -> None:
    path = write_gdf(tmp_path / "a.gdf", microvolts(), NAMES, events=EVENTS[1:2], event_rate=256)
    assert [e.sample for e in parts_of(RecordingSource(path))[1]] == [150]


def test_ends_and_sparse_samples_are_no_events(tmp_path: Path) -> None:
    table = [(10, 769, 0, 5), (15, 769 | 0x8000, 0, 0), (20, 0x7FFF, 1, 77)]
    path = write_gdf(tmp_path / "a.gdf", microvolts(), NAMES, events=table)
    assert [e.sample for e in parts_of(RecordingSource(path))[1]] == [10]


@pytest.mark.parametrize(("unit", "factor"), [(gdf.MICROVOLT, 1e-6), (gdf.MILLIVOLT, 1e-3)])
def test_the_first_version_of_the_format(tmp_path: Path, unit: int, factor: float) -> None:
    path = write_gdf(
        *(tmp_path / "a.gdf", microvolts(), NAMES),
        events=EVENTS,
        event_rate=256,
        units=[unit] * 4,
        version="1.25",
    )
    source = RecordingSource(path)
    assert source.info.sfreq == 128.0
    np.testing.assert_allclose(
        data_of(source), microvolts().T * factor, rtol=0, atol=0.06 * factor
    )
    places = [(e.sample, e.payload["description"]) for e in parts_of(source)[1]]
    assert places == [(0, "768"), (150, "769"), (150, "770"), (640, "1")]


@pytest.mark.parametrize("events", [None, ()])
def test_a_file_without_events(
    tmp_path: Path, events: Sequence[tuple[int, int, int, int]] | None
) -> None:
    path = write_gdf(tmp_path / "a.gdf", microvolts(), NAMES, events=events)
    assert not [x for x in RecordingSource(path) if isinstance(x, Event)]


@pytest.mark.parametrize(
    ("code", "unit", "factor"),
    [
        (gdf.VOLT, "V", 1.0),
        (gdf.MILLIVOLT, "mV", 1e-3),
        (gdf.MICROVOLT, "uV", 1e-6),
        (gdf.NANOVOLT, "nV", 1e-9),
    ],
)
def test_every_unit_of_voltage(tmp_path: Path, code: int, unit: str, factor: float) -> None:
    path = write_gdf(tmp_path / "a.gdf", microvolts(), NAMES, units=[code] * 4)
    source = RecordingSource(path, unit="V")  # a stated unit stands
    assert source.info.unit == unit
    np.testing.assert_allclose(
        data_of(source), microvolts().T * factor, rtol=0, atol=0.06 * factor
    )


@pytest.mark.parametrize("code", [gdf.NO_UNIT, 0, 1234])
def test_an_unstated_unit_is_asked_for(tmp_path: Path, code: int) -> None:
    path = write_gdf(tmp_path / "a.gdf", microvolts(), NAMES, units=[code] * 4)
    with pytest.raises(SourceError, match=r"channel Fp1 of .*a\.gdf.*--unit uV"):
        RecordingSource(path)
    data = data_of(RecordingSource(path, unit="uV"))
    np.testing.assert_allclose(data, microvolts().T * 1e-6, rtol=0, atol=5.1e-8)


def test_the_status_channel_marks_its_onsets(tmp_path: Path) -> None:
    data = microvolts()
    data[3] = 0.0
    data[3, 100:140], data[3, 140:160] = 5.0, 7.0
    names = [*NAMES[:3], "TRIG"]
    # One digital step is one unit.
    wide = {"physical": (-32768.0, 32767.0), "digital": (-32768, 32767)}
    path = write_gdf(tmp_path / "a.gdf", data, names, events=[(140, 769, 0, 1)], **wide)
    _, events = parts_of(RecordingSource(path))
    assert [(e.sample, e.payload["description"]) for e in events] == [
        *((100, "5"), (140, "769"), (140, "7"))
    ]


def test_a_slower_auxiliary_channel_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = ["Temp", "Fp1", "Cz", "Pz"]
    path = write_gdf(tmp_path / "a.gdf", microvolts(), names, samples=[1, 128, 128, 128])
    source = RecordingSource(path)
    assert source.info.channels == ("Fp1", "Cz", "Pz")
    np.testing.assert_allclose(data_of(source), microvolts()[1:].T * 1e-6, rtol=0, atol=5.1e-8)
    assert "left out Temp (1 Hz), since the EEG has 128 Hz" in caplog.text


def test_a_faster_auxiliary_channel_is_refused(tmp_path: Path) -> None:
    names = ["EMG", "Fp1", "Cz", "Pz"]
    path = write_gdf(tmp_path / "a.gdf", microvolts(), names, samples=[256, 128, 128, 128])
    with pytest.raises(SourceError, match=r"3 signals of 128 Hz.*3 of 256 Hz were read"):
        RecordingSource(path)


def test_a_duration_as_a_float_is_not_misread(tmp_path: Path) -> None:
    path = write_gdf(tmp_path / "a.gdf", microvolts(), NAMES, version="2.51")
    with pytest.raises(SourceError, match=r"of 128 Hz by its header.*GDF 2\.20"):
        RecordingSource(path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"types": [3, 3, 3, 16]}, "16-bit integers, 32-bit floats"),
        ({"types": [279] * 4}, "24-bit integers"),
        ({"announced": -1}, "was not closed"),
        ({"announced": 0}, "holds no signals"),
        ({"announced": 11}, "is cut off"),
    ],
)
def test_what_would_be_read_wrongly_is_refused(
    tmp_path: Path, options: dict[str, object], said: str
) -> None:
    path = write_gdf(tmp_path / "a.gdf", microvolts(), NAMES, **options)  # type: ignore[arg-type]
    with pytest.raises(SourceError, match=said) as caught:
        RecordingSource(path)
    assert str(path) in str(caught.value)


def test_a_cut_event_table_is_refused(tmp_path: Path) -> None:
    path = write_gdf(tmp_path / "a.gdf", microvolts(), NAMES, events=EVENTS)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(SourceError, match=r"damaged event table|could not be read"):
        RecordingSource(path)


@pytest.mark.parametrize("keep", [5, 100, 300, 1000, 5000])
def test_a_cut_file_is_refused(tmp_path: Path, keep: int) -> None:
    path = write_gdf(tmp_path / "a.gdf", microvolts(), NAMES)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(SourceError):
        RecordingSource(path)

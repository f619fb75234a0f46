import math
import time
import tracemalloc
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtemotion.errors import SourceError
from rtemotion.signal import Chunk, Event, FloatArray, Tick, identical
from rtemotion.sources.recording import open_recording
from rtemotion.sources.text import TextSource
from rtemotion.sources.text_layouts import EMOTIV
from rtemotion.testing import check_source, joined

from .reading import data_of, parts_of

MUSE = "timestamps,TP9,AF7,AF8,TP10,Right AUX,Marker0"
OPENBCI = "%OpenBCI Raw EXG Data\n%Number of channels = 4\n%Sample Rate = 200 Hz\n"
OPENBCI_COLUMNS = (
    "Sample Index, EXG Channel 0, EXG Channel 1, EXG Channel 2, EXG Channel 3, "
    "Accel Channel 0, Timestamp, Marker Channel, Timestamp (Formatted)\n"
)


def values_of(n: int, channels: int = 5) -> FloatArray:
    return np.round(np.random.default_rng(7).normal(0, 30, (n, channels)), 3)


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def write_muse(path: Path, n: int = 600, markers: Sequence[tuple[int, object]] = ()) -> Path:
    codes = dict(markers)
    # Stamps of packets: twelve samples arrive at once.
    rows = [
        f"{5000 + (i // 12) * 12 / 256:.3f}," + ",".join(map(str, row)) + f",{codes.get(i, 0)}"
        for i, row in enumerate(values_of(n))
    ]
    return write(path, MUSE, *rows)


def write_openbci(path: Path, indices: Sequence[int]) -> Path:
    rows = [
        f"{k}, " + ", ".join(map(str, row)) + f", 0.5, {1.6e9 + i / 200:.3f}, 0.0, 12:00"
        for i, (k, row) in enumerate(zip(indices, values_of(len(indices), 4), strict=True))
    ]
    return write(path, OPENBCI + OPENBCI_COLUMNS + "\n".join(rows))


def test_muse_lsl(tmp_path: Path) -> None:
    source = open_recording(write_muse(tmp_path / "a.csv", markers=[(100, 2), (301, "1.0")]))
    assert isinstance(source, TextSource)
    info = source.info
    assert info.channels == ("TP9", "AF7", "AF8", "TP10", "Right AUX")
    assert info.kinds == ("eeg",) * 4 + ("misc",)
    assert (info.sfreq, info.unit, info.timestamps) == (256.0, "uV", "regular")
    assert source.n_samples == 600
    assert math.isnan(source.now())
    chunks, events = parts_of(source)
    data = np.concatenate([chunk.data for chunk in chunks])
    assert data[:, :4].tobytes() == (values_of(600)[:, :4] * 1e-6).tobytes()
    assert data[:, 4].tolist() == values_of(600)[:, 4].tolist()
    times = np.concatenate([chunk.times for chunk in chunks])
    assert times.tobytes() == (np.arange(600) / 256.0).tobytes()
    found = [(e.sample, e.time, e.kind, dict(e.payload)) for e in events]
    assert found == [
        (100, 100 / 256, "marker", {"description": "2", "channel": "Marker0"}),
        (301, 301 / 256, "marker", {"description": "1", "channel": "Marker0"}),
    ]
    source.close()
    source.close()
    assert list(source) == []


@pytest.mark.parametrize("chunk_s", [1 / 256, 0.05, 0.77, 60.0])
def test_chunk_size_changes_nothing(tmp_path: Path, chunk_s: float) -> None:
    # Longer than a block; markers at the start, in a row, and across the blocks' edge.
    path = write_muse(
        tmp_path / "a.csv", 9000, [(0, 1), (4095, 2), (4096, 2), (4097, 3), (8999, 4)]
    )
    one, other = joined(TextSource(path)), joined(TextSource(path, chunk_s=chunk_s))
    assert [e.sample for e in one if isinstance(e, Event)] == [0, 4095, 4097, 8999]
    assert len(one) == len(other)
    assert all(identical(a, b) for a, b in zip(one, other, strict=True))
    again = TextSource(path, chunk_s=chunk_s)
    assert all(identical(a, b) for a, b in zip(list(again), list(again), strict=True))
    check_source(TextSource(path, chunk_s=chunk_s))


def test_brainflow_muse(tmp_path: Path) -> None:
    rows = [f"{i / 256:.6f},1,2,3,4" for i in range(300)]
    source = TextSource(write(tmp_path / "a.csv", "timestamp_s,eeg_1,eeg_2,eeg_3,eeg_4", *rows))
    assert source.info.channels == ("TP9", "AF7", "AF8", "TP10")
    assert source.info.sfreq == 256.0
    np.testing.assert_allclose(data_of(source)[0], [1e-6, 2e-6, 3e-6, 4e-6])


def test_mind_monitor_rows_without_samples_are_markers(tmp_path: Path) -> None:
    header = "TimeStamp,Alpha_TP9,RAW_TP9,RAW_AF7,RAW_AF8,RAW_TP10,AUX_RIGHT,HSI_TP9,Elements"
    rows = []
    for i in range(300):
        second = f"{i / 256:09.6f}"[:6]
        rows.append(f"2024-05-01 10:00:{second},0.1,800,801,802,803,5,1.0,")
        if i == 10:
            rows.append("2024-05-01 10:00:00.040,,,,,,,,/muse/elements/blink")
    source = TextSource(write(tmp_path / "a.csv", header, *rows))
    assert source.info.channels == ("TP9", "AF7", "AF8", "TP10", "AUX_RIGHT")
    assert source.n_samples == 300
    chunks, events = parts_of(source)
    assert sum(map(len, chunks)) == 300
    assert [(e.sample, e.payload["description"]) for e in events] == [(11, "/muse/elements/blink")]
    check_source(TextSource(tmp_path / "a.csv"))


def test_openbci_counts_lost_samples(tmp_path: Path) -> None:
    # Five lost, a row twice, and three lost where the counter starts anew.
    indices = [k % 256 for k in range(600) if not (100 <= k < 105 or 254 <= k < 257)]
    indices.insert(50, indices[49])
    source = TextSource(write_openbci(tmp_path / "a.txt", indices))
    assert source.info.channels == tuple(f"EXG Channel {k}" for k in range(4))
    assert source.info.sfreq == 200.0
    assert not source.info.has_position.any()
    chunks, _ = parts_of(source)
    gaps = [(c.first_sample, c.missing_before) for c in chunks if c.missing_before]
    assert gaps == [(106, 5), (258, 3)]
    assert source.n_samples == chunks[-1].stop == 601
    assert all(c.times[0] == c.first_sample / 200 for c in chunks)
    np.testing.assert_allclose(data_of(source), values_of(len(indices), 4) * 1e-6)
    check_source(TextSource(tmp_path / "a.txt", chunk_s=0.1))


@pytest.mark.parametrize("indices", [[0] * 300, [0, 1, 1, 2, 2, 3] * 50], ids=["none", "pairs"])
def test_a_counter_that_does_not_count_is_not_believed(tmp_path: Path, indices: list[int]) -> None:
    source = TextSource(write_openbci(tmp_path / "a.txt", indices))
    assert source.n_samples == 300
    assert not any(chunk.missing_before for chunk in parts_of(source)[0])


def test_openbci_before_version_5(tmp_path: Path) -> None:
    header = "%OpenBCI Raw EEG Data\n%Number of channels = 2\n%Sample Rate = 250.0 Hz"
    rows = [f"{i % 256}, {i}.5, 2, 0, 0, 0, 12:00:00.000, 1600000000" for i in range(300)]
    source = TextSource(write(tmp_path / "a.txt", header, "%First Column = SampleIndex", *rows))
    assert source.info.channels == ("EXG Channel 0", "EXG Channel 1")
    np.testing.assert_allclose(data_of(source)[2], [2.5e-6, 2e-6])


def test_emotiv_arff_has_events_where_the_state_changes(tmp_path: Path) -> None:
    names = [f"@ATTRIBUTE {name} NUMERIC" for name in EMOTIV]
    states = [0] * 5 + [1] * 6 + [0] * 4
    rows = [",".join(["4200.5"] * 14 + [str(state)]) for state in states]
    head = ["@RELATION x", "", *names, "@ATTRIBUTE eyeDetection {0,1}", "", "@DATA", "% remark"]
    source = TextSource(write(tmp_path / "a.arff", *head, *rows))
    assert source.info.channels == EMOTIV
    assert (source.info.sfreq, source.info.unit, source.n_samples) == (128.0, "uV", 15)
    events = [(e.sample, e.payload["description"]) for e in parts_of(source)[1]]
    assert events == [(0, "0"), (5, "1"), (11, "0")]


def write_generic(path: Path, header: str, rate: float = 250.0, scale: float = 1.0) -> Path:
    rows = [f"{i / rate * scale:.6f};1;2;3;{'go' if i == 9 else ''}" for i in range(600)]
    return write(path, header, *rows)


@pytest.mark.parametrize(
    ("header", "rate", "scale"),
    [
        ("time;fp1;EEG Cz;T3;event", 250.0, 1.0),
        ("time_ms;fp1;EEG Cz;T3;event", 512.0, 1e3),
        ("Time [ms];Fp1 (mV);Cz (mV);T3 (mV);event", 128.0, 1e3),
    ],
)
def test_generic_csv(tmp_path: Path, header: str, rate: float, scale: float) -> None:
    source = TextSource(write_generic(tmp_path / "a.csv", header, rate, scale), unit="mV")
    assert source.info.channels == ("Fp1", "Cz", "T3")
    assert source.info.sfreq == rate
    np.testing.assert_allclose(data_of(source)[3], [1e-3, 2e-3, 3e-3])
    assert [(e.sample, e.payload["description"]) for e in parts_of(source)[1]] == [(9, "go")]


def test_generic_csv_needs_times_and_a_unit(tmp_path: Path) -> None:
    path = write_generic(tmp_path / "a.csv", "number;Fp1;Cz;T3;event")
    with pytest.raises(SourceError, match="does not tell its sampling rate"):
        TextSource(path, unit="uV")
    path = write_generic(tmp_path / "b.csv", "time;Fp1;Cz;T3;event")
    with pytest.raises(SourceError, match="no unit is stated.*--unit uV"):
        TextSource(path)
    path = write_generic(tmp_path / "c.csv", "time;Fp1 (counts);Cz (counts);T3 (counts);event")
    with pytest.raises(SourceError, match="'counts' is not known"):
        TextSource(path)
    assert TextSource(path, unit="nV").info.unit == "nV"


def test_a_unit_the_user_gives_replaces_the_usual_one(tmp_path: Path) -> None:
    path = write_muse(tmp_path / "a.csv")
    ratio = data_of(TextSource(path, unit="mV"))[0, 0] / data_of(TextSource(path))[0, 0]
    assert ratio == pytest.approx(1000)


@pytest.mark.parametrize(("rate", "said"), [(256.5, False), (270.0, True), (100.0, None)])
def test_stamps_are_compared_with_the_nominal_rate(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, rate: float, said: bool | None
) -> None:
    # Rounded to milliseconds, where one step alone would be off by 2.4 %.
    rows = [f"{i / rate:.3f},1,2,3,4,5" for i in range(2000)]
    path = write(tmp_path / "a.csv", "timestamps,TP9,AF7,AF8,TP10,Right AUX", *rows)
    if said is None:
        with pytest.raises(SourceError, match="100 samples a second.*about 256"):
            TextSource(path)
    else:
        assert TextSource(path).info.sfreq == 256.0
        assert ("270 Hz by its stamps" in caplog.text) == said


def test_pauses_in_the_stamps_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [f"{i / 256 + (5 if i >= 4096 else 0):.3f},1,2,3,4,5" for i in range(5000)]
    TextSource(write(tmp_path / "a.csv", "timestamps,TP9,AF7,AF8,TP10,Right AUX", *rows))
    assert "pause 1 times" in caplog.text


def test_cells_that_are_no_numbers_are_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [f"{i / 256:.4f},1,2,3,4,5" for i in range(300)]
    rows[7] = "0.0273,1,,-inf,1_0,5"
    rows[20] = "0.0781,\N{ARABIC-INDIC DIGIT ONE},lost"
    path = write(tmp_path / "a.csv", "timestamps,TP9,AF7,AF8,TP10,Right AUX", *rows, "")
    data = data_of(TextSource(path))
    assert len(data) == 300
    assert np.argwhere(np.isnan(data)).tolist() == [[7, 1], [7, 2], [7, 3]] + [
        [20, k] for k in range(5)
    ]
    np.testing.assert_allclose(data[[6, 7, 8], 0], 1e-6)
    assert caplog.text.count("8 cells are no numbers") == 1


@pytest.mark.parametrize("quote", ['"', ""])
def test_bytes_of_windows_programs(tmp_path: Path, quote: str) -> None:
    lines = [MUSE, *(f"{i / 256:.4f},1,2,3,4,5,0" for i in range(50))]
    quoted = [",".join(quote + cell + quote for cell in line.split(",")) for line in lines]
    path = tmp_path / "a.csv"
    path.write_bytes("\r\n".join(quoted).encode("utf-8-sig"))
    assert data_of(TextSource(path))[49].tolist()[:2] == [1e-6, 2e-6]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n \n", "known here, expected one of: muse-lsl"),
        (b"name,score\na,1\n", "known here, expected one of: muse-lsl"),
        (b"%OpenBCI Raw EXG Data\n0, 1, 2\n", "known here"),
        (b"@RELATION x\n@ATTRIBUTE weight NUMERIC\n@DATA\n1\n", "known here"),
        (MUSE.encode(), "no row of numbers"),
        (MUSE.encode() + b"\na,b,c,d,e,f,g\n", "no row of numbers"),
        (MUSE.encode() + b"\n\xe9\xe9,1,2,3,4,5,0\n", "no UTF-8 text"),
        (MUSE.encode("utf-16"), "no UTF-8 text"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=message) as caught:
        TextSource(path)
    assert str(path) in str(caught.value)


def test_an_unknown_extension_lists_all(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xyz", "1")
    with pytest.raises(SourceError, match=r"'\.xyz', expected one of \.edf, .*\.xdf.*\.csv"):
        open_recording(path)


def test_paced_replay_ticks(tmp_path: Path) -> None:
    source, start, ticks = TextSource(write_muse(tmp_path / "a.csv", 120), chunk_s=0.3), 0.0, 0
    source = TextSource(tmp_path / "a.csv", speed=1.0, chunk_s=0.3)
    start = time.monotonic()
    for item in source:
        if isinstance(item, Chunk):
            assert -1e-6 <= source.now() - item.stop / 256 < 0.2
        elif isinstance(item, Tick):
            ticks += 1
    assert 0.45 < time.monotonic() - start < 1.5
    assert ticks >= 3


def test_memory_stays_flat(tmp_path: Path) -> None:
    def peak(n: int) -> int:
        path = write_muse(tmp_path / f"{n}.csv", n)
        tracemalloc.start()
        for item in TextSource(path):
            del item
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(5000)
    assert peak(40_000) < 1.3 * peak(10_000)


FUZZ = settings(
    max_examples=60, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def survives(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with suppress(SourceError):
        check_source(TextSource(path, unit="uV"))


def templates(folder: Path) -> list[bytes]:
    state = "@DATA\n" + "\n".join([",".join(["4200"] * 14 + ["1"])] * 9)
    arff = "\n".join(["@RELATION x", *(f"@ATTRIBUTE {n} NUMERIC" for n in EMOTIV)])
    return [
        write_muse(folder / "m.csv", 40, [(3, 1)]).read_bytes(),
        write_openbci(folder / "o.txt", [k % 16 for k in range(40)]).read_bytes(),
        write_generic(folder / "g.csv", "time;Fp1 (uV);Cz (uV);T3 (uV);event").read_bytes()[:900],
        (arff + "\n@ATTRIBUTE eyeDetection {0,1}\n" + state).encode(),
    ]


@FUZZ
@given(data=st.data())
def test_any_cut_or_damage_is_survived(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(templates(tmp_path))))
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    survives(tmp_path / "a.csv", bytes(content[: data.draw(st.integers(0, len(content)))]))


@FUZZ
@given(content=st.binary(max_size=300), header=st.sampled_from(["", MUSE + "\n", OPENBCI]))
def test_any_bytes_are_survived(tmp_path: Path, content: bytes, header: str) -> None:
    survives(tmp_path / "a.csv", header.encode() + content)


@FUZZ
@given(text=st.text(st.sampled_from('0123456789eE+-.,"\n\r%nif_ \t'), max_size=200))
def test_any_numbers_are_survived(tmp_path: Path, text: str) -> None:
    for header in (MUSE + "\n", OPENBCI, "time,Fp1,Cz,event\n0,1,2,\n0.004,1,2,\n"):
        survives(tmp_path / "a.csv", (header + text).encode())

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtemotion.errors import SetupError, SourceError
from rtemotion.sources.recording import open_recording
from rtemotion.sources.text import TextSource
from rtemotion.sources.text_profile import TextLayout, layout_from
from rtemotion.testing import check_source

from .reading import data_of, parts_of

PROFILE = """
[text]
delimiter = ";"
decimal = ","
comment = "#"
skip_rows = 2
sfreq = 250
unit = "uV"
channels = {Fp1 = "ch 1", Cz = 3, VEOG = "eye"}
time = "t"
time_unit = "ms"
marker = "trigger"
missing = [-9999, "NA"]
"""


def layout(text: str) -> TextLayout:
    return layout_from(tomllib.loads(text)["text"])


def write(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_text("\n".join(lines), encoding=encoding)
    return path


def values_of(n: int = 600) -> np.ndarray:
    return np.round(np.random.default_rng(3).normal(0, 30, (n, 3)), 2)


def write_described(path: Path) -> Path:
    rows = []
    for i, (a, b, c) in enumerate(values_of()):
        marker = {100: "go", 101: "go", 300: "7,0"}.get(i, "0")
        cells = [f"{i * 4},0", *(f"{x}".replace(".", ",") for x in (a, c, b)), marker]
        rows.append(";".join(cells))
        if i == 250:
            rows.append("# a remark; in between")
    return write(path, "Made by a device", "1;2;3", '# "x"', "t;ch 1;eye;other;trigger", *rows)


def test_a_described_layout_is_read(tmp_path: Path) -> None:
    path = write_described(tmp_path / "a.csv")
    source = open_recording(path, layout=layout(PROFILE))
    assert source.info.channels == ("Fp1", "Cz", "VEOG")
    assert source.info.kinds == ("eeg", "eeg", "eog")
    assert (source.info.sfreq, source.info.unit, source.n_samples) == (250.0, "uV", 600)
    chunks, events = parts_of(source)
    data = np.concatenate([chunk.data for chunk in chunks])
    np.testing.assert_array_equal(data[:, :2], values_of()[:, :2] * 1e-6)
    assert [(e.sample, dict(e.payload)) for e in events] == [
        (100, {"description": "go", "channel": "trigger"}),
        (300, {"description": "7", "channel": "trigger"}),
    ]
    check_source(open_recording(path, layout=layout(PROFILE), chunk_s=0.3))


def test_values_that_stand_for_nothing_are_missing(tmp_path: Path) -> None:
    lines = ["1.5 2.5", "-9999 3", "NA 4", "5 nan", *["1 1"] * 20]
    described = layout_from(
        {"channels": {"Cz": 0, "Pz": 1}, "sfreq": 100, "unit": "mV", "missing": [-9999, "NA"]}
    )
    source = TextSource(write(tmp_path / "a.txt", *lines), layout=described)
    data = data_of(source)
    assert source.n_samples == 24  # columns by number, and no row of names
    np.testing.assert_array_equal(
        data[:4], np.array([[1.5, 2.5], [np.nan, 3], [np.nan, 4], [5, np.nan]]) * 1e-3
    )


def test_a_row_of_names_is_no_sample(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "one,two", *["1,2"] * 30)
    described = layout_from({"channels": {"Cz": 0, "Pz": 1}, "sfreq": 100, "unit": "uV"})
    assert TextSource(path, layout=described).n_samples == 30


def test_the_rate_may_come_from_the_stamps(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "t,x", *(f"{i * 5000},1" for i in range(800)))
    described = layout_from({"channels": {"Cz": "x"}, "time": "t", "time_unit": "us", "unit": "V"})
    assert TextSource(path, layout=described).info.sfreq == 200.0


def test_a_counter_shows_what_is_missing(tmp_path: Path) -> None:
    indices = [i for i in range(600) if not 200 <= i < 230]
    path = write(tmp_path / "a.csv", "n\tx", *(f"{i}\t1" for i in indices))
    described = layout_from({"channels": {"Cz": 1}, "counter": "n", "sfreq": 100, "unit": "uV"})
    source = TextSource(path, layout=described)
    chunks, _ = parts_of(source)
    assert [(c.first_sample, c.missing_before) for c in chunks if c.missing_before] == [(230, 30)]
    assert source.n_samples == 600


def test_a_state_marks_every_change(tmp_path: Path) -> None:
    rows = [f"1,{state}" for state in [0] * 10 + [1] * 10 + [0] * 10]
    table = {"channels": {"Cz": 0}, "marker": 1, "state": True, "sfreq": 100, "unit": "uV"}
    _, events = parts_of(TextSource(write(tmp_path / "a.csv", *rows), layout=layout_from(table)))
    assert [(e.sample, e.payload["description"]) for e in events] == [
        (0, "0"),
        (10, "1"),
        (20, "0"),
    ]
    assert events[0].payload["channel"] == "column 1"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, "names no channels"),
        ({"channels": {}}, "'channels' of .text. cannot be"),
        ({"channels": {"Cz": -1}}, "a column's name or its number from 0"),
        ({"channels": {"Cz": True}}, "a column's name or its number from 0"),
        ({"channels": {"Cz": 1, "Pz": 1}, "sfreq": 1}, "two channels the same column 1"),
        ({"channels": {"Cz": 1}}, "no sampling rate, expected sfreq = HZ or time = COLUMN"),
        ({"channels": {"Cz": 1}, "sfreq": 0}, "'sfreq'.*cannot be 0.*positive number of Hz"),
        ({"channels": {"Cz": 1}, "sfreq": "256"}, "'sfreq'.*cannot be '256'"),
        ({"channels": {"Cz": 1}, "rate": 256}, "key 'rate' there is not; there are: channels"),
        ({"channels": {"Cz": 1}, "sfreq": 1, "unit": "parsec"}, "'unit'.*a unit such as uV"),
        ({"channels": {"Cz": 1}, "sfreq": 1, "delimiter": "::"}, "one character"),
        ({"channels": {"Cz": 1}, "sfreq": 1, "decimal": ";"}, r'either "\." or ","'),
        (
            {"channels": {"Cz": 1}, "sfreq": 1, "decimal": ",", "delimiter": ","},
            "comma between cells and inside numbers",
        ),
        ({"channels": {"Cz": 1}, "sfreq": 1, "time_unit": "h"}, "one of s, ms and us"),
        ({"channels": {"Cz": 1}, "sfreq": 1, "skip_rows": -1}, "from 0 to 10000"),
        ({"channels": {"Cz": 1}, "sfreq": 1, "state": 1}, "true or false"),
        ({"channels": {"Cz": 1}, "sfreq": 1, "missing": [[]]}, "numbers or words"),
    ],
)
def test_a_table_that_cannot_be_says_why(table: dict[str, Any], said: str) -> None:
    with pytest.raises(SetupError, match=said) as caught:
        layout_from(table)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        ({"Cz": "gone"}, "0 columns called 'gone'.*its first row holds: t, a, a"),
        ({"Cz": "a"}, "2 columns called 'a', expected one"),
        ({"Cz": 3}, "has 3 columns, expected column 3"),
    ],
)
def test_columns_that_are_not_there_are_named(
    tmp_path: Path, channels: dict[str, str | int], said: str
) -> None:
    path = write(tmp_path / "a.csv", "t,a,a", "1,2,3")
    described = layout_from({"channels": channels, "sfreq": 100, "unit": "uV"})
    with pytest.raises(SourceError, match=said):
        TextSource(path, layout=described)


def test_a_file_shorter_than_what_is_skipped(tmp_path: Path) -> None:
    described = layout_from({"channels": {"Cz": 0}, "sfreq": 1, "unit": "uV", "skip_rows": 3})
    with pytest.raises(SourceError, match="no row after the 3 lines"):
        TextSource(write(tmp_path / "a.csv", "1", "2"), layout=described)


def test_more_lines_may_be_skipped_than_a_beginning_has(tmp_path: Path) -> None:
    described = layout_from({"channels": {"Cz": "x"}, "sfreq": 1, "unit": "uV", "skip_rows": 900})
    path = write(tmp_path / "a.csv", *["words"] * 900, "x,y", *["1,2"] * 5)
    assert TextSource(path, layout=described).n_samples == 5


def test_an_unknown_layout_says_how_to_describe_it(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"table \[text\] of a profile.*--profile"):
        TextSource(write(tmp_path / "a.csv", "a,b,c", "1,2,3"))

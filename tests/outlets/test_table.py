import csv
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtemotion.errors import OutletError
from rtemotion.outlets.parquet import ParquetTable, partial_path, recover_table
from rtemotion.outlets.table import CsvTable, check_table, open_table
from rtemotion.signal import EmotionFrame, Event, FloatArray, Outlet, Publication

TARGETS = ("joy", "fear")
MODEL = "simulated-v1; trained on simulated brains"


def publication(
    index: int | None = 10, values: FloatArray | None = None, reasons: frozenset[str] = frozenset()
) -> Publication:
    values = np.arange(8.0) / 7 if values is None else values
    mean, std, lower, upper = values.reshape(4, -1)
    return Publication(
        EmotionFrame(
            index=index,
            time=0.1 + (index or 0) / 3,
            newest=0.1,
            mean=mean,
            std=std,
            lower=lower,
            upper=upper,
            node_contribution=np.zeros((len(mean), 3)),
            edge_contribution=np.zeros((len(mean), 3)),
            reasons=reasons,
            quality=0.7,
            model=MODEL,
        ),
        sample_age=0.012,
        late=False,
        published=math.nan,
    )


def rows_of(path: Path) -> list[dict[str, object]]:
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    with path.open(newline="", encoding="utf-8") as file:
        return [dict(row) for row in csv.DictReader(file)]


@pytest.fixture(params=["t.csv", "t.parquet"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / request.param


def test_columns_in_order(path: Path) -> None:
    table = open_table(path, TARGETS, MODEL)
    assert isinstance(table, Outlet)
    table.publish(publication())
    table.close()
    table.close()
    assert list(rows_of(path)[0]) == [
        *("index", "time"),
        *("joy", "joy_std", "joy_lower", "joy_upper"),
        *("fear", "fear_std", "fear_lower", "fear_upper"),
        *("quality", "trusted", "reasons", "sample_age", "late", "published", "model"),
    ]
    assert os.listdir(path.parent) == [path.name]


def test_values_of_a_csv(tmp_path: Path) -> None:
    table = open_table(tmp_path / "t.csv", TARGETS, MODEL)
    table.publish(publication(10, reasons=frozenset({"not validated", "artifact"})))
    table.publish(publication(None, np.full(8, np.nan), frozenset({"stale"})))
    table.close()
    first, stale = rows_of(tmp_path / "t.csv")
    assert first["index"] == "10"
    assert float(str(first["joy_std"])) == 2 / 7
    assert float(str(first["fear_upper"])) == 1.0
    assert first["trusted"] == "False"
    assert first["reasons"] == "artifact;not validated"
    assert (first["published"], first["model"]) == ("", MODEL)
    assert (stale["index"], stale["joy"], stale["reasons"]) == ("", "", "stale")
    assert b"\r" not in (tmp_path / "t.csv").read_bytes()


def test_values_of_a_parquet(tmp_path: Path) -> None:
    table = open_table(tmp_path / "t.parquet", TARGETS, MODEL)
    table.publish(publication(10))
    table.publish(publication(None, np.full(8, np.nan), frozenset({"stale"})))
    table.close()
    first, stale = rows_of(tmp_path / "t.parquet")
    assert (first["index"], first["joy_std"], first["trusted"]) == (10, 2 / 7, True)
    assert (first["reasons"], first["late"], first["model"]) == ("", False, MODEL)
    assert stale["index"] is None
    assert math.isnan(float(str(stale["joy"])))
    metadata = pq.read_schema(tmp_path / "t.parquet").metadata
    assert metadata[b"model"].decode() == MODEL


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(allow_infinity=True, width=64), min_size=8, max_size=8))
@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_floats_come_back_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, name: str, values: list[float]
) -> None:
    path = tmp_path_factory.mktemp("floats") / name
    table = open_table(path, TARGETS, MODEL)
    table.publish(publication(1, np.array(values)))
    table.close()
    row = rows_of(path)[0]
    mean, std, lower, upper = np.array(values).reshape(4, 2)
    for i, target in enumerate(TARGETS):
        for suffix, part in (("", mean), ("_std", std), ("_lower", lower), ("_upper", upper)):
            text = row[target + suffix]
            back = math.nan if text == "" else float(str(text))
            expected = float(part[i])
            assert (back == expected) or (math.isnan(back) and math.isnan(expected))
            if back == 0:
                assert math.copysign(1, back) == math.copysign(1, expected)


def test_many_rows_keep_their_order(path: Path) -> None:
    table = open_table(path, TARGETS, MODEL)
    for index in range(3000):
        table.publish(publication(index))
    table.close()
    assert [int(str(row["index"])) for row in rows_of(path)] == list(range(3000))
    if path.suffix == ".parquet":
        assert pq.ParquetFile(path).num_row_groups == 1


def test_an_event_brings_everything_to_disk(path: Path) -> None:
    table = open_table(path, TARGETS, MODEL)
    for index in range(3):
        table.publish(publication(index))
    table.event(Event(3, 0.1, "stream lost"))
    if path.suffix == ".csv":
        assert len(rows_of(path)) == 3
    else:
        left = path.with_name("copy.parquet.partial")
        left.write_bytes(partial_path(path).read_bytes())
        assert len(rows_of(recover_table(left))) == 3
    table.close()


@pytest.mark.parametrize(
    ("targets", "clash"),
    [
        (("joy", "quality"), "quality"),
        (("index",), "index"),
        (("joy", "joy_std"), "joy_std"),
        (("joy", "joy"), "joy"),
        (("model",), "model"),
    ],
)
def test_a_target_named_like_a_column_is_refused(
    path: Path, targets: tuple[str, ...], clash: str
) -> None:
    with pytest.raises(OutletError, match=f"'{clash}'"):
        open_table(path, targets, MODEL)
    assert not path.exists()


@pytest.mark.parametrize("targets", [(), ("",), ("joy", "")])
def test_a_target_without_a_name_is_refused(path: Path, targets: tuple[str, ...]) -> None:
    with pytest.raises(OutletError, match="every target needs a name"):
        open_table(path, targets, MODEL)


def test_an_existing_table_is_kept_unless_told_otherwise(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(OutletError, match="already exists.*--overwrite"):
        open_table(path, TARGETS, MODEL)
    assert path.read_text() == "precious"
    table = open_table(path, TARGETS, MODEL, overwrite=True)
    table.publish(publication())
    table.close()
    assert len(rows_of(path)) == 1


def test_what_a_killed_run_left_is_kept_too(tmp_path: Path) -> None:
    left = tmp_path / "t.parquet.partial"
    left.write_bytes(b"half")
    with pytest.raises(OutletError, match="recover"):
        open_table(tmp_path / "t.parquet", TARGETS, MODEL)
    assert left.read_bytes() == b"half"


@pytest.mark.parametrize("extension", ["csv", "parquet"])
def test_places_that_cannot_be_written(tmp_path: Path, extension: str) -> None:
    (tmp_path / f"folder.{extension}").mkdir()
    with pytest.raises(OutletError, match="is a folder"):
        open_table(tmp_path / f"folder.{extension}", TARGETS, MODEL)
    with pytest.raises(OutletError, match="does not exist; create it"):
        open_table(tmp_path / "gone" / f"t.{extension}", TARGETS, MODEL)
    with pytest.raises(OutletError, match="cannot be written"):
        open_table(Path("/proc/self") / f"t.{extension}", TARGETS, MODEL)


def test_checking_alone_writes_nothing(path: Path) -> None:
    check_table(path)
    assert os.listdir(path.parent) == []
    path.write_text("x")
    with pytest.raises(OutletError, match="already exists"):
        check_table(path)


def test_another_extension_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutletError, match=r"expected \.csv or \.parquet"):
        open_table(tmp_path / "t.xlsx", TARGETS, MODEL)


def test_a_frame_of_other_targets_is_refused(path: Path) -> None:
    table = open_table(path, TARGETS, MODEL)
    with pytest.raises(OutletError, match="4 targets cannot be written, expected 2"):
        table.publish(publication(1, np.zeros(16)))
    table.close()


def test_a_full_disk_under_a_csv(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    (tmp_path / "t.csv").symlink_to("/dev/full")
    with pytest.raises(OutletError, match="No space left"):
        open_table(tmp_path / "t.csv", TARGETS, MODEL, overwrite=True)


FULL_DISK = """
import resource, sys
sys.path.insert(0, sys.argv[2])
from test_table import MODEL, TARGETS, OutletError, open_table, publication
table = open_table(sys.argv[1], TARGETS, MODEL)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
try:
    for index in range(100_000):
        table.publish(publication(index))
except OutletError as problem:
    sys.stdout.write(str(problem))
table.close()
"""


def test_a_disk_that_fills_up_keeps_what_was_written(path: Path) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(path), str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert "cannot be written (File too large)" in done.stdout
    if path.suffix == ".csv":
        assert len(path.read_text().splitlines()) > 100
    else:
        assert not path.exists()
        rows = rows_of(recover_table(partial_path(path)))
        assert [row["index"] for row in rows] == list(range(len(rows)))
        assert len(rows) >= 1024


WRITE_FOREVER = """
import sys, time
sys.path.insert(0, sys.argv[2])
from test_table import MODEL, TARGETS, open_table, publication
table = open_table(sys.argv[1], TARGETS, MODEL)
for index in range(10_000):
    table.publish(publication(index))
    sys.stdout.write(f"{index}\\n")
    sys.stdout.flush()
    time.sleep(0.02)
"""


def test_kill_9_costs_at_most_a_second(path: Path) -> None:
    command = [sys.executable, "-c", WRITE_FOREVER, str(path), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "0"
        time.sleep(1.7)
        os.kill(process.pid, signal.SIGKILL)
        last = int(process.stdout.read().split()[-1])
    if path.suffix == ".parquet":
        partial = partial_path(path)
        assert not path.exists()
        assert recover_table(partial) == path
        assert not partial.exists()
        assert partial.with_name(partial.name + ".damaged").exists()
        rows = rows_of(path)
    else:
        rows = rows_of(path)[:-1]  # its last line may be cut
    indices = [int(str(row["index"])) for row in rows]
    assert indices == list(range(len(indices)))
    assert last - indices[-1] <= 60  # 1 s at 50 a second, and what was under way


@pytest.mark.parametrize("keep", [0.999, 0.7, 0.5])
def test_a_stream_cut_anywhere_gives_its_whole_batches(tmp_path: Path, keep: float) -> None:
    table = open_table(tmp_path / "t.parquet", TARGETS, MODEL)
    for index in range(5000):
        table.publish(publication(index))
    table.event(Event(0, 0.0, "marker"))
    data = partial_path(tmp_path / "t.parquet").read_bytes()
    table.close()
    cut = tmp_path / "cut.parquet.partial"
    cut.write_bytes(data[: int(len(data) * keep)])
    rows = rows_of(recover_table(cut))
    assert [row["index"] for row in rows] == list(range(len(rows)))
    assert 5000 * keep - 1024 - 100 <= len(rows) < 5000


@pytest.mark.parametrize("data", [b"", b"nothing of the kind", b"\xff" * 200])
def test_nothing_to_recover(tmp_path: Path, data: bytes) -> None:
    left = tmp_path / "t.parquet.partial"
    left.write_bytes(data)
    with pytest.raises(OutletError, match="nothing to recover"):
        recover_table(left)
    assert left.read_bytes() == data
    with pytest.raises(OutletError, match="expected an existing file"):
        recover_table(tmp_path / "t.parquet")


def test_a_failed_conversion_keeps_the_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = open_table(tmp_path / "t.parquet", TARGETS, MODEL)
    table.publish(publication(4))
    (tmp_path / "t.parquet.tmp").mkdir()
    with pytest.raises(OutletError, match="cannot be written"):
        table.close()
    table.close()
    (tmp_path / "t.parquet.tmp").rmdir()
    assert [r["index"] for r in rows_of(recover_table(tmp_path / "t.parquet.partial"))] == [4]


def test_the_two_kinds(tmp_path: Path) -> None:
    for name, kind in (("a.csv", CsvTable), ("b.PARQUET", ParquetTable)):
        table = open_table(tmp_path / name, TARGETS, MODEL)
        assert type(table) is kind
        table.close()

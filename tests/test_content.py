"""The hash of a recording's content: what it holds, however it is cut or named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rtemotion.content import HashedSource, code_version, content_of, hash_of
from rtemotion.signal import Chunk, Event, Item, StreamInfo
from rtemotion.sources.memory import MemorySource

INFO = StreamInfo(("Cz", "Pz"), 100.0)
DATA = np.random.default_rng(1).standard_normal((50, 2)) * 1e-5
CHUNK = Chunk(DATA, 0, np.arange(50) / 100.0)


def content(*items: Item, info: StreamInfo = INFO) -> str:
    return content_of(MemorySource(info, items))


@given(st.lists(st.integers(0, 50), max_size=6))
def test_cutting_into_chunks_does_not_matter(edges: list[int]) -> None:
    rows = sorted({0, 50, *edges})
    pieces = [CHUNK.cut(a, b) for a, b in zip(rows, rows[1:], strict=False)]
    assert content(*pieces) == content(CHUNK)


@given(st.integers(0, 49), st.integers(0, 1))
def test_every_sample_matters(row: int, column: int) -> None:
    other = DATA.copy()
    other[row, column] = np.nextafter(other[row, column], 1.0)
    assert content(replace(CHUNK, data=other)) != content(CHUNK)


def test_whatever_else_reaches_the_pipeline_matters() -> None:
    flags = np.zeros(DATA.shape, np.uint8)
    flags[3, 1] = 32
    event = Event(10, 0.1, "operator", {"bad": ["Cz"]})
    head, tail = CHUNK.cut(0, 20), CHUNK.cut(20, 50)
    found = [
        content(CHUNK),
        content(replace(CHUNK, flags=flags)),
        content(replace(CHUNK, times=CHUNK.times + 1.0)),
        content(head, event, tail),
        content(head, replace(event, payload={"bad": ["Pz"]}), tail),
        content(head, replace(tail, first_sample=25, missing_before=5)),
        content(CHUNK, info=replace(INFO, channels=("Cz", "Oz"))),
        content(CHUNK, info=replace(INFO, positions=np.full((2, 3), 0.05))),
        content(CHUNK, info=replace(INFO, reference="average")),
    ]
    assert len(set(found)) == len(found)


def test_names_and_places_do_not_matter() -> None:
    other = replace(INFO, name="another.edf", host="elsewhere", start_utc="2020-01-01")
    assert content(CHUNK, info=other) == content(CHUNK)


def test_a_hashed_source_passes_everything_on() -> None:
    items = [CHUNK, Event(50, 0.5, "marker", {})]
    source = HashedSource(MemorySource(INFO, items))
    passed = list(source)
    assert len(passed) == 2
    assert np.array_equal(passed[0].data, DATA)
    assert source.digest == content(*items)
    assert source.info is INFO


def test_the_code_counts(tmp_path: Path) -> None:
    file = tmp_path / "more.py"
    file.write_text("x = 1\n")
    first = code_version(file)
    assert first == code_version(file) != code_version()
    file.write_text("x = 2\n")
    assert code_version(file) != first


def test_the_order_of_keys_does_not_count() -> None:
    assert hash_of({"a": 1, "b": 2}) == hash_of({"b": 2, "a": 1}) != hash_of({"a": 1, "b": 3})

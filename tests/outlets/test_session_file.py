"""The two files of a recording, while several threads write them."""

import threading
from pathlib import Path

from rtemotion.description import plain_xml
from rtemotion.outlets.session_file import SessionFile
from rtemotion.session import load_session


def test_streams_that_are_added_at_once_are_all_told_of(tmp_path: Path, caplog: object) -> None:
    target = SessionFile(tmp_path / "a.xdf")
    together = threading.Barrier(8)

    def add(number: int) -> None:
        together.wait()
        for k in range(10):
            target.add_stream(plain_xml(f"s{number}-{k}", "EEG", "float32", ("a",), 100.0))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    running = load_session(tmp_path / "a.json")
    target.close()
    closed = load_session(tmp_path / "a.json")
    names = {f"s{number}-{k}" for number in range(8) for k in range(10)}
    assert {stream.name for stream in running.streams} == names
    assert {stream.name for stream in closed.streams} == names
    assert len({stream.id for stream in closed.streams}) == 80
    assert caplog.records == []  # type: ignore[attr-defined]

"""The address file: for its owner alone, and never taken for a service that has gone."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from rtemotion.errors import ServiceError
from rtemotion.service.address import (
    Address,
    address_path,
    only_one,
    read_address,
    remove_address,
    write_address,
)

OURS = Address("127.0.0.1", 4711, "secret", os.getpid())


def dead() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_file_is_its_owners_alone_and_says_where(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "service.json"
    path.parent.mkdir()
    path.write_text("old")
    path.chmod(0o644)
    write_address(OURS, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_address(path) == OURS
    assert OURS.url == "ws://127.0.0.1:4711/"
    assert Address("::1", 1, "", 1).url == "ws://[::1]:1/"


def test_the_address_of_a_process_that_has_gone_is_none(tmp_path: Path) -> None:
    path = tmp_path / "service.json"
    write_address(Address("127.0.0.1", 4711, "secret", dead()), path)
    assert read_address(path) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"host": 1}',
        '{"host": "h", "port": "1", "token": "t", "pid": OURS}',
        json.dumps({"host": "h", "port": 1, "token": "t", "pid": "1"}),
        json.dumps({"host": "h", "port": 1, "token": "t", "pid": -1}),
        json.dumps({"host": "h", "port": 1, "token": "t", "pid": 0}),
        "[" * 100_000,
    ],
)
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "service.json"
    path.write_text(text.replace("OURS", str(OURS.pid)))
    assert read_address(path) is None


def test_only_the_one_who_wrote_the_file_takes_it_away(tmp_path: Path) -> None:
    path = tmp_path / "service.json"
    write_address(OURS, path)
    remove_address(Address("127.0.0.1", 4712, "other", os.getpid()), path)
    assert path.exists()
    remove_address(OURS, path)
    remove_address(OURS, path)
    assert not path.exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ServiceError, match="RTEMOTION_SERVICE"):
        write_address(OURS, blocked / "service.json")
    with pytest.raises(ServiceError, match="RTEMOTION_SERVICE"), only_one(blocked / "s.json"):
        pass


def test_the_right_to_serve_is_held_by_one_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "service.json"
    with only_one(path):
        write_address(OURS, path)
        with pytest.raises(ServiceError, match="runs already.*4711"), only_one(path):
            pass
    with only_one(path):
        pass


def test_the_environment_names_another_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RTEMOTION_SERVICE", str(tmp_path / "mine.json"))
    assert address_path() == tmp_path / "mine.json"
    monkeypatch.delenv("RTEMOTION_SERVICE")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert address_path().name == "service.json"

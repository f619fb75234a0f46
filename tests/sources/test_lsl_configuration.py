"""Where LSL looks for streams; each in a process of its own, since it reads this once."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtemotion.errors import SetupError
from rtemotion.lsl import configure_network

from .lsl_senders import HELPERS, Start, senders

# Nobody listens on this port, so multicast and broadcast reach nobody.
DEAF = "[ports]\nMulticastPort = 17999\n; a comment\n[log]\nlevel = -3\n"


@pytest.fixture
def send() -> Iterator[Start]:
    with senders() as start:
        yield start


def configured(
    tmp_path: Path, options: dict[str, object], *arguments: str, users: str = ""
) -> dict:
    environment = {k: v for k, v in os.environ.items() if k != "LSLAPICFG"} | {
        "HOME": str(tmp_path)
    }
    if users:
        (tmp_path / "lsl_api").mkdir(exist_ok=True)
        (tmp_path / "lsl_api" / "lsl_api.cfg").write_text(users)
    done = subprocess.run(
        [sys.executable, str(HELPERS / "configured.py"), json.dumps(options), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        cwd=Path.cwd(),
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_machine_scope_finds_a_local_stream(send: Start, tmp_path: Path) -> None:
    source_id, _ = send()
    told = configured(tmp_path, {"scope": "machine"}, source_id)
    assert told["found"]
    assert told["settings"] == "[multicast]\nResolveScope = machine\n[log]\nlevel = -2\n"
    assert not Path(told["path"]).exists()  # removed at its end


def test_a_known_peer_is_found_without_multicast(send: Start, tmp_path: Path) -> None:
    source_id, _ = send()
    told = configured(tmp_path, {"known_peers": ["127.0.0.1"]}, source_id, users=DEAF)
    assert told["found"]
    assert told["settings"].splitlines() == [
        *("[ports]", "MulticastPort = 17999", "[log]", "level = -3"),
        *("[lab]", "KnownPeers = {127.0.0.1}"),
    ]


def _bind_one(peer: socket.socket) -> None:
    """Take any of the ports on which peers are asked; others' outlets may hold some."""
    for port in range(16603, 16571, -1):
        try:
            peer.bind(("127.0.0.77", port))
        except OSError:
            continue
        return
    pytest.skip("every LSL port of this machine is taken")


@pytest.mark.skipif(sys.platform != "linux", reason="other addresses of this machine")
@pytest.mark.parametrize(("peers", "expected"), [(["127.0.0.77", "other"], True), ([], False)])
def test_only_known_peers_are_asked_directly(
    tmp_path: Path, peers: list[str], expected: bool
) -> None:
    # liblsl itself asks 127.0.0.1, so another address of this machine plays the peer.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        _bind_one(peer)
        peer.settimeout(0.2)
        configured(tmp_path, {"known_peers": peers, "session_id": "s"}, "nobody", users=DEAF)
        try:
            asked = peer.recv(4096).startswith(b"LSL:shortinfo")
        except TimeoutError:
            asked = False
    assert asked is expected


def test_sessions_do_not_see_one_another(send: Start, tmp_path: Path) -> None:
    source_id, _ = send()
    assert not configured(tmp_path, {"session_id": "another"}, source_id)["found"]


def test_too_late_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylsl", object())
    with pytest.raises(SetupError, match="once it is in use.*restart"):
        configure_network(scope="machine")


@pytest.mark.parametrize("peer", ["", "a,b", "{a}", "a;b", "a\nb"])
def test_what_is_no_machine_is_refused(monkeypatch: pytest.MonkeyPatch, peer: str) -> None:
    monkeypatch.delitem(sys.modules, "pylsl", raising=False)
    with pytest.raises(SetupError, match="no name of a machine"):
        configure_network([peer])


def test_a_broken_configuration_of_the_users_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "pylsl", raising=False)
    broken = tmp_path / "mine.cfg"
    broken.write_text("[lab]\nKnownPeers\n")
    monkeypatch.setenv("LSLAPICFG", str(broken))
    with pytest.raises(SetupError, match="line 2 of .*mine.cfg"):
        configure_network(scope="link")

"""The page about the protocol and its examples say what is so."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rtemotion.service.host import TAKES
from rtemotion.service.messages import TOPICS

from .services import HEADSET, Served, wait_for

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "protocol.md").read_text("utf-8")
VERBS = {*TAKES, "start"}


def section(title: str) -> str:
    """Return what stands under a heading."""
    found = re.search(rf"^#+ {title}\n(.*?)(?=^#+ |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None, title
    return found[1]


def test_every_request_has_its_row_with_all_it_takes() -> None:
    rows = dict(re.findall(r"^\| `([a-z]+)` \| (.*?) \|$", section("Requests"), re.MULTILINE))
    assert set(rows) - {"do"} == VERBS
    for verb, takes in TAKES.items():
        assert all(f"`{name}`" in rows[verb] for name in takes), verb


def test_everything_that_can_be_ordered_is_named(shared_service: Served) -> None:
    with shared_service.client() as client:
        number = client.ask("start", plaice=1)
        said = wait_for(client, lambda m: m.get("id") == number)["error"]
    takes = re.split(r", | and ", said.split("it takes ")[1].rstrip("."))
    assert len(takes) > 10
    assert all(f"`{name}`" in section("start") for name in takes)


def test_every_message_and_field_that_comes_is_described(shared_service: Served) -> None:
    with shared_service.client() as client:
        state = client.request("start", place={"headset": HEADSET})
        joy = state["model"]["targets"][0]["name"]
        client.request("subscribe", topics=list(TOPICS), emotion=joy)
        client.request("note", payload={"description": "x"})
        wanted = {*TOPICS, "event", "health", "state"}
        found: dict[str, Any] = {"welcome": client.welcome}
        wait_for(client, lambda m: found.update({m["type"]: m}) or wanted <= set(found))
        client.request("stop")
    found["state"] = state
    for kind, message in found.items():
        words = section(kind)
        assert all(f"`{name}`" in words for name in message if name != "type"), (kind, message)
    for part in ("source", "model"):
        assert all(f"`{name}`" in section("state") for name in state[part]), part


def test_no_message_is_described_that_does_not_come() -> None:
    whole = re.search(r"^## What the service sends\n(.*?)^## ", PAGE, re.DOTALL | re.MULTILINE)
    assert whole is not None
    described = set(re.findall(r"^### (\w+)$", whole[1], re.MULTILINE))
    assert described == {*TOPICS, "welcome", "state", "event", "health", "reply"}


def test_the_python_example_prints_emotions_and_stops_by_itself(shared_service: Served) -> None:
    done = subprocess.run(
        [sys.executable, str(DOCS / "examples" / "client.py"), "--seconds", "4"]
        + ["--headset", HEADSET],
        env=dict(os.environ) | {"RTEMOTION_SERVICE": str(shared_service.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    assert len(lines) >= 5
    assert all(re.search(r"joy=(nan|-?\d\.\d\d)±", line) for line in lines)
    assert "simulat" in done.stdout.splitlines()[0]


def test_the_python_example_says_where_there_is_no_service(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(DOCS / "examples" / "client.py")],
        env=dict(os.environ) | {"RTEMOTION_SERVICE": str(tmp_path / "none.json")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr == "error: No service runs; start one with `rtemotion serve`.\n"


def test_the_browser_page_says_only_what_the_service_understands() -> None:
    page = (DOCS / "examples" / "page.html").read_text("utf-8")
    assert set(re.findall(r'do: "(\w+)"', page)) <= VERBS
    assert set(re.findall(r'topics: \["(\w+)"\]', page)) <= set(TOPICS)
    assert set(re.findall(r'message\.type === "(\w+)"', page)) <= {*TOPICS, "state", "reply"}
    assert "http" not in re.sub(r"<!--.*?-->", "", page, flags=re.DOTALL)
    if node := shutil.which("node"):
        script = page.split("<script>")[1].split("</script>")[0]
        checked = subprocess.run([node, "--check", "-"], input=script, text=True, check=False)
        assert checked.returncode == 0
    else:
        pytest.skip("no node to check the page's script with")

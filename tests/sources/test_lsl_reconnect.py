"""A sender that is killed again and again."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "reconnect.py"


def test_reconnecting_leaves_nothing_behind() -> None:
    command = [sys.executable, str(SCRIPT), "--rounds", "3", "--warm-up", "4", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["from_outlet_s"]["max"] < 2.0
    assert told["after"]["threads"] == told["before"]["threads"]
    assert told["after"]["files"] == told["before"]["files"]
    assert told["after"]["rss_mb"] - told["before"]["rss_mb"] < 5.0

"""A lab's machine tells nobody what runs on it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_loading_a_model_leaves_no_notes_for_its_runtimes_makers(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    places = {name: str(tmp_path / name) for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")}
    code = "from rtemotion import load_model; load_model()"
    subprocess.run([sys.executable, "-P", "-c", code], env=env | places, check=True)
    found = [path for path in tmp_path.rglob("*") if "onnxruntime" in str(path).lower()]
    assert found == []

"""Taking a package away from processes to come."""

from __future__ import annotations

from pathlib import Path

import pytest

BLOCKER = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {module!r}:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)

sys.meta_path.insert(0, Absent())
"""


def uninstall(module: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes started from here find a module as little as if it were not installed."""
    (folder / "sitecustomize.py").write_text(BLOCKER.format(module=module))
    monkeypatch.setenv("PYTHONPATH", str(folder))

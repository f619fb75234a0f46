"""Windows without a screen, and settings that are not the developer's own."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

try:
    from PySide6 import QtWidgets  # noqa: F401
except ImportError as problem:
    # Qt's own libraries want some of the system's (libegl1, libxkbcommon0 ...).
    pytest.skip(f"Qt does not load here: {problem}", allow_module_level=True)

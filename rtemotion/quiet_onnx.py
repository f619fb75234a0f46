"""onnxruntime as it is used here: nothing it would tell its makers leaves this machine."""

from __future__ import annotations

import os
from types import ModuleType


def load_onnxruntime() -> ModuleType:
    """Return onnxruntime, without its telemetry.

    It otherwise keeps an identity of the machine and notes of every process in the user's
    cache, to be sent. The variable has to be set before it is first imported; the user's own
    choice stands.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    if os.environ["ORT_DISABLE_TELEMETRY"] != "0":
        onnxruntime.disable_telemetry_events()
    module: ModuleType = onnxruntime
    return module

"""How much memory this process has, where the system tells."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")
NO_MEMORY = (
    "this system does not tell a program how much memory it has in use; "
    "install psutil, which asks it in another way: pip install psutil"
)


def resident_mb() -> float | None:
    """Return the memory now resident in MB, or None where nobody tells."""
    if STATUS.is_file():
        return _from_status("VmRSS")
    memory = _psutil_memory()
    return None if memory is None else float(memory.rss) / 1e6


def peak_mb() -> float | None:
    """Return the most memory that was ever resident in MB, or None where nobody tells.

    Not from `resource` on Linux, which counts what the parent had at the start as well.
    """
    if STATUS.is_file():
        return _from_status("VmHWM")
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    memory = _psutil_memory()
    return None if memory is None else float(getattr(memory, "peak_wset", memory.rss)) / 1e6


def _from_status(field: str) -> float | None:
    for line in STATUS.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024 / 1e6
    return None


def _psutil_memory() -> Any:
    try:
        psutil = import_module("psutil")
    except ImportError:
        return None
    return psutil.Process(os.getpid()).memory_info()

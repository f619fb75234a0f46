"""Opening the desktop app from the command, where there is a screen and Qt is installed."""

from __future__ import annotations

import ctypes.util
import importlib
import importlib.util
import logging
import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..errors import SetupError
from ..options import Options
from ..outputs import Outputs

log = logging.getLogger(__name__)


# What Qt needs of the system to show a window on X11, and what brings it on Debian.
_LIBRARIES = ("xcb-cursor", "xcb-icccm", "xcb-keysyms", "xcb-image", "xkbcommon-x11")
_PACKAGES = (
    "libegl1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 "
    "libdbus-1-3"
)


def has_screen() -> bool:
    """Tell whether a window could be seen."""
    if sys.platform in ("win32", "darwin"):
        return True
    if os.environ.get("QT_QPA_PLATFORM") or os.environ.get("WAYLAND_DISPLAY"):
        return True
    return _x_answers(os.environ.get("DISPLAY", ""))


def _x_answers(display: str) -> bool:
    """Tell whether an X server is there: Qt would take the whole process down without one."""
    host, colon, number = display.partition(":")
    number = number.partition(".")[0]
    if not colon or not number.isdecimal():
        return False
    if host in ("", "unix"):
        path = f"/tmp/.X11-unix/X{number}"
        # Servers may listen at an abstract name alone, which no file shows.
        return any(_reaches(socket.AF_UNIX, where) for where in (path, f"\0{path}"))
    return _reaches(socket.AF_INET, (host, 6000 + int(number)))


def _reaches(family: int, where: Any) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.settimeout(1.0)
        try:
            tried.connect(where)
        except OSError:
            return False
    return True


def reason_against_window() -> str:
    """Return what keeps the app from opening, as a sentence with its remedy; empty for nothing."""
    if any(importlib.util.find_spec(name) is None for name in ("PySide6", "pyqtgraph")):
        return "The desktop app is not installed; install it with: pip install 'rtemotion[gui]'."
    if not has_screen():
        return "There is no display, so the view stays in the terminal."
    try:
        importlib.import_module("PySide6.QtWidgets")
    except ImportError as problem:
        return (
            f"The desktop app cannot open ({problem}): Qt needs libraries of the system; on "
            f"Debian and Ubuntu: apt-get install {_PACKAGES}."
        )
    if sys.platform == "linux" and not os.environ.get("QT_QPA_PLATFORM"):
        lacking = [name for name in _LIBRARIES if ctypes.util.find_library(name) is None]
        if lacking and not os.environ.get("WAYLAND_DISPLAY"):
            return (
                f"The desktop app needs the system's {', '.join(f'lib{n}' for n in lacking)}; on "
                f"Debian and Ubuntu: apt-get install {_PACKAGES}."
            )
    return ""


def window_wanted(gui: bool | None) -> bool:
    """Tell whether a command should open the app rather than use the terminal.

    Parameters
    ----------
    gui : bool or None
        What was said: ``--gui``, ``--no-gui`` or nothing, which opens it from a terminal
        wherever it can be opened.

    Raises
    ------
    SetupError
        If it was asked for and cannot be opened.
    """
    if gui is False or (gui is None and not sys.stdout.isatty()):
        return False
    reason = reason_against_window()
    if reason and gui:
        raise SetupError(reason)
    if reason:
        log.info(reason)
    return not reason


def open_window(
    place: dict[str, Any] | None = None,
    *,
    options: Options | None = None,
    outputs: Outputs | None = None,
    model: Path | None = None,
    baseline: str | None = None,
    republish: bool = False,
    speed: float = 1.0,
    seconds: float | None = None,
) -> None:
    """Open the app, decoding a place at once where one is given.

    Raises
    ------
    SetupError
        If the app could not be opened.
    """
    from ..service.launch import find_or_launch

    order = None
    if place is not None:
        order = _order(place, options, outputs, model, baseline, republish, speed)
    # The engine's process comes up while the app is imported, which takes as long.
    with ThreadPoolExecutor(1, "rtemotion-connect") as pool:
        early = pool.submit(find_or_launch, "app")
        from ..gui.main import run_app

        code = run_app(order, seconds, early.result)
    if code:
        raise SetupError(f"The desktop app ended with code {code}; the log says more.")


def _order(
    place: dict[str, Any],
    options: Options | None,
    outputs: Outputs | None,
    model: Path | None,
    baseline: str | None,
    republish: bool,
    speed: float,
) -> dict[str, Any]:
    """Return what the service is asked for; its own folder is another one than ours."""
    outputs = outputs or Outputs()
    outputs.check()
    said = {key: value for key, value in vars(options or Options()).items() if value is not None}
    order: dict[str, Any] = {
        "place": {k: _absolute(v) for k, v in place.items() if v is not None},
        "options": {k: list(v) if isinstance(v, tuple) else v for k, v in said.items()},
        "model": _absolute(model),
        "baseline": baseline,
        "record": _absolute(outputs.recording),
        "table": _absolute(outputs.table),
        "networks": _absolute(outputs.networks),
        "osc": outputs.osc,
        "also": list(outputs.also) or None,
        "overwrite": outputs.overwrite or None,
        "republish": republish or None,
        "speed": None if speed == 1.0 else speed,
    }
    return {key: value for key, value in order.items() if value is not None}


def _absolute(value: Any) -> Any:
    return str(value.resolve()) if isinstance(value, Path) else value

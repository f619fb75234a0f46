"""Windows without a screen, settings of their own, and nothing left when a test is over."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

try:
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication
except ImportError as problem:
    # Qt's own libraries want some of the system's (libegl1, libxkbcommon0 ...).
    pytest.skip(f"Qt does not load here: {problem}", allow_module_level=True)

if TYPE_CHECKING:
    from .driving import Desk

Opening = Callable[..., "Desk"]


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Fail a test after which a thread lives on, or a window stands open."""
    threads, windows = _threads(), _windows()
    yield
    end = time.monotonic() + 3.0
    while time.monotonic() < end and _threads() - threads:
        time.sleep(0.02)
    lives = [thread.name for thread in _threads() - threads]
    assert not lives, f"threads live on: {lives}"
    gc.collect()
    stands = [str(window) for window in _windows() - windows]
    assert not stands, f"windows stand open: {stands}"


def _threads() -> set[threading.Thread]:
    # One waits for the end of a service that this process has started, as long as that lives.
    return {t for t in threading.enumerate() if t.name != "rtemotion-launched"}


def _windows() -> set[Any]:
    if QApplication.instance() is None:
        return set()
    return {widget for widget in QApplication.topLevelWidgets() if widget.isVisible()}


def _settings(folder: Path) -> QSettings:
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    return QSettings(
        QSettings.Format.IniFormat, QSettings.Scope.UserScope, "rtemotion", "rtemotion"
    )


@pytest.fixture
def settings(tmp_path: Path, qapp: QApplication) -> QSettings:
    """Settings of this test alone, those that the app makes itself as well."""
    qapp.setOrganizationName("rtemotion")
    qapp.setApplicationName("rtemotion")
    return _settings(tmp_path / "settings")


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of a service of this test alone, which has ended when the test has."""
    from .driving import end_service

    path = tmp_path / "service.json"
    monkeypatch.setenv("RTEMOTION_SERVICE", str(path))
    yield path
    end_service(path)


@pytest.fixture(scope="session")
def shared_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file of a service that outlives a test, since starting one takes seconds."""
    from .driving import end_service

    path = tmp_path_factory.mktemp("service") / "service.json"
    yield path
    end_service(path)


@pytest.fixture
def opened(
    request: pytest.FixtureRequest, settings: QSettings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Opening]:
    """Opens apps on the test's own service where it has one; closes them when it is over."""
    from .driving import Desk

    if "service" not in request.fixturenames:
        shared = request.getfixturevalue("shared_service")
        monkeypatch.setenv("RTEMOTION_SERVICE", str(shared))
    desks: list[Desk] = []

    def open_desk(order: Mapping[str, Any] | None = None) -> Desk:
        desks.append(Desk(settings, order))
        return desks[-1]

    yield open_desk
    for desk in desks:
        desk.stop()
        desk.leave()


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory, qapp: QApplication) -> Iterator[Desk]:
    """An app that shows a simulated headset of 32 channels, for all tests that only look."""
    from .driving import Desk, end_service

    folder = tmp_path_factory.mktemp("desk")
    path = folder / "service.json"
    before = os.environ.get("RTEMOTION_SERVICE")
    os.environ["RTEMOTION_SERVICE"] = str(path)
    desk = Desk(_settings(folder), {"place": {"headset": "cap32:1"}})
    try:
        desk.until(lambda: desk.session.live, 40.0)
    finally:
        if before is None:
            del os.environ["RTEMOTION_SERVICE"]
        else:
            os.environ["RTEMOTION_SERVICE"] = before
    desk.until_valued()
    yield desk
    desk.leave()
    end_service(path)


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute of a simulated headband in a file."""
    from typer.testing import CliRunner

    from rtemotion.cli.app import app

    path = tmp_path_factory.mktemp("recordings") / "headband.xdf"
    said = ["simulate", "--headset", "muse", "--seconds", "40", "--out", str(path)]
    result = CliRunner().invoke(app, said)
    assert result.exit_code == 0, result.output
    return path

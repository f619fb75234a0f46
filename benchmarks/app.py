"""What the desktop app costs and how fluent it is, on a real stream and a real service.

A second process sends 64 channels at 500 Hz over LSL; the service decodes them; this process
is the app, drawn in software. Pictures are counted as they are painted.

    xvfb-run -s "-screen 0 1280x720x24" python benchmarks/app.py [--json] [--seconds 8]
    QT_QPA_PLATFORM=offscreen python benchmarks/app.py        without an X server
    ... --only frames | launch | memory                       one part
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="rtemotion-app-")
os.environ["RTEMOTION_SERVICE"] = os.environ["XDG_CONFIG_HOME"] + "/service.json"

from PySide6.QtCore import QEvent, QObject, QSettings, QTimer
from PySide6.QtWidgets import QWidget

from rtemotion.gui.app import App, make_application
from rtemotion.gui.state.link import Link
from rtemotion.service.launch import launch

CHANNELS, SFREQ = 64, 500
# A frame of decoding has settled by then, s.
_SETTLED = 14.0


class Paints(QObject):
    """Counts the pictures that a widget paints."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Count, and let the event pass."""
        self.count += event.type() == QEvent.Type.Paint
        return False


def sender(source_id: str) -> subprocess.Popen[bytes]:
    """Start the process that sends."""
    command = [sys.executable, "-m", "rtemotion", "simulate", "--headset", "cap64"]
    command += ["--sfreq", str(SFREQ), "--source-id", source_id, "--name", source_id]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def frames(seconds: float) -> dict[str, Any]:
    """Return pictures a second by page, the decoder's latency, and what hidden pages cost."""
    source_id = f"bench-{uuid.uuid4().hex[:8]}"
    sending = sender(source_id)
    client = launch("benchmark", linger=5.0)
    found: dict[str, Any] = {}
    application = make_application(sys.argv[:1])
    try:
        place = {"stream": f"source_id={source_id},type=EEG", "wait": 30.0}
        client.request("start", timeout=90.0, place=place)
        client.request("subscribe", topics=["frames"])
        app = App(Link(lambda: launch_client(client)), QSettings())
        app.connect = lambda: None  # type: ignore[method-assign]
        app.window.may_close = lambda: True
        app.window.resize(1280, 720)
        app.show()
        steps = plan(app, client, seconds, found)
        run_steps(steps, lambda: (app.window.hide(), application.quit()))
        application.exec()
        app.window.close()
    finally:
        client.ask("shutdown")
        client.close()
        sending.terminate()
        sending.wait()
    return found


def launch_client(client: Any) -> Any:
    """Return another connection to the same service."""
    from rtemotion.service.client import Client

    return Client(client.address, "app")


def plan(
    app: App, client: Any, seconds: float, found: dict[str, Any]
) -> list[tuple[float, Callable[[], None]]]:
    """Return what to do, each with the seconds to wait before it."""
    process = psutil.Process()
    engine = psutil.Process(client.welcome["pid"])
    pages: list[tuple[str, int, dict[str, QWidget]]] = [
        ("emotions", 0, {"trajectories": app.emotions.trajectories}),
        ("signals", 1, {"signals": app.signals.traces}),
        ("brain", 2, {"connectogram": app.brain.edges, "matrix": app.brain.matrix}),
        ("why", 3, {"why map": app.why.map, "why edges": app.why.edges}),
    ]
    began: dict[str, Any] = {}

    def begin(watched: dict[str, QWidget]) -> None:
        began["paints"] = {name: Paints(widget) for name, widget in watched.items()}
        mark()

    def mark() -> None:
        client.take()
        began["time"], began["beats"] = time.perf_counter(), app.window.beats
        began["app"], began["engine"] = cpu(process), cpu(engine)

    def end(page: str) -> None:
        passed = time.perf_counter() - began["time"]
        for name, paints in began.get("paints", {}).items():
            found[f"{name} (pictures/s)"] = round(paints.count / passed, 1)
        found[f"{page}: app (share of a core)"] = round((cpu(process) - began["app"]) / passed, 3)
        found[f"{page}: engine"] = round((cpu(engine) - began["engine"]) / passed, 3)
        ages = [
            float(age)
            for message in client.take()
            if message["type"] == "frames"
            for age in message["sample_age"]
        ]
        found[f"{page}: latency p50, p99 (ms)"] = [
            round(1e3 * float(np.percentile(ages, share)), 1) for share in (50, 99)
        ]
        began.pop("paints", None)

    steps: list[tuple[float, Callable[[], None]]] = [(_SETTLED, lambda: None)]
    for page, index, watched in pages:
        steps.append((0.0, lambda i=index: app.window.tabs.setCurrentIndex(i)))
        steps.append((1.5, lambda w=watched: begin(w)))
        steps.append((seconds, lambda p=page: end(p)))
    steps.append((0.0, app.window.showMinimized))
    steps.append((1.5, mark))
    steps.append((seconds, lambda: end("hidden")))
    return steps


def cpu(process: psutil.Process) -> float:
    """Return the seconds of processor time that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def run_steps(steps: list[tuple[float, Callable[[], None]]], last: Callable[[], object]) -> None:
    """Do one step after the other, from within the event loop."""
    waiting = iter(steps)

    def following() -> None:
        step = next(waiting, None)
        if step is None:
            last()
            return
        wait, act = step

        def do() -> None:
            act()
            following()

        QTimer.singleShot(round(wait * 1000), do)

    following()


def start_of_app(repeats: int) -> dict[str, Any]:
    """Return the seconds from the command to the first window, and to the first emotion."""
    painted, valued = [], []
    for _ in range(repeats):
        log = Path(tempfile.mkdtemp(prefix="rtemotion-log-"))
        began = time.time()
        subprocess.run(
            [sys.executable, "-m", "rtemotion", "demo", "--gui", "--seconds", "20"],
            env=os.environ | {"XDG_STATE_HOME": str(log)},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        text = next(log.rglob("rtemotion.log")).read_text("utf-8")
        painted.append(_moment(text, "first picture of the window") - began)
        valued.append(_moment(text, "first emotion on the screen") - began)
        time.sleep(1.0)
    return {
        "first window (s, median)": round(sorted(painted)[repeats // 2], 2),
        "first emotion (s, median; the longest window is 8 s)": round(
            sorted(valued)[repeats // 2], 2
        ),
    }


def _moment(text: str, words: str) -> float:
    line = next(line for line in text.splitlines() if words in line)
    return float(line.rsplit(" at ", 1)[1])


def memory(hours: float) -> dict[str, Any]:
    """Return how much app and engine grow while a long recording passes quickly."""
    from rtemotion.service.client import Client

    file = Path(os.environ["XDG_CONFIG_HOME"]) / "long_raw.fif"
    length = str(round(hours * 3600))
    command = [sys.executable, "-m", "rtemotion", "simulate", "--seconds", length]
    subprocess.run([*command, "--out", str(file)], check=True, stdout=subprocess.DEVNULL)
    client = launch("benchmark", linger=5.0)
    application = make_application(sys.argv[:1])
    client.request("start", timeout=90.0, place={"file": str(file)}, speed=60.0)
    app = App(Link(lambda: Client(client.address, "app")), QSettings())
    app.connect = lambda: None  # type: ignore[method-assign]
    app.window.may_close = lambda: True
    app.show()
    sizes: list[tuple[float, float, float]] = []
    engine, own = psutil.Process(client.welcome["pid"]), psutil.Process()

    def look() -> None:
        position = app.session.position
        sizes.append((position, own.memory_info().rss / 1e6, engine.memory_info().rss / 1e6))
        page = len(sizes) // 4 % 4
        app.window.tabs.setCurrentIndex(page)
        if app.session.phase != "running" and position > 0:
            application.quit()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(1000)
    application.exec()
    app.window.close()
    client.close()
    # Every page has been seen, and rings are full, after the first pass through the pages.
    first = next(row for row in sizes if row[0] >= 1300.0)
    last = sizes[-1]
    return {
        "hours of signal": round(last[0] / 3600, 2),
        "app grew (MB)": round(last[1] - first[1], 1),
        "engine grew (MB)": round(last[2] - first[2], 1),
        "app (MB)": round(last[1]),
        "engine (MB)": round(last[2]),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("frames", "launch", "memory"))
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--hours", type=float, default=4.0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    parts = {
        "frames": lambda: frames(given.seconds),
        "launch": lambda: start_of_app(given.repeats),
        "memory": lambda: memory(given.hours),
    }
    # Each part has a Qt of its own, so that one leaves nothing to the next.
    if given.only is None:
        for part in parts:
            subprocess.run([sys.executable, __file__, "--only", part, *sys.argv[1:]], check=True)
        return
    found = parts[given.only]()
    if given.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name}: {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()

"""Whether every sample of five streams is recorded while one is decoded, and memory is flat.

    python benchmarks/hour.py [--minutes 60] [--times-faster 4] [--channels 64] [--sfreq 2000]

A process of its own sends five streams, EEG of 64 channels at 2 kHz among them, whose
samples carry their number, faster than real time under stamps that say they are not;
`rtemotion live --record --also ...` decodes and records them. Then the file is read
by pyxdf, stream by stream.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import numpy as np
import psutil
import pyxdf

# name, type, format, channels, Hz
OTHERS = (
    ("amp2", "EEG", "float32", 32, 500.0),
    ("acc", "Accelerometer", "int16", 3, 100.0),
    ("gaze", "Gaze", "double64", 4, 120.0),
    ("codes", "Markers", "int32", 1, 2.0),
)
SENDER = """
import sys, time, numpy as np, pylsl
identity, seconds, faster = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
specs = eval(sys.argv[4])
from rtemotion.simulators.headsets import montage_labels
labels = montage_labels()
outlets = []
for name, kind, fmt, channels, sfreq in specs:
    info = pylsl.StreamInfo(name, kind, channels, sfreq, fmt, identity + name)
    if kind == "EEG":
        nodes = info.desc().append_child("channels")
        for c in range(channels):
            node = nodes.append_child("channel")
            node.append_child_value("label", labels[c])
            node.append_child_value("unit", "microvolts")
            node.append_child_value("type", "EEG")
    outlets.append(pylsl.StreamOutlet(info, max_buffered=360))
while not outlets[0].have_consumers():
    time.sleep(0.05)
time.sleep(float(sys.argv[5]))
rng = np.random.default_rng(1)
noise = [rng.normal(0, 20, (round(s[4]), s[3])) for s in specs]
began, sent = pylsl.local_clock(), [0] * len(specs)
dtypes = {"float32": np.float32, "int16": np.int16, "double64": np.float64, "int32": np.int32}
while True:
    virtual = min((pylsl.local_clock() - began) * faster, seconds)
    for k, (name, kind, fmt, channels, sfreq) in enumerate(specs):
        due = int(virtual * sfreq)
        while sent[k] < due:
            n = min(due - sent[k], max(1, round(0.02 * sfreq)))
            numbers = np.arange(sent[k], sent[k] + n)
            values = noise[k][numbers % len(noise[k])].copy()
            # The number in two parts, each small enough for the smallest format.
            values[:, 0] = numbers % 10000
            if channels > 1:
                values[:, 1] = numbers // 10000
            stamps = began + numbers / sfreq
            rows = np.ascontiguousarray(values.astype(dtypes[fmt]))
            outlets[k].push_chunk(rows, stamps.tolist())
            sent[k] += n
    if virtual >= seconds:
        break
    time.sleep(0.005)
print(*sent, flush=True)
time.sleep(3)
"""


def main() -> None:
    """Run, count, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--times-faster", type=float, default=4.0)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--sfreq", type=float, default=2000.0)
    options = parser.parse_args()
    identity = uuid.uuid4().hex
    specs = (("amp1", "EEG", "float32", options.channels, options.sfreq), *OTHERS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hour.xdf"
        sender = subprocess.Popen(
            [
                *(sys.executable, "-c", SENDER, identity, str(options.minutes * 60)),
                *(str(options.times_faster), repr(specs), "8"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        live = subprocess.Popen(
            [
                *(sys.executable, "-m", "rtemotion", "live", "--wait", "60", "--no-outlet"),
                *("--stream", f"source_id={identity}amp1", "--record", str(path)),
                *(part for o in OTHERS for part in ("--also", f"source_id={identity}{o[0]}")),
            ],
            stdout=(Path(folder) / "said.txt").open("w"),
            stderr=subprocess.STDOUT,
        )
        try:
            memory = watched(live, sender)
            sent = [int(n) for n in (sender.stdout.read() if sender.stdout else "").split()]
            time.sleep(2)
            live.send_signal(signal.SIGINT)
            live.wait(timeout=120)
        finally:
            for process in (sender, live):
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        said = (Path(folder) / "said.txt").read_text()
        told = [line for line in said.splitlines() if not line[:1].isdigit()]
        print("\n".join(told[-12:]))
        grown = memory[-1] - memory[min(60, len(memory) // 4)]
        print(f"memory: {memory[-1]:.0f} MB at the end, {grown:+.1f} MB since its first minute")
        failed = count(path, specs, sent)
    sys.exit(failed)


def watched(live: subprocess.Popen[bytes], sender: subprocess.Popen[str]) -> list[float]:
    """Return resident memory in MB, once a second until the sender ends."""
    process, memory = psutil.Process(live.pid), []
    while sender.poll() is None and live.poll() is None:
        memory.append(process.memory_info().rss / 1e6)
        time.sleep(1.0)
    return memory


def count(
    path: Path, specs: tuple[tuple[str, str, str, int, float], ...], sent: list[int]
) -> bool:
    """Compare the numbers in the file with those sent, and print what was found."""
    failed = False
    for (name, _, fmt, channels, _), n in zip(specs, sent, strict=True):
        streams, _ = pyxdf.load_xdf(
            str(path),
            [{"name": name}],
            synchronize_clocks=False,
            dejitter_timestamps=False,
        )
        values = streams[0]["time_series"]
        numbers = values[:, 0].astype(np.int64)
        if channels > 1:
            numbers = numbers + 10000 * values[:, 1].astype(np.int64)
            whole = np.array_equal(numbers, np.arange(n))
        else:
            whole = np.array_equal(numbers, np.arange(n) % 10000)
        failed |= not whole
        print(f"{name}: {len(numbers)} of {n} samples of {channels} × {fmt}, all there: {whole}")
    return failed


if __name__ == "__main__":
    main()

"""Feed mutated recordings to the readers: only a reading or a clear refusal may come of them.

    python benchmarks/fuzz_readers.py --minutes 10

Small valid files of each format are cut, spliced and flipped, and have their counts
made huge. A worker process with limited memory opens each one, reads it and lists
it. Anything but success or an `RtemotionError` is kept with its traceback under
``--keep`` and counted in the table.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import resource
import shutil
import struct
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rtemotion.errors import RtemotionError
from rtemotion.signal import Chunk
from rtemotion.sources.listing import summarise
from rtemotion.sources.recording import open_recording

MEMORY_BYTES = 6 * 2**30
LIMIT_S = 20.0
# A file of a few seconds may announce gaps; what it yields is bounded by its size.
MOST_SAMPLES = 10_000_000
HUGE = (b"\xff", b"\x7f", b"\x00", b"\x80", b"9", b"-", b" ", b".")

Write = Callable[[Path], Path]


def seeds() -> dict[str, Write]:
    """Return what writes a small valid file of each format into a folder."""
    from tests.sources import eeglab_files, gdf_files, recording_files, test_text, xdf_files

    values = np.random.default_rng(1).normal(0, 20, (4, 640))
    table = [(0, 768, 0, 128), (300, 769, 2, 64)]

    def text(name: str, lines: list[str]) -> Write:
        def write(folder: Path) -> Path:
            (folder / name).write_text("\n".join(lines), "utf-8")
            return folder / name

        return write

    return {
        "EDF": recording_files.write_edf,
        "BDF": recording_files.write_bdf,
        "GDF": lambda f: gdf_files.write_gdf(
            f / "a.gdf", values, recording_files.NAMES, events=table
        ),
        "FIF": recording_files.write_fif,
        "FIF, packed": recording_files.write_fif_gz,
        "BrainVision": recording_files.write_brainvision,
        "EEGLAB": lambda f: eeglab_files.write_eeglab(
            f / "a.set", values, [("boundary", 300.5, 9.0), ("on", 310.0, 1.0)]
        ),
        "EEGLAB by MNE": recording_files.write_set,
        "XDF": lambda f: xdf_files.write_session(f / "a.xdf", 300),
        "Muse CSV": lambda f: test_text.write_muse(f / "a.csv", 300, [(100, 2)]),
        "OpenBCI text": lambda f: test_text.write_openbci(f / "a.txt", list(range(256))),
        "CSV": text("b.csv", ["time (s);Fp1;Cz;stim"] + [f"{i / 64};1;2;0" for i in range(200)]),
    }


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    """Return damaged content: cut, flipped, spliced, or with huge numbers in its header."""
    out = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        if not out:
            break
        # Headers decide most, and are short.
        reach = len(out) if rng.random() < 0.5 else min(len(out), 2048)
        at = int(rng.integers(reach))
        how = int(rng.integers(7))
        if how == 0:
            del out[at:]
        elif how == 1:
            out[at] ^= 1 << int(rng.integers(8))
        elif how == 2:
            out[at : at + 8] = rng.bytes(8)
        elif how == 3:
            start = int(rng.integers(len(out)))
            out[at:at] = out[start : start + int(rng.integers(1, 400))]
        elif how == 4:
            del out[at : at + int(rng.integers(1, 400))]
        elif how == 5:
            out[at : at + 8] = HUGE[int(rng.integers(len(HUGE)))] * int(rng.integers(1, 9))
        else:
            value = int(rng.integers(-4, 2**31))
            out[at : at + 4] = struct.pack("<i", max(-4, value))
    return bytes(out)


def read(path: Path) -> str:
    """Open, read and list a recording; return what came of it."""
    summarise(path)
    try:
        source = open_recording(path, unit="uV")
        n_samples = 0
        for item in source:
            if isinstance(item, Chunk):
                n_samples += len(item)
                if n_samples > MOST_SAMPLES:
                    raise AssertionError(f"{n_samples} samples out of {path.stat().st_size} bytes")
        source.close()
    except RtemotionError:
        return "refused"
    return "read"


@contextmanager
def mutated(name: str, write: Write, folder: Path, seed: int) -> Iterator[Path]:
    """Write a valid recording, damage one of its files, and remove it all in the end."""
    rng = np.random.default_rng(seed)
    place = folder / f"{name.split(',')[0].replace(' ', '_')}-{seed}"
    place.mkdir(parents=True)
    try:
        path = write(place)
        parts = sorted(part for part in place.iterdir() if part.is_file())
        victim = parts[int(rng.integers(len(parts)))]
        victim.write_bytes(mutate(victim.read_bytes(), rng))
        yield path
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _work(pipe: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    logging.disable(logging.CRITICAL)
    sys.stdout = open("/dev/null", "w")  # noqa: SIM115
    while (path := pipe.recv()) is not None:
        try:
            pipe.send((read(path), ""))
        except BaseException:  # noqa: BLE001
            pipe.send(("failed", traceback.format_exc()))


class Reader:
    """A worker process that reads files, started anew when it hangs or dies."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def read(self, path: Path) -> tuple[str, str]:
        """Return what came of a file, and a traceback if it failed."""
        self._pipe.send(path)
        try:
            if self._pipe.poll(LIMIT_S):
                return self._pipe.recv()
            outcome = ("hung", f"not done after {LIMIT_S} s")
        except EOFError:
            outcome = ("died", "the worker process ended")
        self.close()
        self._start()
        return outcome

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


def main() -> None:
    """Mutate until the time is over and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"))
    parser.add_argument("--only", help="one format")
    options = parser.parse_args()
    writers = {k: v for k, v in seeds().items() if options.only in {None, k}}
    counts: dict[str, Counter[str]] = {name: Counter() for name in writers}
    reader, end, seed = Reader(), time.monotonic() + 60 * options.minutes, options.seed
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            for name, write in writers.items():
                with mutated(name, write, Path(folder), seed) as path:
                    outcome, trace = reader.read(path)
                    counts[name][outcome] += 1
                    if trace:
                        kept = options.keep / path.parent.name
                        shutil.copytree(path.parent, kept, dirs_exist_ok=True)
                        (kept / "traceback").write_text(f"{path.name}: {outcome}\n{trace}")
            seed += 1
    reader.close()
    print(f"{'format':16s}{'read':>8s}{'refused':>9s}{'failed':>8s}{'hung':>6s}{'died':>6s}")
    for name, count in counts.items():
        print(
            f"{name:16s}{count['read']:8d}{count['refused']:9d}{count['failed']:8d}"
            f"{count['hung']:6d}{count['died']:6d}"
        )
    bad = sum(c[x] for c in counts.values() for x in ("failed", "hung", "died"))
    sys.exit(f"{bad} inputs are kept in {options.keep}" if bad else 0)


if __name__ == "__main__":
    main()

"""How many times real time a recording is decoded, and what each part of it takes.

What `rtemotion bench --only replay` measures, for any headset; then processor time in
microseconds a frame for the file, each stage and the table, one after the other: what is
decoded in one go takes longer, since the stages take the processor's cache from one another.

    python benchmarks/replay.py [--headset cap32] [--minutes 5] [--json]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from rtemotion import load_model, open_recording
from rtemotion.bench.replay import measure, write
from rtemotion.decoding import Decoder
from rtemotion.outlets.table import open_table
from rtemotion.pipeline import feature_stages
from rtemotion.signal import EmotionFrame, Item, Outlet, Publication, Stage


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--headset", default="cap32")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = {"headset": options.headset, **measure(headset=options.headset).values}
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), options.headset, 60.0 * options.minutes)
        parts = [stages(path, Path(folder) / f"{k}.csv") for k in range(4)]
    result["us_a_frame"] = {name: round(min(p[name] for p in parts), 1) for name in parts[0]}
    print(json.dumps(result) if options.json else result)


def stages(path: Path, out: Path) -> dict[str, float]:
    """Return processor time in microseconds a frame, part by part."""
    model = load_model()
    table = open_table(out, model.card.target_names, model.identity)
    taken = {}

    def timed(name: str, work: Callable[[], list[Item]]) -> list[Item]:
        start = time.process_time()
        items = work()
        taken[name] = time.process_time() - start
        return items

    source = open_recording(path)
    items = timed("file", partial(list, source))
    chain, info = feature_stages(source.info, model.card.features, model.card.conditioning)
    for stage in (*chain, Decoder(info, model)):
        items = timed(type(stage).__name__, partial(_through, stage, items))
    frames = [item for item in items if isinstance(item, EmotionFrame)]
    timed("table", partial(_written, table, frames))
    table.close()
    source.close()
    return {name: 1e6 * seconds / len(frames) for name, seconds in taken.items()}


def _through(stage: Stage, items: list[Item]) -> list[Item]:
    return [out for item in items for out in stage.process(item)]


def _written(table: Outlet, frames: list[EmotionFrame]) -> list[Item]:
    for frame in frames:
        table.publish(Publication(frame, math.nan, False, math.nan))
    return []


if __name__ == "__main__":
    main()

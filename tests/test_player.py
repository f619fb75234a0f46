"""A stream from a program that is not ours, through the engine: mne-lsl's player."""

import uuid
from pathlib import Path

import mne
import numpy as np

from rtemotion import Engine, open_stream
from rtemotion.decoding import Model
from rtemotion.signal import Chunk, Event, Kind, Publication, Tick

from .helpers import Watched, another_process, simulated

PLAYER = Path(__file__).parent / "sources" / "helpers" / "player.py"


def test_the_engine_sees_every_sample_of_a_player_once_and_in_order(
    model: Model, tmp_path: Path
) -> None:
    info, chunk = simulated("epoc", 40.0)
    count = np.arange(len(chunk))[:, None] * 1e-6
    made = mne.create_info([*info.channels, "COUNT"], info.sfreq, ["eeg"] * 14 + ["misc"])
    raw = mne.io.RawArray(np.hstack([chunk.data, count]).T, made, verbose="ERROR")
    raw.save(tmp_path / "count_raw.fif", verbose="ERROR")
    source_id = f"player-{uuid.uuid4().hex}"
    kept: list[Chunk | Event | Tick] = []
    with another_process(str(PLAYER), str(tmp_path / "count_raw.fif"), "player", source_id):
        source = Watched(open_stream(f"source_id={source_id}", wait=60.0), kept)
        column = source.info.channels.index("COUNT")
        frames, gaps = [], []
        with Engine(source, model) as engine:
            for item in engine:
                if isinstance(item, Publication):
                    frames.append(item.frame)
                elif isinstance(item, Event) and item.kind == Kind.GAP:
                    gaps.append(item)
                if len(frames) == 36:
                    break
    numbers = np.concatenate([c.data[:, column] for c in kept if isinstance(c, Chunk)])
    scale = 1e-6 if numbers.max() < 1.0 else 1.0
    assert np.all(np.diff(np.round(numbers / scale)) == 1)
    assert gaps == []
    assert [f.index for f in frames] == [32 * (k + 1) for k in range(36)]
    assert np.isfinite(frames[-1].mean).all()

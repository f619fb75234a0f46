"""One hop of features against mne-connectivity on the same segments and measure.

Both compute imaginary coherence in the default bands from the segments of one
window, one thread each; ours also computes band power and squared wPLI over
segments that do not overlap. Hot, medians over repeats.

    python benchmarks/connectivity.py [--channels 64] [--repeats 15] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from mne_connectivity import spectral_connectivity_epochs

from rtemotion.features import FeatureSchema, FeatureStage
from rtemotion.signal import Chunk, FeatureFrame, StreamInfo

SFREQ = 250.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    schema = FeatureSchema()
    rng = np.random.default_rng(0)
    data = rng.standard_normal((round(60 * SFREQ), options.channels)) * 1e-5
    ours, frame = hops(data, schema)
    peer, difference = peer_once(data, schema, frame, options.repeats)
    result = {
        "channels": options.channels,
        "ms": round(ours * 1e3, 3),
        "peer_ms": round(peer * 1e3, 3),
        "ratio": round(peer / ours, 1),
        "largest_difference": difference,
    }
    print(json.dumps(result) if options.json else result)


def hops(data: np.ndarray, schema: FeatureSchema) -> tuple[float, FeatureFrame]:
    """Return the median time of a hop in seconds, and the last frame."""
    names = tuple(f"c{i}" for i in range(data.shape[1]))
    stage = FeatureStage(StreamInfo(names, SFREQ), schema)
    hop = schema.hop_samples(SFREQ)
    times = []
    for k in range(len(data) // hop):
        rows = slice(k * hop, (k + 1) * hop)
        chunk = Chunk(data[rows], k * hop, np.arange(k * hop, (k + 1) * hop) / SFREQ)
        began = time.perf_counter()
        (frame,) = stage.process(chunk)
        if frame.full:
            times.append(time.perf_counter() - began)
    return statistics.median(times), frame


def peer_once(
    data: np.ndarray, schema: FeatureSchema, frame: FeatureFrame, repeats: int
) -> tuple[float, float]:
    """Return the peer's median time for the same window, and the largest difference."""
    hop = schema.hop_samples(SFREQ)
    pairs = (frame.pairs[:, 0], frame.pairs[:, 1])
    times, difference = [], 0.0
    for repeat in range(repeats + 1):
        total = 0.0
        for group in schema.realise(SFREQ):
            members = [i for i in group.bands if schema.bands[i].connectivity]
            starts = [
                frame.index - group.segment - k * hop for k in reversed(range(group.n_segments))
            ]
            epochs = np.stack([data[s : s + group.segment].T for s in starts])
            began = time.perf_counter()
            found = spectral_connectivity_epochs(
                epochs,
                method="imcoh",
                indices=pairs,
                sfreq=SFREQ,
                mode="fourier",
                fmin=[schema.bands[i].low for i in members],
                fmax=[schema.bands[i].high for i in members],
                faverage=True,
                verbose="ERROR",
            )
            total += time.perf_counter() - began
            if repeat == 0:
                rows = [schema.connectivity_bands.index(i) for i in members]
                theirs = found.get_data().T
                difference = max(
                    difference, float(np.abs(theirs - frame.connectivity[0, rows]).max())
                )
        times.append(total)
    return statistics.median(times[1:]), difference


if __name__ == "__main__":
    main()

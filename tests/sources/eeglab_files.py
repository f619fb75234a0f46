"""EEGLAB sets written field by field, with their events as EEGLAB stores them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.io import savemat

from rtemotion.signal import FloatArray

SFREQ = 128.0
NAMES = ("Fp1", "Cz", "Pz", "Oz")


def write_eeglab(
    path: Path,
    data: FloatArray,
    events: Sequence[tuple[object, float, float | None]] = (),
    trials: int = 1,
) -> Path:
    """Write a set whose data are in the file itself.

    Parameters
    ----------
    data : array, shape (n_channels, n_samples)
        Microvolts.
    events : sequence of (type, latency, duration)
        Latency and duration in samples, the latency from 1; a duration of None is an
        empty field.
    """
    fields = [("type", object), ("latency", object), ("duration", object)]
    listed = np.zeros(len(events), dtype=fields)
    for row, (kind, latency, duration) in zip(listed, events, strict=True):
        row["type"], row["latency"] = kind, latency
        row["duration"] = np.empty((0, 0)) if duration is None else duration
    places = np.zeros(len(NAMES), dtype=[("labels", object)])
    for row, name in zip(places, NAMES, strict=True):
        row["labels"] = name
    points = data.shape[1] // trials
    shaped = data.reshape(len(data), trials, points).transpose(0, 2, 1) if trials > 1 else data
    savemat(
        path,
        {
            "EEG": {
                "setname": "test",
                "nbchan": len(data),
                "pnts": points,
                "trials": trials,
                "srate": SFREQ,
                "xmin": 0.0,
                "xmax": (points - 1) / SFREQ,
                "data": shaped.astype(np.float32),
                "chanlocs": places,
                "event": listed,
                "icawinv": np.empty((0, 0)),
                "epoch": np.empty((0, 0)),
            }
        },
        appendmat=False,
    )
    return path

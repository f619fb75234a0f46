"""How old the newest sample is when its emotion goes out, over a real LSL stream.

A simulated headset in a process of its own sends (`sender`); the engine receives, decodes
and republishes on LSL. A sample waits in the sender until its chunk is full, which is the
sender's business and taken off. Both find each other in an LSL session of their own on
this machine alone, so that no other receiver on the network takes the stream for a person.
"""

from __future__ import annotations

import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ..decoding import Model, load_model
from ..decoding.model import shipped_model
from ..engine import Engine
from ..errors import SetupError
from ..lsl import configure_network, load_pylsl
from ..pipeline import Setup, preload
from ..signal import Publication
from . import sender
from .hop_model import with_hop
from .measurements import Result

# The sender lives no longer than this beyond what is measured, whatever happens here.
SPARE_S = 60.0


@dataclass(frozen=True)
class Setting:
    """What is sent, and how often it is decoded.

    Attributes
    ----------
    headset : str
        Name of a simulated headset.
    chunk : float
        Length of the sender's chunks in seconds.
    sfreq : float or None
        Sampling rate in Hz; the headset's own by default.
    hop : float or None
        Seconds between frames; the model's own by default.
    """

    headset: str = "cap32"
    chunk: float = 0.004
    sfreq: float | None = None
    hop: float | None = None


# One sample a chunk in each.
SETTINGS = {
    "latency_ms": Setting(),
    "latency_64_ms": Setting("cap64", chunk=0.002, sfreq=500.0, hop=0.1),
}


def measure(quick: bool = False, key: str = "latency_ms") -> Result:
    """Return percentiles in milliseconds, in the setting of this key."""
    configure_network(scope="machine", session_id=f"bench-{uuid.uuid4().hex}")
    try:
        load_pylsl()
    except SetupError as error:
        return Result({key: None}, {key: str(error)})
    # The first frames of a quick run have no value yet: its windows never fill.
    return Result({key: over_lsl(SETTINGS[key], 1.0 if quick else 25.0, quick)})


def over_lsl(setting: Setting, seconds: float, warming_up: bool = False) -> dict[str, Any]:
    """Run sender and engine, and return percentiles of the age of the newest sample.

    Parameters
    ----------
    setting : Setting
        What is sent and decoded.
    seconds : float
        How long frames are looked at.
    warming_up : bool
        Look at frames without a value too.

    Returns
    -------
    dict
        ``p50`` and ``p99`` in milliseconds, the chunk taken off: with more than one
        sample a chunk, the longest a sample can wait. ``age_p50`` and ``age_p99`` as
        published, ``chunk`` and ``hop`` in milliseconds, and the number of ``frames`` and
        of ``late`` ones.

    Raises
    ------
    SourceError
        If the stream does not appear.
    """
    from .. import open_stream
    from ..outlets.lsl import LSLOutlet

    source_id = f"latency-{uuid.uuid4().hex}"
    rate, length = setting.sfreq or 0.0, seconds + SPARE_S
    arguments = [source_id, setting.headset, str(rate), str(length), str(setting.chunk)]
    ages: list[float] = []
    model = _model(setting.hop)
    with subprocess.Popen([sys.executable, "-m", sender.__name__, *arguments]) as sending:
        try:
            preload(Setup())
            source = open_stream(f"source_id={source_id}", wait=30.0)
            outlet = LSLOutlet(model.card.target_names, model.identity)
            with Engine(source, model, [outlet]) as engine:
                hop = engine.pipeline.hop
                wanted = round(seconds / hop)
                for item in engine:
                    if isinstance(item, Publication) and (
                        warming_up or np.isfinite(item.frame.mean).all()
                    ):
                        ages.append(item.sample_age)
                    if len(ages) >= wanted:
                        break
                late = engine.late
        finally:
            sending.kill()
    p50, p99 = (np.percentile(ages, [50, 99]) * 1e3).tolist()
    wait = setting.chunk * 1e3
    return {
        "p50": round(max(0.0, p50 - wait), 2),
        "p99": round(max(0.0, p99 - wait), 2),
        "age_p50": round(p50, 2),
        "age_p99": round(p99, 2),
        "chunk": wait,
        "hop": round(hop * 1e3, 3),
        "frames": len(ages),
        "late": late,
    }


def _model(hop: float | None) -> Model:
    """Open the shipped model, or a file of its own with another hop."""
    if hop is None:
        return load_model()
    with TemporaryDirectory(prefix="rtemotion-") as folder:
        return load_model(with_hop(shipped_model(), hop, Path(folder) / "model.onnx"))

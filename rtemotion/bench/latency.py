"""How old the newest sample is when its emotion goes out, over a real LSL stream.

A simulated headset in a process of its own sends; the engine receives, decodes and
republishes on LSL. A sample waits in the sender until its chunk is full, which is the
sender's business and taken off. Both find each other in an LSL session of their own on
this machine alone, so that no other receiver on the network takes the stream for a person.
"""

from __future__ import annotations

import subprocess
import sys
import uuid
from typing import Any

import numpy as np

from ..engine import Engine
from ..errors import SetupError
from ..lsl import configure_network, load_pylsl
from ..pipeline import Setup, preload
from ..signal import Publication
from .measurements import Result

SENDER = """
import sys
from rtemotion.simulators import Brain, Subject, broadcast
source_id, headset, seconds, chunk = sys.argv[1:]
brain = Brain(Subject.draw(1), headset, seed=1)
broadcast(brain, float(seconds), chunk_s=float(chunk), source_id=source_id)
"""
# The sender lives no longer than this beyond what is measured, whatever happens here.
SPARE_S = 60.0


def measure(quick: bool = False) -> Result:
    """Return percentiles in milliseconds, for one sample a chunk of 32 channels at 250 Hz."""
    configure_network(scope="machine", session_id=f"bench-{uuid.uuid4().hex}")
    try:
        load_pylsl()
    except SetupError as error:
        return Result({"latency_ms": None}, {"latency_ms": str(error)})
    # The first frames of a quick run have no value yet: its windows never fill.
    return Result({"latency_ms": over_lsl("cap32", 1.0 if quick else 25.0, 0.004, quick)})


def over_lsl(
    headset: str, seconds: float, chunk: float, warming_up: bool = False
) -> dict[str, Any]:
    """Run sender and engine, and return percentiles of the age of the newest sample.

    Parameters
    ----------
    headset : str
        Name of a simulated headset.
    seconds : float
        How long frames are looked at.
    chunk : float
        Length of the sender's chunks in seconds.
    warming_up : bool
        Look at frames without a value too.

    Returns
    -------
    dict
        ``p50`` and ``p99`` in milliseconds, the chunk taken off: with more than one
        sample a chunk, the longest a sample can wait. ``age_p50`` and ``age_p99`` as
        published, ``chunk``, and the number of ``frames`` and of ``late`` ones.

    Raises
    ------
    SourceError
        If the stream does not appear.
    """
    from .. import load_model, open_stream
    from ..outlets.lsl import LSLOutlet

    source_id = f"latency-{uuid.uuid4().hex}"
    arguments = [source_id, headset, str(seconds + SPARE_S), str(chunk)]
    ages: list[float] = []
    with subprocess.Popen([sys.executable, "-c", SENDER, *arguments]) as sender:
        try:
            model = load_model()
            preload(Setup())
            source = open_stream(f"source_id={source_id}", wait=30.0)
            outlet = LSLOutlet(model.card.target_names, model.identity)
            with Engine(source, model, [outlet]) as engine:
                wanted = round(seconds / engine.pipeline.hop)
                for item in engine:
                    if isinstance(item, Publication) and (
                        warming_up or np.isfinite(item.frame.mean).all()
                    ):
                        ages.append(item.sample_age)
                    if len(ages) >= wanted:
                        break
                late = engine.late
        finally:
            sender.kill()
    p50, p99 = np.percentile(ages, [50, 99]) * 1e3
    wait = chunk * 1e3
    return {
        "p50": round(max(0.0, p50 - wait), 2),
        "p99": round(max(0.0, p99 - wait), 2),
        "age_p50": round(p50, 2),
        "age_p99": round(p99, 2),
        "chunk": wait,
        "frames": len(ages),
        "late": late,
    }

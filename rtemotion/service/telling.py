"""What flows through the engine, as messages: frames, signals, features, events, state."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import Engine
from ..explanation import EmotionNetworks
from ..features.measures import get_measure
from ..signal import (
    Chunk,
    EmotionFrame,
    Event,
    FeatureFrame,
    FloatArray,
    Publication,
    StreamInfo,
)
from ..words import describe, without_nan
from .messages import Message


def frames_message(
    publications: Sequence[Publication], truths: Sequence[FloatArray | None]
) -> Message:
    """Return frames, oldest first, with the truth where it is known."""
    frames = [publication.frame for publication in publications]
    message: Message = {
        "type": "frames",
        "index": np.array([-1 if f.index is None else f.index for f in frames], np.int64),
        "time": np.array([f.time for f in frames]),
        "trusted": np.array([f.trusted for f in frames]),
        "reasons": [sorted(f.reasons) for f in frames],
        "quality": np.array([f.quality for f in frames]),
        "sample_age": np.array([p.sample_age for p in publications]),
        "late": np.array([p.late for p in publications]),
        "published": np.array([p.published for p in publications]),
    }
    for name in ("mean", "std", "lower", "upper"):
        message[name] = np.stack([getattr(frame, name) for frame in frames])
    if any(truth is not None for truth in truths):
        nothing = np.full(len(frames[0].mean), np.nan)
        message["truth"] = np.stack([nothing if t is None else t for t in truths])
    return message


def signals_message(chunk: Chunk) -> Message:
    """Return conditioned samples, in volts."""
    return {
        "type": "signals",
        "first_sample": chunk.first_sample,
        "time": float(chunk.times[0]),
        "data": chunk.data.astype(np.float32),
        "flags": np.asarray(chunk.flags),
    }


def features_message(frame: FeatureFrame) -> Message:
    """Return the features of a window."""
    return {
        "type": "features",
        "index": frame.index,
        "time": frame.time,
        "full": frame.full,
        "power": frame.power.astype(np.float32),
        "connectivity": frame.connectivity.astype(np.float32),
        "quality": np.asarray(frame.quality),
        "spectrum": frame.spectrum.astype(np.float32),
    }


def contributions_message(frame: EmotionFrame) -> Message:
    """Return what drives every emotion at a moment; base, channels and pairs add up to mean."""
    sums = frame.node_contribution.sum(axis=1) + frame.edge_contribution.sum(axis=1)
    return {
        "type": "contributions",
        "index": -1 if frame.index is None else frame.index,
        "time": frame.time,
        "trusted": frame.trusted,
        "mean": np.asarray(frame.mean),
        "base": frame.mean - sums,
        "node": frame.node_contribution.astype(np.float32),
        "edge": frame.edge_contribution.astype(np.float32),
    }


def networks_message(networks: EmotionNetworks, emotion: str) -> Message:
    """Return the network of one emotion, in numbers that compare across bands."""
    row = networks.emotions.index(emotion)
    shown = networks.standardised()
    return {
        "type": "networks",
        "emotion": emotion,
        "node": shown.node[row].astype(np.float32),
        "edge": shown.edge[row].astype(np.float32),
        "seconds": networks.seconds,
        "known": networks.known,
    }


def event_message(event: Event) -> Message:
    """Return an event with the sentence people read."""
    payload = dict(event.payload)
    said = payload.get("message")
    return {
        "type": "event",
        "time": without_nan(event.time),
        "sample": event.sample,
        "kind": event.kind,
        "payload": payload,
        "text": said if isinstance(said, str) and said else describe(event),
    }


def source_said(source: StreamInfo, used: StreamInfo, length: float | None) -> dict[str, Any]:
    """Return what clients are told of a source and of the channels in use."""
    return {
        "name": source.name,
        "source_id": source.source_id,
        "host": source.host,
        "unit": source.unit,
        "reference": source.reference,
        "simulated": source.simulated,
        "start_utc": source.start_utc,
        "length": length,
        "sfreq": used.sfreq,
        "channels": list(used.channels),
        "kinds": list(used.kinds),
        "positions": np.asarray(used.positions),
    }


def rest_said(engine: Engine) -> dict[str, Any] | None:
    """Return when the person rests, and from when on they are known; None without a rest."""
    span = engine.span
    if span is None:
        return None
    context = engine.model.card.context
    after = 0.0 if context is None else context.minimum_s
    return {"start": span.start, "end": span.end, "known": span.end + after}


def model_said(engine: Engine) -> dict[str, Any]:
    """Return what clients are told of a model as it is used here."""
    model, pipeline = engine.model, engine.pipeline
    card, sfreq = model.card, pipeline.info.sfreq
    schema, design = card.features, card.conditioning
    measures = [get_measure(name) for name in schema.measures]
    return {
        "identity": model.identity,
        "name": card.name,
        "file": str(model.path),
        "sha256": model.sha256,
        "trained_on": card.trained_on,
        "caveat": card.caveat,
        "validated": card.validated or pipeline.info.simulated,
        "scores": card.scores,
        "architecture": card.architecture,
        "agreement": None if card.agreement is None else dataclasses.asdict(card.agreement),
        "information_delay_s": card.information_delay_s,
        "smoothing_s": card.smoothing_s,
        "targets": [
            {
                "name": target.name,
                "low": target.low,
                "high": target.high,
                "construct": target.construct,
            }
            for target in card.targets
        ],
        "hop_s": pipeline.hop,
        "longest_window_s": schema.longest_window(sfreq) / sfreq,
        "bands": [
            {"name": band.name, "low": band.low, "high": band.high} for band in schema.bands
        ],
        "connectivity_bands": list(schema.connectivity_bands),
        "measures": [
            {"name": name, "signed": measure.antisymmetric, "leaks": measure.leaks}
            for name, measure in zip(schema.measures, measures, strict=True)
        ],
        "spectrum_frequencies": schema.spectrum_frequencies(sfreq),
        "highpass": design.highpass,
        "lowpass": design.lowpass,
        "notch": design.notch,
        "reference": design.reference,
    }

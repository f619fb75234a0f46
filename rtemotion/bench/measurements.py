"""The measurements there are, by name, and how one of them is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Result:
    """What a measurement found.

    Attributes
    ----------
    values : mapping
        JSON-like values by their keys; None where something could not be measured.
    left_out : mapping
        For every such key, dots between, one sentence why and what to do.
    """

    values: Mapping[str, Any]
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Measurement:
    """One measurement.

    Attributes
    ----------
    name : str
        As users name it.
    what : str
        What it does, in words.
    keys : tuple of str
        Outermost keys of its values.
    module : str
        The module of this package whose `measure` runs it.
    arguments : mapping
        What `measure` is given, beside `quick`.
    """

    name: str
    what: str
    keys: tuple[str, ...]
    module: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def run(self, quick: bool = False) -> Result:
        """Measure, in this process; `quick` shows that it works, not how fast."""
        module = import_module(f".{self.module}", __package__)
        result: Result = module.measure(quick=quick, **self.arguments)
        return result


MEASUREMENTS = {
    measurement.name: measurement
    for measurement in (
        Measurement("hop_64", "features of 64 channels", ("hop_64",), "hop", {"n_channels": 64}),
        Measurement(
            "hop_128", "features of 128 channels", ("hop_128",), "hop", {"n_channels": 128}
        ),
        Measurement(
            "hop_256",
            "256 channels at 1 kHz",
            ("hop_256_core_share", "hop_256_features_share", "hop_256_peak_mb"),
            "wide",
        ),
        Measurement(
            "decoder_64",
            "decoding 64 channels",
            ("decoder_64_ms", "decoder_64_network_ms"),
            "decoder",
        ),
        Measurement("latency", "latency over LSL", ("latency_ms",), "latency"),
        Measurement(
            "latency_64",
            "latency of 64 channels at 500 Hz",
            ("latency_64_ms",),
            "latency",
            {"key": "latency_64_ms"},
        ),
        Measurement(
            "replay",
            "replay of a recording",
            ("replay_x_realtime", "replay_x_realtime_cpu"),
            "replay",
        ),
        Measurement(
            "memory",
            "memory over a long run",
            (
                "memory_growth_mb",
                "memory_minutes",
                "hop_cost_late_to_early",
                "hop_cost_second_half_to_first",
            ),
            "memory",
        ),
    )
}

"""What is known of a person, as a session keeps it and as the decoder uses it."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from .decoding import Baseline
from .decoding.context import ContextState
from .session import Moved, Rest
from .signal import FloatArray


def to_rest(known: Baseline) -> Rest:
    """Return what is known of a person in the words of a session file."""
    moved = None
    if (state := known.context) is not None:
        moved = Moved(
            seconds=state.seconds,
            weight=state.weight,
            power=state.power.tolist(),
            squares=state.squares.tolist(),
            connectivity=state.connectivity.tolist(),
            rows=state.rows.tolist(),
        )
    return Rest(
        log_power=known.log_power.tolist(),
        connectivity=known.connectivity.tolist(),
        n_frames=known.n_frames,
        context=moved,
    )


def from_rest(rest: Rest) -> Baseline:
    """Return what a session file says of a person, to the bit what was written."""
    state = None
    if (moved := rest.context) is not None:
        state = ContextState(
            seconds=moved.seconds,
            weight=moved.weight,
            power=np.array(moved.power),
            squares=np.array(moved.squares),
            connectivity=np.array(moved.connectivity),
            rows=np.array(moved.rows),
        )
    return Baseline(np.array(rest.log_power), np.array(rest.connectivity), rest.n_frames, state)


def pack(known: Baseline) -> dict[str, Any]:
    """Return what is known of a person as JSON that is quick to write: arrays as base64."""
    context = None if known.context is None else _packed(known.context)
    return {**_packed(dataclasses.replace(known, context=None)), "context": context}


def unpack(said: Mapping[str, Any]) -> Baseline:
    """Return what `pack` was given, to the bit.

    Raises
    ------
    KeyError, ValueError, TypeError
        When it is something else.
    """
    context = None if said["context"] is None else ContextState(**_unpacked(said["context"]))
    return Baseline(**{**_unpacked({**said, "context": None}), "context": context})


def _packed(values: Baseline | ContextState) -> dict[str, Any]:
    return {
        field.name: _array(value) if isinstance(value, np.ndarray) else value
        for field in dataclasses.fields(values)
        if (value := getattr(values, field.name)) is not None
    }


def _array(values: FloatArray) -> dict[str, Any]:
    content = np.ascontiguousarray(values, dtype="<f8").tobytes()
    return {"shape": list(values.shape), "f8": base64.b64encode(content).decode()}


def _unpacked(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: np.frombuffer(base64.b64decode(value["f8"]), dtype="<f8").reshape(value["shape"])
        if isinstance(value, Mapping)
        else value
        for name, value in said.items()
    }

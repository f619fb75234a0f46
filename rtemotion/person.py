"""What is known of a person, as a session keeps it and as the decoder uses it."""

from __future__ import annotations

import numpy as np

from .decoding import Baseline
from .decoding.context import ContextState
from .session import Moved, Rest


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

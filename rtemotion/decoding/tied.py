"""Whether a stream has the electrodes that a model is tied to."""

from __future__ import annotations

import numpy as np

from ..errors import SetupError
from ..signal import StreamInfo
from .card import ModelCard

# Metres. Electrodes of the densest nets sit 15 mm apart; a cap is put on anew within this.
TOLERANCE = 0.005
_NAMED = 5


def require_electrodes(card: ModelCard, info: StreamInfo) -> None:
    """Refuse a stream with other electrodes than those a model was fitted on, in any order.

    Parameters
    ----------
    card : ModelCard
        Of the model.
    info : StreamInfo
        The conditioned stream; channels without a position are not used and do not count.

    Raises
    ------
    SetupError
        When an electrode is missing, sits elsewhere, or is one too many.
    """
    tied = card.tied
    if tied is None:
        return
    there = {
        name: position
        for name, position, placed in zip(
            info.channels, info.positions, info.has_position, strict=True
        )
        if placed
    }
    apart = {
        name: float(np.linalg.norm(there[name] - position))
        for name, position in zip(tied.channels, tied.positions, strict=True)
        if name in there
    }
    missing = [name for name in tied.channels if name not in there]
    more = [name for name in there if name not in tied.channels]
    moved = [name for name, distance in apart.items() if distance > TOLERANCE]
    problems = [
        f"{what} {_listed(names)}"
        for what, names in (("lacks", missing), ("also has", more), ("elsewhere has", moved))
        if names
    ]
    if problems:
        whose = f", calibrated to {tied.person}," if tied.person else ""
        raise SetupError(
            f"The model {card.name}{whose} was fitted on {len(tied.channels)} electrodes, but the "
            f"stream {' and '.join(problems)}; choose those with --channels and --montage, or a "
            "model that serves any headset."
        )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"

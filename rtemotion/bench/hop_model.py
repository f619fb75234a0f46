"""A model file with another hop, for measuring how fast that runs; not for decoding people.

A hop is part of what a model was trained with, so that another one is another file, which
has to say that nobody has measured how well it does.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..decoding import Model
from ..decoding.card import ModelCard
from ..decoding.card_writing import with_card
from ..errors import ModelError


def with_hop(model_file: Path, hop_s: float, out: Path) -> Path:
    """Write a copy of a model file whose features come at another hop.

    The network stays to the bit. What was measured at the old hop is left out of the card,
    and the card says where it comes from.

    Parameters
    ----------
    model_file : Path
        The model file.
    hop_s : float
        Seconds between frames.
    out : Path
        File to write.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    ModelError
        If the file is no model, or cannot have this hop.
    """
    model = Model(model_file)
    card = _with_hop(model.card, hop_s, model.identity)
    out.write_bytes(with_card(model_file.read_bytes(), card, str(out)))
    return out


def _with_hop(card: ModelCard, hop_s: float, origin: str) -> ModelCard:
    if not 0.0 < hop_s <= min(band.segment for band in card.features.bands):
        raise ModelError(
            f"A hop of {hop_s:g} s does not go with the segments of {card.name}, expected one "
            "above 0 and no longer than its shortest segment; choose another."
        )
    return replace(
        card,
        name=f"{card.name}-hop-{hop_s:g}",
        description=(
            f"{card.description} This copy has a hop of {hop_s:g} s instead of "
            f"{card.features.hop:g} s; its network, intervals and familiarity are those of the "
            "original, and how well it does at this hop was not measured."
        ),
        features=replace(card.features, hop=hop_s),
        scores={},
        provenance=card.provenance | {"copied_from": origin, "hop_before_s": card.features.hop},
        information_delay_s=None,
    )

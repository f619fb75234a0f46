"""A model that was fitted on certain electrodes decodes no others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rtemotion.decoding import Model, ModelCard
from rtemotion.decoding.card import Tied
from rtemotion.decoding.tied import TOLERANCE, require_electrodes
from rtemotion.errors import SetupError
from rtemotion.signal import StreamInfo

from ..helpers import simulated


@pytest.fixture(scope="module")
def info() -> StreamInfo:
    """A headset of four electrodes."""
    return simulated("muse", 1.0)[0]


@pytest.fixture(scope="module")
def card(model: Model, info: StreamInfo) -> ModelCard:
    """A card tied to them."""
    positions = tuple((float(x), float(y), float(z)) for x, y, z in info.positions)
    return replace(model.card, tied=Tied(info.channels, positions, "P01", model.identity))


def placed_at(info: StreamInfo, order: list[int], names: tuple[str, ...]) -> StreamInfo:
    return replace(
        info,
        channels=names,
        kinds=tuple(info.kinds[i] for i in order),
        positions=info.positions[order],
    )


def test_the_same_electrodes_are_taken_in_any_order(card: ModelCard, info: StreamInfo) -> None:
    order = [2, 0, 3, 1]
    require_electrodes(card, placed_at(info, order, tuple(info.channels[i] for i in order)))


def test_a_model_that_is_tied_to_none_takes_any(model: Model, info: StreamInfo) -> None:
    require_electrodes(model.card, placed_at(info, [0, 1], info.channels[:2]))


def test_a_missing_electrode_is_named_with_the_person(card: ModelCard, info: StreamInfo) -> None:
    with pytest.raises(SetupError, match=rf"P01.* 4 electrodes.* lacks {info.channels[3]}; "):
        require_electrodes(card, placed_at(info, [0, 1, 2], info.channels[:3]))


def test_one_too_many_is_named(card: ModelCard, info: StreamInfo) -> None:
    with pytest.raises(SetupError, match="the stream also has Oz; "):
        require_electrodes(card, placed_at(info, [0, 1, 2, 3, 0], (*info.channels, "Oz")))


def test_one_without_a_position_is_as_good_as_missing(card: ModelCard, info: StreamInfo) -> None:
    positions = info.positions.copy()
    positions[1] = np.nan
    with pytest.raises(SetupError, match=f"lacks {info.channels[1]}"):
        require_electrodes(card, replace(info, positions=positions))


@pytest.mark.parametrize(("share", "refused"), [(0.9, False), (1.1, True)])
def test_an_electrode_may_sit_a_little_off(
    card: ModelCard, info: StreamInfo, share: float, refused: bool
) -> None:
    positions = info.positions.copy()
    positions[0, 2] += share * TOLERANCE
    moved = replace(info, positions=positions)
    if refused:
        with pytest.raises(SetupError, match=f"elsewhere has {info.channels[0]}"):
            require_electrodes(card, moved)
    else:
        require_electrodes(card, moved)

"""Weights on electrodes on top of a model: exact, in any order, wherever they come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtemotion.decoding import Model, load_model
from rtemotion.decoding.card import Tied
from rtemotion.errors import ModelError
from rtemotion.models.placed import PlacedWeights, Underneath, write_placed

from .test_linear_export import electrodes


def on_top(model: Model, n: int, path: Path) -> tuple[Model, PlacedWeights, Underneath]:
    """Write random weights on top of the model that ships."""
    rng = np.random.default_rng(n)
    where = electrodes(n)
    weights = PlacedWeights(
        0.1 * rng.standard_normal((8, 5, n)),
        0.1 * rng.standard_normal((8, 2, 4, len(where.pairs))),
        rng.standard_normal(8),
        where.positions,
        where.pairs,
    )
    under = Underneath(model, rng.uniform(0.5, 2.0, 8), rng.uniform(0.5, 2.0, 8))
    positions = tuple((float(x), float(y), float(z)) for x, y, z in where.positions)
    card = replace(model.card, tied=Tied(where.channels, positions, "P01", model.identity))
    write_placed(weights, card, path, under=under)
    return load_model(path), weights, under


def inputs(model: Model, n: int) -> tuple[Any, ...]:
    rng, where = np.random.default_rng(n + 1), electrodes(n)
    return (
        0.5 * rng.standard_normal((5, n)),
        0.1 * rng.standard_normal((2, 4, len(where.pairs))),
        where.pairs,
        where.positions,
        np.ones(n, dtype=bool),
        0.5 * rng.standard_normal((model.card.n_context, n)),
    )


@pytest.mark.parametrize("n", [2, 3, 4, 14, 32, 64, 128])
def test_the_file_is_the_scaled_model_and_the_weights(
    n: int, model: Model, tmp_path: Path
) -> None:
    made, weights, under = on_top(model, n, tmp_path / "a.onnx")
    given = inputs(model, n)
    power, connectivity, *rest = given
    mean, std, node, edge = made.run(*given)
    before, std_before, node_before, edge_before = model.run(*given)
    by_node = np.einsum("tbc,bc->tc", weights.node, power)
    by_edge = np.einsum("tmbp,mbp->tp", weights.edge, connectivity)
    more = weights.bias + by_node.sum(1) + by_edge.sum(1)
    np.testing.assert_allclose(mean, under.scale * before + more, atol=1e-5)
    np.testing.assert_allclose(std, under.std_scale * std_before, rtol=1e-6)
    scale = under.scale[:, None]
    np.testing.assert_allclose(node, scale * node_before + by_node, atol=1e-5)
    np.testing.assert_allclose(edge, scale * edge_before + by_edge, atol=1e-5)
    served = made.weights(*rest)
    np.testing.assert_allclose(served.read_out(power, connectivity)[0], mean, atol=1e-5)
    np.testing.assert_allclose(served.bias + node.sum(1) + edge.sum(1), mean, atol=1e-9)


def test_resetting_any_input_moves_the_estimate_by_its_contribution(
    model: Model, tmp_path: Path
) -> None:
    made, _, _ = on_top(model, 14, tmp_path / "a.onnx")
    power, connectivity, *rest = inputs(model, 14)
    mean, _, node, edge = made.run(power, connectivity, *rest)
    for channel in range(14):
        without = power.copy()
        without[:, channel] = 0.0
        moved = mean - made.run(without, connectivity, *rest)[0]
        np.testing.assert_allclose(moved, node[:, channel], atol=1e-5)
    for pair in range(0, 91, 7):
        lacking = connectivity.copy()
        lacking[..., pair] = 0.0
        moved = mean - made.run(power, lacking, *rest)[0]
        np.testing.assert_allclose(moved, edge[:, pair], atol=1e-5)


def test_on_other_electrodes_nothing_is_added(model: Model, tmp_path: Path) -> None:
    made, weights, under = on_top(model, 8, tmp_path / "a.onnx")
    power, connectivity, pairs, positions, *rest = inputs(model, 8)
    elsewhere = (power, connectivity, pairs, -positions, *rest)
    expected = under.scale * model.run(*elsewhere)[0] + weights.bias
    np.testing.assert_allclose(made.run(*elsewhere)[0], expected, atol=1e-5)


def test_a_card_that_is_tied_to_nothing_is_not_written(model: Model, tmp_path: Path) -> None:
    _, weights, _ = on_top(model, 4, tmp_path / "a.onnx")
    with pytest.raises(ModelError, match="its card is not that of weights on electrodes"):
        write_placed(weights, model.card, tmp_path / "b.onnx", np.ones(8))
    assert not (tmp_path / "b.onnx").exists()

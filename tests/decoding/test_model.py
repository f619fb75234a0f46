from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from rtemotion.decoding import Model, load_model
from rtemotion.decoding.card import METADATA_KEY
from rtemotion.decoding.model import shipped_model
from rtemotion.errors import ModelError


def foreign(path: Path, metadata: str | None = None) -> Path:
    """Write a valid ONNX model that has nothing to do with us."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "foreign",
        [value("x", TensorProto.FLOAT, [1])],
        [value("y", TensorProto.FLOAT, [1])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if metadata is not None:
        helper.set_model_props(made, {METADATA_KEY: metadata})
    onnx.save(made, path)
    return path


def inputs(n: int, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    pairs = np.stack(np.triu_indices(n, k=1), axis=1)
    positions = rng.standard_normal((n, 3))
    return (
        rng.standard_normal((5, n)) * 0.3,
        rng.standard_normal((2, 4, len(pairs))) * 0.1,
        pairs,
        0.095 * positions / np.linalg.norm(positions, axis=1, keepdims=True),
        np.ones(n, dtype=bool),
        rng.standard_normal((5, n)) * 0.3,
    )


@pytest.mark.parametrize("n", [3, 4, 14, 32, 64, 128])
def test_one_file_takes_any_number_of_channels(model: Model, n: int) -> None:
    mean, std, node, edge = model.run(*inputs(n))
    assert mean.shape == std.shape == (8,)
    assert node.shape == (8, n)
    assert edge.shape == (8, n * (n - 1) // 2)
    assert np.all(std > 0)
    assert np.isfinite(mean).all()


@pytest.mark.parametrize("n", [4, 32])
def test_resetting_any_input_moves_the_prediction_by_its_contribution(
    model: Model, n: int
) -> None:
    power, connectivity, *rest = inputs(n)
    mean, _, node, edge = model.run(power, connectivity, *rest)
    for channel in range(0, n, 3):
        changed = power.copy()
        changed[:, channel] = 0.0
        moved = mean - model.run(changed, connectivity, *rest)[0]
        np.testing.assert_allclose(moved, node[:, channel], atol=1e-5)
    for pair in range(0, edge.shape[1], 37):
        changed = connectivity.copy()
        changed[:, :, pair] = 0.0
        moved = mean - model.run(power, changed, *rest)[0]
        np.testing.assert_allclose(moved, edge[:, pair], atol=1e-5)


def test_the_prediction_is_a_constant_plus_its_contributions(model: Model) -> None:
    power, connectivity, *rest = inputs(14)
    bias = model.run(power * 0, connectivity * 0, *rest)[0]
    mean, _, node, edge = model.run(power, connectivity, *rest)
    np.testing.assert_allclose(bias + node.sum(axis=1) + edge.sum(axis=1), mean, atol=1e-5)


def test_a_masked_channel_contributes_nothing_wherever_it_sits(model: Model) -> None:
    power, connectivity, pairs, positions, mask, context = inputs(14)
    mask[3] = False
    moved = positions.copy()
    moved[3] = 0.0
    first = model.run(power, connectivity, pairs, positions, mask, context)
    second = model.run(power, connectivity, pairs, moved, mask, context)
    np.testing.assert_allclose(first[0], second[0], atol=1e-6)
    assert not first[2][:, 3].any()
    assert not first[3][:, (pairs == 3).any(axis=1)].any()


def test_permuted_channels_give_permuted_contributions(model: Model) -> None:
    n = 14
    power, connectivity, pairs, positions, mask, context = inputs(n)
    order = np.random.default_rng(1).permutation(n)
    where = {tuple(pair): k for k, pair in enumerate(pairs.tolist())}
    turned = np.empty_like(connectivity)
    target = np.empty(len(pairs), dtype=int)
    for k, (i, j) in enumerate(pairs.tolist()):
        a, b = int(order[i]), int(order[j])
        source = where[(min(a, b), max(a, b))]
        sign = np.array([1.0 if a < b else -1.0, 1.0])[:, None]
        turned[:, :, k] = connectivity[:, :, source] * sign
        target[k] = source
    plain = model.run(power, connectivity, pairs, positions, mask, context)
    permuted = model.run(
        power[:, order], turned, pairs, positions[order], mask[order], context[:, order]
    )
    np.testing.assert_allclose(permuted[0], plain[0], atol=1e-6)
    np.testing.assert_allclose(permuted[2], plain[2][:, order], atol=1e-6)
    np.testing.assert_allclose(permuted[3], plain[3][:, target], atol=1e-6)


def test_the_shipped_file_is_small_and_says_what_it_is(model: Model) -> None:
    assert shipped_model().stat().st_size < 5_000_000
    assert model.card.scores["mean_ccc"]
    assert "simulat" in model.card.description
    assert str(Path.home()) not in shipped_model().read_bytes().decode("latin-1")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model file .*nothing\.onnx"):
        load_model(tmp_path / "nothing.onnx")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.onnx"
    path.touch()
    with pytest.raises(ModelError, match="is empty"):
        load_model(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(tmp_path)


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "noise.onnx"
    path.write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(ModelError, match="not a readable ONNX model"):
        load_model(path)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_model_is_refused(tmp_path: Path, keep: float) -> None:
    content = shipped_model().read_bytes()
    path = tmp_path / "cut.onnx"
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(ModelError, match=r"cut\.onnx"):
        load_model(path)


def test_a_foreign_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not one of rtemotion"):
        load_model(foreign(tmp_path / "foreign.onnx"))


def test_a_card_on_another_network_is_refused(tmp_path: Path, model: Model) -> None:
    with pytest.raises(ModelError, match="inputs and outputs|does not have the inputs"):
        load_model(foreign(tmp_path / "foreign.onnx", model.card.to_json()))


def test_a_card_that_promises_fewer_targets_is_refused(tmp_path: Path, model: Model) -> None:
    from dataclasses import replace

    made = onnx.load(shipped_model())
    card = replace(model.card, targets=model.card.targets[:3])
    helper.set_model_props(made, {METADATA_KEY: card.to_json()})
    path = tmp_path / "fewer.onnx"
    onnx.save(made, path)
    with pytest.raises(ModelError, match="describes 3 targets"):
        load_model(path)

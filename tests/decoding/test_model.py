"""The model file: one graph for any headset, and everything that is not one, refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from rtemotion.decoding import Model, ModelCard, load_model
from rtemotion.decoding.card import METADATA_KEY, Agreement
from rtemotion.decoding.graph import WEIGHTS
from rtemotion.decoding.model import shipped_model
from rtemotion.decoding.onnx_file import forbidden
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
        rng.standard_normal((load_model().card.n_context, n)) * 0.3,
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


def changed(path: Path, change: Callable[[Any], None], card: ModelCard | None = None) -> Path:
    """Write the shipped model with something changed in its graph, and perhaps another card."""
    made = onnx.load(shipped_model())
    change(made)
    if card is not None:
        helper.set_model_props(made, {METADATA_KEY: card.to_json()})
    path.write_bytes(made.SerializeToString())
    return path


def nothing(made: Any) -> None:
    """Change nothing."""


def test_the_shipped_model_written_again_opens(tmp_path: Path, model: Model) -> None:
    path = changed(tmp_path / "again.onnx", nothing, model.card)
    again = load_model(path)
    assert again.card == model.card
    assert again.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert again.size == path.stat().st_size


def test_a_description_that_is_no_text_is_refused(tmp_path: Path) -> None:
    content = shipped_model().read_bytes()
    at = content.index(b'"name": "joy"') + 9
    path = tmp_path / "garbled.onnx"
    path.write_bytes(content[:at] + b"\xff" + content[at + 1 :])
    with pytest.raises(ModelError, match=r"garbled\.onnx is not a readable ONNX model"):
        load_model(path)


def test_a_card_on_another_network_is_refused(tmp_path: Path, model: Model) -> None:
    with pytest.raises(ModelError, match="has the inputs x and the outputs y, expected are power"):
        load_model(foreign(tmp_path / "foreign.onnx", model.card.to_json()))


def test_a_damaged_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"inside .*foreign\.onnx is damaged"):
        load_model(foreign(tmp_path / "foreign.onnx", "{"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: {"targets": c.targets[:3]}, r"mean: float64 \(8\), expected .* \(3\)"),
        (
            lambda c: {"inputs": (replace(c.inputs[0], name="strength"), *c.inputs[1:])},
            r"is power: float32 \(5, channels\), but it says nothing of it",
        ),
        (
            lambda c: {"inputs": (replace(c.inputs[0], dtype="float64"), *c.inputs[1:])},
            r"but it says power: float64 \(5, channels\)",
        ),
        (
            lambda c: {"outputs": (replace(c.outputs[0], axes=(9,)), *c.outputs[1:])},
            r"but it says mean: float64 \(9\)",
        ),
        (lambda c: {"inputs": ()}, "says nothing of it"),
        (lambda c: {"outputs": c.outputs[:5]}, "edge_weight: .* but it says nothing of it"),
    ],
)
def test_a_card_that_says_other_than_the_graph_is_refused(
    tmp_path: Path, model: Model, change: Callable[[ModelCard], Any], said: str
) -> None:
    card = replace(model.card, **change(model.card))
    with pytest.raises(ModelError, match=rf"other\.onnx cannot be used: .*{said}"):
        load_model(changed(tmp_path / "other.onnx", nothing, card))


def renamed(made: Any) -> None:
    made.graph.input[0].name = "strength"
    for node in made.graph.node:
        node.input[:] = ["strength" if name == "power" else name for name in node.input]


def cast(made: Any) -> None:
    """Let the power come in double precision."""
    made.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    for node in made.graph.node:
        node.input[:] = ["single" if name == "power" else name for name in node.input]
    made.graph.node.insert(0, helper.make_node("Cast", ["power"], ["single"], to=1))


def more_rank(made: Any) -> None:
    """Let the mask have one more axis, as if there were several windows."""
    dims = made.graph.input[4].type.tensor_type.shape.dim
    dims.insert(0, type(dims[0])(dim_value=1))
    for node in made.graph.node:
        node.input[:] = ["flat" if name == "mask" else name for name in node.input]
    made.graph.node.insert(0, helper.make_node("Squeeze", ["mask", "first"], ["flat"]))
    made.graph.initializer.append(helper.make_tensor("first", TensorProto.INT64, [1], [0]))


def fixed(made: Any) -> None:
    """Let the graph take 32 channels and nothing else."""
    for value in made.graph.input:
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param == "channels":
                dim.dim_value = 32


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (renamed, "has the inputs strength, connectivity"),
        (cast, r"is power: float64 \(5, channels\), expected is power: float32"),
        (more_rank, r"is mask: float32 \(1, channels\), expected is mask: float32 \(channels\)"),
        (fixed, r"is power: float32 \(5, 32\), expected is power: float32 \(5, channels\)"),
    ],
)
def test_a_graph_that_is_not_what_its_format_promises_is_refused(
    tmp_path: Path, change: Callable[[Any], None], said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        load_model(changed(tmp_path / "other.onnx", change))


def elsewhere(made: Any) -> None:
    tensor = made.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    tensor.ClearField("raw_data")


def elsewhere_in_a_constant(made: Any) -> None:
    tensor = TensorProto(data_type=1, dims=[1], data_location=TensorProto.EXTERNAL)
    inner = helper.make_node("Constant", [], ["far"], value=tensor)
    branch = helper.make_graph([inner], "branch", [], [])
    made.graph.node.append(
        helper.make_node("If", ["yes"], ["either"], then_branch=branch, else_branch=branch)
    )


@pytest.mark.parametrize("change", [elsewhere, elsewhere_in_a_constant])
def test_numbers_kept_in_another_file_are_refused(
    tmp_path: Path, change: Callable[[Any], None]
) -> None:
    with pytest.raises(ModelError, match="numbers in another file .* into one file"):
        load_model(changed(tmp_path / "parts.onnx", change))


def custom(made: Any) -> None:
    made.opset_import.append(helper.make_opsetid("com.example", 1))
    made.graph.node.append(helper.make_node("Feel", ["power"], ["felt"], domain="com.example"))


def custom_function(made: Any) -> None:
    opset = helper.make_opsetid("", 20)
    identity = helper.make_node("Identity", ["x"], ["y"])
    made.functions.append(
        helper.make_function("com.example", "Feel", ["x"], ["y"], [identity], [opset])
    )


@pytest.mark.parametrize("change", [custom, custom_function])
def test_operators_that_are_not_those_of_onnx_are_refused(
    tmp_path: Path, change: Callable[[Any], None]
) -> None:
    with pytest.raises(ModelError, match="operators of 'com.example', which are not ONNX's own"):
        load_model(changed(tmp_path / "custom.onnx", change))


@pytest.mark.parametrize("domain", ["", "ai.onnx", "ai.onnx.ml"])
def test_operators_of_onnx_are_not_taken_for_custom_ones(domain: str) -> None:
    node = helper.make_node("Identity", ["x"], ["y"], domain=domain)
    made = helper.make_model(helper.make_graph([node], "g", [], []))
    assert forbidden(made.SerializeToString()) == ""


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_without_harm(content: bytes) -> None:
    assert isinstance(forbidden(content), str)


@settings(max_examples=40, deadline=None)
@given(where=st.floats(0.0, 1.0, exclude_max=True), bits=st.integers(1, 255))
def test_a_file_with_a_byte_that_flipped_opens_or_is_refused(
    where: float, bits: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(shipped_model().read_bytes())
    content[int(where * len(content))] ^= bits
    path = tmp_path_factory.mktemp("flipped") / "flipped.onnx"
    path.write_bytes(content)
    try:
        load_model(path)
    except ModelError as error:
        assert str(path) in str(error)  # noqa: PT017 - opening it is as good


def approximate(card: ModelCard) -> ModelCard:
    agreement = Agreement(0.6, 0.5, "resetting inputs of unseen people")
    outputs = tuple(tensor for tensor in card.outputs if tensor.name not in WEIGHTS)
    return replace(card, architecture="approximate", agreement=agreement, outputs=outputs)


def without_weights(made: Any) -> None:
    kept = [value for value in made.graph.output if value.name not in WEIGHTS]
    del made.graph.output[:]
    made.graph.output.extend(kept)


def test_an_approximate_model_decodes_but_has_no_weights(tmp_path: Path, model: Model) -> None:
    card = approximate(model.card)
    free = load_model(changed(tmp_path / "free.onnx", without_weights, card))
    for found, expected in zip(free.run(*inputs(14)), model.run(*inputs(14)), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
    with pytest.raises(ModelError, match="approximate model: it has no weights"):
        free.weights(*inputs(14)[2:])


def test_an_additive_model_without_weights_is_refused(tmp_path: Path, model: Model) -> None:
    with pytest.raises(ModelError, match="expected are .* and .*, node_weight, edge_weight, bias"):
        load_model(changed(tmp_path / "less.onnx", without_weights))


def test_the_file_says_its_format_where_other_programs_can_read_it() -> None:
    made = onnx.load(shipped_model())
    said = {entry.key: entry.value for entry in made.metadata_props}
    assert set(said) == {METADATA_KEY}
    assert json.loads(said[METADATA_KEY])["schema_version"] == "2.0"

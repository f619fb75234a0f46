"""Law 4: training sees what serving sees, and ONNX agrees with its torch source."""

import numpy as np
import pytest
import torch

from rtemotion import Pipeline
from rtemotion.decoding import BaselineSpan, Model, load_model
from rtemotion.models.export import export
from rtemotion.models.network import AdditiveNetwork, NetworkShape
from rtemotion.models.simulated import REST_S, Recipe, record
from rtemotion.models.training import example, predict
from rtemotion.simulators import Brain, Subject

from ..helpers import frames_of, with_values


@pytest.fixture(scope="module")
def pair(model: Model, tmp_path_factory: pytest.TempPathFactory) -> tuple[AdditiveNetwork, Model]:
    """A network with random weights and the file it was exported to."""
    torch.manual_seed(3)
    network = AdditiveNetwork(NetworkShape(8, 5, (True, False), 4, width=32, rank=3)).eval()
    path = tmp_path_factory.mktemp("export") / "random.onnx"
    export(network, model.card, path)
    return network, load_model(path)


@pytest.mark.parametrize("n", [2, 3, 4, 8, 14, 32, 64, 128, 256])
def test_onnx_agrees_with_torch_at_every_channel_count(
    pair: tuple[AdditiveNetwork, Model], n: int
) -> None:
    network, model = pair
    rng = np.random.default_rng(n)
    pairs = np.stack(np.triu_indices(n, k=1), axis=1)
    positions = rng.standard_normal((n, 3))
    arrays = (
        rng.standard_normal((5, n)) * 0.5,
        rng.standard_normal((2, 4, len(pairs))) * 0.1,
        pairs,
        0.095 * positions / np.linalg.norm(positions, axis=1, keepdims=True),
        rng.random(n) > 0.1,
        rng.standard_normal((5, n)) * 0.5,
    )
    decoded = model.run(*arrays)
    tensors = [torch.as_tensor(a if a.dtype == np.int64 else a.astype(np.float32)) for a in arrays]
    with torch.no_grad():
        expected = network(*tensors)
    for ours, theirs in zip(decoded, expected[:4], strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-5)
    mean, node, edge = model.weights(*arrays[2:]).read_out(*arrays[:2])
    np.testing.assert_allclose(mean, decoded[0], atol=1e-5)
    np.testing.assert_allclose(node, decoded[2], atol=1e-5)
    np.testing.assert_allclose(edge, decoded[3], atol=1e-5)


def test_training_sees_the_features_that_decoding_sees(
    pair: tuple[AdditiveNetwork, Model],
) -> None:
    network, model = pair
    card = model.card
    recipe = Recipe(4711, "muse", "mix", seconds=30.0)
    seen = record(recipe, card.features, card.conditioning, card.smoothing_s)
    with torch.no_grad():
        trained, _ = predict(network, example(seen, card.normalisation.population))
    brain = Brain(Subject.draw(4711), "muse", code="mix", seed=4711, rest_s=REST_S)
    chunk, truth = brain.read(round((REST_S + 30.0) * brain.info.sfreq))
    pipeline = Pipeline(brain.info, model, span=BaselineSpan(0.0, REST_S))
    frames = with_values(frames_of(pipeline, [chunk]))
    frames = [f for f in frames if f.index > REST_S * brain.info.sfreq]
    served = np.array([f.mean for f in frames])
    truths = truth[[f.index - 1 for f in frames]].astype(np.float32)
    assert len(trained) > 20
    for estimate, target in zip(trained.numpy(), seen.truth, strict=True):
        (same,) = np.flatnonzero((truths == target).all(axis=1))
        np.testing.assert_allclose(served[same], estimate, atol=1e-5)

"""Law 4: training sees what serving sees, and ONNX agrees with its torch source."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rtemotion import Pipeline
from rtemotion.decoding import BaselineSpan, Model, load_model
from rtemotion.decoding.card import Agreement
from rtemotion.decoding.context import ContextPolicy, n_context
from rtemotion.models.examples import example
from rtemotion.models.export import export
from rtemotion.models.network import EmotionNetwork, NetworkShape
from rtemotion.models.simulated import REST_S, Recipe, record
from rtemotion.models.training import predict

from ..helpers import frames_of, with_values

# Quick enough for a context within a short recording.
POLICY = ContextPolicy(tau_s=60.0, minimum_s=10.0, every_s=60.0)


@pytest.fixture(scope="module", params=["additive", "approximate"])
def pair(
    request: pytest.FixtureRequest, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> tuple[EmotionNetwork, Model]:
    """A network with random weights and the file it was exported to."""
    torch.manual_seed(3)
    rows = n_context(model.card.features)
    shape = NetworkShape(
        8, 5, (True, False), 4, rows, width=32, rank=3, architecture=request.param
    )
    network = EmotionNetwork(shape).eval()
    torch.nn.init.normal_(network.read_out.gate[2].weight, std=0.3)
    free = request.param == "approximate"
    card = replace(
        model.card,
        architecture=request.param,
        agreement=Agreement(0.5, 0.5, "none") if free else None,
        context=POLICY,
    )
    path = tmp_path_factory.mktemp("export") / "random.onnx"
    export(network, card, path)
    return network, load_model(path)


@pytest.mark.parametrize("n", [2, 3, 4, 8, 14, 32, 64, 128, 256])
def test_onnx_agrees_with_torch_at_every_channel_count(
    pair: tuple[EmotionNetwork, Model], n: int
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
        rng.standard_normal((model.card.n_context, n)) * 0.5,
    )
    decoded = model.run(*arrays)
    tensors = [torch.as_tensor(a if a.dtype == np.int64 else a.astype(np.float32)) for a in arrays]
    with torch.no_grad():
        expected = network(*tensors)
    for ours, theirs in zip(decoded, expected[:4], strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-5)
    if model.card.architecture == "approximate":
        return
    mean, node, edge = model.weights(*arrays[2:]).read_out(*arrays[:2])
    np.testing.assert_allclose(mean, decoded[0], atol=1e-5)
    np.testing.assert_allclose(node, decoded[2], atol=1e-5)
    np.testing.assert_allclose(edge, decoded[3], atol=1e-5)


def test_training_sees_the_features_that_decoding_sees(
    pair: tuple[EmotionNetwork, Model],
) -> None:
    network, model = pair
    card = model.card
    recipe = Recipe(4711, "muse", "mix", seconds=40.0)
    seen = record(recipe, card.features, card.conditioning, card.smoothing_s)
    with torch.no_grad():
        x = example(seen, card.normalisation.population, card.context, card.features)
        trained, std, _ = predict(network, x)
    assert len(x.contexts) == 2
    brain = recipe.brain()
    chunk, truth = brain.read(round((REST_S + 40.0) * brain.info.sfreq))
    pipeline = Pipeline(brain.info, model, span=BaselineSpan(0.0, REST_S))
    frames = with_values(frames_of(pipeline, [chunk]))
    frames = [f for f in frames if f.index > REST_S * brain.info.sfreq]
    served = np.array([f.mean for f in frames])
    truths = truth[[f.index - 1 for f in frames]].astype(np.float32)
    assert len(trained) > 30
    same = [int(np.flatnonzero((truths == target).all(axis=1))[0]) for target in seen.truth]
    estimates = trained.numpy()
    if card.architecture == "approximate":
        # Where weights follow features, smoothing before and after is not quite the same.
        assert np.abs(served[same] - estimates).mean() < 0.02
        assert np.corrcoef(served[same].ravel(), estimates.ravel())[0, 1] > 0.98
        return
    # Serving smooths what weights make of features, so that a new context comes in
    # smoothly; training takes the smoothed features with the weights of the moment.
    late = np.arange(len(same)) - x.starts[1]
    settled = np.where(late >= 0, np.exp(-np.maximum(late, 0) / card.smoothing_s), 0.0)
    assert (np.abs(served[same] - estimates) <= 1e-5 + 0.5 * settled[:, None]).all()

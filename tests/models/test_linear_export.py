"""Linear regressions as model files: the same predictions, on the electrodes they know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import MultiTaskLasso, Ridge
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from rtemotion import Pipeline
from rtemotion.decoding import Model, ModelCard, load_model
from rtemotion.errors import ModelError, SetupError
from rtemotion.models.linear_export import Electrodes, export_linear

from ..helpers import frames_of, known_person, simulated, with_values

LINEAR: dict[str, Any] = {
    "training mean": DummyRegressor(),
    "ridge": make_pipeline(StandardScaler(), Ridge(100.0)),
    "lasso": make_pipeline(StandardScaler(), MultiTaskLasso(0.05)),
    "pls": PLSRegression(3),
    "kernel ridge": make_pipeline(StandardScaler(), KernelRidge(alpha=50.0)),
}
N_ROWS = 40


def electrodes(n: int) -> Electrodes:
    """Return electrodes spread over the upper half of a head."""
    k = np.arange(n) + 0.5
    height, angle = 1.0 - k / n, np.pi * (1.0 + 5.0**0.5) * k
    around = np.sqrt(1.0 - height**2)
    where = np.stack([around * np.cos(angle), around * np.sin(angle), height], axis=1)
    return Electrodes(tuple(f"E{i}" for i in range(n)), 0.095 * where)


def features(card: ModelCard, n: int, rows: int = N_ROWS) -> tuple[np.ndarray, np.ndarray]:
    """Return power and connectivity of so many moments, in the precision that decodes."""
    rng = np.random.default_rng(n)
    schema = card.features
    edges = (len(schema.measures), len(schema.connectivity_bands), n * (n - 1) // 2)
    power = 0.5 * rng.standard_normal((rows, len(schema.bands), n))
    return power.astype(np.float32), (0.1 * rng.standard_normal((rows, *edges))).astype(np.float32)


def flat(power: np.ndarray, connectivity: np.ndarray) -> np.ndarray:
    rows = (x.reshape(len(x), -1) for x in (power, connectivity))
    return np.concatenate(list(rows), axis=1).astype(np.float64)


def labels(x: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(1)
    return 0.3 + 0.2 * rng.standard_normal((len(x), 8)) + 0.1 * x[:, :8]


@pytest.mark.parametrize("n", [3, 4, 8, 32, 64])
@pytest.mark.parametrize("kind", LINEAR)
def test_a_file_predicts_what_its_source_does(
    kind: str, n: int, model: Model, tmp_path: Path
) -> None:
    where, (power, connectivity) = electrodes(n), features(model.card, n)
    x = flat(power, connectivity)
    fitted = LINEAR[kind].fit(x, labels(x))
    export_linear(fitted, model.card, where, x, np.full(8, 0.25), tmp_path / "a.onnx")
    made = load_model(tmp_path / "a.onnx")
    context = np.zeros((made.card.n_context, n))
    rest = (where.pairs, where.positions, np.ones(n, dtype=bool), context)
    expected = fitted.predict(x)
    for p, e, wanted in zip(power[:5], connectivity[:5], expected, strict=False):
        mean, std, node, edge = made.run(p, e, *rest)
        np.testing.assert_allclose(mean, wanted, atol=1e-5)
        bias = made.weights(*rest).bias
        np.testing.assert_allclose(bias + node.sum(1) + edge.sum(1), mean, atol=1e-12)
        np.testing.assert_allclose(std, 0.25)


def exported(model: Model, where: Electrodes, path: Path) -> Model:
    x = flat(*features(model.card, len(where.channels)))
    export_linear(LINEAR["ridge"].fit(x, labels(x)), model.card, where, x, np.ones(8), path)
    return load_model(path)


def test_channels_may_come_in_any_order(model: Model, tmp_path: Path) -> None:
    n, where = 8, electrodes(8)
    made = exported(model, where, tmp_path / "a.onnx")
    power, connectivity = (x[0] for x in features(model.card, n, 1))
    order = np.random.default_rng(2).permutation(n)
    context = np.zeros((made.card.n_context, n))
    usual = made.run(power, connectivity, where.pairs, where.positions, np.ones(n, bool), context)
    # A signed measure turns with its pair, the other one does not.
    full = np.zeros((*connectivity.shape[:2], n, n))
    i, j = where.pairs.T
    full[..., i, j] = connectivity
    full[..., j, i] = np.array([-1.0, 1.0])[:, None, None] * connectivity
    turned = full[..., order[i], order[j]]
    other = made.run(
        power[:, order], turned, where.pairs, where.positions[order], np.ones(n, bool), context
    )
    np.testing.assert_allclose(other[0], usual[0], atol=1e-6)
    np.testing.assert_allclose(other[2], usual[2][:, order], atol=1e-6)


def test_resetting_an_input_moves_the_prediction_by_its_contribution(
    model: Model, tmp_path: Path
) -> None:
    n, where = 8, electrodes(8)
    made = exported(model, where, tmp_path / "a.onnx")
    power, connectivity = (x[0] for x in features(model.card, n, 1))
    rest = (where.pairs, where.positions, np.ones(n, bool), np.zeros((made.card.n_context, n)))
    mean, _, node, edge = made.run(power, connectivity, *rest)
    without, lacking = power.copy(), connectivity.copy()
    without[:, 3], lacking[..., 11] = 0.0, 0.0
    np.testing.assert_allclose(
        mean - made.run(without, connectivity, *rest)[0], node[:, 3], atol=1e-6
    )
    np.testing.assert_allclose(mean - made.run(power, lacking, *rest)[0], edge[:, 11], atol=1e-6)


def test_a_masked_channel_and_a_stranger_add_nothing(model: Model, tmp_path: Path) -> None:
    n, where = 8, electrodes(8)
    made = exported(model, where, tmp_path / "a.onnx")
    mask, positions = np.ones(n, bool), where.positions.copy()
    mask[2] = False
    positions[5] *= 1.2
    weights = made.weights(where.pairs, positions, mask, np.zeros((made.card.n_context, n)))
    touched = np.isin(where.pairs, [2, 5]).any(axis=1)
    assert not weights.node[:, :, [2, 5]].any()
    assert not weights.edge[..., touched].any()
    assert weights.edge[..., ~touched].any()


def test_it_decodes_its_own_headset_live_and_refuses_another(model: Model, tmp_path: Path) -> None:
    info, chunk = simulated("muse", 14.0)
    made = exported(model, Electrodes(info.channels, info.positions), tmp_path / "a.onnx")
    pipeline = Pipeline(info, made, baseline=known_person(made, info))
    frames = with_values(frames_of(pipeline, [chunk]))
    assert frames
    assert "no baseline" not in frames[-1].reasons
    other, _ = simulated("openbci16", 1.0)
    with pytest.raises(SetupError, match="fitted on 4 electrodes, but the stream lacks"):
        Pipeline(other, made)


@pytest.mark.parametrize(
    ("estimator", "named"),
    [
        (KernelRidge(kernel="rbf"), "KernelRidge with the kernel 'rbf'"),
        (MultiOutputRegressor(SVR()), "MultiOutputRegressor"),
        (make_pipeline(StandardScaler(), KernelRidge(kernel="rbf")), "KernelRidge with"),
        (RandomForestRegressor(5, random_state=1), "RandomForestRegressor"),
    ],
)
def test_what_is_not_linear_is_refused_by_name(
    estimator: Any, named: str, model: Model, tmp_path: Path
) -> None:
    x = flat(*features(model.card, 4))
    with pytest.raises(ModelError, match=f"The {named}.* is not exported: .* no sum of weights"):
        export_linear(
            estimator.fit(x, labels(x)),
            model.card,
            electrodes(4),
            x,
            np.ones(8),
            tmp_path / "a.onnx",
        )
    assert not list(tmp_path.iterdir())


def test_features_of_another_montage_are_refused(model: Model, tmp_path: Path) -> None:
    x = flat(*features(model.card, 4))
    fitted = Ridge().fit(x, labels(x))
    with pytest.raises(ModelError, match=r"shape \(40, 68\), expected are 105 columns for 5"):
        export_linear(fitted, model.card, electrodes(5), x, np.ones(8), tmp_path / "a.onnx")


def test_too_few_targets_are_refused(model: Model, tmp_path: Path) -> None:
    x = flat(*features(model.card, 4))
    card = replace(model.card, targets=model.card.targets[:3])
    with pytest.raises(ModelError, match="predicts 8 targets .* its card has 3"):
        export_linear(
            Ridge().fit(x, labels(x)), card, electrodes(4), x, np.ones(8), tmp_path / "a.onnx"
        )

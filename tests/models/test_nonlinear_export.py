"""Kernels and forests as model files: the same predictions, and how far their reasons hold."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.svm import SVR

from rtemotion.decoding import Model, ModelCard, load_model
from rtemotion.decoding.onnx_file import forbidden
from rtemotion.errors import ModelError
from rtemotion.models import nonlinear_export
from rtemotion.models.forest_export import export_forest
from rtemotion.models.kernel_export import export_kernels
from rtemotion.models.learning.fitted import Fitted, Part
from rtemotion.models.linear_export import Electrodes

from .test_linear_export import electrodes, features, flat

EXPORTS: dict[str, Any] = {
    "kernel-ridge": export_kernels,
    "svr": export_kernels,
    "forest": export_forest,
}


def labels(x: np.ndarray) -> np.ndarray:
    """Return two targets that are no weighted sum of the features."""
    return np.stack([0.4 + 0.1 * np.tanh(x[:, 0] * x[:, 1]), 5.0 + np.abs(x[:, 2])], axis=1)


def fitted(kind: str, x: np.ndarray, columns: np.ndarray | None = None) -> Fitted:
    columns = np.arange(x.shape[1]) if columns is None else columns
    own = x[:, columns]
    mean, scale = own.mean(axis=0), own.std(axis=0)
    z, y = (own - mean) / scale, labels(x)
    if kind == "kernel-ridge":
        parts = tuple(
            Part(KernelRidge(alpha=alpha, kernel="rbf").fit(z, y[:, [k]]), (k,))
            for k, alpha in enumerate((0.3, 3.0))
        )
    elif kind == "svr":
        parts = tuple(Part(SVR(C=10.0, epsilon=0.01).fit(z, y[:, k]), (k,)) for k in (0, 1))
    else:
        forest = RandomForestRegressor(12, max_depth=5, max_features=0.3, random_state=0)
        parts = (Part(forest.fit(z, y[:, ::-1]), (1, 0)),)
    return Fitted(columns, mean, scale, parts)


def card_of(model: Model) -> ModelCard:
    return replace(model.card, targets=model.card.targets[:2])


def exported(kind: str, model: Model, n: int, path: Path, rows: int = 40) -> tuple[Any, ...]:
    where, (power, edges) = electrodes(n), features(model.card, n, rows)
    x = flat(power, edges)
    source = fitted(kind, x)
    EXPORTS[kind](source, card_of(model), where, x, np.array([0.2, 0.5]), path)
    return load_model(path), source, where, power, edges


def rest_of(made: Model, where: Electrodes) -> tuple[np.ndarray, ...]:
    n = len(where.channels)
    return where.pairs, where.positions, np.ones(n, bool), np.zeros((made.card.n_context, n))


@pytest.mark.parametrize("n", [3, 4, 8, 32, 64])
@pytest.mark.parametrize("kind", EXPORTS)
def test_a_file_predicts_what_its_source_does(
    kind: str, n: int, model: Model, tmp_path: Path
) -> None:
    made, source, where, power, edges = exported(kind, model, n, tmp_path / "a.onnx")
    assert made.card.architecture == "approximate"
    assert not forbidden(made.path.read_bytes())
    new = features(model.card, n, 4)
    for p, e in zip(np.concatenate([power[:3], 1.5 * new[0]]), [*edges[:3], *new[1]], strict=True):
        mean, std, _, _ = made.run(p, e, *rest_of(made, where))
        np.testing.assert_allclose(mean, source.predict(flat(p[None], e[None]))[0], atol=1e-5)
        np.testing.assert_allclose(std, [0.2, 0.5])


@pytest.mark.parametrize("kind", EXPORTS)
def test_a_bad_channel_stands_at_its_reference_with_all_its_pairs(
    kind: str, model: Model, tmp_path: Path
) -> None:
    made, source, where, power, edges = exported(kind, model, 8, tmp_path / "a.onnx")
    pairs, positions, mask, context = rest_of(made, where)
    mask[2] = False
    without, lacking = power.copy(), edges.copy()
    without[:, :, 2] = 0.0
    touched = (pairs == 2).any(axis=1)
    lacking[..., touched] = 0.0
    for k in range(4):
        mean, _, node, edge = made.run(power[k], edges[k], pairs, positions, mask, context)
        expected = source.predict(flat(without, lacking))[k]
        np.testing.assert_allclose(mean, expected, atol=1e-5)
        assert not node[:, 2].any()
        assert not edge[:, touched].any()


@pytest.mark.parametrize("kind", EXPORTS)
def test_channels_may_come_in_any_order(kind: str, model: Model, tmp_path: Path) -> None:
    n = 8
    made, _, where, power, edges = exported(kind, model, n, tmp_path / "a.onnx")
    pairs, positions, mask, context = rest_of(made, where)
    order = np.random.default_rng(2).permutation(n)
    full = np.zeros((*edges[0].shape[:2], n, n))
    i, j = pairs.T
    full[..., i, j] = edges[0]
    full[..., j, i] = np.array([-1.0, 1.0])[:, None, None] * edges[0]
    usual = made.run(power[0], edges[0], pairs, positions, mask, context)
    turned = full[..., order[i], order[j]]
    other = made.run(power[0][:, order], turned, pairs, positions[order], mask, context)
    np.testing.assert_allclose(other[0], usual[0], atol=1e-6)
    np.testing.assert_allclose(other[2], usual[2][:, order], atol=1e-6)
    assert other[3].sum() == pytest.approx(usual[3].sum(), abs=1e-6)


def test_what_a_forest_shows_is_what_resetting_does(model: Model, tmp_path: Path) -> None:
    made, source, where, power, edges = exported("forest", model, 8, tmp_path / "a.onnx")
    _, _, node, edge = made.run(power[0], edges[0], *rest_of(made, where))
    assert node.any()
    for channel in range(8):
        without = power[:1].copy()
        without[:, :, channel] = 0.0
        moved = source.predict(flat(power[:1], edges[:1])) - source.predict(
            flat(without, edges[:1])
        )
        np.testing.assert_allclose(node[:, channel], moved[0], atol=1e-5)
    for pair in range(len(where.pairs)):
        lacking = edges[:1].copy()
        lacking[..., pair] = 0.0
        moved = source.predict(flat(power[:1], edges[:1])) - source.predict(
            flat(power[:1], lacking)
        )
        np.testing.assert_allclose(edge[:, pair], moved[0], atol=1e-5)
    assert made.card.agreement is not None
    assert made.card.agreement.node > 0.999


def test_what_a_kernel_shows_is_its_slope_times_the_way(model: Model, tmp_path: Path) -> None:
    made, source, where, power, edges = exported("kernel-ridge", model, 4, tmp_path / "a.onnx")
    mean, _, node, edge = made.run(power[0], edges[0], *rest_of(made, where))
    step = 1e-5
    for channel in range(4):
        shorter = power[:1].astype(np.float64)
        shorter[:, :, channel] *= 1.0 - step
        slope = (mean - source.predict(flat(shorter, edges[:1]))[0]) / step
        np.testing.assert_allclose(node[:, channel], slope, atol=1e-3)
    assert made.card.agreement is not None
    assert 0.5 < made.card.agreement.node <= 1.0
    assert "slope" in made.card.agreement.protocol


@pytest.mark.parametrize("kind", EXPORTS)
@pytest.mark.parametrize("part", ["power", "edges"])
def test_a_regression_on_one_part_of_the_features_leaves_the_other_alone(
    kind: str, part: str, model: Model, tmp_path: Path
) -> None:
    n = 4
    where, (power, edges) = electrodes(n), features(model.card, n)
    x, n_power = flat(power, edges), power[0].size
    columns = np.arange(n_power) if part == "power" else np.arange(n_power, x.shape[1])
    source = fitted(kind, x, columns)
    EXPORTS[kind](source, card_of(model), where, x, np.ones(2), tmp_path / "a.onnx")
    made = load_model(tmp_path / "a.onnx")
    mean, _, node, edge = made.run(power[0], edges[0], *rest_of(made, where))
    np.testing.assert_allclose(mean, source.predict(x[:1])[0], atol=1e-5)
    assert bool(node.any()) == (part == "power")
    assert bool(edge.any()) == (part == "edges")


def test_a_frame_of_many_channels_is_decoded_well_within_a_hop(
    model: Model, tmp_path: Path
) -> None:
    for kind in EXPORTS:
        made, _, where, power, edges = exported(kind, model, 64, tmp_path / f"{kind}.onnx", 80)
        rest = rest_of(made, where)
        made.run(power[0], edges[0], *rest)
        began = time.perf_counter()
        for k in range(5):
            made.run(power[k], edges[k], *rest)
        assert (time.perf_counter() - began) / 5 < made.card.features.hop


def test_a_file_that_would_be_too_large_is_refused_with_a_remedy(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rtemotion.models import kernel_export

    monkeypatch.setattr(kernel_export, "MOST_MB", 0.001)
    with pytest.raises(ModelError, match=r"40 moments with 68 features are .*--parts power"):
        exported("kernel-ridge", model, 4, tmp_path / "a.onnx")
    monkeypatch.setattr(nonlinear_export, "MOST_MB", 0.001)
    with pytest.raises(ModelError, match="its file would have .*--step"):
        exported("forest", model, 4, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_what_is_something_else_is_refused(model: Model, tmp_path: Path) -> None:
    where, (power, edges) = electrodes(4), features(model.card, 4)
    x = flat(power, edges)
    source = replace(fitted("svr", x), parts=(Part(Ridge().fit(x, labels(x)), (0, 1)),))
    rest = (card_of(model), where, x, np.ones(2), tmp_path / "a.onnx")
    with pytest.raises(ModelError, match="Ridge is not exported as a sum of kernels"):
        export_kernels(source, *rest)
    with pytest.raises(ModelError, match="Ridge is not exported as a forest"):
        export_forest(source, *rest)
    some = replace(fitted("svr", x), columns=np.arange(1, x.shape[1]))
    with pytest.raises(ModelError, match="67 features are not all power"):
        export_kernels(some, *rest)
    with pytest.raises(ModelError, match="predicts 2 targets with 2 .* its card has 8"):
        export_kernels(fitted("svr", x), model.card, *rest[1:])

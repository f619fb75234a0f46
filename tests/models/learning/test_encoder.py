"""Networks as estimators: what they predict, what their files do, what pre-training teaches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rtemotion.decoding import load_model
from rtemotion.errors import SetupError, SourceError
from rtemotion.models.evaluation import Column, EvaluationError, Plan, evaluate
from rtemotion.models.evaluation.made_up import Recipe as Made
from rtemotion.models.evaluation.made_up import made_up
from rtemotion.models.learning.encoder import EncoderRegressor, Layout, encoder_recipe
from rtemotion.models.learning.pretraining import pretrain, unlabelled
from rtemotion.models.learning.train import Order, train
from rtemotion.models.recipes import recipe_of

from ..datasets.made import write_edf
from ..test_linear_export import electrodes
from .noise import HOW, NAMES, SCHEMA, people, recording
from .test_train import kept_in, replayed

LAYOUT = Layout(electrodes(4), SCHEMA)


def rows(n: int, seed: int = 0) -> np.ndarray:
    """Return features in which all channels share much of their power."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, LAYOUT.n_columns))
    shared = rng.standard_normal((n, 2, 1))
    power = x[:, : LAYOUT.n_power].reshape(n, 2, 4)
    x[:, : LAYOUT.n_power] = (0.5 * power + shared).reshape(n, -1)
    return x


def labels(x: np.ndarray) -> np.ndarray:
    return np.stack([0.5 + 0.1 * x[:, 0], 5.0 + x[:, 5]], axis=1)


@pytest.mark.parametrize("architecture", ["additive", "approximate"])
def test_a_network_is_fitted_like_any_regressor(architecture: Any) -> None:
    x = rows(400)
    made = EncoderRegressor(LAYOUT, architecture, epochs=15).fit(x, labels(x))
    new = rows(100, 1)
    for k in (0, 1):
        assert np.corrcoef(made.predict(new)[:, k], labels(new)[:, k])[0, 1] > 0.5
    again = EncoderRegressor(LAYOUT, architecture, epochs=15).fit(x, labels(x))
    np.testing.assert_allclose(again.predict(new), made.predict(new), atol=1e-5)


def test_it_knows_no_other_features() -> None:
    with pytest.raises(EvaluationError, match="knows 20 features of 4 electrodes, .* given 7"):
        EncoderRegressor(LAYOUT).fit(np.zeros((10, 7)), np.zeros(10))
    with pytest.raises(SetupError, match="not made without its electrodes"):
        recipe_of("encoder").make()


@pytest.mark.parametrize("name", ["encoder", "mixing"])
def test_a_file_decodes_what_the_network_predicts(name: str, tmp_path: Path) -> None:
    dataset = people(recording(1), recording(2))
    order = Order(recipe_of(name), "net", "none", lags_s=(0.0,), how=HOW)
    made = train(dataset, order, tmp_path / "a.onnx", kept_in(tmp_path))
    model = load_model(tmp_path / "a.onnx")
    assert model.card.architecture == ("additive" if name == "encoder" else "approximate")
    assert model.card.tied is not None
    assert model.card.tied.channels == NAMES
    found, expected = replayed(model, made.learnt.fitted, dataset, HOW, tmp_path, usable=True)
    assert len(found) > 50
    np.testing.assert_allclose(found, expected, atol=1e-5)
    if name == "mixing":
        assert model.card.agreement is not None
        assert "multiplied" in model.card.agreement.protocol


def test_it_goes_through_an_evaluation_and_is_refused_what_it_does_not_know() -> None:
    table = made_up(Made(subjects=3, stimuli=3, rows=12, code="power"), 0)
    power = [Column("power", band, (c,)) for band in ("alpha", "beta") for c in NAMES]
    edges = [Column("connectivity", "alpha", ("Fp1", "Cz"))] * (LAYOUT.n_columns - len(power))
    table = replace(table, features=rows(len(table)), columns=(*power, *edges))
    plan = Plan(shifts=3, resamples=20)
    found = evaluate(table, EncoderRegressor(LAYOUT, epochs=1), "B", plan)
    assert len(found.targets) == table.targets.shape[1]
    without = found.baseline("model without edge channels")
    assert without.scored is not None or "knows 20 features" in without.says


def test_hidden_power_is_told_better_after_pretraining() -> None:
    made = pretrain([rows(600), rows(400, 1)], LAYOUT, epochs=6)
    assert made.recordings == 2
    assert made.before > 0.9
    # Channels share four fifths of their power.
    assert made.after < 0.6
    shuffled = [np.random.default_rng(0).permuted(x, axis=0) for x in (rows(600), rows(400, 1))]
    assert pretrain(shuffled, LAYOUT, epochs=6).after > 0.9


def test_training_begins_from_what_was_learnt_without_labels() -> None:
    start = pretrain([rows(400)], LAYOUT, epochs=1).start
    recipe = encoder_recipe("mixing", LAYOUT, start)
    x = rows(200)
    made = recipe.make().set_params(epochs=0).fit(x, labels(x))
    for name, value in made.network_.encoder.state_dict().items():
        torch.testing.assert_close(value, start[name])
    other = encoder_recipe("mixing", LAYOUT).make().set_params(epochs=0).fit(x, labels(x))
    name = "embed.0.weight"
    assert not torch.equal(other.network_.encoder.state_dict()[name], start[name])


def test_recordings_without_labels_are_found_in_a_folder(tmp_path: Path) -> None:
    for k in range(2):
        write_edf(tmp_path / "more" / f"r{k}.edf", NAMES, 60, seed=k)
    write_edf(tmp_path / "other.edf", ("F3", "F4"), 60)
    found = unlabelled(tmp_path, NAMES, HOW, tmp_path / "cache")
    assert len(found) == 2
    assert found[0].shape[1] == LAYOUT.n_columns
    with pytest.raises(SourceError, match="no recording with the channels Fp1, T7"):
        unlabelled(tmp_path, ("Fp1", "T7"), HOW, tmp_path / "cache")
    with pytest.raises(SetupError, match="at least 200 are needed"):
        pretrain(found, LAYOUT)


def test_what_cannot_be_pretrained_says_so(tmp_path: Path) -> None:
    dataset = people(recording(1), recording(2))
    order = Order(recipe_of("ridge"), "a", "none", pretrain=tmp_path, how=HOW)
    with pytest.raises(SetupError, match="ridge learns nothing without labels"):
        train(dataset, order, tmp_path / "a.onnx")
    with pytest.raises(EvaluationError, match="sees where electrodes sit and no features"):
        train(dataset, replace(order, recipe=recipe_of("encoder")), tmp_path / "a.onnx")
    with pytest.raises(SetupError, match="takes all features"):
        train(
            dataset,
            replace(order, recipe=recipe_of("mixing"), parts=("power",)),
            tmp_path / "a.onnx",
        )

"""Estimators by name predict what scikit-learn's own do, and learn whatever they are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Lasso, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from rtemotion.errors import SetupError
from rtemotion.models.evaluation import Plan, Protocol, evaluate, folds_of
from rtemotion.models.evaluation.crossfit import crossfit
from rtemotion.models.evaluation.made_up import Recipe as Made
from rtemotion.models.evaluation.made_up import made_up
from rtemotion.models.evaluation.regressors import ALPHAS, regressor_of
from rtemotion.models.recipes import RECIPES, recipe_of

TABLE = made_up(Made(subjects=3, stimuli=4, rows=12, code="power"), 0)
FOLDS = folds_of(TABLE, "B", 6.0)


def of_scikit_learn(name: str, setting: dict[str, Any]) -> Any:
    return {
        "ridge": lambda: Ridge(**setting),
        "kernel-ridge": lambda: KernelRidge(kernel="rbf", **setting),
        "svr": lambda: SVR(epsilon=0.01, **setting),
    }[name]()


@pytest.mark.parametrize("name", ["ridge", "kernel-ridge", "svr"])
def test_a_recipe_predicts_what_scikit_learn_does_on_the_same_folds(name: str) -> None:
    recipe = recipe_of(name)
    regressor = regressor_of(recipe.make(), recipe.tune)
    x = np.asarray(TABLE.features)
    held = crossfit(TABLE, x, TABLE.targets[:, None], FOLDS, Protocol.B, 6.0, regressor)
    expected = []
    for fold, chosen in zip(FOLDS, held.settings, strict=True):
        columns = []
        for k, setting in enumerate(chosen):
            source = of_scikit_learn(name, dict(regressor.settings[setting]))
            pipeline = make_pipeline(StandardScaler(), source)
            pipeline.fit(x[fold.train], TABLE.targets[fold.train, k])
            columns.append(pipeline.predict(x[fold.test]))
        expected.append(np.stack(columns, axis=1))
    np.testing.assert_allclose(held.prediction, np.concatenate(expected), atol=1e-6)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_goes_through_an_evaluation(name: str) -> None:
    recipe = recipe_of(name)
    plan = Plan(shifts=0, resamples=50, baselines=False)
    made = recipe.make()
    if name == "forest":
        made.set_params(n_estimators=10)
    found = evaluate(TABLE, made, "B", plan, tune=recipe.tune)
    assert len(found.targets) == TABLE.targets.shape[1]
    if name == "mean":
        assert found.mean.ccc.value < 0.01
    else:
        assert found.mean.ccc.value > 0.05


def test_where_nothing_can_be_chosen_the_usual_value_stands() -> None:
    svr = regressor_of(recipe_of("svr").make(), recipe_of("svr").tune)
    assert svr.settings[len(svr.settings) // 2] == {"C": 10.0}
    assert len(regressor_of(recipe_of("ridge").make(), recipe_of("ridge").tune).settings) == len(
        ALPHAS
    )


def test_a_penalty_of_the_lasso_means_the_same_on_every_scale() -> None:
    x = np.asarray(TABLE.features, dtype=np.float64)
    y = TABLE.targets[:, 0]
    lasso = recipe_of("lasso").make()
    assert isinstance(lasso.regressor, Lasso)
    small, large = (lasso.fit(x, scale * y).predict(x) for scale in (1.0, 9.0))
    np.testing.assert_allclose(9.0 * small, large, rtol=1e-6)


def test_a_name_that_is_none_is_told_which_there_are() -> None:
    with pytest.raises(SetupError, match="no estimator 'svm', expected one of mean, ridge"):
        recipe_of("svm")

"""Regressors say what scikit-learn's say on the same folds, whatever way they are fitted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Lasso, LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from rtemotion.models.evaluation import EvaluationError, Protocol, folds_of
from rtemotion.models.evaluation.crossfit import crossfit
from rtemotion.models.evaluation.made_up import Recipe, made_up
from rtemotion.models.evaluation.regressors import (
    RidgeRegressor,
    SklearnRegressor,
    regressor_of,
    standardised,
)

TABLE = made_up(Recipe(subjects=3, stimuli=4, rows=12, code="power"), 0)
FOLDS = folds_of(TABLE, "B", 6.0)


def by_sklearn(estimator: Any, x: np.ndarray) -> np.ndarray:
    """Fit every fold by hand, target by target."""
    return np.concatenate(
        [
            np.stack(
                [
                    make_pipeline(StandardScaler(), estimator)
                    .fit(x[fold.train], TABLE.targets[fold.train, k])
                    .predict(x[fold.test])
                    for k in range(TABLE.targets.shape[1])
                ],
                axis=1,
            )
            for fold in FOLDS
        ]
    )


FEW, MANY = slice(0, 4), slice(None)


@pytest.mark.parametrize(
    ("estimator", "features"),
    [
        (Ridge(alpha=3.0), FEW),
        (Ridge(alpha=3.0), MANY),
        (KernelRidge(kernel="rbf", alpha=0.5, gamma=0.02), MANY),
        (SVR(C=1.0, epsilon=0.1), MANY),
        (LinearRegression(), FEW),
        (Lasso(alpha=0.05), FEW),
    ],
    ids=lambda value: type(value).__name__,
)
def test_predictions_are_those_of_scikit_learn(estimator: Any, features: slice) -> None:
    x = np.asarray(TABLE.features[:, features])
    held = crossfit(
        TABLE,
        x,
        TABLE.targets[:, None],
        FOLDS,
        Protocol.B,
        6.0,
        regressor_of(estimator),
    )
    np.testing.assert_allclose(held.prediction, by_sklearn(estimator, x), atol=1e-6)


@pytest.mark.parametrize("n_features", [3, 60])
def test_a_ridge_takes_a_penalty_of_its_own_for_every_column(n_features: int) -> None:
    rng = np.random.default_rng(0)
    x, new = rng.standard_normal((30, n_features)), rng.standard_normal((5, n_features))
    y = rng.standard_normal((30, 3))
    ready = RidgeRegressor((0.5, 5.0, 50.0)).prepare(x, new)
    every = np.stack(list(ready.each(y)))
    chosen = ready.chosen(y, np.array([2, 0, 1]))
    for column, setting in enumerate([2, 0, 1]):
        np.testing.assert_allclose(chosen[:, column], every[setting, :, column])
        alone = Ridge(alpha=(0.5, 5.0, 50.0)[setting]).fit(x, y[:, column]).predict(new)
        np.testing.assert_allclose(chosen[:, column], alone, atol=1e-9)


def test_what_is_linear_in_labels_refits_and_nothing_else_claims_to() -> None:
    assert regressor_of(None).refits
    assert regressor_of(Ridge()).refits
    assert regressor_of(KernelRidge()).refits
    assert not regressor_of(SVR()).refits
    assert not regressor_of(Lasso()).refits
    assert not regressor_of(Ridge(positive=True)).refits


def test_what_is_scored_has_no_say_in_what_is_chosen() -> None:
    tuned = SklearnRegressor(
        KernelRidge(kernel="rbf"), {"alpha": (1e-3, 1.0), "gamma": (0.01, 10)}
    )
    assert len(tuned.settings) == 4
    labels = np.stack([TABLE.targets, np.roll(TABLE.targets, -1, axis=0)], axis=1)
    spoilt_labels, spoilt_features = labels.copy(), np.array(TABLE.features)
    spoilt_labels[FOLDS[0].test] = 7.0
    spoilt_features[FOLDS[0].test] *= -100.0
    one, other = (
        crossfit(TABLE, x, y, FOLDS[:1], Protocol.B, 6.0, tuned)
        for x, y in ((TABLE.features, labels), (spoilt_features, spoilt_labels))
    )
    assert one.tuned
    np.testing.assert_array_equal(one.settings, other.settings)
    np.testing.assert_array_equal(one.lags, other.lags)
    np.testing.assert_array_equal(one.training_mean, other.training_mean)
    np.testing.assert_array_equal(one.half_width, other.half_width)


def test_features_are_scaled_and_filled_by_the_training_side_alone() -> None:
    train = np.array([[1.0, 5.0], [3.0, 5.0], [np.nan, 5.0]])
    test = np.array([[1e6, np.nan], [2.0, 7.0]])
    a, b = standardised(train, test)
    np.testing.assert_allclose(a[:, 0], [-np.sqrt(1.5) / np.sqrt(1.5), 1.0, 0.0], atol=0.3)
    assert a[2, 0] == 0.0
    np.testing.assert_array_equal(a[:, 1], 0.0)
    np.testing.assert_array_equal(b[:, 1], [0.0, 2.0])
    again, _ = standardised(train, test * 1e3)
    np.testing.assert_array_equal(again, a)


def test_what_cannot_be_evaluated_is_refused() -> None:
    from sklearn.linear_model import LogisticRegression

    with pytest.raises(EvaluationError, match="LogisticRegression is no regressor"):
        regressor_of(LogisticRegression())
    with pytest.raises(EvaluationError, match="no parameter penalty to tune"):
        regressor_of(SVR(), {"penalty": [1]})
    with pytest.raises(EvaluationError, match="above zero"):
        regressor_of(None, {"alpha": [0.0]})

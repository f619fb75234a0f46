"""Estimators by name, each with what is chosen inside the training folds.

Scikit-learn is imported when one is made. Features come standardised by the training side
of their fold, see `evaluation.evaluate`, so that none scales them again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ..errors import SetupError


@dataclass(frozen=True)
class Recipe:
    """An estimator that can be asked for by name.

    Attributes
    ----------
    name : str
    says : str
        What it is, in a few words.
    make : callable
        Returns it, not yet fitted; None stands for the ridge of `evaluation.evaluate`.
    tune : mapping
        Parameters that are chosen inside the training folds, and what from. Where nothing
        can be held out the middle of them is taken, which is the usual value.
    """

    name: str
    says: str
    make: Callable[[], Any]
    tune: Mapping[str, Sequence[Any]] = field(default_factory=dict)


def _mean() -> Any:
    from sklearn.dummy import DummyRegressor

    return DummyRegressor()


def _lasso() -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.linear_model import Lasso
    from sklearn.preprocessing import StandardScaler

    # A penalty means the same whatever the scale of the labels.
    lasso = Lasso(max_iter=20_000, tol=1e-3)
    return TransformedTargetRegressor(lasso, transformer=StandardScaler())


def _pls() -> Any:
    from sklearn.cross_decomposition import PLSRegression

    return PLSRegression(scale=False)


def _kernel_ridge() -> Any:
    from sklearn.kernel_ridge import KernelRidge

    return KernelRidge(kernel="rbf")


def _svr() -> Any:
    from sklearn.svm import SVR

    return SVR(kernel="rbf", C=10.0, epsilon=0.01)


def _forest() -> Any:
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(100, max_depth=12, max_features="sqrt", random_state=0)


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        recipe.name: recipe
        for recipe in (
            Recipe("mean", "the mean of the training labels, whatever the features", _mean),
            Recipe("ridge", "linear, small weights", lambda: None),
            Recipe(
                "lasso", "linear, few weights", _lasso, {"regressor__alpha": (0.01, 0.05, 0.2)}
            ),
            Recipe("pls", "linear, few directions", _pls, {"n_components": (1, 2, 4)}),
            Recipe(
                "kernel-ridge",
                "smooth, by likeness to what was learnt (RBF)",
                _kernel_ridge,
                {"alpha": (0.1, 1.0, 10.0)},
            ),
            # C 10 and epsilon 0.01 for labels from 0 to 1: Zhang et al., arXiv 2606.07707.
            Recipe("svr", "smooth, by support vectors (RBF)", _svr, {"C": (1.0, 10.0, 100.0)}),
            Recipe("forest", "decision trees", _forest, {"min_samples_leaf": (2, 10, 50)}),
        )
    }
)


# Networks have to know where electrodes sit: `learning.encoder.encoder_recipe` tells them.
ENCODERS: Mapping[str, str] = MappingProxyType(
    {
        "encoder": "a network that makes weights of where electrodes sit; slow",
        "mixing": "a network free to mix its inputs; slower",
    }
)


def _without_electrodes() -> Any:
    raise SetupError(
        "A network is not made without its electrodes; train one with `rtemotion train "
        "--estimator encoder`, or see rtemotion.models.learning.encoder.encoder_recipe."
    )


def recipe_of(name: str) -> Recipe:
    """Return a recipe by its name.

    Raises
    ------
    SetupError
        When there is none of that name.
    """
    if name in ENCODERS:
        return Recipe(name, ENCODERS[name], _without_electrodes)
    if name not in RECIPES:
        raise SetupError(
            f"There is no estimator '{name}', expected one of {', '.join([*RECIPES, *ENCODERS])}."
        )
    return RECIPES[name]

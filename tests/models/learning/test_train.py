"""Training from a labelled data set to a file that decodes what the estimator predicts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtemotion.decoding import Model, load_model
from rtemotion.errors import SetupError
from rtemotion.models.datasets import Dataset, Series
from rtemotion.models.datasets.rows import Preparation
from rtemotion.models.datasets.scale import table_at_scale
from rtemotion.models.evaluation import EvaluationError
from rtemotion.models.evaluation.provenance import learnt_from
from rtemotion.models.evaluation.served import decoded
from rtemotion.models.learning.fitted import Fitted
from rtemotion.models.learning.fitting import FELT_LAGS_S, as_served, usual_lags
from rtemotion.models.learning.train import Order, Trained, train
from rtemotion.models.recipes import Recipe, recipe_of

from .noise import HOW, NAMES, SCHEMA, people, recording

THREE = people(*(recording(k, 75) for k in (1, 2, 3)))
QUICK: dict[str, Any] = {"protocol": "none", "lags_s": (0.0,), "how": HOW}


def small(name: str) -> Recipe:
    recipe = recipe_of(name)
    if name != "forest":
        return recipe
    return replace(recipe, make=lambda: recipe.make().set_params(n_estimators=8))


def kept_in(folder: Path) -> Path:
    """Return where features are kept that several tests need."""
    return folder.parent / "features-of-noise"


def trained(out: Path, dataset: Dataset = THREE, name: str = "ridge", **changed: Any) -> Trained:
    order = Order(small(name), "made", **(QUICK | changed))
    return train(dataset, order, out, kept_in(out.parent))


def replayed(
    model: Model,
    fitted: Fitted,
    dataset: Dataset,
    how: Preparation,
    folder: Path,
    usable: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Return what is decoded of the recordings, and what the estimator says of their features.

    `usable` leaves moments out in which a channel is bad.
    """
    raw = table_at_scale(dataset, how, kept_in(folder))
    expected = fitted.predict(as_served(raw).features)
    kept = np.isfinite(raw.features).all(axis=1) if usable else np.ones(len(raw), dtype=bool)
    frames = decoded(model, dataset)
    found = np.empty_like(expected)
    for code, who in enumerate(raw.recordings):
        rows = np.flatnonzero(raw.recording == code)
        (one,) = frames[who]
        at = one.at(raw.times[rows])
        assert (at >= 0).all()
        found[rows] = one.mean[at]
    return found[kept], expected[kept]


@pytest.mark.parametrize(
    ("name", "normalisation"),
    [
        ("ridge", "adaptive"),
        ("ridge", "baseline"),
        ("ridge", "none"),
        ("svr", "adaptive"),
        ("forest", "adaptive"),
    ],
)
def test_a_replay_predicts_what_the_estimator_does(
    name: str, normalisation: Any, tmp_path: Path
) -> None:
    how = replace(HOW, normalisation=normalisation)
    two = people(recording(1, 80), recording(2, 80))
    made = trained(tmp_path / "a.onnx", two, name=name, how=how)
    model = load_model(tmp_path / "a.onnx")
    assert model.card.normalisation.policy == normalisation
    found, expected = replayed(model, made.learnt.fitted, two, how, tmp_path)
    assert len(found) > 50
    np.testing.assert_allclose(found, expected, atol=1e-5)
    # An electrode that falls off is left out in both.
    raw = table_at_scale(two, how, kept_in(tmp_path))
    assert np.isnan(raw.features).any()


def test_the_file_says_what_it_was_made_of(tmp_path: Path) -> None:
    made = trained(tmp_path / "a.onnx", protocol="auto", shifts=19)
    card = load_model(tmp_path / "a.onnx").card
    assert card.trained_on == "recordings"
    assert card.target_names == ("joy", "fear")
    assert card.targets[0].construct == "stimulus-inferred"
    assert card.tied is not None
    assert card.tied.channels == NAMES
    assert made.evaluation is not None
    assert card.scores["evaluation"]["protocol"] == "B"
    assert card.scores["evaluation"]["data"] == "noise"
    assert card.scores["evaluation"]["ccc"]["value"] == pytest.approx(
        made.evaluation.mean.ccc.value, abs=1e-3
    )
    assert card.provenance["estimator"] == "ridge"
    assert set(card.provenance["settings"]["joy"]) == {"alpha"}
    assert card.provenance["lags_s"] == {"joy": 0.0, "fear": 0.0}
    assert card.provenance["people"] == 3
    assert learnt_from(card, THREE) == THREE.recordings
    assert not learnt_from(card, people(recording(9)))
    power = card.normalisation.population.log_power
    assert all(-35 < value < -15 for value in power)


def test_without_a_score_the_file_says_so(tmp_path: Path) -> None:
    assert trained(tmp_path / "a.onnx").evaluation is None
    card = load_model(tmp_path / "a.onnx").card
    assert "no score" in card.scores["protocol"]
    assert not card.validated


def test_intervals_hold_most_labels_of_a_new_person(tmp_path: Path) -> None:
    trained(tmp_path / "a.onnx", people(*(recording(k) for k in range(1, 6))))
    new = recording(11)
    (one,) = decoded(load_model(tmp_path / "a.onnx"), people(new))["P11  n11"]
    labels = new.trials[0].labels.at(one.times)
    known = np.isfinite(labels).all(axis=1) & (one.times > 40.0)
    inside = (one.lower <= labels) & (labels <= one.upper)
    assert 0.6 < inside[known].mean() <= 1.0


def test_the_lag_of_a_rating_is_found_and_told(tmp_path: Path) -> None:
    late = people(*(recording(k, 160, lag_s=3.0) for k in (1, 2, 3, 4)), construct="felt")
    made = trained(tmp_path / "a.onnx", late, lags_s=None, protocol="A", shifts=0)
    lag = dict(zip(made.learnt.rows.target_names, made.learnt.lags_s, strict=True))
    # Power is of the last 3 s, so that labels on time would seem 1.5 s early.
    assert lag["joy"] in (1.0, 2.0)
    spread = made.learnt.lag_spread_s
    assert spread is not None
    card = load_model(tmp_path / "a.onnx").card
    assert card.provenance["lags_s"] == lag
    assert card.provenance["lag_spread_s"]["joy"] == pytest.approx(spread[0])


def test_felt_ratings_that_move_may_follow_and_others_do_not(tmp_path: Path) -> None:
    table = table_at_scale(THREE, HOW, kept_in(tmp_path))
    assert usual_lags(table) == (0.0,)
    assert usual_lags(replace(table, constructs=("felt", "felt"))) == FELT_LAGS_S
    assert usual_lags(replace(table, constructs=("felt", "felt"), kind="rating")) == (0.0,)


def test_power_alone_is_a_model_too(tmp_path: Path) -> None:
    made = trained(tmp_path / "a.onnx", parts=("power",))
    assert len(made.learnt.fitted.columns) == 2 * len(NAMES)
    model = load_model(tmp_path / "a.onnx")
    pairs = np.stack(np.triu_indices(4, 1), axis=1)
    weights = model.weights(
        pairs, np.array(model.card.tied.positions), np.ones(4, bool),  # type: ignore[union-attr]
        np.zeros((model.card.n_context, 4)),
    )  # fmt: skip
    assert weights.node.any()
    assert not weights.edge.any()


def relabelled(dataset: Dataset, change: Any) -> Dataset:
    """Return a data set with other labels."""

    def found(one: Any) -> Any:
        trials = tuple(
            replace(t, labels=Series(t.labels.times, change(t.labels.values.copy())))
            for t in one.trials
        )
        return replace(one, find=lambda: trials)

    return replace(dataset, recordings=tuple(map(found, dataset.recordings)))


def constant(values: np.ndarray) -> np.ndarray:
    values[:, 1] = 0.25
    return values


def with_gaps(values: np.ndarray) -> np.ndarray:
    values[: len(values) // 2, 1] = np.nan
    return values


def test_what_cannot_be_learnt_is_refused_in_one_sentence(tmp_path: Path) -> None:
    out = tmp_path / "a.onnx"
    with pytest.raises(EvaluationError, match=r"labels of fear never change \(always 0.25\)"):
        trained(out, relabelled(THREE, constant))
    with pytest.raises(EvaluationError, match=r"different moments \(joy 100%, fear .*--only"):
        trained(out, relabelled(THREE, with_gaps))
    with pytest.raises(EvaluationError, match="at least 3 subjects and 3 stimuli"):
        trained(out, people(recording(1)), protocol="B")
    with pytest.raises(SetupError, match="shares 1 with those before it"):
        trained(out, people(recording(1), recording(2, names=("F3", "F4", "Cz"))))
    names = (*NAMES, "lost")
    with pytest.raises(SetupError, match="No position is known for lost"):
        trained(out, people(recording(1, names=names), recording(2, names=names)))
    with pytest.raises(SetupError, match="no features of muscle"):
        trained(out, parts=("muscle",))
    bare = replace(THREE, recordings=tuple(replace(r, rest=None) for r in THREE.recordings))
    with pytest.raises(SetupError, match="3 recordings have no rest .*adaptive"):
        trained(out, bare, how=replace(HOW, normalisation="baseline"))
    assert not out.exists()


def test_labels_that_cannot_be_learnt_are_left_out_with_only(tmp_path: Path) -> None:
    trained(tmp_path / "a.onnx", relabelled(THREE, constant), only=("joy",))
    assert load_model(tmp_path / "a.onnx").card.target_names == ("joy",)


def test_montages_that_differ_meet_in_what_they_share(tmp_path: Path) -> None:
    more = people(recording(1), recording(2), recording(3, names=(*NAMES, "C3")))
    trained(tmp_path / "a.onnx", more)
    card = load_model(tmp_path / "a.onnx").card
    assert card.tied is not None
    assert card.tied.channels == NAMES
    assert card.features == SCHEMA


def test_one_person_alone_can_be_learnt_from_in_blocks_of_time(tmp_path: Path) -> None:
    made = trained(tmp_path / "a.onnx", people(recording(1, 240)))
    assert made.learnt.chosen_by == "A: within subject, leave one stimulus out"

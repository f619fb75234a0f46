"""An evaluation goes into a model file, whose network stays to the bit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import onnx
import pytest

from rtemotion.decoding import Model
from rtemotion.models.evaluation import Evaluation, Plan, evaluate
from rtemotion.models.evaluation.card_scores import scored_card, scores_of, write_scores
from rtemotion.models.evaluation.made_up import Recipe, made_up


@pytest.fixture(scope="module")
def found() -> Evaluation:
    table = made_up(Recipe(subjects=5, stimuli=5, rows=25, code="power"), 0)
    return evaluate(table, None, "B", Plan(shifts=39, resamples=100))


def test_a_card_holds_what_was_found_and_under_which_protocol(found: Evaluation) -> None:
    said = scores_of(found, "made up", date(2026, 1, 2))["evaluation"]
    assert (said["protocol"], said["people"], said["stimuli"]) == ("B", 5, 5)
    assert (said["data"], said["date"]) == ("made up", "2026-01-02")
    assert said["ccc"]["low"] <= said["ccc"]["value"] <= said["ccc"]["high"]
    assert said["ccc"]["value"] == pytest.approx(found.mean.ccc.value, abs=1e-4)
    assert set(said["targets"]) == {target.name for target in found.targets}
    mean = found.baseline("training mean").scored
    assert mean is not None
    assert said["baselines"]["training mean"] == pytest.approx(mean.ccc.value, abs=1e-4)
    assert "stimulus features" not in said["baselines"]
    assert said["holds"] is found.holds
    assert said["doubts"] == list(found.doubts)
    assert said["simulated"] is True


def test_the_network_stays_and_the_identity_changes(
    found: Evaluation, model: Model, tmp_path: Path
) -> None:
    write_scores(model, found, tmp_path / "scored.onnx", "made up")
    scored = Model(tmp_path / "scored.onnx")
    before, after = (onnx.load(path).graph for path in (model.path, scored.path))
    assert after.SerializeToString() == before.SerializeToString()
    assert scored.sha256 != model.sha256
    assert scored.card.worth in scored.identity
    assert "on 5 people (simulated)" in scored.card.worth
    assert not scored.card.validated
    assert {name: scored.card.scores[name] for name in model.card.scores} == model.card.scores
    assert list(tmp_path.iterdir()) == [scored.path]


def test_the_same_score_on_real_people_validates(found: Evaluation, model: Model) -> None:
    assert found.holds
    assert found.mean.ccc.low > 0
    assert scored_card(model.card, replace(found, simulated=False)).validated
    assert not scored_card(model.card, replace(found, simulated=False, headline=False)).validated

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rtemotion.conditioning import ConditioningDesign
from rtemotion.decoding import load_model
from rtemotion.features import FeatureSchema
from rtemotion.models import make_pretrained
from rtemotion.models.simulated import Recipe, Record, Recorder, draw_recipes, load, record
from rtemotion.models.training import concordance, interval_factors, population_of


@pytest.fixture(scope="module")
def made() -> Record:
    return record(Recipe(5, "muse", "power", 20.0), FeatureSchema(), ConditioningDesign(), 4.0)


def test_concordance_punishes_shift_and_scale() -> None:
    truth = torch.linspace(0, 1, 50)[:, None]
    assert concordance(truth, truth).item() == pytest.approx(1.0, abs=1e-5)
    assert concordance(truth + 0.5, truth).item() < 0.6
    assert concordance(0.2 * truth, truth).item() < 0.3
    assert concordance(1 - truth, truth).item() == pytest.approx(-1.0, abs=1e-5)


def test_a_record_holds_aligned_frames(made: Record) -> None:
    n = len(made.truth)
    assert made.power.shape == (n, 5, 4)
    assert made.connectivity.shape == (n, 2, 4, 6)
    assert made.mask.tolist() == [1.0] * 4
    assert np.isfinite(made.power).all()
    assert n in (19, 20, 21)


def test_records_are_kept_and_not_made_again(tmp_path: Path, made: Record) -> None:
    recorder = Recorder(FeatureSchema(), ConditioningDesign(), 4.0, tmp_path)
    path = recorder(made.recipe)
    before = path.stat().st_mtime_ns
    assert recorder(made.recipe) == path
    assert path.stat().st_mtime_ns == before
    again = load(path, made.recipe)
    np.testing.assert_array_equal(again.power, made.power)
    np.testing.assert_array_equal(again.truth, made.truth)
    assert again.recipe == made.recipe


def test_recipes_follow_from_the_seed_and_never_share_a_person() -> None:
    first, second = draw_recipes(50, 1), draw_recipes(50, 1)
    assert first == second
    people = {r.seed for seed in (1, 2, 3) for r in draw_recipes(50, seed)}
    assert len(people) == 150


def test_signed_measures_have_no_population_mean(made: Record) -> None:
    population = population_of([made])
    assert population.connectivity[0] == (0.0, 0.0, 0.0, 0.0)
    assert any(population.connectivity[1])


@pytest.mark.filterwarnings("default")
def test_the_script_makes_a_model_that_decodes(tmp_path: Path) -> None:
    out = tmp_path / "tiny.onnx"
    options = [
        "--people",
        "4",
        "--others",
        "2",
        "--tested",
        "1",
        "--epochs",
        "2",
        "--workers",
        "1",
        "--seconds",
        "25",
    ]
    make_pretrained.main([*options, "--out", str(out), "--work", str(tmp_path / "work")])
    model = load_model(out)
    assert model.card.trained_on == "simulation"
    assert set(model.card.scores["mean_ccc"]) == {"network", "power", "mix", "none"}
    assert model.card.provenance["people"] == 4
    assert json.loads(model.card.to_json())["format"] == 1


def test_intervals_cover_more_when_errors_are_larger(made: Record) -> None:
    from rtemotion.models.network import AdditiveNetwork, NetworkShape
    from rtemotion.models.training import example

    network = AdditiveNetwork(NetworkShape(8, 5, (True, False), 4, width=16, layers=1, rank=2))
    x = example(made, population_of([made]))
    narrow = interval_factors(network, [x], 0.5)
    wide = interval_factors(network, [x], 0.95)
    assert np.all(wide > narrow)

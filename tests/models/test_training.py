import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rtemotion.conditioning import ConditioningDesign
from rtemotion.decoding import load_model
from rtemotion.decoding.context import ContextPolicy, n_context
from rtemotion.errors import SetupError
from rtemotion.features import FeatureSchema
from rtemotion.models import make_pretrained
from rtemotion.models.calibrating import calibration_recipes, errors_of, intervals_of
from rtemotion.models.examples import Example
from rtemotion.models.network import EmotionNetwork, NetworkShape
from rtemotion.models.references import population_of, without_baseline
from rtemotion.models.resetting import reset_agreement
from rtemotion.models.simulated import Recipe, Record, Recorder, draw_recipes, load, record
from rtemotion.models.training import Reference, Training, best_lag, concordance, predict, train
from rtemotion.simulators.artifacts import Artifacts
from rtemotion.simulators.emotions import TAU_S


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
    np.testing.assert_allclose(again.power, made.power, rtol=1e-3, atol=1e-5)
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
    assert json.loads(model.card.to_json())["schema_version"].startswith("2.")


SHAPE = NetworkShape(
    8, 5, (True, False), 4, n_context(FeatureSchema()), width=16, layers=1, heads=2, rank=2
)
POLICY = ContextPolicy(60.0, 5.0, 5.0)


def reference(*records: Record) -> Reference:
    return Reference(population_of(records), POLICY, FeatureSchema())


def test_intervals_hold_the_share_they_are_made_for(made: Record) -> None:
    torch.manual_seed(1)
    network = EmotionNetwork(SHAPE).eval()
    x = reference(made).example(made)
    errors = errors_of(network, x)
    intervals = intervals_of([errors] * 3, 0.7)
    with torch.no_grad():
        mean, log_std, truth = predict(network, x)
    for size, factor in intervals.by_size:
        assert size == 4
        half = torch.exp(log_std) * torch.as_tensor(intervals.by_target * factor)
        # Of the frames that have a context.
        inside = ((truth - mean).abs() <= half)[x.starts[1] :].float().mean()
        assert float(inside) == pytest.approx(0.7, abs=0.05)
    assert (intervals_of([errors], 0.95).by_target > intervals.by_target).all()


def test_montages_of_other_sizes_get_intervals_of_their_own(made: Record) -> None:
    torch.manual_seed(1)
    network = EmotionNetwork(SHAPE).eval()
    x = reference(made).example(made)
    # As if decoding eight channels went wrong.
    eight = Example(
        x.power.repeat(1, 1, 2),
        torch.zeros(len(x.truth), 2, 4, 28, dtype=torch.float16),
        torch.triu_indices(8, 8, offset=1).T,
        torch.randn(8, 3) * 0.05,
        torch.ones(8),
        x.contexts.repeat(1, 1, 2),
        x.starts,
        x.truth + 5.0,
    )
    people = [errors_of(network, one) for one in (x, x, x, eight, eight, eight)]
    factors = dict(intervals_of(people).by_size)
    assert factors[8] > 2 * factors[4]


def test_intervals_are_for_the_usual_signal_at_the_usual_pace_of_those_whose_emotions_show() -> (
    None
):
    drawn = draw_recipes(60, 7, 30.0)
    people = calibration_recipes(60, 7, 30.0)
    assert 10 < len(people) < 40
    assert {one.seed for one in people} < {one.seed for one in drawn}
    for one in people:
        assert (one.artifacts, one.tau_s) == (Artifacts(), TAU_S)
        assert one.code != "none"
    # Of every kind of montage, and every code that shows.
    assert {one.code for one in people} == {"mix", "network", "power"}
    assert {bool(one.labels) for one in people} == {True, False}


def test_a_context_serves_from_the_frame_after_it_was_made(made: Record) -> None:
    x = reference(made).example(made)
    n = len(made.truth)
    assert x.starts == (0, 5, 10, 15, n)
    assert not x.contexts[0][5:].any()
    changed = replace(made, power=made.power.copy())
    changed.power[5:] += 1.0
    after = reference(made).example(changed)
    torch.testing.assert_close(after.contexts[1], x.contexts[1])
    assert not torch.allclose(after.contexts[2], x.contexts[2])


def test_without_a_baseline_features_stand_against_the_population(made: Record) -> None:
    population = population_of([made])
    alone = without_baseline(made, population)
    np.testing.assert_allclose(
        alone.power + np.array(population.log_power)[:, None],
        made.power + made.rest_power,
        atol=0.02,
    )
    assert not reference(made).example(made, own_baseline=False).contexts[0].any()


def test_training_goes_on_from_its_checkpoint_to_the_same_network(
    made: Record, tmp_path: Path
) -> None:
    what = ([made, made], [made], reference(made))
    plan = Training(epochs=4, batch=1)

    def trained(checkpoint: Path | None, stop_after: int | None = None) -> EmotionNetwork:
        def progress(epoch: int, loss: float, score: float) -> None:
            done.append(epoch)
            if epoch == stop_after:
                raise KeyboardInterrupt

        torch.manual_seed(0)
        return train(EmotionNetwork(SHAPE), *what, plan, progress, checkpoint)

    done: list[int] = []
    whole = trained(None)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "training.npz", stop_after=2)
    done.clear()
    resumed = trained(tmp_path / "training.npz")
    assert done == [2, 3]
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, msg=name)


def test_a_checkpoint_of_another_training_is_refused(made: Record, tmp_path: Path) -> None:
    checkpoint = tmp_path / "training.npz"

    def run(plan: Training) -> None:
        what = ([made], [made], reference(made))
        train(EmotionNetwork(SHAPE), *what, plan, lambda *_: None, checkpoint)

    run(Training(epochs=1))
    with pytest.raises(SetupError, match=r"training\.npz is the checkpoint of another training"):
        run(Training(epochs=2))


def test_training_learns_what_is_there_to_learn(made: Record) -> None:
    scores: list[float] = []
    plan = Training(epochs=25, batch=1, patience=25, dropped=0.0, no_baseline=0.0, rate=1e-2)
    torch.manual_seed(0)
    train(
        EmotionNetwork(SHAPE),
        [made],
        [made],
        reference(made),
        plan,
        lambda epoch, loss, score: scores.append(score),
    )
    assert max(scores) > scores[0] + 0.2


def test_an_additive_network_keeps_its_word_and_a_free_one_does_not(made: Record) -> None:
    x = reference(made).example(made)
    torch.manual_seed(2)
    exact = reset_agreement(EmotionNetwork(SHAPE).eval(), [x], 50)
    assert exact == pytest.approx((1.0, 1.0), abs=1e-5)
    free = EmotionNetwork(replace(SHAPE, architecture="approximate")).eval()
    for weight in free.encoder.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=1.0)
    assert max(reset_agreement(free, [x], 50)) < 0.999


def test_the_information_delay_is_found(made: Record) -> None:
    rng = np.random.default_rng(0)
    n, lag = 400, 7
    walk = np.cumsum(rng.standard_normal((n + lag, 8)), axis=0).astype(np.float32)
    network = EmotionNetwork(SHAPE).eval()
    x = reference(made).example(made)
    power = torch.zeros(n, 5, 4)
    with torch.no_grad():
        node = network.weights(x.pairs, x.positions, x.mask, x.contexts[:1])[0][0]
        # Features from which the network predicts the walk as it was `lag` frames ago.
        inverse = torch.linalg.pinv(node.flatten(1))
        power = (torch.as_tensor(walk[:n]) @ inverse.T).reshape(n, 5, 4)
        late = replace(
            x,
            power=power,
            connectivity=torch.zeros(n, 2, 4, 6),
            contexts=x.contexts[:1],
            starts=(0, n),
            truth=torch.as_tensor(walk[lag:]),
        )
        assert best_lag(network, [late]) == pytest.approx(lag, abs=0.1)
        assert best_lag(network, [x]) is None


def test_the_free_network_trains_on_moments_drawn_from_some_contexts_only(made: Record) -> None:
    free = replace(SHAPE, architecture="approximate")
    plan = Training(epochs=3, batch=1, moments=2)
    done: list[int] = []
    torch.manual_seed(0)
    what = ([made, made], [made], reference(made))
    train(EmotionNetwork(free), *what, plan, lambda epoch, *_: done.append(epoch))
    assert done == [0, 1, 2]

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from sklearn.linear_model import Ridge as Reference
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from rtemotion import Pipeline
from rtemotion.decoding import BaselineSpan, Model
from rtemotion.errors import SetupError
from rtemotion.models import ridge
from rtemotion.models.benchmark import Scope, main, run
from rtemotion.models.benchmark_report import Report, Result, as_json, show
from rtemotion.models.contenders import (
    BOTH,
    CONNECTIVITY,
    MEAN,
    MODEL,
    ORACLE,
    POWER,
    SERVED,
    covered,
    decoders,
    oracle,
    served,
    stretch,
)
from rtemotion.models.scoring import Rescaling, concordance, over_people
from rtemotion.models.simulated import Record, draw_recipes, record
from rtemotion.simulators import EMOTIONS
from rtemotion.simulators.benchmark import Benchmark, load_benchmark

from ..helpers import frames_of, with_values

N_BANDS, N_CHANNELS, N_PAIRS = 5, 4, 6


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def short() -> Benchmark:
    """The benchmark with short recordings of the same people."""
    frozen = load_benchmark()
    training, test = frozen.splits["training"], frozen.splits["test"]
    return replace(
        frozen,
        headset="muse",
        rest_s=20.0,
        oracle_s=30.0,
        gap_s=10.0,
        splits={
            "training": replace(training, seconds=30.0, orientations_deg={"mix": (30.0,)}),
            "test": replace(
                test, seconds=60.0, orientations_deg={"mix": (0.0, 30.0), "none": (30.0,)}
            ),
        },
    )


@pytest.fixture(scope="module")
def scope() -> Scope:
    return Scope(codes=("mix", "none"), doses=None, trained=3, tested=2, headset="muse")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("records")


@pytest.fixture(scope="module")
def report(short: Benchmark, scope: Scope, model: Model, work: Path) -> Report:
    return run(short, model, scope, work)


def made_up(seed: int, told: float, seconds: float = 240.0) -> Record:
    """Return a record of noise as slow as the labels, some of it told by them."""
    rng = np.random.default_rng(seed)
    n = round(seconds)
    steps = rng.standard_normal((n, 8 + N_BANDS * N_CHANNELS + 8 * N_PAIRS))
    slow = np.zeros_like(steps)
    for k in range(1, n):
        slow[k] = 0.95 * slow[k - 1] + 0.31 * steps[k]
    truth, power, edges = np.split(slow, [8, 8 + N_BANDS * N_CHANNELS], axis=1)
    power[:, :8] += told * truth
    upper = np.stack(np.triu_indices(N_CHANNELS, k=1), axis=1)
    return Record(
        power=power.reshape(n, N_BANDS, N_CHANNELS).astype(np.float32),
        connectivity=edges.reshape(n, 2, 4, N_PAIRS).astype(np.float32),
        rest_power=np.zeros((N_BANDS, N_CHANNELS), np.float32),
        rest_connectivity=np.zeros((2, 4, N_PAIRS), np.float32),
        pairs=upper.astype(np.int64),
        positions=(0.1 * np.eye(N_CHANNELS, 3)).astype(np.float32),
        mask=np.ones(N_CHANNELS, np.float32),
        truth=truth.astype(np.float32),
        times=np.arange(1.0, n + 1.0),
        recipe=draw_recipes(1, 1)[0],
    )


def rows(seed: int, n: int, p: int) -> tuple[ridge.Rows, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p)) * rng.lognormal(size=p) + rng.standard_normal(p)
    y = x @ rng.standard_normal((p, 3)) + rng.standard_normal((n, 3))
    return x.astype(np.float32), y


def reference(x: ridge.Rows, y: np.ndarray, alpha: float) -> np.ndarray:
    z = StandardScaler().fit_transform(x.astype(np.float64))
    return np.asarray(Reference(alpha=alpha).fit(z, y).predict(z))


def test_a_ridge_over_people_is_that_of_scikit_learn() -> None:
    x, y = rows(1, 300, 40)
    parts = {"all": slice(None), "some": slice(10, 25)}
    fits = ridge.fit_over_people(x, y, np.arange(300) // 30, parts)
    for name, part in parts.items():
        found = fits[name].ridge
        expected = reference(x[:, part], y, found.alpha)
        np.testing.assert_allclose(found.predict(x[:, part]), expected, atol=1e-6)


def test_a_ridge_within_a_person_is_that_of_scikit_learn() -> None:
    x, y = rows(2, 60, 200)
    _, fit = ridge.fit_within_person(x, y, np.arange(60.0), 3.0, {"all": slice(None)})
    expected = reference(x, y, fit.ridge.alpha)
    np.testing.assert_allclose(fit.ridge.predict(x), expected, atol=1e-6)


def test_a_ridge_within_a_person_is_given_the_features_that_tell_most() -> None:
    x, y = rows(7, 120, 10)
    noise = np.random.default_rng(8).standard_normal((120, 100))
    both = np.concatenate([noise, x], axis=1).astype(np.float32)
    parts = {"noise": slice(0, 100), "told": slice(100, 110), "both": slice(0, 110)}
    name, fit = ridge.fit_within_person(both, y, np.arange(120.0), 3.0, parts)
    assert name == "told"
    assert fit.ridge.weights.shape == (10, 3)


def test_what_is_held_out_comes_from_other_people() -> None:
    x, y = rows(3, 200, 10)
    person = np.arange(200) // 20
    before = ridge.fit_over_people(x, y, person, {"all": slice(None)})["all"]
    lied = y.copy()
    # People 3 and 8 share a fold: what they are told changes the others' predictions alone.
    own = np.isin(person, (3, 8))
    lied[own] += np.random.default_rng(0).standard_normal((own.sum(), 3))
    after = ridge.fit_over_people(x, lied, person, {"all": slice(None)})["all"]
    assert before.ridge.alpha == after.ridge.alpha
    np.testing.assert_allclose(after.held_out[own], before.held_out[own], atol=1e-3)
    assert np.abs(after.held_out[~own] - before.held_out[~own]).max() > 0.1


def test_the_penalty_is_large_for_noise_and_small_for_what_can_be_learnt() -> None:
    x, y = rows(4, 300, 20)
    noise = np.random.default_rng(5).standard_normal(y.shape)
    person = np.arange(300) // 30
    learnt, nothing = (
        ridge.fit_over_people(x, target, person, {"all": slice(None)})["all"].ridge.alpha
        for target in (y, noise)
    )
    assert learnt == ridge.ALPHAS[0]
    assert nothing > 1e3


def test_a_feature_that_never_changes_weighs_nothing() -> None:
    x, y = rows(6, 100, 5)
    x[:, 2] = 0.0
    over = ridge.fit_over_people(x, y, np.arange(100) // 10, {"all": slice(None)})["all"]
    _, within = ridge.fit_within_person(x, y, np.arange(100.0), 1.0, {"all": slice(None)})
    for fit in (over, within):
        assert np.all(fit.ridge.weights[2] == 0.0)
        assert np.isfinite(fit.ridge.predict(x)).all()


def test_concordance_is_lins_and_nought_for_what_never_changes() -> None:
    truth = np.linspace(0.0, 1.0, 50)[:, None]
    assert concordance(truth, truth) == pytest.approx(1.0)
    assert concordance(1.0 - truth, truth) == pytest.approx(-1.0)
    shifted = 2 * truth.var() / (2 * truth.var() + 0.25)
    assert concordance(truth + 0.5, truth) == pytest.approx(shifted)
    assert concordance(np.full_like(truth, 0.3), truth) == 0.0


def test_rescaling_gives_predictions_the_mean_and_spread_of_the_labels() -> None:
    rng = np.random.default_rng(0)
    truth, estimate = rng.standard_normal((2, 400, 3))
    moved = Rescaling.fitted(3.0 + 0.01 * estimate, truth)(3.0 + 0.01 * estimate)
    np.testing.assert_allclose(moved.mean(axis=0), truth.mean(axis=0))
    np.testing.assert_allclose(moved.std(axis=0), truth.std(axis=0))
    still = Rescaling.fitted(np.ones_like(truth), truth)(np.ones_like(truth))
    np.testing.assert_allclose(still, np.broadcast_to(truth.mean(axis=0), truth.shape))


def test_an_interval_over_people_is_about_twice_the_standard_error_to_both_sides() -> None:
    values = np.random.default_rng(1).standard_normal(400)
    found = over_people(values)
    error = values.std() / np.sqrt(400)
    assert found.mean == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.05)


def test_noise_is_not_decoded_and_what_is_told_is(model: Model) -> None:
    benchmark = load_benchmark()
    for told, low, high in ((0.0, -0.1, 0.1), (2.0, 0.5, 1.0)):
        guesses, *_ = decoders(model, [made_up(seed, told) for seed in range(12)])
        found: dict[str, list[float]] = {}
        for seed in range(100, 112):
            record = made_up(seed, told, seconds=525.0)
            scored = stretch(record, benchmark.scored_span)
            for name, guess in {**guesses, ORACLE: oracle(benchmark, record)}.items():
                found.setdefault(name, []).append(
                    float(concordance(guess(scored), scored.truth).mean())
                )
        means = {name: np.mean(values) for name, values in found.items()}
        assert all(low < means[name] < high for name in (POWER, BOTH, ORACLE)), means
        assert abs(means[CONNECTIVITY]) < 0.1
        assert means[MEAN] == 0.0


def test_the_oracle_never_sees_what_it_is_scored_on() -> None:
    benchmark = load_benchmark()
    record = made_up(1, 1.0, seconds=525.0)
    other = made_up(2, 1.0, seconds=525.0)
    learnt = record.times <= benchmark.oracle_spans()[0][1]
    mixed = replace(
        record,
        power=np.where(learnt[:, None, None], record.power, other.power),
        truth=np.where(learnt[:, None], record.truth, 1.0 - other.truth),
    )
    assert not np.array_equal(mixed.truth, record.truth)
    first, second = oracle(benchmark, record), oracle(benchmark, mixed)
    np.testing.assert_array_equal(first(other), second(other))


def test_the_model_is_scored_on_what_the_decoder_shows(short: Benchmark, model: Model) -> None:
    one = short.sittings("test", "mix", 30.0)[0]
    card = model.card
    seen = record(one, card.features, card.conditioning, card.smoothing_s)
    brain = one.brain()
    chunk, _ = brain.read(round((one.rest_s + one.seconds) * one.sfreq))
    pipeline = Pipeline(brain.info, model, span=BaselineSpan(0.0, one.rest_s))
    shown = {frame.time: frame for frame in with_values(frames_of(pipeline, [chunk]))}
    frames = [shown[time] for time in seen.times]
    means, _ = served(model, seen)
    np.testing.assert_allclose(means, [frame.mean for frame in frames], atol=1e-5)
    inside = [
        (frame.lower <= truth) & (truth <= frame.upper)
        for frame, truth in zip(frames, seen.truth, strict=True)
    ]
    assert covered(model, seen).mean() == pytest.approx(np.mean(inside), abs=2e-3)


def test_nobody_whom_training_scripts_draw_is_tested() -> None:
    benchmark = load_benchmark()
    drawn = {recipe.seed for seed in range(1, 50) for recipe in draw_recipes(3, seed)}
    assert not drawn & {*benchmark.splits["training"].seeds, *benchmark.splits["test"].seeds}


def test_every_decoder_is_scored_on_every_person_and_emotion(report: Report) -> None:
    assert [(r.code, r.orientation_deg, r.trained_on) for r in report.results] == [
        ("mix", 0.0, "mix"),
        ("mix", 30.0, "mix"),
        ("none", 30.0, "mix"),
    ]
    for result in report.results:
        assert result.names == (MODEL, SERVED, CONNECTIVITY, POWER, BOTH, MEAN, ORACLE)
        assert all(ccc.shape == (2, len(EMOTIONS)) for ccc in result.ccc.values())
        assert all(np.isfinite(ccc).all() for ccc in result.ccc.values())
        assert np.all((result.coverage >= 0) & (result.coverage <= 1))
    assert set(report.penalties) == {"mix"}


def test_a_broken_run_goes_on_and_ends_the_same(
    report: Report, short: Benchmark, scope: Scope, model: Model, work: Path
) -> None:
    files = sorted(work.glob("*.npz"))
    assert len(files) == 3 + 3 * 2
    kept = {file: file.stat().st_mtime_ns for file in files}
    files[0].unlink()
    told = []
    again = run(short, model, scope, work, progress=lambda *how_far: told.append(how_far))
    assert told[-1] == (9, 9)
    assert as_json(again) == as_json(report)
    remade = {file for file in files if file.stat().st_mtime_ns != kept[file]}
    assert remade == {files[0]}


def test_the_report_holds_every_score(report: Report) -> None:
    written = json.loads(json.dumps(as_json(report)))
    first = written["results"][0]
    assert first["ccc"][MODEL]["mean"] == pytest.approx(
        np.mean(first["ccc"][MODEL]["subjects"]), abs=1e-3
    )
    assert first["subjects"] == [2_026_001_000, 2_026_001_001]
    assert written["emotions"] == list(EMOTIONS)


def shown(report: Report) -> str:
    out = io.StringIO()
    show(report, Console(file=out))
    return out.getvalue()


def test_the_table_has_a_line_a_decoder_and_a_column_a_dose(report: Report) -> None:
    text = shown(report)
    assert text.count("0°") == 1 + 2
    for name in (MODEL, SERVED, CONNECTIVITY, POWER, BOTH, MEAN, ORACLE):
        lines = [line for line in text.splitlines() if line.startswith(f"│ {name}  ")]
        assert [line.count("[") for line in lines] == [2, 1], name


def test_a_decoder_that_finds_emotions_where_none_are_is_named(report: Report) -> None:
    shape = (5, len(EMOTIONS))
    rng = np.random.default_rng(0)
    chance, found = 0.05 * rng.standard_normal(shape), 0.3 + 0.05 * rng.standard_normal(shape)
    ccc = {MODEL: chance - chance.mean(), POWER: found, ORACLE: found}
    result = Result("eyes", 30.0, "mix", tuple(range(5)), ccc, np.full(5, 0.9))
    text = shown(replace(report, results=(result,)))
    assert "Above chance, though the brain says nothing of emotions here: band-power" in text
    assert as_json(replace(report, results=(result,)))["results"][0]["ccc"][MODEL]["holds_zero"]
    quiet = replace(result, ccc={MODEL: chance - chance.mean(), ORACLE: found})
    assert "At chance, as it should be" in shown(replace(report, results=(quiet,)))


def test_doses_that_no_code_has_are_refused(short: Benchmark, model: Model, scope: Scope) -> None:
    with pytest.raises(SetupError, match="none of the codes none at 60°"):
        run(short, model, replace(scope, codes=("none",), doses=(60.0,)), Path("nowhere"))


@pytest.mark.parametrize(
    "options", [["--codes", "network,pwoer"], ["--trained", "1"], ["--doses", "steep"]]
)
def test_wrong_options_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(options)
    assert stopped.value.code == 2
    assert options[0] in capsys.readouterr().err


def test_encoders_are_fitted_on_the_people_the_ridges_are_fitted_on(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rtemotion.models import encoders
    from rtemotion.models.contenders import ADDITIVE, APPROXIMATE

    for name, plan in encoders.PLANS.items():
        monkeypatch.setitem(encoders.PLANS, name, replace(plan, epochs=1, moments=2))
    card = model.card
    people = [
        record(replace(one, seconds=12.0), card.features, card.conditioning, card.smoothing_s)
        for one in load_benchmark().sittings("training", "mix", 30.0, "muse")[:5]
    ]
    found, _, agreements = decoders(model, people, encoders=True)
    assert agreements[ADDITIVE] == pytest.approx((1.0, 1.0), abs=1e-4)
    assert set(agreements) == {ADDITIVE, APPROXIMATE}
    for name in (ADDITIVE, APPROXIMATE):
        guess = found[name](people[0])
        assert guess.shape == people[0].truth.shape
        assert np.ptp(guess, axis=0).min() > 0.0

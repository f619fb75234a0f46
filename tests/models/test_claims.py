"""Every claim is measured on unseen people, and a claim that is wrong is found out."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from rtemotion.decoding import Model
from rtemotion.errors import ModelError, SetupError
from rtemotion.models import claims_controls, claims_weights
from rtemotion.models.claims import CLAIMS, as_json, main, measured
from rtemotion.models.claims_confounds import not_above
from rtemotion.models.claims_controls import SWAPPED, UNTRAINED, controls, swapped
from rtemotion.models.claims_delay import lagged
from rtemotion.models.claims_intervals import TERCILES, Person, terciles
from rtemotion.models.claims_live import Shown, watch
from rtemotion.models.claims_study import Finding, Seen, Study
from rtemotion.models.claims_sum import TOLERANCE, through_network
from rtemotion.models.claims_weights import features_at, weights_behind
from rtemotion.models.contenders import served
from rtemotion.models.export import export
from rtemotion.models.scoring import Interval
from rtemotion.models.simulated import Record
from rtemotion.simulators.benchmark import Benchmark, load_benchmark

PEOPLE = 2
LIVE = ("sum", "intervals", "montages", "confounds", "delay")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def short() -> Benchmark:
    """The benchmark with short recordings of the same people."""
    frozen = load_benchmark()
    training, test = frozen.splits["training"], frozen.splits["test"]
    doses = {code: (30.0,) for code in ("mix", "muscle", "eyes", "none")}
    return replace(
        frozen,
        headset="muse",
        rest_s=14.0,
        oracle_s=10.0,
        gap_s=2.0,
        splits={
            "training": replace(training, seconds=11.0, orientations_deg={"mix": (30.0,)}),
            "test": replace(test, seconds=31.0, orientations_deg=doses),
        },
    )


@pytest.fixture(scope="module")
def study(short: Benchmark, model: Model, tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("study")
    return Study(short, model, PEOPLE, folder, montages=("epoc", "muse"), trained=PEOPLE)


@pytest.fixture(scope="module")
def findings(study: Study) -> list[Finding]:
    return list(measured(study, LIVE))


def named(findings: list[Finding], claim: str, what: str = "") -> Finding:
    (found,) = [one for one in findings if one.claim == claim and what in one.what]
    return found


def test_every_claim_says_what_its_goal_is_and_whether_it_held(findings: list[Finding]) -> None:
    assert {one.claim for one in findings} == set(LIVE) == set(CLAIMS) - {"deletion"}
    for one in findings:
        line = str(one)
        assert "\n" not in line
        assert line.startswith(f"{one.claim}: ")
        assert one.goal in line
        assert line.endswith(": held" if one.held else ": NOT HELD")


def test_the_report_holds_every_number(study: Study, findings: list[Finding]) -> None:
    written = json.loads(json.dumps(as_json(study, findings), allow_nan=False))
    assert written["people"] == PEOPLE
    assert written["model"] == study.model.identity
    assert [one["what"] for one in written["findings"]] == [one.what for one in findings]
    covered = written["findings"][3]["values"]
    assert covered["coverage"]["mean"] == pytest.approx(np.mean(covered["people"]), abs=1e-5)


def test_a_broken_run_goes_on_and_ends_the_same(study: Study, findings: list[Finding]) -> None:
    files = {file: file.stat().st_mtime_ns for file in study.folder.iterdir()}
    gone = next(file for file in files if file.name.startswith("live-"))
    gone.unlink()
    assert list(measured(study, LIVE)) == findings
    remade = {file for file in files if file.stat().st_mtime_ns != files[file]}
    assert remade == {gone}


def test_the_additive_model_keeps_its_promise_of_exact_sums(findings: list[Finding]) -> None:
    sums = [one for one in findings if one.claim == "sum"]
    assert len(sums) == 3
    assert all(one.held for one in sums)
    assert set(sums[0].values) == set(sums[1].values) == {"epoc", "muse"}
    # Smoothing leaves its trace in the last digits: something was compared.
    assert min(sums[2].values.values()) > 0.0


class Boaster(Model):
    """A model that says of channels a hundredth more than they add."""

    def __init__(self, model: Model, node: float, mean: float) -> None:
        self.__dict__.update(vars(model))
        self._node, self._mean = node, mean

    def run(self, *arguments: Any) -> Any:
        mean, std, node, edge = super().run(*arguments)
        return mean + self._mean, std, self._node * node, edge


def test_contributions_that_claim_too_much_are_found_out(study: Study) -> None:
    (record, _) = study.records(study.sittings())
    honest = through_network(study.model, record, 20, np.random.default_rng(0))
    boasting = Boaster(study.model, node=1.01, mean=0.0)
    off, moved = through_network(boasting, record, 20, np.random.default_rng(0))
    assert max(honest) <= TOLERANCE
    assert off > 10 * TOLERANCE
    assert moved > 10 * TOLERANCE
    shifted = Boaster(study.model, node=1.0, mean=1e-3)
    off, moved = through_network(shifted, record, 20, np.random.default_rng(0))
    assert off == pytest.approx(1e-3, rel=0.01)
    assert moved <= TOLERANCE


def test_the_weights_behind_every_frame_predict_what_is_served(study: Study) -> None:
    (record, _) = study.records(study.sittings())
    means, _ = served(study.model, record)
    behind = weights_behind(study.model, record)
    assert len(behind) == len(means)
    for frame, one in enumerate(behind):
        said = one.weights.bias + one.contributions(*features_at(record, frame)).sum(axis=1)
        np.testing.assert_allclose(said, means[frame], atol=1e-5)


def test_predictions_that_follow_from_no_weights_are_refused(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    (record, _) = study.records(study.sittings())

    def otherwise(model: Model, record: Any) -> Any:
        means, std = served(model, record)
        return means + 0.01, std

    monkeypatch.setattr(claims_weights, "served", otherwise)
    with pytest.raises(ModelError, match="follows from none of the weights"):
        weights_behind(study.model, record)


def test_a_model_of_other_targets_is_refused(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = study.model.card
    monkeypatch.setattr(study.model, "card", replace(card, targets=card.targets[1:]))
    with pytest.raises(SetupError, match=f"does not decode {card.target_names[0]}"):
        watch(study.sittings()[0], study.model)


def test_what_is_shown_live_is_what_records_are_scored_on(study: Study) -> None:
    sittings = study.sittings()
    for record, shown in zip(study.records(sittings), study.shown(sittings), strict=True):
        means, _ = served(study.model, record)
        rows = np.searchsorted(shown.times, record.times)
        np.testing.assert_array_equal(shown.times[rows], record.times)
        np.testing.assert_allclose(shown.truth[rows], record.truth, atol=1e-6)
        # Records keep three digits of their features.
        np.testing.assert_allclose(shown.means[rows], means, atol=5e-3)


def person(rng: np.random.Generator, share: float, distance: tuple[float, float]) -> Person:
    """Return somebody of whose labels a share is inside, and whose frames lie so far off."""
    inside = rng.random((3000, 8)) < share
    nothing = np.zeros((3000, 8))
    return Person(Seen(nothing, nothing, nothing, inside), rng.uniform(*distance, 3000))


def test_coverage_that_falls_with_distance_shows_in_the_terciles() -> None:
    rng = np.random.default_rng(0)
    near, far = person(rng, 0.95, (0.0, 1.0)), person(rng, 0.6, (2.0, 4.0))
    found = terciles([near, far])
    assert tuple(found) == TERCILES
    assert found["familiar"] == pytest.approx([0.95], abs=0.02)
    assert found["between"] == pytest.approx([0.95, 0.6], abs=0.04)
    assert found["unfamiliar"] == pytest.approx([0.6], abs=0.02)


def shown(lag: int) -> Shown:
    """Return an hour of a hop each quarter second, predictions `lag` hops behind the truth."""
    rng = np.random.default_rng(1)
    n = 4000
    walk = np.cumsum(rng.standard_normal((n, 8)), axis=0)
    means = np.roll(walk, lag, axis=0) + rng.standard_normal((n, 8))
    means[:20] = np.nan
    nothing = np.zeros(n, dtype=np.bool_)
    return Shown(0.25 * np.arange(1.0, n + 1), walk, means, nothing, nothing, np.zeros(n))


@pytest.mark.parametrize("lag", [0, 11, -3])
def test_the_delay_is_found_to_a_hop(lag: int) -> None:
    steps = np.arange(-20, 60)
    curve = lagged(shown(lag), (0.0, 900.0), steps)
    assert steps[np.argmax(curve)] == lag
    assert curve.max() > 0.95


def test_a_delay_that_is_not_what_the_file_states_is_not_held(
    study: Study, findings: list[Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    delay = named(findings, "delay").values["delay_s"]
    found = delay["mean"]

    def held(stated: float) -> bool:
        card = replace(study.model.card, information_delay_s=stated)
        monkeypatch.setattr(study.model, "card", card)
        (finding,) = measured(study, ["delay"])
        return finding.held

    assert not held(found + 3.0)
    assert held(found) == (delay["low"] > 0.0)


def test_reasons_of_live_frames_are_noted(study: Study) -> None:
    quiet, _ = study.sittings()
    loud = replace(quiet, artifacts=replace(quiet.artifacts, muscle_uv=80.0, bursts_per_min=60.0))
    shown = watch(loud, study.model)
    calm, _ = study.shown(study.sittings())
    scored = study.benchmark.scored_span
    assert (shown.artifact | shown.unfamiliar)[shown.within(scored)].mean() > 0.5
    assert (calm.artifact | calm.unfamiliar)[calm.within(scored)].mean() < 0.1


def test_a_decoder_of_confounds_is_above_chance() -> None:
    assert not not_above(Interval(0.2, 0.1, 0.3), chance=0.05)
    assert not_above(Interval(0.04, 0.01, 0.06), chance=0.05)
    assert not_above(Interval(0.2, -0.1, 0.5), chance=0.05)


def test_confounds_are_compared_with_the_same_people_without_them(
    study: Study, findings: list[Finding]
) -> None:
    for code in ("muscle", "eyes"):
        shares = named(findings, "confounds", f"unfamiliar, {code} - mix").values["shares"]
        assert set(shares) == {"mix", "muscle", "eyes", "none"}
        assert all(len(each) == PEOPLE for each in shares.values())
    people = [one.subject for one in study.sittings("muscle")]
    assert people == [one.subject for one in study.sittings("mix")]


def test_controls_learn_from_training_people_with_labels_of_others(study: Study) -> None:
    people = study.sittings(split="training")
    assert not {one.subject for one in people} & set(study.benchmark.splits["test"].seeds)
    records = list(study.records(people))
    for k, one in enumerate(swapped(records)):
        np.testing.assert_array_equal(one.truth, records[k - 1].truth)
        assert not np.array_equal(one.truth, records[k].truth)
        np.testing.assert_array_equal(one.power, records[k].power)


def test_the_controls_are_one_network_before_and_after_learning_wrong_labels(
    study: Study,
) -> None:
    records = list(study.records(study.sittings(split="training")))
    made, again = (claims_controls.networks(study.model, records, epochs=2) for _ in range(2))
    for name in (UNTRAINED, SWAPPED):
        for a, b in zip(made[name].parameters(), again[name].parameters(), strict=True):
            assert a.equal(b)
    pairs = zip(made[UNTRAINED].parameters(), made[SWAPPED].parameters(), strict=True)
    assert any(not a.equal(b) for a, b in pairs)


@pytest.mark.filterwarnings("default")
def test_deletion_is_compared_with_both_controls(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def one_for_both(model: Model, records: list[Record], paths: dict[str, Path]) -> None:
        """Export a single control, which takes the exporter ten seconds, for both names."""
        network = claims_controls.networks(model, records, epochs=0)[UNTRAINED]
        export(network, model.card, paths[UNTRAINED])
        paths[SWAPPED].write_bytes(paths[UNTRAINED].read_bytes())
        made.append(paths)

    monkeypatch.setattr(claims_controls, "_make", one_for_both)
    findings = list(measured(study, ["deletion"]))
    assert len(findings) == 5
    others = controls(study)
    assert set(others) == {UNTRAINED, SWAPPED}
    assert len(made) == 1
    for control in others:
        drop = named(findings, "deletion", f"drop of the prediction, own ranking - {control}")
        # Nothing drops an additive model's own prediction further than its own ranking.
        assert drop.held
    curves = findings[-1].values
    for name, curve in curves["ccc"].items():
        assert curve[0] == pytest.approx(curves["ccc"]["own"][0]), name
        assert curve[-1] == pytest.approx(0.0, abs=1e-6), name
    ends = {round(curve[-1], 5) for curve in curves["drop"].values()}
    assert len(ends) == 1


@pytest.mark.parametrize(
    ("options", "status"),
    [(["--only", "sums"], 2), (["--people", "31"], 1), (["--people", "1"], 1)],
)
def test_wrong_options_are_refused(
    options: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(options)
    told = capsys.readouterr().err if status == 2 else str(stopped.value.code)
    assert stopped.value.code == 2 or status == 1
    assert options[0] in told
    assert options[1] in told


def test_a_report_is_written(
    tmp_path: Path,
    study: Study,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("rtemotion.models.claims.load_benchmark", lambda: study.benchmark)
    monkeypatch.setattr(type(study.benchmark), "check_signals", lambda self: None)
    out = tmp_path / "report.json"
    main(["--people", "2", "--only", "delay", "--work", str(study.folder), "--out", str(out)])
    (finding,) = json.loads(out.read_text())["findings"]
    assert finding["claim"] == "delay"
    assert finding["measured"] in capsys.readouterr().out

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from rtemotion.errors import SetupError
from rtemotion.simulators import Brain
from rtemotion.simulators import benchmark as module
from rtemotion.simulators.benchmark import Benchmark, fingerprint, load_benchmark, parse_benchmark

FILE = Path(module.__file__).parent / "benchmark_v1.toml"


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    return load_benchmark()


@pytest.mark.parametrize("change", [("gap_s = 30.0", "gap_s = 31.0"), ("# ", "#  ")])
def test_a_changed_copy_is_refused_and_told_to_become_a_version_of_its_own(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    copy = tmp_path / "copy.toml"
    copy.write_bytes(FILE.read_bytes())
    assert load_benchmark(copy) == load_benchmark()
    copy.write_text(FILE.read_text().replace(*change, 1))
    with pytest.raises(SetupError, match=r"copy\.toml is not the frozen benchmark.*_v2"):
        load_benchmark(copy)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tau_s = 20.0", "tau_s = 20.0\nmood = 1.0", "mood"),
        ("session = 2", "session = 2\nnight = 1", "splits.test.night"),
        ("dead = 0.0", "dead = 0.0\nhiccups = 1.0", "no artifact is called hiccups"),
        ("jitter_mm = 10.0", "", "jitter_mm"),
        ("muscle = [30.0]", "liver = [30.0]", "liver"),
        ("tau_s = 20.0", "tau_s = ", "not TOML"),
        ("2_026_001_000", "2_026_000_199", "in training and in test"),
        ("seconds = 450.0", "seconds = 240.0", "nothing is left to score"),
        ("mix = [30.0]", "mix = [0.0, 30.0]", "one spread of orientation"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(old: str, new: str, message: str) -> None:
    text = FILE.read_text()
    assert old in text
    with pytest.raises(SetupError, match=message):
        parse_benchmark(text.replace(old, new, 1))


def test_there_are_200_people_to_train_on_and_30_others_to_test_on(benchmark: Benchmark) -> None:
    training, test = (set(benchmark.splits[split].seeds) for split in ("training", "test"))
    assert (len(training), len(test)) == (200, 30)
    assert not training & test


def test_the_signals_are_still_those_that_were_frozen(benchmark: Benchmark) -> None:
    benchmark.check_signals()


@pytest.mark.parametrize("change", [{"tau_s": 20.01}, {"jitter_mm": 10.01}, {"gain_spread": 0.19}])
def test_a_simulator_that_makes_other_signals_is_noticed(
    benchmark: Benchmark, change: dict[str, float]
) -> None:
    other = replace(benchmark, fingerprints=benchmark.fingerprints[:1], **change)
    with pytest.raises(SetupError, match="no longer makes the signals"):
        other.check_signals()


def test_every_code_and_both_splits_have_a_fingerprint(benchmark: Benchmark) -> None:
    kept = benchmark.fingerprints
    assert {each.code for each in kept} == set(benchmark.splits["test"].orientations_deg)
    assert {each.split for each in kept} == {"training", "test"}


def test_the_dose_is_the_test_peoples_alone_and_turns_nothing_but_their_dipoles(
    benchmark: Benchmark,
) -> None:
    for code in ("network", "power"):
        assert benchmark.orientations("training", code) == (30.0,)
        assert benchmark.orientations("test", code) == (0.0, 15.0, 30.0, 60.0)
    upright, turned = (benchmark.sittings("test", "network", dose)[3] for dose in (0.0, 60.0))
    assert asdict(upright) | {"orientation_deg": 60.0} == asdict(turned)
    one, other = upright.brain().subject, turned.brain().subject
    np.testing.assert_array_equal(one.positions, other.positions)
    assert not np.array_equal(one.directions, other.directions)


def test_a_person_feels_the_same_under_every_dose_code_and_headset(benchmark: Benchmark) -> None:
    sittings = [
        benchmark.sittings("test", "network", 0.0)[1],
        benchmark.sittings("test", "muscle", 30.0)[1],
        benchmark.sittings("test", "network", 30.0, headset="muse")[1],
    ]
    felt = [replace(one, rest_s=0.0).brain().read(250)[1] for one in sittings]
    np.testing.assert_array_equal(felt[1], felt[0])
    np.testing.assert_array_equal(felt[2], felt[0])
    assert felt[0].std() > 0


def test_the_oracle_and_the_score_keep_their_distance(benchmark: Benchmark) -> None:
    assert benchmark.oracle_spans() == ((75.0, 285.0),)
    assert benchmark.scored_span == (315.0, 525.0)


def test_an_oracle_that_wants_more_learns_from_what_follows_the_score(
    benchmark: Benchmark,
) -> None:
    assert benchmark.oracle_spans(900.0) == ((75.0, 285.0), (555.0, 1245.0))
    usual, longer = (benchmark.sittings("test", "mix", 30.0, oracle_s=s)[0] for s in (None, 900.0))
    assert (usual.seconds, longer.seconds) == (450.0, 1170.0)
    assert replace(longer, seconds=450.0) == usual
    assert benchmark.sittings("training", "mix", 30.0, oracle_s=900.0)[0].seconds == 210.0


def test_brains_come_in_the_order_of_their_seeds(benchmark: Benchmark) -> None:
    few = replace(
        benchmark,
        splits={name: replace(people, subjects=2) for name, people in benchmark.splits.items()},
    )
    for brains, split in ((few.training("mix"), "training"), (few.test("eyes", 30.0), "test")):
        made = list(brains)
        assert all(isinstance(brain, Brain) for brain in made)
        assert [brain.subject.seed for brain in made] == list(few.splits[split].seeds)
        assert all(brain.info.sfreq == 250.0 for brain in made)


def test_people_there_are_not_are_refused(benchmark: Benchmark) -> None:
    with pytest.raises(SetupError, match="no training people with the code 'eyes'"):
        benchmark.training("eyes")
    with pytest.raises(SetupError, match="at 45°; there are 0°, 15°, 30°, 60°"):
        benchmark.test("power", 45.0)


def test_a_fingerprint_sees_signal_and_truth(benchmark: Benchmark) -> None:
    one = benchmark.sittings("test", "none", 30.0)[0]
    seen = fingerprint(one)
    assert seen.shape == (16,)
    assert np.all(seen[:4] > 0)
    felt = replace(one, rest_s=10.0).brain().read(14 * 250)[1]
    np.testing.assert_array_equal(seen[8:], felt[-1])
    assert felt[-1].min() > 0

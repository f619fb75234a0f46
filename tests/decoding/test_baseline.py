import numpy as np
import pytest

from rtemotion.decoding.baseline import BaselineRecorder, BaselineSpan, RunningReference
from rtemotion.errors import SetupError
from rtemotion.signal import FeatureFrame

SFREQ = 100.0
WINDOW = 800


def frame(index: int, power: float, full: bool = True) -> FeatureFrame:
    pairs = np.array([[0, 1]])
    return FeatureFrame(
        index=index,
        time=index / SFREQ,
        newest=(index - 1) / SFREQ,
        power=np.full((1, 2), power),
        connectivity=np.full((1, 1, 1), power),
        pairs=pairs,
        quality=np.ones(2),
        segments=np.ones((1, 2), dtype=np.int64),
        full=full,
    )


def test_only_frames_wholly_inside_the_span_count() -> None:
    recorder = BaselineRecorder(BaselineSpan(10.0, 80.0), SFREQ, WINDOW)
    assert recorder.add(frame(1000 + WINDOW - 1, 100.0)) is None
    for index in range(1000 + WINDOW, 8001, 100):
        assert recorder.add(frame(index, np.e)) is None
    found = recorder.add(frame(8001, 100.0))
    assert found is not None
    assert found.n_frames == 63
    np.testing.assert_allclose(found.log_power, 1.0)
    np.testing.assert_allclose(found.connectivity, np.e)


def test_an_unknown_value_leaves_the_mean_of_the_known_ones() -> None:
    recorder = BaselineRecorder(BaselineSpan(0.0, 60.0), SFREQ, WINDOW)
    recorder.add(frame(900, 1.0))
    recorder.add(frame(1000, np.nan))
    found = recorder.add(frame(6001, 1.0))
    assert found is not None
    np.testing.assert_allclose(found.log_power, 0.0)


def test_a_span_without_a_full_frame_gives_no_baseline() -> None:
    recorder = BaselineRecorder(BaselineSpan(0.0, 60.0), SFREQ, WINDOW)
    recorder.add(frame(1000, 1.0, full=False))
    assert recorder.add(frame(6001, 1.0)) is None


def test_start_and_end_are_read() -> None:
    assert BaselineSpan.parse("5:70.5") == BaselineSpan(5.0, 70.5)


@pytest.mark.parametrize("text", ["", "60", "a:b", "0:", ":60", "0:60:90"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(SetupError, match="START:END"):
        BaselineSpan.parse(text)


@pytest.mark.parametrize("text", ["0:59", "60:0", "-5:70", "nan:90"])
def test_a_span_too_short_or_backwards_is_refused(text: str) -> None:
    with pytest.raises(SetupError, match="at least 60 s"):
        BaselineSpan.parse(text)


def test_a_running_reference_knows_nothing_before_the_minimum() -> None:
    running = RunningReference(tau_s=300.0, minimum_s=60.0, hop_s=1.0)
    for k in range(59):
        running.add(frame(k, np.e))
        assert running.mean() is None
    running.add(frame(60, np.e))
    found = running.mean()
    assert found is not None
    np.testing.assert_allclose(found.log_power, 1.0)


def test_a_running_reference_forgets_with_its_time_constant() -> None:
    running = RunningReference(tau_s=300.0, minimum_s=60.0, hop_s=1.0)
    for k in range(3000):
        running.add(frame(k, 1.0))
    for k in range(300):
        running.add(frame(3000 + k, np.e))
    found = running.mean()
    assert found is not None
    np.testing.assert_allclose(found.log_power, 1.0 - np.exp(-1.0), atol=1e-4)


def test_a_running_reference_leaves_out_what_is_unknown() -> None:
    running = RunningReference(tau_s=300.0, minimum_s=2.0, hop_s=1.0)
    for power in (np.e, np.nan, np.e):
        running.add(frame(0, power))
    found = running.mean()
    assert found is not None
    np.testing.assert_allclose(found.log_power, 1.0)


def test_a_running_reference_goes_on_from_one_that_was_kept() -> None:
    whole = RunningReference(300.0, 60.0, 1.0)
    first = RunningReference(300.0, 60.0, 1.0)
    values = np.exp(np.random.default_rng(0).standard_normal(400))
    for power in values:
        whole.add(frame(0, power))
    for power in values[:200]:
        first.add(frame(0, power))
    second = RunningReference(300.0, 60.0, 1.0, first.mean())
    for power in values[200:]:
        second.add(frame(0, power))
    found, expected = second.mean(), whole.mean()
    assert found is not None
    assert expected is not None
    np.testing.assert_allclose(found.log_power, expected.log_power, atol=1e-9)

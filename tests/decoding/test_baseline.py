import numpy as np
import pytest

from rtemotion.decoding.baseline import BaselineRecorder, BaselineSpan
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

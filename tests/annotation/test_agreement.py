"""Agreement against formulas written out another way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rtemotion.annotation.agreement import agreement, compare, concordance, intraclass
from rtemotion.annotation.emotions import EMOTIONS
from rtemotion.annotation.errors import AnnotationError
from rtemotion.annotation.trajectory import Trajectory

from .stories import segments

# Steps of a thousandth, so that a series either varies or does not.
values = st.integers(0, 1000).map(lambda n: n / 1000)


def by_anova(ratings: np.ndarray) -> tuple[float, float]:
    """ICC(2,1) above and below its line, from the total sum of squares, cell by cell."""
    n, k = ratings.shape
    grand = sum(ratings.flat) / (n * k)
    total = sum((x - grand) ** 2 for x in ratings.flat)
    between_rows = sum(k * (sum(row) / k - grand) ** 2 for row in ratings)
    between_raters = sum(n * (sum(column) / n - grand) ** 2 for column in ratings.T)
    error = (total - between_rows - between_raters) / ((n - 1) * (k - 1))
    rows, raters = between_rows / (n - 1), between_raters / (k - 1)
    return rows - error, rows + (k - 1) * error + k * (raters - error) / n


def by_differences(a: np.ndarray, b: np.ndarray) -> float:
    """CCC as 1 less the mean squared difference over that of independent series."""
    independent = np.mean([(x - y) ** 2 for x in a for y in b])
    return float(1.0 - np.mean((a - b) ** 2) / independent)


def varies(ratings: np.ndarray) -> bool:
    return bool(np.ptp(ratings, axis=0).max() > 0 or np.ptp(ratings, axis=1).max() > 0)


@given(st.integers(2, 12).flatmap(lambda n: arrays(float, (n, 2), elements=values)))
def test_ccc_is_that_of_the_differences(ratings: np.ndarray) -> None:
    found = concordance(ratings[:, 0], ratings[:, 1])
    if varies(ratings):
        assert found == pytest.approx(by_differences(ratings[:, 0], ratings[:, 1]), abs=1e-9)
        assert -1.0 - 1e-9 <= found <= 1.0 + 1e-9
    else:
        assert np.isnan(found)


@given(
    st.tuples(st.integers(2, 12), st.integers(2, 4)).flatmap(
        lambda shape: arrays(float, shape, elements=values)
    )
)
def test_icc_is_that_of_an_analysis_of_variance(ratings: np.ndarray) -> None:
    found = intraclass(ratings)
    above, below = by_anova(ratings)
    if below > 1e-12:
        assert found == pytest.approx(above / below, abs=1e-6)
    else:
        assert np.isnan(found)


def test_icc_gives_the_published_example() -> None:
    """Table 2 of Shrout & Fleiss 1979: six targets, four judges, ICC(2,1) = 0.29."""
    ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    assert intraclass(np.array(ratings, dtype=float)) == pytest.approx(0.29, abs=0.005)


def test_an_offset_lowers_agreement_but_not_correlation() -> None:
    a = np.linspace(0.0, 0.5, 11)
    assert concordance(a, a) == pytest.approx(1.0)
    assert concordance(a, a + 0.3) < 0.5
    assert intraclass(np.stack([a, a + 0.3], axis=1)) < 0.5


def test_segments_that_one_left_out_do_not_count() -> None:
    rng = np.random.default_rng(1)
    a = rng.random((9, 8))
    b = a.copy()
    b[3, 0] = np.nan
    a[4, 0] = np.nan
    b[:, 7] = np.nan
    found = agreement([a, b])
    assert [one.emotion for one in found] == list(EMOTIONS)
    assert (found[0].n, found[1].n, found[7].n) == (7, 9, 0)
    assert found[0].ccc == pytest.approx(1.0)
    assert np.isnan(found[7].ccc)
    assert np.isnan(found[7].icc)


def test_more_than_two_passes_have_the_mean_of_their_pairs() -> None:
    a, b, c = np.random.default_rng(2).random((3, 20, 8))
    pairs = [concordance(x[:, 2], y[:, 2]) for x, y in ((a, b), (a, c), (b, c))]
    assert agreement([a, b, c])[2].ccc == pytest.approx(np.mean(pairs))


def test_trajectories_cut_differently_are_not_compared() -> None:
    scores = np.random.default_rng(3).random((8, 8))
    a = Trajectory.of(segments(8), scores, "a", "measured")
    b = Trajectory.of(segments(8), scores, "b", "measured", 1)
    assert compare(a, b)[0].ccc == pytest.approx(1.0)
    with pytest.raises(AnnotationError, match="8 and 7 segments"):
        compare(a, Trajectory.of(segments(7), scores[:7], "b", "measured"))
    moved = (*segments(7), segments(1)[0])
    with pytest.raises(AnnotationError, match="segment 7"):
        compare(a, Trajectory.of(moved, scores, "b", "measured"))

"""A head learns what a person's labels say, keeps still when they say nothing, and is exact."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from rtemotion.decoding.model import Weights
from rtemotion.models.calibration.head import GAP_S, VARIANCES, fit_head
from rtemotion.models.calibration.judging import (
    chance_of,
    refuse_without_gain,
    widening,
)
from rtemotion.models.calibration.minutes import (
    MOST_ROWS,
    CalibrationError,
    Minutes,
    labelled,
)
from rtemotion.models.scoring import concordance

N, N_CHANNELS, N_TARGETS = 480, 8, 3
NAMES = ("joy", "fear", "anger")
CENTRE = np.full(N_TARGETS, 0.3)
ALL = (0, 1, 2)


def slow(rng: np.random.Generator, n: int, width: int, tau_s: float = 20.0) -> np.ndarray:
    """Return courses with a time constant, as emotions and features have."""
    keep = np.exp(-1.0 / tau_s)
    out = np.zeros((n, width))
    out[0] = rng.standard_normal(width)
    for i in range(1, n):
        out[i] = keep * out[i - 1] + np.sqrt(1 - keep**2) * rng.standard_normal(width)
    return out


def made(seed: int, gains: float = 0.0, narrow: float = 1.0, n: int = N) -> Minutes:
    """Return minutes whose labels follow the model's weights, but for gains of electrodes."""
    rng = np.random.default_rng(seed)
    pairs = np.stack(np.triu_indices(N_CHANNELS, k=1), axis=1)
    power = 0.3 * slow(rng, n, 5 * N_CHANNELS, 4.0).reshape(n, 5, N_CHANNELS)
    edges = slow(rng, n, 8 * len(pairs), 20.0).reshape(n, 2, 4, len(pairs))
    node = np.zeros((N_TARGETS, 5, N_CHANNELS))
    edge = 0.02 * rng.standard_normal((N_TARGETS, 2, 4, len(pairs)))
    own = 1.0 + gains * rng.standard_normal((N_TARGETS, 2, 4, N_CHANNELS))
    true = edge * (own[..., pairs[:, 0]] + own[..., pairs[:, 1]] - 1.0)
    mean = 0.3 + narrow * np.einsum("tmbp,nmbp->nt", edge, edges)
    labels = 0.3 + np.einsum("tmbp,nmbp->nt", true, edges)
    labels += 0.1 * slow(rng, n, N_TARGETS, 5.0)
    weights = Weights(node, narrow * edge, np.full(N_TARGETS, 0.3), np.full(N_TARGETS, 0.2))
    std = np.full((n, N_TARGETS), 0.2)
    times = 75.0 + np.arange(n, dtype=np.float64)
    return Minutes(times, power, edges, mean, std, labels, weights, pairs)


def first(minutes: Minutes, n: int) -> Minutes:
    return rows_of(minutes, slice(0, n))


def rows_of(minutes: Minutes, rows: slice) -> Minutes:
    names = ("times", "power", "connectivity", "mean", "std", "labels")
    return replace(minutes, **{name: getattr(minutes, name)[rows] for name in names})


def unrelated(minutes: Minutes, seed: int) -> Minutes:
    """Return the same minutes with labels that have nothing to do with them."""
    rng = np.random.default_rng(seed)
    labels = 0.3 + 0.2 * slow(rng, len(minutes.times), N_TARGETS)
    return replace(minutes, labels=labels)


def ccc(estimate: np.ndarray, minutes: Minutes) -> float:
    return float(concordance(estimate, minutes.labels).mean())


def calibrated(minutes: Minutes, later: Minutes) -> np.ndarray:
    head = fit_head(minutes.thinned(), ALL, CENTRE).head
    return head(later.mean, later.power, later.connectivity)


@pytest.mark.parametrize("seed", range(3))
def test_gains_of_electrodes_are_found_and_hold_after_a_gap(seed: int) -> None:
    everything = made(seed, gains=1.0, n=900)
    minutes = first(everything, N)
    later = rows_of(everything, slice(N + 30, None))
    assert ccc(calibrated(minutes, later), later) > ccc(later.mean, later) + 0.1
    fit = fit_head(minutes.thinned(), ALL, CENTRE)
    assert fit.variance > 0
    assert fit.gain > 0.05
    refuse_without_gain(fit, chance_of(minutes.thinned(), fit, ALL))


@pytest.mark.parametrize("seed", range(3))
def test_where_the_model_is_right_nothing_is_lost(seed: int) -> None:
    everything = made(seed, gains=0.0, n=900)
    later = rows_of(everything, slice(N + 30, None))
    assert ccc(calibrated(first(everything, N), later), later) > ccc(later.mean, later) - 0.02


def test_estimates_that_move_too_little_are_widened() -> None:
    minutes = made(5, narrow=0.4)
    fit = fit_head(minutes.thinned(), ALL, CENTRE)
    assert (fit.head.scale > 1.3).all()
    assert ccc(fit.head(minutes.mean, minutes.power, minutes.connectivity), minutes) > 0.8


def test_labels_that_say_nothing_are_refused() -> None:
    refused = 0
    for seed in range(20):
        minutes = unrelated(made(seed, gains=1.0), 100 + seed).thinned()
        fit = fit_head(minutes, ALL, CENTRE)
        chance = chance_of(minutes, fit, ALL)
        with suppress(CalibrationError):
            refuse_without_gain(fit, chance)
            refused -= 1
        refused += 1
    assert refused >= 19


def test_agreement_that_chance_would_give_is_refused() -> None:
    fit = fit_head(made(1).thinned(), ALL, CENTRE)
    with pytest.raises(CalibrationError, match=r"no better than chance would \(p = 0\.30\)"):
        refuse_without_gain(fit, 0.3)


def test_a_head_that_gains_nothing_is_refused() -> None:
    minutes = made(1).thinned()
    fit = fit_head(minutes, ALL, CENTRE)
    worse = replace(fit, after=fit.before - 0.01)
    with pytest.raises(CalibrationError, match="held out it does not help"):
        refuse_without_gain(worse, 0.001)


def test_held_out_estimates_do_not_know_the_labels_they_are_compared_with() -> None:
    minutes = made(2, gains=1.0)
    before = fit_head(minutes, ALL, CENTRE)
    labels = minutes.labels.copy()
    stretch = slice(0, N // 5)
    labels[stretch] = labels[stretch][::-1] + 5.0
    changed = fit_head(replace(minutes, labels=labels), ALL, CENTRE)
    if changed.variance == before.variance:
        # The size of gains is chosen on all stretches, everything else on the others.
        np.testing.assert_allclose(changed.held_out[stretch], before.held_out[stretch], rtol=0.2)
    assert np.abs(changed.held_out[stretch]).max() < 2.0


def test_a_target_without_labels_stays_as_it_is() -> None:
    minutes = made(3, gains=1.0)
    labels = minutes.labels.copy()
    labels[:, 1] = np.nan
    some = replace(minutes, labels=labels)
    assert labelled(some, NAMES) == (0, 2)
    fit = fit_head(some, (0, 2), CENTRE)
    estimate = fit.head(some.mean, some.power, some.connectivity)
    np.testing.assert_array_equal(estimate[:, 1], some.mean[:, 1])
    assert np.isnan(fit.held_out[:, 1]).all()


def test_the_head_is_a_sum_over_features() -> None:
    minutes = made(4, gains=1.0)
    head = fit_head(minutes, ALL, CENTRE).head
    moved = minutes.connectivity.copy()
    moved[:, 1, 2, 7] = 0.0
    off = head(minutes.mean, minutes.power, minutes.connectivity) - head(
        minutes.mean, minutes.power, moved
    )
    wanted = minutes.connectivity[:, 1, 2, 7][:, None] * head.edge[:, 1, 2, 7]
    np.testing.assert_allclose(off, wanted, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_intervals_hold_what_comes_later(seed: int) -> None:
    everything = made(seed, gains=1.0, n=1500)
    minutes = first(everything, N).thinned()
    fit = fit_head(minutes, ALL, CENTRE)
    half = np.full(N_TARGETS, 1.0)
    wider = widening(minutes, fit, ALL, half)
    inside = np.abs(minutes.labels - fit.held_out) <= wider * half * minutes.std
    assert 0.9 <= inside.mean() < 0.95
    later = rows_of(everything, slice(N + 30, None))
    estimate = fit.head(later.mean, later.power, later.connectivity)
    assert (np.abs(later.labels - estimate) <= wider * half * later.std).mean() > 0.82


def test_more_rows_than_needed_are_thinned_evenly() -> None:
    thin = made(1, n=900).thinned()
    assert len(thin.times) == MOST_ROWS
    assert (np.diff(thin.times) == 3.0).all()
    assert first(made(1), 200).thinned().times.size == 200


@pytest.mark.parametrize("constant", [True, False])
def test_labels_that_do_not_move_or_last_too_short_are_refused(constant: bool) -> None:
    minutes = made(1) if constant else first(made(1), 170)
    if constant:
        minutes = replace(minutes, labels=np.full_like(minutes.labels, 0.5))
        said = "The labels of joy, fear, anger never change"
    else:
        said = "cover 170 s after the baseline; at least 180 s"
    with pytest.raises(CalibrationError, match=said):
        labelled(minutes, NAMES)


def test_no_head_at_all_is_among_the_choices() -> None:
    assert min(VARIANCES) == 0.0
    assert GAP_S >= 8.0

"""Claim: predictions follow the truth after a known time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..signal import FloatArray
from .claims_live import Shown
from .claims_study import Finding, Study, numbers, said
from .scoring import over_people

CLAIM = "delay"
# Lags in seconds that are tried; before 0 predictions would run ahead of the truth.
EARLIEST_S, LATEST_S = -5.0, 30.0
# So far may it be from what the model file says of itself.
AGREED_S = 1.0


def measure(study: Study) -> Iterator[Finding]:
    """Find the lag at which predictions correlate best with the truth: the information delay.

    Predictions of the scored stretch, as they are shown at every hop, are correlated with
    the truth of so many seconds before. Correlations are averaged over emotions and
    people, and the delay is where that curve is highest, to a hop; the interval is a
    bootstrap over people of the whole procedure. It has to lie after 0, as everything is
    causal, and not beyond the longest window plus the time constant of the smoothing; and
    where the model file states its delay, near that.
    """
    shown = list(study.shown(study.sittings()))
    features = study.model.card.features
    hop = float(np.median(np.diff(shown[0].times)))
    steps = np.arange(round(EARLIEST_S / hop), round(LATEST_S / hop) + 1)
    span = study.benchmark.scored_span
    curves = np.array([lagged(one, span, steps) for one in shown])
    found = over_people(curves, statistic=lambda curve: float(hop * steps[np.argmax(curve)]))
    longest = max(band.window for band in features.bands) + study.model.card.smoothing_s
    goal, held = f"above 0 and at most {longest:g}", found.low > 0.0 and found.high <= longest
    stated = study.model.card.information_delay_s
    if stated is not None:
        goal += f", within {AGREED_S:g} of {stated:.2f}"
        held = held and abs(found.mean - stated) <= AGREED_S
    mean = curves.mean(axis=0)
    yield Finding(
        CLAIM,
        "information delay, s",
        goal,
        f"{said(found, '.2f')}, correlation {mean.max():.3f} there and "
        f"{mean[steps == 0][0]:.3f} without a lag",
        held,
        {
            "stated_s": stated,
            "delay_s": numbers(found),
            "lags_s": (hop * steps).round(4).tolist(),
            "correlation": mean.round(6).tolist(),
        },
    )


def lagged(
    shown: Shown, span: tuple[float, float], steps: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> FloatArray:
    """Return the mean correlation over emotions at each lag, shape (n_lags,).

    Parameters
    ----------
    shown : Shown
        Frames a hop apart; those without a value do not count.
    span : (float, float)
        Seconds in which predictions count.
    steps : array of int, shape (n_lags,)
        Lags in hops: how much older the truth is than the prediction.
    """
    inside = shown.within(span) & np.isfinite(shown.means).all(axis=1)
    frames = np.flatnonzero(inside)
    curve = []
    for step in steps:
        then = frames - step
        there = (then >= 0) & (then < len(shown.truth))
        curve.append(_correlation(shown.means[frames[there]], shown.truth[then[there]]).mean())
    return np.array(curve)


def _correlation(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return Pearson's correlation along the first axis, 0 where either never changes."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    size = np.sqrt((a * a).sum(axis=0) * (b * b).sum(axis=0))
    together = (a * b).sum(axis=0)
    found: FloatArray = np.divide(together, size, out=np.zeros_like(together), where=size > 1e-12)
    return found

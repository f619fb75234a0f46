"""Round steps for scales and axes, and the words for what they measure."""

from __future__ import annotations

import math

MICROVOLTS = 1e6
DECIBELS = "dB re 1 µV²/Hz"
MINUS = "\u2212"
_MANTISSAS = (1.0, 2.0, 5.0)


def step(value: float, places: int, low: float, high: float) -> float:
    """Move along 1, 2, 5, 10, 20 ... by a number of places, within two ends.

    Parameters
    ----------
    value : float
        Positive; one between two steps counts as the nearer one.
    places : int
        Steps upwards, downwards where negative.
    low, high : float
        Ends, the result never lies beyond them.
    """
    return min(max(_at(_place(value) + places), low), high)


def _place(value: float) -> int:
    decade = math.floor(math.log10(value) + 1e-9)
    nearest = min(
        range(4), key=lambda k: abs(math.log10(value) - decade - math.log10((*_MANTISSAS, 10)[k]))
    )
    return 3 * decade + nearest


def _at(place: int) -> float:
    decade, k = divmod(place, 3)
    mantissa = _MANTISSAS[k]
    # Dividing by a whole power of ten gives 0.2 where multiplying gives 0.2000...01.
    return mantissa * 10.0**decade if decade >= 0 else mantissa / 10.0**-decade


def ticks(low: float, high: float, at_most: int) -> list[float]:
    """Return round numbers between two ends, a step of 1, 2 or 5 apart, the densest that fit.

    Parameters
    ----------
    low, high : float
        Ends of an axis, both included.
    at_most : int
        How many there is room for.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low or at_most < 1:
        return []
    place = _place((high - low) / at_most) - 1
    while math.floor(high / _at(place) + 1e-9) - math.ceil(low / _at(place) - 1e-9) >= at_most:
        place += 1
    size = _at(place)
    first, last = math.ceil(low / size - 1e-9), math.floor(high / size + 1e-9)
    return [float(f"{k * size:.12g}") for k in range(first, last + 1)]


def volts_words(volts: float) -> str:
    """Say a voltage as one reads it off a montage: ``50 µV``, ``2 mV``."""
    microvolts = volts * MICROVOLTS
    if abs(microvolts) >= 1e6:
        return f"{_short(volts)} V"
    if abs(microvolts) >= 1e3:
        return f"{_short(microvolts / 1e3)} mV"
    return f"{_short(microvolts)} µV"


def seconds_words(seconds: float) -> str:
    """Say a length of time: ``0.5 s``, ``30 s``, ``2 min``, ``1 min 30 s``."""
    if abs(seconds) < 60:
        return f"{_short(seconds)} s"
    minutes, rest = divmod(abs(seconds), 60)
    sign = MINUS if seconds < 0 else ""
    return f"{sign}{minutes:.0f} min" + (f" {_short(rest)} s" if rest >= 0.5 else "")


def number_words(value: float, digits: int = 2) -> str:
    """Say a number with its sign, or a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    text = f"{abs(value):.{digits}f}"
    return MINUS + text if value < 0 and float(text) else text


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", MINUS)

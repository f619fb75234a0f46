"""Colours of the app, dark and light, told apart by colour-blind eyes as well."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]

# Okabe and Ito (2008), "Color universal design", without black, and one of Tol's muted.
_DISTINCT: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (60, 130, 205),
    (213, 94, 0),
    (204, 121, 167),
    (153, 153, 153),
)
# Green and yellow lines on white are hard to see: the same hues, darker.
_DISTINCT_ON_LIGHT: tuple[Colour, ...] = (
    (190, 120, 0),
    (30, 130, 190),
    (0, 120, 90),
    (150, 140, 0),
    (0, 90, 160),
    (190, 70, 0),
    (170, 80, 130),
    (95, 95, 95),
)
_GOLDEN = 0.61803398875


@dataclass(frozen=True)
class Theme:
    """The colours of everything that is drawn.

    Attributes
    ----------
    name : str
        ``"dark"`` or ``"light"``.
    background, raised, text, faint, grid : tuple of int
        Red, green and blue, 0..255: behind plots, behind controls, of words, of words that
        matter less, and of lines of a grid.
    muted : tuple of int
        What is shown but not to be trusted.
    good, doubtful, bad : tuple of int
        Verdicts; always beside a word or a shape, never alone.
    accent : tuple of int
        What is chosen.
    low, high : tuple of int
        Ends of the scale of signed values; its middle is the background.
    """

    name: str
    background: Colour
    raised: Colour
    text: Colour
    faint: Colour
    grid: Colour
    muted: Colour
    good: Colour
    doubtful: Colour
    bad: Colour
    accent: Colour
    low: Colour
    high: Colour

    def series(self, index: int) -> Colour:
        """Return the colour of the emotion or line at a place of a list, any number of them."""
        distinct = _DISTINCT if self.name == "dark" else _DISTINCT_ON_LIGHT
        if index < len(distinct):
            return distinct[index]
        # Beyond what eyes tell apart, hues at least differ from their neighbours'.
        value = 0.9 if self.name == "dark" else 0.6
        red, green, blue = colorsys.hsv_to_rgb(index * _GOLDEN % 1.0, 0.65, value)
        return round(red * 255), round(green * 255), round(blue * 255)

    def signed(self, steps: int = 256) -> NDArray[np.uint8]:
        """Return a scale from `low` over the background to `high`, shape (steps, 3)."""
        return _scale((self.low, self.background, self.high), steps)

    def rising(self, steps: int = 256) -> NDArray[np.uint8]:
        """Return a scale of even steps in lightness for values from zero on, shape (steps, 3)."""
        ends: tuple[Colour, ...] = ((13, 8, 60), (100, 40, 130), (190, 75, 100), (250, 200, 90))
        return _scale(ends, steps)


def _scale(stops: tuple[Colour, ...], steps: int) -> NDArray[np.uint8]:
    at = np.linspace(0.0, 1.0, steps)
    where = np.linspace(0.0, 1.0, len(stops))
    columns = [np.interp(at, where, [stop[k] for stop in stops]) for k in range(3)]
    return np.stack(columns, axis=1).round().astype(np.uint8)


DARK = Theme(
    name="dark",
    background=(20, 22, 26),
    raised=(32, 35, 41),
    text=(228, 230, 235),
    faint=(150, 155, 165),
    grid=(58, 62, 70),
    muted=(110, 113, 120),
    good=(0, 175, 130),
    doubtful=(230, 159, 0),
    bad=(235, 90, 60),
    accent=(86, 180, 233),
    low=(70, 150, 255),
    high=(255, 140, 40),
)

LIGHT = Theme(
    name="light",
    background=(255, 255, 255),
    raised=(242, 243, 245),
    text=(25, 28, 33),
    faint=(95, 100, 110),
    grid=(215, 218, 224),
    muted=(165, 168, 175),
    good=(0, 125, 90),
    doubtful=(180, 110, 0),
    bad=(200, 50, 20),
    accent=(0, 105, 175),
    low=(20, 90, 200),
    high=(210, 85, 0),
)

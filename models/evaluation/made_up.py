"""Tables of made-up features whose truth is known: with nothing in them, or one thing only.

The null test and the positive controls are made of them. Features drift slowly, answer to
the stimulus in the same way in everybody, and are noisy, as those of real recordings are;
emotions show in them only where that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...signal import FloatArray
from .baselines import edge_channels
from .table import Column, FeatureTable, Stretch

CHANNELS = ("Fp1", "F7", "T7", "T8", "Cz", "Pz", "O1", "O2")
BANDS = ("alpha", "gamma")
Code = Literal["nothing", "connectivity", "power", "muscle", "acoustics"]


@dataclass(frozen=True)
class Recipe:
    """What a made-up data set is like.

    Attributes
    ----------
    subjects, sessions, stimuli : int
        Without stimuli everybody has labels of their own; otherwise all share them.
    rows : int
        Windows of each stimulus, or of each recording where there are none.
    step_s, support_s : float
        Seconds between windows, and over which one reaches.
    targets : int
    label_s, drift_s : float
        Time constants of labels and of features.
    locked : float
        Share of the features' variance that is an answer to the stimulus.
    code : str
        What the emotions show in; ``"acoustics"`` has a sound that moves labels and power.
    strength : float
        Standard deviation of what shows, beside 1 of everything else.
    story : bool
        Whether the stimuli are segments of one story, or clips of their own.
    """

    subjects: int = 6
    sessions: int = 1
    stimuli: int = 6
    rows: int = 60
    step_s: float = 2.0
    support_s: float = 4.0
    targets: int = 2
    label_s: float = 10.0
    drift_s: float = 30.0
    locked: float = 0.3
    code: Code = "nothing"
    strength: float = 1.0
    story: bool = True


def columns() -> tuple[Column, ...]:
    """Return what the features are: power of channels in bands, and pairs in alpha."""
    power = [Column("power", band, (channel,)) for band in BANDS for channel in CHANNELS]
    pairs = [
        Column("connectivity", "alpha", (a, b))
        for i, a in enumerate(CHANNELS)
        for b in CHANNELS[i + 1 :]
    ]
    return (*power, *pairs)


def wandering(rng: np.random.Generator, n: int, time_constant: float, width: int) -> FloatArray:
    """Return slowly wandering series of variance 1, (n, width): an AR(1) process."""
    from scipy.signal import lfilter

    a = float(np.exp(-1.0 / max(time_constant, 1e-9)))
    noise = rng.standard_normal((n, width))
    noise[1:] *= np.sqrt(1 - a * a)
    found: FloatArray = lfilter([1.0], [1.0, -a], noise, axis=0)
    return found


def made_up(recipe: Recipe, seed: int) -> FeatureTable:
    """Return a table made after a recipe."""
    rng = np.random.default_rng(seed)
    what = columns()
    n_segments = max(recipe.stimuli, 1)
    n_story = n_segments * recipe.rows
    label_rows, drift_rows = (t / recipe.step_s for t in (recipe.label_s, recipe.drift_s))
    shared = recipe.stimuli > 0
    labels = wandering(rng, n_story, label_rows, recipe.targets)
    sound = labels.mean(axis=1, keepdims=True) + 0.3 * rng.standard_normal((n_story, 1))
    answer = wandering(rng, n_story, label_rows, len(what))
    pattern = _pattern(rng, recipe, what)
    stretches = []
    for subject in range(recipe.subjects):
        for session in range(recipe.sessions):
            if not shared:
                labels = wandering(rng, n_story, label_rows, recipe.targets)
                answer = np.zeros((n_story, len(what)))
            x = np.sqrt(1 - recipe.locked) * wandering(rng, n_story, drift_rows, len(what))
            x += np.sqrt(recipe.locked) * answer + 0.5 * rng.standard_normal(x.shape)
            shows = sound if recipe.code == "acoustics" else labels
            x += shows @ pattern
            for k in range(n_segments):
                part = slice(k * recipe.rows, (k + 1) * recipe.rows)
                at = recipe.step_s * np.arange(recipe.rows, dtype=np.float64)
                start = k * recipe.rows * recipe.step_s
                stretches.append(
                    Stretch(
                        subject=f"S{subject + 1:02d}",
                        session=f"{session + 1}",
                        recording="1",
                        stimulus=f"{k + 1}" if shared else "",
                        times=start + at,
                        features=x[part],
                        targets=labels[part],
                        stimulus_times=at,
                        story="story" if recipe.story and shared else "",
                        story_start=start if recipe.story else 0.0,
                        stimulus_features=sound[part] if recipe.code == "acoustics" else None,
                    )
                )
    return FeatureTable.of(
        stretches,
        what,
        [f"emotion {k + 1}" for k in range(recipe.targets)],
        support_s=recipe.support_s,
        constructs="stimulus-inferred" if shared else "felt",
        edge_channels=edge_channels(CHANNELS),
        simulated=True,
    )


def _pattern(rng: np.random.Generator, recipe: Recipe, what: tuple[Column, ...]) -> FloatArray:
    """Return how features show what moves them, the same in everybody."""
    edge = edge_channels(CHANNELS)
    of = {
        "nothing": [False] * len(what),
        "connectivity": [c.part == "connectivity" for c in what],
        "power": [c.part == "power" and c.band == "alpha" for c in what],
        "muscle": [c.band == "gamma" and set(c.channels) <= edge for c in what],
        "acoustics": [c.part == "power" for c in what],
    }[recipe.code]
    n = 1 if recipe.code == "acoustics" else recipe.targets
    pattern: FloatArray = recipe.strength * rng.standard_normal((n, len(what))) * np.array(of)
    return pattern

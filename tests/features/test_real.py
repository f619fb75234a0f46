"""What recordings of people are known to hold, seen through features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtemotion import open_recording
from rtemotion.conditioning import ConditioningDesign
from rtemotion.features import Band, FeatureSchema
from rtemotion.pipeline import chain, feature_stages
from rtemotion.signal import Event, FeatureFrame

# Half a hertz of resolution, so that a flicker stands out from its neighbours.
FLICKER = FeatureSchema(
    bands=(Band("all", 8.0, 40.0, segment=2.0, window=3.0, connectivity=False),)
)


@pytest.mark.parametrize("name", ["ssvep_s1_a.csv", "ssvep_s1_b.csv"])
def test_a_flicker_shows_as_a_line_at_its_own_frequency(recordings: Path, name: str) -> None:
    spectra, frequencies = after_markers(recordings / "muse-ssvep-n170" / name)
    wanted = {"1": (30.0, 20.0, 2.0), "2": (20.0, 30.0, 4.0)}
    for marker, (shown, other, least) in wanted.items():
        mean = np.mean(spectra[marker], axis=0)
        assert outstanding(mean, frequencies, shown) > least
        assert outstanding(mean, frequencies, other) < 1.5


def after_markers(path: Path) -> tuple[dict[str, list[np.ndarray]], np.ndarray]:
    """Return the spectra at the outer electrodes of windows that follow a marker at once."""
    source = open_recording(path)
    stages, info = feature_stages(
        source.info, FLICKER, ConditioningDesign(reference="as recorded", lowpass=50.0)
    )
    window = FLICKER.longest_window(info.sfreq)
    outer = [info.channels.index("TP9"), info.channels.index("TP10")]
    marks: list[tuple[int, str]] = []
    frames: list[FeatureFrame] = []
    for item in source:
        if isinstance(item, Event) and item.kind == "marker":
            marks.append((item.sample, str(item.payload["description"])))
        frames += [out for out in chain(stages, item) if isinstance(out, FeatureFrame)]
    hop = FLICKER.hop_samples(info.sfreq)
    found: dict[str, list[np.ndarray]] = {}
    for sample, label in marks:
        for frame in frames:
            if frame.full and 0 <= frame.index - window - sample < hop:
                found.setdefault(label, []).append(np.nanmean(frame.spectrum[outer], axis=0))
    return found, FLICKER.spectrum_frequencies(info.sfreq)


def outstanding(spectrum: np.ndarray, frequencies: np.ndarray, line: float) -> float:
    """Return how many times the power at a frequency is that of its neighbours."""
    away = np.abs(frequencies - line)
    beside = (away >= 1.5) & (away <= 4.0)
    return float(spectrum[away < 0.3].max() / np.median(spectrum[beside]))

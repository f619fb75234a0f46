"""What the measurements feed looks like EEG, and never ends."""

from itertools import islice

import numpy as np
import pytest

from rtemotion.bench.signals import dense, endless, simulated
from rtemotion.conditioning import ConditioningDesign
from rtemotion.features import FeatureSchema
from rtemotion.pipeline import chain, feature_stages
from rtemotion.signal import FeatureFrame


def test_a_recording_begins_again_while_the_samples_count_on() -> None:
    data = np.arange(20.0).reshape(10, 2)
    chunks = list(islice(endless(data, 100.0, 4), 5))
    assert [chunk.first_sample for chunk in chunks] == [0, 4, 8, 12, 16]
    np.testing.assert_array_equal(chunks[2].data, data[:4])
    np.testing.assert_allclose(chunks[4].times, np.arange(16, 20) / 100.0)


@pytest.mark.parametrize("case", ["dense", "simulated"])
def test_conditioning_finds_little_against_it(case: str) -> None:
    info, data = dense(48, 250.0, 4.0) if case == "dense" else simulated("cap32", 14.0)
    assert info.has_position.all()
    assert 1e-6 < float(np.median(data.std(axis=0))) < 1e-4
    stages, _ = feature_stages(info, FeatureSchema(), ConditioningDesign())
    hops = islice(endless(data, info.sfreq, 62), 56)
    frames = [f for c in hops for f in chain(stages, c) if isinstance(f, FeatureFrame) and f.full]
    assert np.isfinite(frames[-1].connectivity).mean() > 0.9
    assert frames[-1].quality.mean() > 0.7


def test_dense_noise_has_no_seam() -> None:
    _, data = dense(16, 250.0, 4.0)
    steps = np.abs(np.diff(data, axis=0)).max(axis=0)
    assert (np.abs(data[0] - data[-1]) <= 1.5 * steps).all()

"""What else is said of a frame, by name."""

from dataclasses import replace

import numpy as np
import pytest

from rtemotion.errors import SetupError
from rtemotion.features import FeatureSchema, FeatureStage, graph, power
from rtemotion.features.describe import NODE_MEASURES, WHOLE_MEASURES, Descriptor, descriptors
from rtemotion.signal import FeatureFrame, StreamInfo

from .signals import chunk_of, coupled, run

SFREQ = 128.0
SCHEMA = FeatureSchema(measures=("imcoh", "wpli2_lagged"))
PLACES = np.array([[-0.05, 0.06, 0.04], [0.05, 0.06, 0.04], [-0.07, 0, 0.05], [0.07, 0, 0.05]])
INFO = StreamInfo(("L1", "R1", "L2", "R2"), SFREQ, positions=PLACES)


@pytest.fixture(scope="module")
def frames() -> list[FeatureFrame]:
    data = coupled(round(10 * SFREQ), 4)
    return run(FeatureStage(INFO, SCHEMA), [chunk_of(data, sfreq=SFREQ)])


def one(name: str) -> Descriptor:
    (found,) = descriptors([name], INFO, SCHEMA)
    return found


def test_each_name_gives_what_its_function_does(frames: list[FeatureFrame]) -> None:
    frame = frames[-1]
    expected = {
        "log": np.log(frame.power),
        "relative": power.relative_power(frame.power, SCHEMA.bands),
        "entropy": power.differential_entropy(frame.power, SCHEMA.bands),
        "asymmetry": np.log(frame.power[:, [1, 3]]) - np.log(frame.power[:, [0, 2]]),
        "spectrum": frame.spectrum,
    }
    for name, values in expected.items():
        np.testing.assert_allclose(one(name).values(frame), values, rtol=1e-12)
    assert one("asymmetry").constants["asymmetry_pairs"].tolist() == [[0, 1], [2, 3]]  # type: ignore[union-attr]
    exponent, offset = one("aperiodic").values(frame)
    assert (np.abs(exponent) < 1.0).all()
    assert (offset < -9.0).all()


def test_graphs_are_of_the_measure_that_was_named(frames: list[FeatureFrame]) -> None:
    frame = frames[-1]
    for row, (name, how) in enumerate((("imcoh", "absolute"), ("wpli2_lagged", "positive"))):
        nodes, whole = descriptors([f"graph:{name}"], INFO, SCHEMA)
        for band, values in enumerate(frame.connectivity[row]):
            weights = graph.adjacency(values, frame.pairs, 4, how)  # type: ignore[arg-type]
            expected = [measure(weights) for measure in NODE_MEASURES.values()]
            np.testing.assert_array_equal(nodes.values(frame)[band], expected)
            alone = [measure(weights) for measure in WHOLE_MEASURES.values()]
            np.testing.assert_array_equal(whole.values(frame)[band], alone)


@pytest.mark.parametrize(
    "name", ["log", "relative", "entropy", "asymmetry", "aperiodic", "spectrum", "graph:imcoh"]
)
def test_frames_without_values_have_none_of_the_right_shape(
    frames: list[FeatureFrame], name: str
) -> None:
    for descriptor in descriptors([name], INFO, SCHEMA):
        before, after = descriptor.values(frames[0]), descriptor.values(frames[-1])
        assert before.shape == after.shape == descriptor.shape
        assert np.isnan(before).all()


def test_a_band_the_rate_cannot_carry_leaves_the_shares_of_the_others() -> None:
    info = replace(INFO, sfreq=100.0)
    stage = FeatureStage(info, SCHEMA)
    frame = run(stage, [chunk_of(coupled(1000, 4), sfreq=100.0)])[-1]
    (relative,) = descriptors(["relative"], info, SCHEMA)
    shares = relative.values(frame)
    assert np.isnan(shares[4]).all()
    np.testing.assert_allclose(shares[:4].sum(axis=0), 1.0)


def test_what_cannot_be_had_is_refused_with_what_can() -> None:
    with pytest.raises(SetupError, match="'nonsense'.*log, relative"):
        descriptors(["nonsense"], INFO, SCHEMA)
    with pytest.raises(SetupError, match="'coh'.*imcoh, wpli2_lagged.*--measures"):
        descriptors(["graph:coh"], INFO, SCHEMA)
    with pytest.raises(SetupError, match="--montage"):
        descriptors(["asymmetry"], StreamInfo(("a", "b"), SFREQ), SCHEMA)

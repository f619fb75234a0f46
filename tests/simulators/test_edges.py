import numpy as np
import pytest

from rtemotion.simulators import COUPLINGS, EMOTIONS, truth_edges
from rtemotion.simulators.codes import BANDS


def test_weights_are_never_negative_and_sit_in_the_bands_an_emotion_uses(make_brain):
    edges = truth_edges(make_brain("cap32", "network"))
    assert edges.bands == BANDS
    assert edges.weights.shape == (8, 4, 32 * 31 // 2)
    assert (edges.pairs[:, 0] < edges.pairs[:, 1]).all()
    assert edges.weights.min() >= 0
    used = {(EMOTIONS.index(c.emotion), BANDS.index(c.band)) for c in COUPLINGS}
    for emotion in range(8):
        for band in range(4):
            assert edges.weights[emotion, band].any() == ((emotion, band) in used)


def test_weights_are_the_antisymmetric_part_of_the_sources_fields(make_brain):
    brain = make_brain("epoc", "mix")
    edges = truth_edges(brain, average_reference=False)
    gain = brain.rhythm_gain * brain.subject.amplifier_gain
    k = next(i for i, c in enumerate(COUPLINGS) if (c.emotion, c.band) == ("joy", "beta"))
    outer = np.outer(gain[:, k], gain[:, 24 + k])
    antisymmetric = outer - outer.T
    np.testing.assert_allclose(antisymmetric, -antisymmetric.T)
    i, j = edges.pairs.T
    np.testing.assert_allclose(edges.weights[1, 2], np.abs(antisymmetric[i, j]))


def test_the_average_reference_changes_edges_but_not_their_number(make_brain):
    brain = make_brain("epoc", "network")
    ours, bare = truth_edges(brain), truth_edges(brain, average_reference=False)
    assert ours.weights.shape == bare.weights.shape
    assert np.abs(ours.weights - bare.weights).max() > 0.1 * bare.weights.max()


@pytest.mark.parametrize("code", ["power", "none"])
def test_codes_without_coupling_have_no_edges(make_brain, code):
    assert not truth_edges(make_brain("epoc", code)).weights.any()

import numpy as np
import pytest

from rtemotion.simulators import COUPLINGS, EMOTIONS, Artifacts, source_edges, truth_edges
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


@pytest.mark.parametrize("code", ["power", "none", "muscle", "eyes"])
def test_codes_without_coupling_have_no_edges(make_brain, code):
    assert not truth_edges(make_brain("epoc", code)).weights.any()
    assert not source_edges(make_brain("epoc", code)).weights.any()


def test_source_edges_lead_from_the_source_to_the_target_of_each_coupling(make_brain):
    edges = source_edges(make_brain("epoc", "network"))
    assert edges.weights.shape == (8, 4, 29, 29)
    assert np.count_nonzero(edges.weights) == len(COUPLINGS)
    for coupling in COUPLINGS:
        place = (EMOTIONS.index(coupling.emotion), BANDS.index(coupling.band))
        pair = edges.anchors.index(coupling.source), edges.anchors.index(coupling.target)
        assert edges.weights[*place, *pair] == pytest.approx(0.85)


def test_dead_channels_have_no_edges_and_no_part_in_the_reference(make_brain):
    plain = make_brain("epoc", "network")
    brain = make_brain("epoc", "network", artifacts=Artifacts(dead=1))
    (dead,) = brain.dead
    edges = truth_edges(brain)
    touched = (edges.pairs == dead).any(axis=1)
    assert not edges.weights[..., touched].any()
    alive = np.delete(np.arange(14), dead)
    gain = (plain.rhythm_gain * plain.subject.amplifier_gain)[alive]
    gain -= gain.mean(axis=0)
    k = next(i for i, c in enumerate(COUPLINGS) if (c.emotion, c.band) == ("fear", "theta"))
    p, q = gain[:, k], gain[:, 24 + k]
    i, j = np.triu_indices(13, 1)
    np.testing.assert_allclose(edges.weights[3, 0, ~touched], np.abs(p[i] * q[j] - q[i] * p[j]))


def test_edges_are_what_shows_in_the_imaginary_part_of_the_cross_spectrum(make_brain):
    """The electrodes' own cross-spectra, emotion full against emotion absent."""

    class Only:
        def __init__(self, level):
            self.level = level

        def at(self, times):
            levels = np.zeros((len(times), 8))
            levels[:, EMOTIONS.index("trust")] = self.level
            return levels

    def imaginary(level):
        brain = make_brain("epoc", "network", trajectories=Only(level), artifacts=Artifacts.none())
        data = brain.read(128 * 240)[0].data
        data = data - data.mean(axis=1, keepdims=True)
        segments = data.reshape(-1, 128, 14) * np.hanning(128)[:, None]
        spectra = np.fft.rfft(segments, axis=1)[:, 15:26]
        return np.einsum("tfi,tfj->ij", spectra, spectra.conj()).imag

    edges = truth_edges(make_brain("epoc", "network"))
    i, j = edges.pairs.T
    difference = np.abs(imaginary(1.0) - imaginary(0.0))[i, j]
    weights = edges.weights[EMOTIONS.index("trust"), BANDS.index("beta")]
    assert np.corrcoef(difference, weights)[0, 1] > 0.95

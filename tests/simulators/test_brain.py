import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import welch

from rtemotion.errors import SetupError
from rtemotion.signal import identical
from rtemotion.simulators import Artifacts, Brain, Subject, headset_from_labels
from rtemotion.simulators.codes import rhythm_table

OCCIPITAL = ("PO3", "PO4", "O1", "Oz", "O2")


class Constant:
    """Emotions that never change."""

    def __init__(self, level):
        self.level = level

    def at(self, times):
        return np.full((len(times), 8), self.level)


def coherence(brain, blocks=120):
    """Complex coherence (24,) of each pair at its own carrier, sources only."""
    rhythms = np.concatenate([brain.sources()[0] for _ in range(blocks)], axis=1)
    rhythms = rhythms[:, : rhythms.shape[1] // 250 * 250]
    segments = rhythms.reshape(48, -1, 250) * np.hanning(250)
    spectra = np.fft.rfft(segments, axis=-1)
    own = {"theta": 6.0, "alpha": brain.subject.alpha_hz, "beta": 20.0, "gamma": 37.0}
    bins = [round(own[band] * 250 / brain.info.sfreq) for band in rhythm_table().band]
    line = np.array([spectra[k, :, b] for k, b in enumerate(bins)])
    cross = (line[:24] * line[24:].conj()).mean(axis=1)
    power = (np.abs(line) ** 2).mean(axis=1)
    return cross / np.sqrt(power[:24] * power[24:]), (rhythms**2).mean(axis=1)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=8), st.sampled_from(["mix", "none"]))
def test_any_cutting_gives_the_same_bits(lengths, code):
    subject, headset = Subject.draw(3), "muse"
    whole, truth = Brain(subject, headset, code).read(sum(lengths))
    one, start = Brain(subject, headset, code), 0
    for n in lengths:
        chunk, part = one.read(n)
        assert identical(chunk, whole.cut(start, start + n))
        np.testing.assert_array_equal(part, truth[start : start + n])
        start += n
    assert one.position == start


def test_seeds_and_subjects_change_the_signal_and_the_emotions(make_brain):
    signal, truth = make_brain(seed=0).read(600)
    for other in (make_brain(seed=1), make_brain(subject=Subject.draw(4))):
        chunk, emotions = other.read(600)
        assert not np.allclose(chunk.data, signal.data)
        assert not np.allclose(emotions, truth)


def test_info_says_what_it_is(make_brain):
    brain = make_brain("cap32")
    info = brain.info
    assert info.simulated
    assert info.unit == "V"
    assert info.channels == brain.headset.channels
    np.testing.assert_array_equal(info.positions, brain.headset.positions())
    assert info.source_id != make_brain("cap32", seed=1).info.source_id
    chunk, truth = brain.read(100)
    np.testing.assert_array_equal(chunk.times, np.arange(100) / 250.0)
    assert truth.shape == (100, 8)


def test_rest_comes_first(make_brain):
    _, truth = make_brain(rest_s=2.0).read(int(20 * 128))
    assert not truth[: 2 * 128].any()
    assert truth[8 * 128 :].any()


def test_the_same_brain_is_seen_through_every_headset(subject):
    small = headset_from_labels(["Cz", "Oz"])
    plain = Artifacts.none()
    few, _ = Brain(subject, small, artifacts=plain).read(500)
    many, _ = Brain(subject, "cap32", artifacts=plain).read(500)
    rows = [many_index("Cz"), many_index("Oz")]
    np.testing.assert_allclose(few.data, many.data[:, rows], atol=1e-12)


def many_index(label):
    from rtemotion.simulators import HEADSETS

    return HEADSETS["cap32"].channels.index(label)


@pytest.mark.parametrize("headset", ["muse", "cap32"])
def test_amplitudes_are_those_of_scalp_eeg(headset):
    for seed in range(4):
        brain = Brain(Subject.draw(seed), headset)
        chunk, _ = brain.read(int(20 * brain.info.sfreq))
        rms = 1e6 * chunk.data.std(axis=0)
        assert rms.min() > 5
        assert rms.max() < 60
        assert 10 < np.median(rms) < 30


def test_alpha_peaks_at_the_back_where_the_subject_has_it():
    for seed in (1, 2, 5):
        person = Subject.draw(seed)
        brain = Brain(person, headset_from_labels(OCCIPITAL), code="none")
        chunk, _ = brain.read(60 * 250)
        frequencies, power = welch(chunk.data, 250.0, nperseg=500, axis=0)
        mean = power.mean(axis=1)
        inside = (frequencies >= 4) & (frequencies <= 30)
        peak = frequencies[inside][mean[inside].argmax()]
        assert peak == pytest.approx(person.alpha_hz, abs=1.0)


def test_network_code_couples_a_quarter_cycle_late_and_holds_every_power(make_brain):
    low, power_low = coherence(make_brain("cap32", "network", trajectories=Constant(0.0)))
    high, power_high = coherence(make_brain("cap32", "network", trajectories=Constant(1.0)))
    assert np.abs(low).max() < 0.45
    # The target lags, so Im(X_source X̄_target) is positive and the real part is small.
    assert high.imag.min() > 0.85
    assert np.abs(high.real).max() < 0.25
    np.testing.assert_allclose(power_high, power_low, rtol=0.35)
    np.testing.assert_allclose(power_high.mean(), 1.0, atol=0.05)


def test_power_code_scales_its_rhythms_and_couples_nothing(make_brain):
    scaled = rhythm_table().scale.any(axis=1)
    low, power_low = coherence(make_brain("cap32", "power", trajectories=Constant(0.0)))
    high, power_high = coherence(make_brain("cap32", "power", trajectories=Constant(1.0)))
    assert (power_high[scaled] > 2.5 * power_low[scaled]).all()
    np.testing.assert_allclose(power_high[~scaled], power_low[~scaled], rtol=1e-9)
    np.testing.assert_allclose(high, low, atol=1e-9)


def test_without_a_code_the_signal_knows_nothing_of_the_truth(make_brain):
    calm, _ = make_brain(code="none", trajectories=Constant(0.0)).read(1000)
    moved, truth = make_brain(code="none", trajectories=Constant(1.0)).read(1000)
    drawn, _ = make_brain(code="none").read(1000)
    np.testing.assert_array_equal(calm.data, moved.data)
    np.testing.assert_array_equal(calm.data, drawn.data)
    assert (truth == 1).all()


def test_every_other_code_shows_the_truth(make_brain):
    for code in ("network", "power", "mix"):
        calm, _ = make_brain(code=code, trajectories=Constant(0.0)).read(500)
        moved, _ = make_brain(code=code, trajectories=Constant(1.0)).read(500)
        assert not np.allclose(calm.data, moved.data)


def test_what_cannot_be_simulated_is_refused(make_brain):
    with pytest.raises(SetupError, match="network, power, mix, none"):
        make_brain(code="morse")
    with pytest.raises(SetupError, match="cap64"):
        make_brain("crown")
    with pytest.raises(SetupError, match="92.5 Hz"):
        make_brain(sfreq=64.0)
    with pytest.raises(ValueError, match="negative"):
        make_brain().read(-1)


def test_other_rates_can_be_asked_for(make_brain):
    brain = make_brain("cap64", sfreq=500.0)
    chunk, truth = brain.read(250)
    assert brain.info.sfreq == 500.0
    assert len(chunk) == len(truth) == 250


def test_a_brain_is_much_faster_than_life(make_brain):
    brain = make_brain("cap64")
    brain.read(250)
    began = time.process_time()
    brain.read(30 * 250)
    assert time.process_time() - began < 30 / 50

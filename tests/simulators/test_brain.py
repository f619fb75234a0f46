from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import welch

from rtemotion.errors import SetupError
from rtemotion.signal import identical
from rtemotion.simulators import Artifacts, Brain, Story, Subject, headset_from_labels
from rtemotion.simulators.codes import CODES, rhythm_table

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


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=8),
    st.sampled_from(CODES),
    st.booleans(),
    st.sampled_from([None, 4]),
)
def test_any_cutting_gives_the_same_bits(lengths, code, everything, story):
    subject, headset = Subject.draw(3).in_session(1), "muse"
    artifacts = replace(Artifacts.realistic(), dead=1, pops_per_min=60.0) if everything else None

    def brain():
        told = None if story is None else Story(story, subject.seeds, 0.3, rest_s=0.5)
        return Brain(subject, headset, code, artifacts=artifacts, trajectories=told)

    whole, truth = brain().read(sum(lengths))
    one, start = brain(), 0
    for n in lengths:
        chunk, part = one.read(n)
        assert identical(chunk, whole.cut(start, start + n))
        np.testing.assert_array_equal(part, truth[start : start + n])
        start += n
    assert one.position == start


# Nanovolts of Brain(Subject.draw(1), headset, code, seed=7) at samples 0, 300 and 600, first
# and last channel: a model that ships was trained on these signals.
KNOWN = {
    ("muse", "network"): [
        4265.9552316,
        3389.81799443,
        -1539.35236253,
        25594.0894835,
        -14268.4282501,
        -8662.85195069,
    ],
    ("muse", "power"): [
        1742.15997171,
        -3392.14714829,
        -3461.78627487,
        24069.8452545,
        -11889.3103951,
        -15519.0663088,
    ],
    ("muse", "mix"): [
        2823.19274717,
        -197.265154326,
        -4058.31055319,
        27234.1993368,
        -13692.8441112,
        -12277.7656375,
    ],
    ("muse", "none"): [
        4280.79451356,
        1399.246817,
        -1618.15618896,
        22956.1456546,
        -12239.6550286,
        -11893.0838897,
    ],
    ("epoc", "network"): [
        11676.9440504,
        11322.1304592,
        15792.3349769,
        -18079.4148815,
        16250.4189964,
        6979.88828039,
    ],
    ("epoc", "power"): [
        19762.8900881,
        4929.57992923,
        29349.3002873,
        -19631.768706,
        379.884224932,
        2212.32170991,
    ],
    ("epoc", "mix"): [
        17796.4292225,
        -1300.44800955,
        27845.697354,
        -23768.3506057,
        511.794633836,
        2966.92838186,
    ],
    ("epoc", "none"): [
        12775.1142784,
        14771.8955497,
        16304.633676,
        -15935.0363464,
        16580.9470772,
        4166.01939334,
    ],
    ("cap32", "network"): [
        -13054.0056118,
        -15051.4037513,
        -22675.9848672,
        15675.1291772,
        12590.7629915,
        20696.0998492,
    ],
    ("cap32", "power"): [
        -22447.1739578,
        -26430.7963221,
        -31830.4931515,
        13603.3986445,
        21193.0019479,
        32761.3172345,
    ],
    ("cap32", "mix"): [
        -27335.5961105,
        -28280.592334,
        -25320.8448281,
        22809.1344775,
        23744.985278,
        28386.9101327,
    ],
    ("cap32", "none"): [
        -10498.3277076,
        -13624.4774975,
        -25713.7844347,
        9494.28089063,
        10634.6213044,
        22951.6074243,
    ],
    ("cap64", "network"): [
        -13218.4187809,
        -16624.2901743,
        -22533.5095071,
        10342.3380701,
        3773.52402828,
        13576.7816251,
    ],
    ("cap64", "power"): [
        -22611.5871269,
        -28003.682745,
        -31688.0177915,
        10554.9186701,
        8359.288286,
        22378.9124574,
    ],
    ("cap64", "mix"): [
        -27500.0092796,
        -29853.4787569,
        -25178.369468,
        16025.6228331,
        9953.69920164,
        17472.4498746,
    ],
    ("cap64", "none"): [
        -10662.7408766,
        -15197.3639204,
        -25571.3090746,
        7118.36638114,
        2505.86021843,
        16260.8857683,
    ],
}
# Anticipation and joy at sample 600.
KNOWN_TRUTH = {
    "muse": [0.248743104081, 0.0600235258719],
    "epoc": [0.142796379936, 0.0499367658401],
    "cap32": [0.24359773902, 0.0594585055862],
    "cap64": [0.24359773902, 0.0594585055862],
}


@pytest.mark.parametrize(("headset", "code"), KNOWN)
def test_signals_are_those_the_shipped_model_was_trained_on(headset, code):
    chunk, truth = Brain(Subject.draw(1), headset, code, seed=7).read(601)
    excerpt = [*chunk.data[::300, 0], *chunk.data[::300, -1]]
    np.testing.assert_allclose(1e9 * np.array(excerpt), KNOWN[headset, code], rtol=1e-9)
    np.testing.assert_allclose(truth[600, :2], KNOWN_TRUTH[headset], rtol=1e-9)


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


def test_network_code_moves_no_power_by_more_than_chance(subject):
    bands = {"theta": (4, 8), "alpha": (8, 13), "beta": (13, 30), "gamma": (30, 45)}

    def band_power(seed, level):
        brain = Brain(subject, "muse", "network", seed, sfreq=100.0, trajectories=Constant(level))
        rhythms = np.concatenate([brain.sources()[0] for _ in range(60)], axis=1)
        frequencies, power = welch(rhythms, 100.0, nperseg=200)
        limits = np.array([bands[band] for band in rhythm_table().band])[..., None]
        inside = (frequencies >= limits[:, 0]) & (frequencies < limits[:, 1])
        return np.log((power * inside).sum(axis=1))

    calm = np.array([band_power(seed, 0.0) for seed in range(8)])
    moved = np.array([band_power(seed, 1.0) for seed in range(8)])
    # Leading rhythms keep every bit; following ones are drawn anew, which is chance.
    np.testing.assert_allclose(moved[:, :24], calm[:, :24], rtol=1e-12)
    by_chance = calm[:, 24:].std(axis=0, ddof=1).mean()
    assert by_chance < 0.15
    assert moved[:, 24:].std(axis=0, ddof=1).mean() < 1.25 * by_chance
    change = (moved - calm)[:, 24:].mean(axis=0)
    # Over 24 rhythms and 8 runs: no rhythm beyond what chance allows, and none on average.
    spread = by_chance * np.sqrt(2 / 8)
    assert np.abs(change).max() < 4 * spread
    assert abs(change.mean()) < 4 * spread / np.sqrt(24)


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


def muscle_and_eyes(brain, seconds=60):
    """Power of 45..100 Hz of the whole head, and how much the forehead moves slowly."""
    data = 1e6 * brain.read(seconds * 256)[0].data
    frequencies, power = welch(data, 256.0, nperseg=256, axis=0)
    loud = power[(frequencies > 45) & (frequencies < 100)].mean()
    moves = np.abs(np.diff(data[:, 1:3].reshape(-1, 32, 2).mean(axis=1), axis=0)).mean()
    return loud, moves


@pytest.mark.parametrize("code", ["muscle", "eyes"])
def test_under_confound_codes_the_brain_knows_nothing_of_the_emotions(make_brain, code):
    calm = make_brain("muse", code, trajectories=Constant(0.0))
    moved = make_brain("muse", code, trajectories=Constant(1.0))
    plain = make_brain("muse", "none")
    for _ in range(3):
        np.testing.assert_array_equal(calm.sources()[0], moved.sources()[0])
    assert calm.code == code
    np.testing.assert_array_equal(calm.rhythm_gain, plain.rhythm_gain)


def test_the_muscle_code_shows_in_muscles_alone(make_brain):
    calm = muscle_and_eyes(make_brain("muse", "muscle", trajectories=Constant(0.0)))
    moved = muscle_and_eyes(make_brain("muse", "muscle", trajectories=Constant(1.0)))
    assert moved[0] > 4 * calm[0]
    assert moved[1] < 1.5 * calm[1]


def test_the_eyes_code_shows_in_blinks_and_saccades_alone(make_brain):
    calm = muscle_and_eyes(make_brain("muse", "eyes", trajectories=Constant(0.0)))
    moved = muscle_and_eyes(make_brain("muse", "eyes", trajectories=Constant(1.0)))
    assert moved[0] == pytest.approx(calm[0], rel=0.3)
    assert moved[1] > 1.1 * calm[1]


def test_confound_codes_without_anything_to_drive_are_refused(make_brain):
    with pytest.raises(SetupError, match="muscle=2"):
        make_brain(code="muscle", artifacts=Artifacts())
    with pytest.raises(SetupError, match="saccades=30"):
        make_brain(code="eyes", artifacts=Artifacts.none())


def test_dead_channels_deliver_zeros_and_the_others_what_they_did(make_brain):
    alive, _ = make_brain("epoc", artifacts=Artifacts()).read(600)
    brain = make_brain("epoc", artifacts=Artifacts(dead=2))
    half, _ = brain.read(600)
    assert len(brain.dead) == 2
    assert not half.data[:, brain.dead].any()
    others = np.delete(np.arange(14), brain.dead)
    np.testing.assert_array_equal(half.data[:, others], alive.data[:, others])


def test_what_cannot_be_simulated_is_refused(make_brain):
    with pytest.raises(SetupError, match="network, power, mix, none, muscle, eyes"):
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

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import welch

from rtemotion.errors import SetupError
from rtemotion.simulators import EMOTIONS, HEADSETS, Artifacts
from rtemotion.simulators.artifacts import ArtifactGenerator, blink_topography

CAP = HEADSETS["cap32"]
NONE = Artifacts.none()


def generate(artifacts, seconds, rate=250.0):
    generator = ArtifactGenerator(artifacts, CAP.positions(), rate, np.random.SeedSequence(5))
    blocks = [generator.block(125) for _ in range(round(seconds * rate / 125))]
    return np.concatenate(blocks, axis=1)


def test_blinks_are_frontal_and_of_the_size_asked_for():
    wave = generate(Artifacts(20.0, 60.0, 50.0, 0.0, 0.0), 60)
    peaks = 1e6 * wave.max(axis=1)
    front, back = CAP.channels.index("Fp1"), CAP.channels.index("Oz")
    assert 20 < peaks[front] < 90
    assert peaks[back] < 1
    assert peaks.argmax() in {front, CAP.channels.index("Fp2")}


def test_blinks_come_about_as_often_as_asked():
    wave = generate(Artifacts(20.0, 60.0, 50.0, 0.0, 0.0), 300)[0]
    above = wave > 0.1 * wave.max()
    assert 60 < np.count_nonzero(above[1:] & ~above[:-1]) < 140


def test_blinks_can_vary_more():
    def heights(spread):
        wave = generate(Artifacts(30.0, 60.0, 50.0, 0.0, 0.0, spread), 200)[0]
        middle = wave[1:-1]
        return np.log(middle[(middle > wave[:-2]) & (middle >= wave[2:]) & (middle > 1e-6)])

    assert heights(0.0).std() < 0.3 < heights(0.5).std()


def test_line_noise_sits_at_the_mains_frequency():
    wave = generate(Artifacts(0.0, 0.0, 60.0, 2.0, 0.0), 4)
    spectrum = np.abs(np.fft.rfft(wave, axis=1))
    assert set(spectrum.argmax(axis=1)) == {240}


def test_line_noise_above_nyquist_is_left_out():
    assert not generate(Artifacts(0.0, 0.0, 60.0, 2.0, 0.0), 2, rate=100.0).any()


def test_sensor_noise_has_the_density_asked_for():
    wave = generate(Artifacts(0.0, 0.0, 50.0, 0.0, 100.0), 20)
    np.testing.assert_allclose(wave.std(), 100e-9 * np.sqrt(125.0), rtol=0.02)


def test_none_is_silence():
    assert not generate(Artifacts.none(), 2).any()


def test_topography_falls_from_front_to_back():
    weights = dict(zip(CAP.channels, blink_topography(CAP.positions()), strict=True))
    assert weights["Fp1"] > weights["F3"] > weights["C3"] > weights["O1"]


def test_glances_move_the_two_sides_of_the_face_oppositely_and_not_the_back():
    wave = generate(replace(NONE, saccades_per_min=40.0, saccade_uv=30.0), 120)
    sides = {label: wave[CAP.channels.index(label)] for label in ("F7", "F8", "Oz")}
    assert np.corrcoef(sides["F7"], sides["F8"])[0, 1] < -0.6
    assert 5 < 1e6 * sides["F8"].std() < 50
    assert sides["Oz"].std() < 0.15 * sides["F8"].std()


def test_eyes_rest_between_saccades():
    wave = generate(replace(NONE, saccades_per_min=20.0), 60)[CAP.channels.index("F8")]
    moving = np.abs(np.diff(wave)) > 1e-8
    assert 0.005 < moving.mean() < 0.25


def test_muscles_are_broad_noise_above_20_hz_at_the_rim_of_the_cap():
    wave = generate(replace(NONE, muscle_uv=5.0), 60, rate=500.0)
    frequencies, power = welch(wave, 500.0, nperseg=500)
    band = {hz: power[:, frequencies == hz].ravel() for hz in (2.0, 10.0, 40.0, 100.0)}
    rim, middle = CAP.channels.index("T7"), CAP.channels.index("Cz")
    assert band[40.0][rim] > 20 * band[40.0][middle]
    assert band[40.0].max() > 5 * band[10.0].max() > 25 * band[2.0].max()
    assert band[100.0].max() > 0.2 * band[40.0].max()
    assert 2 < 1e6 * wave.std(axis=1).max() < 12


def test_the_density_of_muscles_does_not_depend_on_the_rate():
    def density(rate):
        wave = generate(replace(NONE, muscle_uv=5.0), 120, rate)
        frequencies, power = welch(wave, rate, nperseg=round(rate))
        return power[:, (frequencies >= 30) & (frequencies <= 45)].mean()

    assert density(128.0) == pytest.approx(density(1000.0), rel=0.35)


def follow(code, artifacts, emotions, seconds=300):
    """What the artifacts of a code give while some emotions are full, at 100 Hz."""
    truth = np.tile([float(e in emotions) for e in EMOTIONS], (100, 1))
    generator = ArtifactGenerator(
        artifacts, CAP.positions(), 100.0, np.random.SeedSequence(5), code
    )
    return np.concatenate([generator.block(100, truth) for _ in range(seconds)], axis=1)


def count_blinks(wave):
    above = wave[0] > 0.1 * wave[0].max()
    return np.count_nonzero(above[1:] & ~above[:-1])


def test_under_the_eyes_code_blinks_come_as_often_as_the_emotions_ask():
    artifacts = replace(NONE, blinks_per_min=10.0, blink_uv=60.0)
    still = count_blinks(follow("eyes", artifacts, ()))
    assert 32 < still < 68
    assert count_blinks(follow("eyes", artifacts, ("joy",))) > 1.7 * still
    assert count_blinks(follow("eyes", artifacts, ("anticipation", "anger"))) < 0.6 * still


def test_under_the_eyes_code_fear_makes_the_eyes_restless():
    artifacts = replace(NONE, saccades_per_min=20.0)
    restless, still = (
        np.abs(np.diff(follow("eyes", artifacts, who)[CAP.channels.index("F8")])).sum()
        for who in (("fear",), ())
    )
    assert restless > 1.7 * still


def test_under_the_muscle_code_each_emotion_tenses_its_own_muscles():
    artifacts = replace(NONE, muscle_uv=2.0)
    still = follow("muscle", artifacts, ()).std(axis=1)
    for emotion in EMOTIONS:
        tense = follow("muscle", artifacts, (emotion,)).std(axis=1) / still
        assert tense.max() > 2, emotion
        assert tense.min() < 1.5, emotion


def test_other_codes_leave_eyes_and_muscles_alone():
    every = Artifacts.realistic()
    calm, moved = follow("mix", every, (), 10), follow("mix", every, EMOTIONS, 10)
    np.testing.assert_array_equal(calm, moved)


def test_bursts_come_and_go():
    wave = generate(replace(NONE, bursts_per_min=10.0, burst_uv=20.0), 120)
    loud = 1e6 * np.sqrt((wave.reshape(32, -1, 25) ** 2).mean(axis=-1)).max(axis=0)
    assert 0.02 < (loud > 2).mean() < 0.6
    assert (loud < 0.01).mean() > 0.3
    assert 10 < loud.max() < 200


def test_pops_are_sudden_rare_and_of_one_electrode_and_fade():
    wave = generate(replace(NONE, pops_per_min=6.0, pop_uv=100.0), 300)
    jumps = np.abs(np.diff(wave, axis=1)) > 10e-6
    assert 10 < jumps.sum() < 60
    assert jumps.sum(axis=0).max() == 1
    channel, sample = np.argwhere(jumps)[0]
    height = wave[channel, sample + 1]
    assert abs(wave[channel, sample + 1 + 175] / height) == pytest.approx(np.exp(-1), rel=0.1)


def test_drift_is_slow_and_each_electrode_s_own():
    wave = 1e6 * generate(replace(NONE, drift_uv=30.0), 900, rate=50.0)
    assert 20 < wave.std() < 40
    frequencies, power = welch(wave, 50.0, nperseg=3000)
    slow = power[:, (frequencies > 0) & (frequencies < 0.1)].mean()
    assert slow > 100 * power[:, frequencies > 1].mean()
    apart = np.corrcoef(wave)[np.triu_indices(32, 1)]
    assert abs(apart.mean()) < 0.1


def test_drift_is_there_from_the_first_sample():
    starts = [
        1e6
        * ArtifactGenerator(
            replace(NONE, drift_uv=30.0), CAP.positions(), 250.0, np.random.SeedSequence(k)
        ).block(1)
        for k in range(20)
    ]
    assert np.std(starts) == pytest.approx(30, rel=0.1)


def test_sweat_is_below_half_a_hertz_and_alike_in_neighbours():
    wave = 1e6 * generate(replace(NONE, sweat_uv=20.0), 200)
    frequencies, power = welch(wave, 250.0, nperseg=5000)
    assert power[:, frequencies > 2].max() < 1e-3 * power[:, frequencies < 0.3].max()
    assert 5 < wave.std(axis=1).max() < 60
    names = CAP.channels
    neighbours = np.corrcoef(wave[names.index("C3")], wave[names.index("CP5")])[0, 1]
    assert neighbours > 0.5


def test_dead_channels_are_counted_and_drawn_by_seed():
    make = [
        ArtifactGenerator(
            replace(NONE, dead=3), CAP.positions(), 250.0, np.random.SeedSequence(k)
        ).dead
        for k in (1, 1, 2)
    ]
    assert len(set(make[0])) == 3
    np.testing.assert_array_equal(make[0], make[1])
    assert set(make[0]) != set(make[2])
    with pytest.raises(SetupError, match="33 channels cannot be dead in a headset of 32"):
        generate(replace(NONE, dead=33), 1)


def test_each_artifact_draws_from_a_source_of_its_own():
    every = replace(Artifacts.realistic(), pops_per_min=30.0)
    switches = (
        "saccades_per_min",
        "muscle_uv",
        "pops_per_min",
        "drift_uv",
        "sweat_uv",
        "blink_uv",
        "line_uv",
    )
    whole = generate(every, 10)
    for name in switches:
        without = generate(replace(every, **{name: 0.0}), 10)
        assert not np.allclose(without, whole), name
    # What is left when everything new is off is what there is by default, to the bit.
    default = generate(Artifacts(), 10)
    off = replace(Artifacts.realistic(), **{name: 0.0 for name in switches}, bursts_per_min=0.0)
    back = replace(off, blinks_per_min=6.0, blink_uv=60.0, blink_spread=0.0, line_uv=0.5)
    np.testing.assert_array_equal(generate(back, 10), default)


def test_artifacts_are_read_from_text():
    assert Artifacts.read("") == Artifacts()
    assert Artifacts.read("none") == Artifacts.none()
    assert Artifacts.read("realistic") == Artifacts.realistic()
    assert Artifacts.read("none, blinks=12,drift=20") == replace(
        NONE, blinks_per_min=12.0, drift_uv=20.0
    )
    eyes = Artifacts.of_code("eyes")
    assert Artifacts.read("dead=2", eyes) == replace(eyes, dead=2.0)


@pytest.mark.parametrize("text", ["blink=3", "blinks", "blinks=many", "3", "realistic,x=1"])
def test_text_that_is_not_understood_is_refused_with_the_keys(text):
    with pytest.raises(SetupError, match=r"saccades \(a minute\)"):
        Artifacts.read(text)


@pytest.mark.parametrize("wrong", [{"blink_uv": -1.0}, {"drift_uv": np.nan}, {"dead": 1.5}])
def test_impossible_amounts_are_refused(wrong):
    with pytest.raises(SetupError, match="the artifact"):
        Artifacts(**wrong)

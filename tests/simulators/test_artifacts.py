import numpy as np

from rtemotion.simulators import HEADSETS, Artifacts
from rtemotion.simulators.artifacts import ArtifactGenerator, blink_topography

CAP = HEADSETS["cap32"]


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

from dataclasses import fields

import numpy as np
import pytest
from scipy.signal import welch

from rtemotion.simulators import HEADSETS, Artifacts, Brain, Subject
from rtemotion.simulators.head import anchors_in_head, standard_head


def test_the_same_seed_is_the_same_person(subject):
    again = Subject.draw(subject.seed)
    for field in fields(Subject):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(subject, field.name))


def test_other_seeds_are_other_people(subject):
    other = Subject.draw(subject.seed + 1)
    for field in fields(Subject):
        if field.name in {"session", "cap_turn"}:
            continue
        ours, theirs = getattr(subject, field.name), getattr(other, field.name)
        assert not np.array_equal(ours, theirs), field.name


def test_jitter_and_tilt_are_as_large_as_asked():
    people = [Subject.draw(seed, jitter_mm=6.0, orientation_deg=20.0) for seed in range(60)]
    moved = np.array([p.positions - anchors_in_head() for p in people])
    assert 1000 * np.sqrt((moved**2).sum(axis=-1).mean()) == pytest.approx(6.0, rel=0.1)
    outward = standard_head().outward
    cosines = [np.sum(p.directions * outward(p.positions), axis=1) for p in people]
    angles = np.rad2deg(np.arccos(np.clip(cosines, -1, 1)))
    assert np.sqrt((angles**2).mean()) == pytest.approx(20.0, rel=0.1)


def test_without_jitter_a_subject_is_the_atlas():
    plain = Subject.draw(0, jitter_mm=0.0, orientation_deg=0.0, gain_spread=0.0)
    np.testing.assert_allclose(plain.positions, anchors_in_head())
    np.testing.assert_array_equal(plain.gains, 1.0)
    assert plain.amplifier_gain == 1.0


def log_spectra(person, seed=0, artifacts=None):
    """Log power, V²/Hz, of 30 s of rest: bands by channels, average reference."""
    brain = Brain(person, "cap32", "none", seed, artifacts=artifacts or Artifacts.none())
    data = brain.read(30 * 250)[0].data
    data = data - data.mean(axis=1, keepdims=True)
    frequencies, power = welch(data, 250.0, nperseg=500, axis=0, average="median")
    edges = [(1, 4), (4, 8), (8, 13), (13, 30), (30, 45)]
    bands = [power[(frequencies >= a) & (frequencies < b)].mean(axis=0) for a, b in edges]
    return np.log(np.array(bands))


def test_a_realistic_subject_is_the_same_person_with_fainter_rhythms(subject):
    real = Subject.draw(subject.seed, realistic=True)
    np.testing.assert_array_equal(real.positions, subject.positions)
    np.testing.assert_array_equal(real.background_positions, subject.background_positions)
    assert real.alpha_hz == subject.alpha_hz
    assert (real.gains < 0.25 * subject.gains).all()
    assert real.exponent > subject.exponent


def test_realistic_band_powers_are_those_of_recordings():
    """Median power density in five bands, µV²/Hz; see docs/simulation.md."""
    powers = np.exp(
        [
            log_spectra(Subject.draw(seed, realistic=True), artifacts=Artifacts.realistic())
            for seed in range(6)
        ]
    )
    measured = 1e12 * np.median(powers, axis=(0, 2))
    recorded = np.array([6.5, 1.7, 2.0, 0.45, 0.22])
    assert (measured < 2.2 * recorded).all()
    assert (measured > recorded / 2.2).all()


def test_everything_lies_inside_the_brain_and_points_with_unit_length():
    head = standard_head()
    for seed in range(20):
        person = Subject.draw(seed, jitter_mm=25.0)
        for kind in ("", "alpha_", "background_"):
            places = getattr(person, f"{kind}positions") - head.center
            assert np.linalg.norm(places, axis=1).max() < head.brain_radius
            lengths = np.linalg.norm(getattr(person, f"{kind}directions"), axis=1)
            np.testing.assert_allclose(lengths, 1.0)
        assert 8.5 <= person.alpha_hz <= 11.5


@pytest.mark.parametrize("keywords", [{"seed": -1}, {"seed": 0, "jitter_mm": -1.0}])
def test_negative_arguments_are_refused(keywords):
    with pytest.raises(ValueError, match=">= 0"):
        Subject.draw(**keywords)


def test_the_first_session_is_the_subject_as_drawn_and_others_are_their_own(subject):
    assert subject.in_session(0) is subject
    once, again = subject.in_session(2), subject.in_session(2)
    for field in fields(Subject):
        np.testing.assert_array_equal(getattr(once, field.name), getattr(again, field.name))
    other = subject.in_session(3)
    for name in ("gains", "alpha_hz", "background_nam", "exponent", "cap_turn"):
        assert not np.array_equal(getattr(once, name), getattr(other, name)), name
        assert not np.array_equal(getattr(once, name), getattr(subject, name)), name
    np.testing.assert_array_equal(once.positions, subject.positions)


def test_the_cap_sits_about_five_millimetres_elsewhere(subject):
    places = HEADSETS["cap64"].positions()
    np.testing.assert_array_equal(subject.worn(places), places)
    days = [subject.in_session(k).worn(places) - places for k in range(1, 81)]
    assert 1000 * np.sqrt((np.array(days) ** 2).sum(axis=-1).mean()) == pytest.approx(5, rel=0.2)


def test_sessions_of_one_subject_differ_more_than_nothing_and_less_than_subjects_do():
    people = [Subject.draw(seed) for seed in range(4)]
    days = np.array([[log_spectra(p.in_session(k)) for k in (1, 2)] for p in people])
    same = [log_spectra(p.in_session(1), seed=1) for p in people]
    chance = np.sqrt(((days[:, 0] - same) ** 2).mean())
    within = np.sqrt(((days[:, 0] - days[:, 1]) ** 2).mean())
    between = np.sqrt(((days[:, 0] - np.roll(days[:, 0], 1, axis=0)) ** 2).mean())
    assert 1.1 * chance < within < 0.6 * between


def test_sessions_give_other_signals_under_other_identities(subject):
    first, second = Brain(subject, "muse"), Brain(subject.in_session(1), "muse")
    assert first.info.source_id != second.info.source_id
    assert not np.allclose(first.read(256)[1], second.read(256)[1])


def test_sessions_that_cannot_be_are_refused(subject):
    with pytest.raises(ValueError, match=">= 0"):
        subject.in_session(-1)
    with pytest.raises(ValueError, match="as drawn"):
        subject.in_session(1).in_session(2)

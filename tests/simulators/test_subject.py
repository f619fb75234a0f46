from dataclasses import fields

import numpy as np
import pytest

from rtemotion.simulators import Subject
from rtemotion.simulators.head import anchors_in_head, standard_head


def test_the_same_seed_is_the_same_person(subject):
    again = Subject.draw(subject.seed)
    for field in fields(Subject):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(subject, field.name))


def test_other_seeds_are_other_people(subject):
    other = Subject.draw(subject.seed + 1)
    for field in fields(Subject):
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

import mne
import numpy as np
import pytest

from rtemotion.simulators import HEADSETS
from rtemotion.simulators.anchors import anchor_index, anchors_mni
from rtemotion.simulators.head import anchors_in_head, lead_field, standard_head
from rtemotion.simulators.montages import STANDARD, positions_of

CZ = positions_of(STANDARD, ("Cz",))


def test_anchors_lie_inside_the_brain_without_being_moved():
    head = standard_head()
    inside = anchors_in_head()
    assert np.linalg.norm(inside - head.center, axis=1).max() < head.brain_radius
    np.testing.assert_allclose(inside, head.from_mni(anchors_mni()), atol=1e-12)


def test_mni_goes_to_head_as_the_montage_itself_does():
    native = mne.channels.make_standard_montage("colin27_1020").get_positions()["ch_pos"]
    moved = standard_head().from_mni(np.array([native["Cz"], native["T8"]]))
    worn = mne.create_info(["Cz", "T8"], 250.0, "eeg").set_montage("colin27_1020")
    np.testing.assert_allclose(moved, [c["loc"][:3] for c in worn["chs"]], atol=1e-6)


def test_what_lies_outside_is_pulled_straight_in():
    head = standard_head()
    direction = np.array([[0.0, 0.6, 0.8]])
    pulled = head.pull_inside(head.center + 0.2 * direction) - head.center
    np.testing.assert_allclose(pulled, 0.95 * head.brain_radius * direction)


def test_outward_is_radial_and_up_at_the_centre():
    head = standard_head()
    points = head.center + np.array([[0.0, 0.0, 0.0], [0.03, 0.0, 0.0]])
    np.testing.assert_allclose(head.outward(points), [[0, 0, 1], [1, 0, 0]], atol=1e-12)


def test_lead_field_is_linear_in_volts_and_sees_what_is_near():
    channels = HEADSETS["cap64"].channels
    head = standard_head()
    places = anchors_in_head()
    field = lead_field(HEADSETS["cap64"].positions(), places)
    radial = np.einsum("cdk,dk->cd", field, head.outward(places))
    prefrontal = radial[:, anchor_index("left prefrontal")]
    assert channels[prefrontal.argmax()] in {"F3", "F5", "AF3", "FC3"}
    assert 0.05e-6 < 1e-9 * prefrontal.max() < 1e-6
    deep = radial[:, anchor_index("raphe")]
    assert np.abs(deep).max() < 0.5 * prefrontal.max()


def test_the_skull_weakens_what_a_homogeneous_sphere_would_show():
    # Right above a radial unit dipole the potential on a homogeneous sphere is
    # Σ (2n + 1) b^(n-1) / 4πσR²; a skull can only make it smaller.
    head = standard_head()
    depth = 0.04
    field = lead_field(CZ, head.center + np.array([[0.0, 0.0, depth]]))[0, 0]
    b, radius = depth / head.radius, head.radius
    homogeneous = (2 / (1 - b) ** 2 + 1 / (1 - b)) / (4 * np.pi * 0.33 * radius**2)
    assert 0.1 * homogeneous < field[2] < homogeneous


def test_a_dipole_outside_the_brain_is_refused():
    head = standard_head()
    with pytest.raises(ValueError, match="innermost shell"):
        lead_field(CZ, head.center + np.array([[0.0, 0.0, 0.09]]))


def test_electrodes_far_off_the_scalp_are_seen_as_if_nearer_and_others_stay():
    head = standard_head()
    away = head.center + np.array([[0.0, 0.0, 0.5], [0.0, 0.01, 0.0], [0.0, 0.0, 0.1]])
    placed = head.onto_scalp(away)
    distances = np.linalg.norm(placed - head.center, axis=1) / head.radius
    np.testing.assert_allclose(distances[:2], [1.2, 0.8])
    np.testing.assert_array_equal(placed[2], away[2])
    every = positions_of(STANDARD, HEADSETS["cap64"].channels)
    np.testing.assert_array_equal(head.onto_scalp(every), every)

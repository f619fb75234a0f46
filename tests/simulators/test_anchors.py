import numpy as np

from rtemotion.simulators.anchors import ANCHOR_NAMES, ANCHORS_MNI_MM, anchor_index, anchors_mni


def test_there_are_29_anchors_of_18_structures():
    structures = {name.removeprefix("left ").removeprefix("right ") for name in ANCHOR_NAMES}
    assert len(ANCHOR_NAMES) == 29
    assert len(structures) == 18


def test_left_and_right_mirror_each_other_and_the_rest_is_midline():
    for name, (x, y, z) in ANCHORS_MNI_MM.items():
        if name.startswith("left "):
            assert x < 0
            assert ANCHORS_MNI_MM[name.replace("left", "right", 1)] == (-x, y, z)
        elif not name.startswith("right "):
            assert x == 0


def test_arrays_are_in_metres_and_in_the_order_of_the_names():
    row = anchors_mni()[anchor_index("right superior temporal")]
    np.testing.assert_allclose(row, [0.055, -0.025, 0.010])

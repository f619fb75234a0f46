"""Regions follow from where electrodes sit, whatever they are called."""

from __future__ import annotations

import numpy as np
import pytest

from rtemotion.conditioning.channels import positions_of
from rtemotion.explanation.regions import REGIONS, regions_of
from rtemotion.simulators import get_headset


@pytest.mark.parametrize(
    ("site", "region"),
    [
        ("Fp1", "left frontal"),
        ("AFz", "mid frontal"),
        ("F8", "right frontal"),
        ("FC3", "left central"),
        ("Cz", "mid central"),
        ("T7", "left temporal"),
        ("TP10", "right temporal"),
        ("CP4", "right parietal"),
        ("Pz", "mid parietal"),
        ("PO7", "left occipital"),
        ("Oz", "mid occipital"),
    ],
)
def test_a_site_lies_in_the_region_of_its_row_and_side(site: str, region: str) -> None:
    assert regions_of(positions_of([site])) == (region,)


def test_every_electrode_of_a_net_is_somewhere_and_on_its_own_side() -> None:
    positions = get_headset("net128").positions()
    found = regions_of(positions)
    assert set(found) <= set(REGIONS)
    assert len(set(found)) >= 13
    for region, (x, _, _) in zip(found, positions, strict=True):
        assert not (region.startswith("left") and x > 0.005)
        assert not (region.startswith("right") and x < -0.005)


def test_a_smaller_head_has_the_same_regions() -> None:
    sites = ["Fp2", "C3", "T8", "P4", "O1"]
    middle = np.array([0.0, 0.0, 0.04])
    positions = positions_of(sites)
    assert regions_of(middle + 0.8 * (positions - middle)) == regions_of(positions)


def test_an_electrode_without_a_position_is_in_no_region() -> None:
    positions = np.vstack([positions_of(["Cz"]), np.full((1, 3), np.nan)])
    assert regions_of(positions) == ("mid central", "")

"""Leaving out a region: exactly what its inputs do, beside as many channels at random."""

from __future__ import annotations

import numpy as np
import pytest

from rtemotion.conditioning.channels import positions_of
from rtemotion.decoding import Model
from rtemotion.explanation.explaining import Montage
from rtemotion.explanation.leaving_out import Groups, concordance, leave_out
from rtemotion.models.scoring import concordance as column_by_column
from rtemotion.simulators import get_headset

SITES = ("Fp1", "Fp2", "F3", "F4", "C3", "C4", "T7", "T8", "P3", "P4", "O1", "O2")


@pytest.fixture(scope="module")
def montage() -> Montage:
    return Montage.of(SITES, positions_of(SITES))


@pytest.fixture(scope="module")
def groups(montage: Montage) -> Groups:
    return Groups.of(montage.regions, montage.pairs)


def test_a_region_holds_its_channels_and_every_pair_with_one(
    montage: Montage, groups: Groups
) -> None:
    left = groups.names.index("left frontal")
    assert [SITES[i] for i in np.flatnonzero(groups.members[left])] == ["Fp1", "F3"]
    for touched, (i, j) in zip(groups.touched[left], montage.pairs.tolist(), strict=True):
        assert touched == bool({"Fp1", "F3"} & {SITES[i], SITES[j]})


def test_random_sets_are_different_and_as_large(groups: Groups) -> None:
    for region in range(len(groups.names)):
        drawn = groups.members[groups.drawn_like(region)]
        assert (drawn.sum(axis=1) == groups.members[region].sum()).all()
        assert len({row.tobytes() for row in drawn}) == len(drawn) >= 11
        assert (drawn != groups.members[region]).any(axis=1).all()


def test_a_channel_without_a_region_is_in_no_set() -> None:
    groups = Groups.of(("", "left frontal", "right frontal", "left occipital"), np.array([[0, 1]]))
    assert not groups.members[:, 0].any()


def test_what_a_group_removes_is_what_resetting_its_inputs_does(model: Model) -> None:
    headset = get_headset("epoc")
    montage = Montage.of(headset.channels, headset.positions())
    groups = Groups.of(montage.regions, montage.pairs)
    n, features, rng = len(montage.channels), model.card.features, np.random.default_rng(1)
    edges = (len(features.measures), len(features.connectivity_bands), len(montage.pairs))
    power, connectivity = rng.normal(size=(len(features.bands), n)), 0.2 * rng.normal(size=edges)
    rest = (
        montage.pairs,
        montage.positions,
        np.ones(n, bool),
        np.zeros((model.card.n_context, n)),
    )
    mean, _, node, edge = model.run(power, connectivity, *rest)
    removed = groups.removed(node, edge)
    for members, touched, fall in zip(groups.members, groups.touched, removed, strict=True):
        left = model.run(
            np.where(members, 0.0, power), np.where(touched, 0.0, connectivity), *rest
        )
        np.testing.assert_allclose(mean - left[0], fall, atol=1e-5)


def outputs_of(groups: Groups, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return an output that channels of the left frontal region carry alone, and shares."""
    rng = np.random.default_rng(seed)
    output = rng.normal(size=(300, 1))
    share = groups.members[:, 0] / 2 + groups.members[:, 2] / 2
    return output, share[None, :, None] * output[:, None]


def test_the_region_that_carries_all_takes_all_along(groups: Groups) -> None:
    output, removed = outputs_of(groups)
    found = {one.region: one for one in leave_out(("joy",), groups, output, removed)}
    left, right = found["left frontal"], found["right frontal"]
    assert (left.whole, left.without, left.more_than_drawn) == (1.0, 0.0, 1.0)
    assert left.loss > left.drawn_high
    assert np.isnan(left.correlation)
    assert (right.loss, right.correlation) == (0.0, pytest.approx(1.0))
    assert (left.channels, left.pairs) == (2, 21)


def test_labels_decide_where_there_are_some(groups: Groups) -> None:
    output, removed = outputs_of(groups)
    labels = 0.5 * output + 0.1
    labels[::2] = np.nan
    one = leave_out(("joy",), groups, output, removed, labels)[0]
    assert one.whole == pytest.approx(concordance(output[1::2, 0], labels[1::2, 0]))
    nothing = np.full(labels.shape, np.nan)
    assert leave_out(("joy",), groups, output, removed, nothing)[0].whole == 1.0


def test_with_few_channels_hardly_anything_else_can_be_drawn() -> None:
    sites = ("AF7", "AF8", "TP9", "TP10")
    montage = Montage.of(sites, positions_of(sites))
    groups = Groups.of(montage.regions, montage.pairs)
    rng = np.random.default_rng(0)
    removed = rng.normal(size=(60, len(groups.members), 1))
    for one in leave_out(("joy",), groups, rng.normal(size=(60, 1)), removed):
        assert np.isnan([one.drawn, one.drawn_high, one.more_than_drawn]).all()
        assert np.isfinite(one.loss)


def test_concordance_is_that_of_scores() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 50, 1))
    assert concordance(x[:, 0], y[:, 0]) == pytest.approx(column_by_column(x, y)[0])
    assert concordance(x[:, 0], np.ones(50)) == 0.0

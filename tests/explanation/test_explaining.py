"""What is said of emotions: the same network is near, another one far, noise is called so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rtemotion.conditioning.channels import positions_of
from rtemotion.errors import SetupError
from rtemotion.explanation.chance import p_value, quantile
from rtemotion.explanation.explaining import About, Explanation, Montage, Recorded, explain
from rtemotion.explanation.leaving_out import Groups
from rtemotion.explanation.report import TABLES, summary
from rtemotion.signal import FloatArray

from .drawn import coupled, seconds_of, slow

SITES = ("Fp1", "Fp2", "F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2")
MONTAGE = Montage.of(SITES, positions_of(SITES))
GROUPS = Groups.of(MONTAGE.regions, MONTAGE.pairs)
EMOTIONS = ("joy", "fear", "anger")
ABOUT = About("a model", "drawn numbers", EMOTIONS, ("theta", "alpha"), "imcoh", 0, 0)
CARRIERS = [[0, 1, 2], [20, 21, 22], [40, 41, 42]]


def explained(*recorded: Recorded, shifts: int = 40) -> Explanation:
    return explain(ABOUT, MONTAGE, GROUPS, recorded, (3, 4), shifts)


def recording(seed: int, labels: FloatArray | None = None, n: int = 400) -> Recorded:
    return Recorded(f"recording {seed}", coupled(seed, MONTAGE, CARRIERS, n), labels)


@pytest.fixture(scope="module")
def clear() -> Explanation:
    """Three emotions that move three pairs each, in two recordings with true labels."""
    seconds = [coupled(seed, MONTAGE, CARRIERS) for seed in (1, 2)]
    return explained(*(Recorded(str(k), one, one.outputs) for k, one in enumerate(seconds)))


@pytest.fixture(scope="module")
def noise() -> Explanation:
    rng = np.random.default_rng(5)
    edges = np.stack([slow(rng, 400, 45), slow(rng, 400, 45)], axis=1)
    seconds = seconds_of(slow(rng, 400, 3), edges, rng.normal(size=(400, 3, 10)), GROUPS)
    return explained(Recorded("noise", seconds, slow(rng, 400, 3)))


def rows(found: Explanation, table: str) -> list[dict]:
    return list(TABLES[table](found))


def test_edges_that_carry_an_emotion_exceed_chance_and_no_others(clear: Explanation) -> None:
    for row in rows(clear, "edges"):
        if row["band"] == "all":
            continue
        pair = (SITES.index(row["first"]), SITES.index(row["second"]))
        number = MONTAGE.pairs.tolist().index([*pair])
        carried = number in CARRIERS[EMOTIONS.index(row["emotion"])] and row["band"] == "alpha"
        if carried:
            assert row["above_chance"] is True
    above = sum(row["above_chance"] is True for row in rows(clear, "edges"))
    assert 9 <= above <= 12


def test_clear_networks_are_firm_true_and_apart(clear: Explanation) -> None:
    for row in rows(clear, "emotions"):
        assert row["halves_correlation"] > row["halves_by_chance_95"]
        assert row["recordings_correlation"] > 0.35
        assert row["labels_correlation"] == pytest.approx(1.0, abs=1e-3)
        assert row["recordings"] == 2
    for row in rows(clear, "distances"):
        assert row["between_halves"] > row["each_from_itself"]
        assert row["separation"] > row["separation_by_chance_95"]
        assert row["separation_p"] <= 0.05


def test_noise_is_called_noise(noise: Explanation) -> None:
    emotions = rows(noise, "emotions")
    assert sum(row["edges_above_chance"] for row in emotions) <= 1
    assert sum(row["channels_above_chance"] for row in emotions) <= 1
    assert sum(row["halves_p"] <= 0.05 for row in emotions) <= 1
    assert sum(row["separation_p"] <= 0.05 for row in rows(noise, "distances")) <= 1
    assert all(abs(row["labels_correlation"]) < 0.5 for row in emotions)


def test_without_shifts_and_labels_nothing_is_claimed() -> None:
    found = explained(recording(1), shifts=0)
    for row in rows(found, "emotions"):
        assert row["channels_above_chance"] == row["edges_above_chance"] == ""
        assert np.isnan([row["halves_p"], row["labels_correlation"], row["concordance"]]).all()
    assert np.isnan([row["p"] for row in rows(found, "measures")]).all()
    assert {row["above_chance"] for row in rows(found, "edges")} == {""}


def test_the_order_of_recordings_does_not_matter() -> None:
    one, other = (explained(*(recording(s) for s in order)) for order in ((1, 2), (2, 1)))
    np.testing.assert_allclose(one.learnt.edge, other.learnt.edge, atol=1e-6)


def test_every_emotion_has_every_band_and_region(clear: Explanation) -> None:
    n_regions = len(GROUPS.names)
    assert len(rows(clear, "measures")) == 3 * 3 * 4
    assert len(rows(clear, "nodes")) == 3 * 3 * len(SITES)
    assert len(rows(clear, "regions")) == 3 * n_regions
    assert {row["features"] for row in rows(clear, "regions")} == {
        one.channels * 3 + one.pairs * 4 for one in clear.left_out
    }
    assert len(rows(clear, "distances")) == 3


def test_a_summary_names_what_is_strongest(clear: Explanation) -> None:
    joy = summary(clear)["emotions"][0]
    edge = joy["strongest_edges"][0]
    pair = [SITES.index(edge["first"]), SITES.index(edge["second"])]
    assert MONTAGE.pairs.tolist().index(pair) in CARRIERS[0]
    assert joy["strongest_channels"][0] == "Fp1"


def test_a_recording_that_is_too_short_is_named() -> None:
    short = replace(recording(3, n=40), name="P07 first")
    with pytest.raises(SetupError, match="In P07 first: There are 40 s"):
        explained(recording(1), short)
    with pytest.raises(SetupError, match="no recording"):
        explained()


def test_chance_never_gives_a_p_of_zero_nor_one_from_nothing() -> None:
    assert p_value(3.0, np.array([1.0, 2.0, np.nan])) == pytest.approx(1 / 3)
    assert p_value(1.0, np.array([1.0, 2.0])) == 1.0
    assert np.isnan([p_value(1.0, np.empty(0)), p_value(np.nan, np.ones(3))]).all()
    assert np.isnan(quantile(np.empty((0, 4)), 0.5)).all()


def test_emotions_that_move_the_same_edges_are_near_and_not_told_apart() -> None:
    carriers = [[0, 1, 2], [0, 1, 2], [40, 41, 42]]
    found = explained(Recorded("shared", coupled(4, MONTAGE, carriers, 800)), shifts=40)
    distance, across = found.stability.distance, found.stability.across
    assert distance[0, 1] < min(distance[0, 2], distance[1, 2]) - 0.1
    assert across[0, 1] < min(across[0, 2], across[1, 2])
    by_pair = {(row["first"], row["second"]): row for row in rows(found, "distances")}
    assert by_pair["joy", "fear"]["separation_p"] > 0.05
    assert by_pair["joy", "anger"]["separation_p"] <= 0.05

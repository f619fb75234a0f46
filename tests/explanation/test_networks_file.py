"""Networks that a run wrote are read again, and nothing is made up about chance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtemotion.errors import SourceError
from rtemotion.explanation import EmotionNetworks
from rtemotion.explanation.graphs import ALL_BANDS
from rtemotion.explanation.learning import WHOLE
from rtemotion.explanation.networks_file import read_networks
from rtemotion.explanation.report import TABLES
from rtemotion.outlets.networks_table import NetworksTable

CHANNELS = ("Fz", "C3", "Pz", "O2")


def networks() -> EmotionNetworks:
    rng = np.random.default_rng(1)
    pairs = np.stack(np.triu_indices(4, 1), axis=1)
    # The second band is a hundred times as large.
    edge = rng.normal(size=(2, 2, 2, 6)) * np.array([1.0, 100.0])[:, None]
    edge[0, 0, 0, 5] = np.nan
    return EmotionNetworks(
        emotions=("joy", "fear"),
        bands=("delta", "theta", "alpha"),
        connectivity_bands=("theta", "alpha"),
        measures=("imcoh", "wpli2_lagged"),
        antisymmetric=(True, False),
        pairs=pairs,
        node=rng.normal(size=(2, 3, 4)),
        edge=edge,
        emotion_spread=np.ones(2),
        node_spread=np.ones(3),
        edge_spread=np.ones((2, 2)),
        seconds=400,
        effective_seconds=400.0,
        known=True,
    )


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "networks.csv"
    NetworksTable(path, lambda: networks().rows(CHANNELS), "model 1.0").close()
    return path


def test_a_table_gives_the_edges_that_were_written(table: Path) -> None:
    found, written = read_networks(table), networks().edge[:, 0]
    assert found.about.emotions == ("joy", "fear")
    assert found.montage.channels == CHANNELS
    assert found.montage.regions == (
        "mid frontal",
        "left central",
        "mid parietal",
        "right occipital",
    )
    assert (found.about.model, found.about.measure) == ("model 1.0", "imcoh")
    for band in (0, 1):
        scale = np.sqrt(np.nanmean(written[:, band] ** 2))
        edge = found.learnt.edge[WHOLE, :, band]
        np.testing.assert_allclose(edge, written[:, band] / scale)
    assert found.graph("joy", "theta").weights[2, 3] == 0.0
    assert found.graph("fear", ALL_BANDS).weights.any()


def test_another_measure_may_be_asked_for(table: Path) -> None:
    found = read_networks(table, "wpli2_lagged")
    assert np.isfinite(found.learnt.edge[WHOLE]).all()
    with pytest.raises(SourceError, match="no connectivity coh, expected one of imcoh"):
        read_networks(table, "coh")


def test_chance_halves_and_regions_are_not_known(table: Path) -> None:
    found = read_networks(table)
    assert found.left_out == ()
    assert list(TABLES["regions"](found)) == []
    for row in TABLES["distances"](found):
        assert 0.0 < row["distance"] < 1.0
        assert np.isnan([row["between_halves"], row["separation_p"]]).all()
    assert all(np.isnan(row["degree_p"]) for row in TABLES["nodes"](found))
    assert "what chance does" in found.about.notes[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,joy\n0,1\n", "no table of networks: it has no emotion, measure"),
        (
            "emotion,measure,band,first,second,value,model\n",
            "no table of networks: .* no rows",
        ),
        (
            "emotion,measure,band,first,second,value,model\njoy,imcoh,alpha,Fz,Cz,much,m\n",
            "'much' where a number is expected, for joy from Fz to Cz",
        ),
    ],
)
def test_another_table_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text(text)
    with pytest.raises(SourceError, match=said):
        read_networks(path)
    with pytest.raises(SourceError, match="cannot be read"):
        read_networks(path.with_name("nowhere.csv"))

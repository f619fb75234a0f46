"""Tables, figures and a page: all of them or none, and nothing left open behind them."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rtemotion.conditioning.channels import positions_of
from rtemotion.errors import OutletError
from rtemotion.explanation.explaining import About, Explanation, Montage, Recorded, explain
from rtemotion.explanation.leaving_out import Groups
from rtemotion.explanation.report import TABLES, write_report
from rtemotion.explanation.report.figures import (
    distances_figure,
    figures,
    network_figure,
    regions_figure,
)
from rtemotion.explanation.report.head import around, flat
from rtemotion.explanation.report.writing import check_folder

from .drawn import coupled

BAND = ("AF7", "AF8", "TP9", "TP10")
CAP = ("Fp1", "Fpz", "Fp2", "F3", "Fz", "F4", "C3", "Cz", "C4", "P3", "Pz", "P4", "O1", "O2")


def explained(sites: tuple[str, ...], shifts: int = 5) -> Explanation:
    montage = Montage.of(sites, positions_of(sites))
    groups = Groups.of(montage.regions, montage.pairs)
    about = About("a model", "drawn numbers", ("joy", "fear"), ("theta", "alpha"), "imcoh", 0, 0)
    recorded = Recorded("drawn", coupled(1, montage, [[0], [5]], 120))
    return explain(about, montage, groups, [recorded], (3, 4), shifts)


@pytest.mark.parametrize(("sites", "shifts"), [(BAND, 5), (CAP, 0)])
def test_figures_can_be_drawn_of_few_and_many_channels(
    sites: tuple[str, ...], shifts: int
) -> None:
    drawn = {}
    for name, said, figure in figures(explained(sites, shifts)):
        figure.canvas.draw()
        image = np.asarray(figure.canvas.buffer_rgba())
        assert image[..., :3].std() > 5.0
        assert said.endswith(".")
        drawn[name] = figure
    assert list(drawn) == [
        *("degrees", "network-joy", "network-fear", "distances", "measures", "regions"),
    ]
    titles = [axes.get_title() for axes in drawn["network-joy"].axes]
    assert ("strongest edges" in titles) == (shifts == 0)


@pytest.fixture(scope="module")
def found() -> Explanation:
    return explained(CAP)


def panel(figure: Figure, title: str) -> Axes:
    (found,) = [axes for axes in figure.axes if title in axes.get_title()]
    return found


def test_a_network_names_the_bands_drawn_and_says_what_grey_is(found: Explanation) -> None:
    legend = panel(network_figure(found, "joy"), "above chance").get_legend()
    # What was drawn moves one pair in alpha alone.
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["alpha"]
    nothing = replace(found, chance=replace(found.chance, edge_limit=np.full(2, np.inf)))
    assert panel(network_figure(nothing, "joy"), "strongest edges").get_title()
    nothing = replace(found, chance=replace(found.chance, edge_limit=np.full(2, 1e9)))
    grey = panel(network_figure(nothing, "joy"), "no edge above chance")
    assert grey.get_title() == "no edge above chance; in grey the 20 strongest"
    assert grey.get_legend() is None


def test_an_emotion_has_no_distance_to_itself_but_between_halves(found: Explanation) -> None:
    figure = distances_figure(found)
    for title, n_blank in (("whole recordings", 2), ("between halves", 0)):
        axes = panel(figure, title)
        assert np.ma.count_masked(axes.images[0].get_array()) == n_blank
        assert len(axes.texts) == 4 - n_blank


def test_a_region_that_loses_more_than_others_has_a_star(found: Explanation) -> None:
    first = replace(found.left_out[0], whole=1.0, without=0.5)
    figure = regions_figure(replace(found, left_out=(first, *found.left_out[1:])))
    stars = panel(figure, first.emotion).collections[-1].get_offsets()
    np.testing.assert_allclose(np.asarray(stars), [[0.5, 0.0]])
    (legend,) = figure.legends
    assert "drawn at random: median" in legend.get_texts()[0].get_text()


@pytest.fixture(scope="module")
def folder(found: Explanation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a report in it, and nothing beside it."""
    import matplotlib.pyplot as plt

    folder = tmp_path_factory.mktemp("report") / "networks"
    before = plt.get_fignums()
    written = write_report(found, folder, {"weights": iter([{"emotion": "joy", "weight": 0.5}])})
    assert plt.get_fignums() == before
    assert set(written) == set(folder.iterdir())
    assert list(folder.parent.iterdir()) == [folder]
    return folder


def test_everything_is_written(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert {f"{name}.csv" for name in (*TABLES, "weights")} | {"explain.html"} <= names
    assert {"network-joy.png", "network-joy.svg", "degrees.png", "regions.svg"} <= names
    page = (folder / "explain.html").read_text()
    assert "drawn numbers" in page
    assert page.count("data:image/png;base64") >= 6


def test_tables_hold_the_rows_with_the_model_on_each(found: Explanation, folder: Path) -> None:
    for name, rows in TABLES.items():
        with (folder / f"{name}.csv").open(newline="") as file:
            read = list(csv.DictReader(file))
        wanted = list(rows(found))
        assert len(read) == len(wanted)
        assert {row["model"] for row in read} == {"a model"}
        for key, value in wanted[-1].items():
            if isinstance(value, float) and np.isfinite(value):
                assert float(read[-1][key]) == pytest.approx(value, rel=1e-4)
            elif isinstance(value, float):
                assert read[-1][key] == ""


def test_a_folder_with_something_in_it_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutletError, match="holds something already"):
        check_folder(tmp_path, overwrite=False)
    check_folder(tmp_path, overwrite=True)
    write_report(explained(BAND, 0), tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"
    with pytest.raises(OutletError, match="is a file"):
        check_folder(tmp_path / "mine.txt", overwrite=True)
    with pytest.raises(OutletError, match="there is no folder"):
        check_folder(tmp_path / "no" / "where", overwrite=False)


def test_nothing_is_left_where_a_row_cannot_be_had(tmp_path: Path) -> None:
    def broken():
        yield {"emotion": "joy"}
        raise OSError(28, "No space left on device")

    with pytest.raises(OutletError, match="No space left"):
        write_report(explained(BAND, 0), tmp_path / "networks", {"weights": broken()})
    assert list(tmp_path.iterdir()) == []


def test_a_head_is_drawn_nose_up_and_left_on_the_left() -> None:
    fz, t7, cz, oz = flat(positions_of(["Fz", "T7", "Cz", "Oz"]))
    assert fz[1] > 0.2 > abs(fz[0])
    assert t7[0] < -0.8
    assert np.hypot(*cz) < 0.2
    assert oz[1] < -0.6


def test_channels_on_a_circle_keep_their_side_and_run_from_front_to_back() -> None:
    montage = Montage.of(CAP, positions_of(CAP))
    order, angles = around(montage)
    assert sorted(order) == list(range(len(CAP)))
    where = {
        CAP[c]: (np.cos(angle), np.sin(angle)) for c, angle in zip(order, angles, strict=True)
    }
    for left, right in (("Fp1", "Fp2"), ("C3", "C4"), ("O1", "O2")):
        assert where[left][0] < 0 < where[right][0]
    for front, middle, back in (("Fp1", "C3", "O1"), ("Fp2", "C4", "O2")):
        assert where[front][1] > where[middle][1] > where[back][1]

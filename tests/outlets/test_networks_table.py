"""The networks of a run: learnt while decoding, written when it ends."""

import csv
from pathlib import Path

import pytest

from rtemotion.errors import OutletError
from rtemotion.outlets.networks_table import COLUMNS, NetworksTable, check_networks
from rtemotion.testing import check_outlet


def rows() -> list[dict[str, str | float]]:
    return [dict(zip(COLUMNS, ("joy", "imcoh", "alpha", "Fp1", "Cz", -0.25), strict=True))]


def test_the_outlet_keeps_the_public_contract(tmp_path: Path) -> None:
    made = iter(range(10))
    check_outlet(lambda: NetworksTable(tmp_path / f"{next(made)}.csv", rows, "m"), [])


def test_what_was_learnt_is_asked_for_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "networks.csv"
    learnt: list[dict[str, str | float]] = []
    table = NetworksTable(path, lambda: learnt, "mine (not validated)")
    learnt += rows()
    assert not path.exists()
    table.close()
    table.close()
    with path.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row.pop("model") == "mine (not validated)"
    assert row == {k: str(v) for k, v in rows()[0].items()}
    assert list(tmp_path.iterdir()) == [path]


def test_what_exists_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "networks.csv"
    path.write_text("mine")
    with pytest.raises(OutletError, match="already exists"):
        check_networks(path, overwrite=False)
    check_networks(path, overwrite=True)


def test_another_extension_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutletError, match=r"expected \.csv"):
        check_networks(tmp_path / "networks.xlsx", overwrite=False)

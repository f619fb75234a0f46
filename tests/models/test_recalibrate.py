"""Intervals anew for a model file: they hold what they say, and the network stays."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from rtemotion.decoding import Model, load_model
from rtemotion.decoding.card_writing import with_card
from rtemotion.decoding.model import shipped_model
from rtemotion.models.calibrating import Errors, errors_as_served
from rtemotion.models.contenders import covered
from rtemotion.models.recalibrate import recalibrated
from rtemotion.models.simulated import Recipe, Record, record


@pytest.fixture(scope="module")
def people(model: Model) -> list[Record]:
    card = model.card
    return [
        record(Recipe(seed, "muse", "power", 40.0), card.features, card.conditioning, 1.5)
        for seed in (11, 12, 13)
    ]


def test_intervals_hold_nine_labels_in_ten_of_those_they_were_calibrated_on(
    model: Model, people: list[Record], tmp_path: Path
) -> None:
    # A card whose intervals are far too wide.
    wide = replace(model.card, targets=tuple(replace(t, interval=9.0) for t in model.card.targets))
    errors = [errors_as_served(model, one) for one in people]
    anew = recalibrated(wide, errors, 11)
    out = tmp_path / "anew.onnx"
    out.write_bytes(with_card(model.path.read_bytes(), anew, str(out)))
    inside = [covered(load_model(out), one).mean() for one in people]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.01)
    assert "3 unseen simulated people" in str(anew.provenance["intervals"])
    assert "held 100.0 %" in str(anew.provenance["intervals"])


def test_nothing_else_of_the_card_changes(model: Model) -> None:
    rng = np.random.default_rng(1)
    errors = [Errors(rng.random((50, 8)) * 2.0, n) for n in (4, 4, 4, 32, 32, 32)]
    card = model.card
    anew = recalibrated(card, errors, 1)
    assert dict(anew.interval_by_size).keys() == {4, 32}
    kept = replace(
        anew,
        targets=tuple(
            replace(new, interval=old.interval)
            for new, old in zip(anew.targets, card.targets, strict=True)
        ),
        interval_by_size=card.interval_by_size,
        provenance=card.provenance,
    )
    assert kept == card
    assert anew.provenance | {"intervals": ""} == card.provenance | {"intervals": ""}


def test_the_network_stays_to_the_bit(model: Model, tmp_path: Path) -> None:
    out = tmp_path / "other.onnx"
    card = replace(model.card, description="another")
    out.write_bytes(with_card(shipped_model().read_bytes(), card, str(out)))
    theirs, ours = onnx.load(shipped_model()), onnx.load(out)
    assert ours.graph.SerializeToString() == theirs.graph.SerializeToString()
    assert load_model(out).card == card

"""What a headset is worth before the start."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from rtemotion.conditioning.survey import Surveyor
from rtemotion.contact import impedances_of, report_on
from rtemotion.decoding import Model
from rtemotion.errors import SetupError, SourceError
from rtemotion.options import Options
from rtemotion.place import Place
from rtemotion.signal import Source

from .helpers import simulated


@pytest.fixture
def source() -> Source:
    return Place(headset="muse").open(Options())


def surveyed(seconds: float) -> Surveyor:
    info, chunk = simulated("muse", max(seconds, 0.1))
    surveyor = Surveyor(info)
    if seconds:
        surveyor.add(chunk)
    return surveyor


def test_a_good_headset_is_enough_for_the_model(model: Model, source: Source) -> None:
    report = report_on(source, surveyed(4.0), "the simulator's own", Options(), model)
    assert report.enough
    assert report.needed == model.card.min_channels
    assert report.used_reference == "average"
    assert report.montage == "the source's own positions"
    said = report.as_dict()
    assert json.loads(json.dumps(said, allow_nan=False))["enough"] is True
    assert said["usable"] == ["TP9", "AF7", "AF8", "TP10"]


def test_too_few_channels_are_not(model: Model, source: Source) -> None:
    options = Options(channels=("TP9", "AF7"))
    report = report_on(source, surveyed(4.0), "", options, model)
    assert not report.enough


def test_silence_and_a_set_up_that_does_not_fit_are_told(model: Model, source: Source) -> None:
    with pytest.raises(SourceError, match="not one sample came"):
        report_on(source, surveyed(0.0), "", Options(), model)
    with pytest.raises(SetupError, match="Nose"):
        report_on(source, surveyed(4.0), "", Options(channels=("Nose",)), model)


def test_contacts_are_known_as_measured_or_as_stated() -> None:
    info = SimpleNamespace(channels=("Cz", "Pz"))
    measured: Any = SimpleNamespace(info=info, impedances=lambda: {"Cz": 5e3})
    stated: Any = SimpleNamespace(info=info, description=SimpleNamespace(impedances=("4e3", 6e3)))
    neither: Any = SimpleNamespace(info=info)
    assert impedances_of(measured) == {"Cz": 5e3}
    assert impedances_of(stated) == {"Cz": 4e3, "Pz": 6e3}
    assert impedances_of(neither) == {}

"""Latency at the goal's setting: a model file of its own, and what is measured with it."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from rtemotion.bench import MEASUREMENTS, judge
from rtemotion.bench.hop_model import with_hop
from rtemotion.bench.latency import SETTINGS
from rtemotion.bench.processes import measure_apart
from rtemotion.decoding import Model, load_model
from rtemotion.decoding.card import METADATA_KEY
from rtemotion.decoding.model import shipped_model
from rtemotion.errors import ModelError


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_hop(shipped_model(), 0.1, tmp_path_factory.mktemp("model") / "fast.onnx")


def test_the_copy_has_the_other_hop_and_nothing_that_was_not_measured_at_it(
    copy: Path, model: Model
) -> None:
    card, original = load_model(copy).card, model.card
    assert original.scores
    assert (card.features.hop, card.scores, card.information_delay_s) == (0.1, {}, None)
    assert "not measured" in card.description
    assert card.description.startswith(original.description)
    assert card.provenance["copied_from"] == model.identity
    assert card.provenance["hop_before_s"] == original.features.hop
    assert card.trained_on == original.trained_on
    kept = replace(
        card,
        name=original.name,
        description=original.description,
        features=replace(card.features, hop=original.features.hop),
        scores=original.scores,
        provenance=original.provenance,
        information_delay_s=original.information_delay_s,
    )
    assert kept == original


def test_the_copy_is_another_model_to_whoever_asks(copy: Path, model: Model) -> None:
    assert load_model(copy).identity != model.identity
    assert load_model(copy).card.caveat in load_model(copy).identity


def test_the_network_of_the_copy_is_the_same_and_its_file_whole(copy: Path) -> None:
    theirs, ours = onnx.load(shipped_model()), onnx.load(copy)
    onnx.checker.check_model(ours, full_check=True)
    assert ours.graph.SerializeToString() == theirs.graph.SerializeToString()
    assert [entry.key for entry in ours.metadata_props].count(METADATA_KEY) == 1
    del theirs.metadata_props[:], ours.metadata_props[:]
    assert ours.SerializeToString() == theirs.SerializeToString()


def test_a_file_with_other_metadata_keeps_it(tmp_path: Path) -> None:
    extended = onnx.load(shipped_model())
    extended.metadata_props.add(key="laboratory", value="näh" * 100)
    onnx.save(extended, tmp_path / "extended.onnx")
    out = with_hop(tmp_path / "extended.onnx", 0.125, tmp_path / "out.onnx")
    metadata = {entry.key: entry.value for entry in onnx.load(out).metadata_props}
    assert metadata["laboratory"] == "näh" * 100
    assert load_model(out).card.features.hop == 0.125


@pytest.mark.parametrize("hop", [0.0, -0.1, math.nan, math.inf, 5.0])
def test_a_hop_that_makes_no_sense_is_refused(hop: float, tmp_path: Path) -> None:
    out = tmp_path / "model.onnx"
    with pytest.raises(ModelError, match="hop of"):
        with_hop(shipped_model(), hop, out)
    assert not out.exists()


def test_the_setting_is_the_goals() -> None:
    setting = SETTINGS["latency_64_ms"]
    assert (setting.headset, setting.sfreq, setting.hop) == ("cap64", 500.0, 0.1)
    found = {"latency_64_ms": {"p50": 3.0, "p99": 10.01}}
    assert [(v.goal.limit, v.met) for v in judge(found)] == [(3.0, True), (10.0, False)]


def test_a_quick_run_decodes_ten_frames_a_second() -> None:
    result = measure_apart(MEASUREMENTS["latency_64"], quick=True)
    assert result.left_out == {}
    found = result.values["latency_64_ms"]
    assert (found["hop"], found["chunk"], found["frames"]) == (100.0, 2.0, 10)
    assert all(np.isfinite(list(found.values())))
    assert 0.0 <= found["p50"] <= found["p99"]

import json
from dataclasses import replace

import pytest

from rtemotion.decoding import Model, ModelCard
from rtemotion.errors import ModelError


def test_a_card_survives_its_own_json(model: Model) -> None:
    assert ModelCard.from_json(model.card.to_json(), "here") == model.card


@pytest.mark.parametrize("name", ["index", "time", "quality", "late", "model"])
def test_a_target_named_like_a_column_is_refused(model: Model, name: str) -> None:
    first = replace(model.card.targets[0], name=name)
    card = replace(model.card, targets=(first, *model.card.targets[1:]))
    with pytest.raises(ModelError, match=f"'{name}' is named like another column"):
        card.check("a.onnx")


def test_targets_whose_columns_would_collide_are_refused(model: Model) -> None:
    first, second = model.card.targets[:2]
    pair = (replace(first, name="joy"), replace(second, name="joy_std"))
    with pytest.raises(ModelError, match="joy_std"):
        replace(model.card, targets=pair).check("a.onnx")


def test_another_format_version_is_named(model: Model) -> None:
    outer = json.loads(model.card.to_json()) | {"format": 99}
    with pytest.raises(ModelError, match="format 99"):
        ModelCard.from_json(json.dumps(outer), "a.onnx")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '"card"'])
def test_a_damaged_card_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match="damaged"):
        ModelCard.from_json(text, "a.onnx")


def test_a_wrong_field_is_named(model: Model) -> None:
    outer = json.loads(model.card.to_json())
    outer["card"]["features"]["bands"][1]["low"] = "four"
    with pytest.raises(ModelError, match=r"features\.bands\.1\.low"):
        ModelCard.from_json(json.dumps(outer), "a.onnx")


def test_the_caveat_of_a_simulated_model_says_so_everywhere(model: Model) -> None:
    assert model.card.trained_on == "simulation"
    assert "not validated on people" in model.card.caveat
    assert model.card.caveat in model.identity

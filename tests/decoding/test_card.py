"""The description a model file carries: complete, finite, understood, or refused."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtemotion.conditioning import ConditioningDesign
from rtemotion.conditioning.design import MarkingDesign
from rtemotion.decoding import Model, ModelCard, Target
from rtemotion.decoding.card import (
    Agreement,
    Familiarity,
    Normalisation,
    PopulationReference,
    Tied,
    by_size,
)
from rtemotion.decoding.context import ContextPolicy, n_context
from rtemotion.decoding.graph import Tensor
from rtemotion.errors import ModelError
from rtemotion.features import FeatureSchema
from rtemotion.features.schema import Band

PARTS = {
    "targets.2": Target,
    "features": FeatureSchema,
    "features.bands.1": Band,
    "conditioning": ConditioningDesign,
    "conditioning.marking": MarkingDesign,
    "normalisation": Normalisation,
    "normalisation.population": PopulationReference,
    "familiarity": Familiarity,
    "agreement": Agreement,
    "context": ContextPolicy,
    "tied": Tied,
    "inputs.0": Tensor,
}
EVERY_FIELD = [
    *(f.name for f in fields(ModelCard)),
    *(f"{where}.{f.name}" for where, kind in PARTS.items() for f in fields(kind)),
]


@pytest.fixture(scope="module")
def full(model: Model) -> ModelCard:
    """A card in which nothing is None."""
    return replace(
        model.card,
        architecture="approximate",
        agreement=Agreement(0.6, 0.5, "resetting 500 inputs of unseen people"),
        context=ContextPolicy(),
        information_delay_s=4.5,
        tied=Tied(("Fz", "Cz"), ((0.0, 0.06, 0.07), (0.0, 0.0, 0.1)), "P01", "base 1.0"),
    )


def parsed(card: ModelCard) -> dict[str, Any]:
    outer: dict[str, Any] = json.loads(card.to_json())
    return outer


def read(outer: dict[str, Any]) -> ModelCard:
    return ModelCard.from_json(json.dumps(outer), "a.onnx")


def holder(outer: dict[str, Any], path: str) -> tuple[Any, str]:
    """Return the object in a card's JSON that holds a field, and the field's name."""
    *way, last = path.split(".")
    inner: Any = outer["card"]
    for step in way:
        inner = inner[int(step) if isinstance(inner, list) else step]
    return inner, last


def test_a_card_survives_its_own_json(model: Model, full: ModelCard) -> None:
    assert ModelCard.from_json(model.card.to_json(), "here") == model.card
    assert ModelCard.from_json(full.to_json(), "here") == full


@pytest.mark.parametrize("path", EVERY_FIELD)
def test_an_absent_field_is_refused_by_name(full: ModelCard, path: str) -> None:
    outer = parsed(full)
    inside, name = holder(outer, path)
    del inside[name]
    with pytest.raises(ModelError, match=rf"a\.onnx lacks the field '{path}'"):
        read(outer)


@pytest.mark.parametrize("path", ["mood", "features.bands.1.mood", "context.mood"])
def test_an_unknown_field_is_refused_by_name(full: ModelCard, path: str) -> None:
    outer = parsed(full)
    inside, name = holder(outer, path)
    inside[name] = 1
    with pytest.raises(ModelError, match=f"has a field '{path}' that format 2.1 does not know"):
        read(outer)


@pytest.mark.parametrize("path", ["mood", "features.bands.1.mood", "context.mood"])
def test_a_newer_minor_version_may_have_more_fields(full: ModelCard, path: str) -> None:
    outer = parsed(full) | {"schema_version": "2.7"}
    inside, name = holder(outer, path)
    inside[name] = {"high": [1, 2]}
    assert read(outer) == full


def test_a_file_that_is_older_than_a_field_is_read_without_it(full: ModelCard) -> None:
    outer = parsed(full) | {"schema_version": "2.0"}
    del outer["card"]["tied"]
    assert read(outer) == replace(full, tied=None)


def test_an_older_file_must_have_every_field_of_its_own_version(full: ModelCard) -> None:
    outer = parsed(full) | {"schema_version": "2.0"}
    del outer["card"]["tied"], outer["card"]["licence"]
    with pytest.raises(ModelError, match="lacks the field 'licence'"):
        read(outer)


def test_a_calibrated_model_says_whose_it_is_wherever_results_go(full: ModelCard) -> None:
    assert full.caveat == "calibrated to P01, trained on simulation, not validated on people"


@pytest.mark.parametrize(
    ("tied", "said"),
    [
        (Tied(("Fz", "Cz"), ((0.0, 0.0, 0.1),), "", ""), "do not have a position each"),
        (Tied(("Fz", "Fz"), ((0.0, 0.0, 0.1),) * 2, "", ""), "not at least two different ones"),
        (Tied(("Fz",), ((0.0, 0.0, 0.1),), "", ""), "not at least two different ones"),
        (Tied(("Fz", "Cz"), ((0.0, 0.0, 0.1),) * 2, " ", "base"), "whom it is calibrated to"),
    ],
)
def test_a_tie_that_holds_nothing_is_refused(full: ModelCard, tied: Tied, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        replace(full, tied=tied).check("a.onnx")


def test_a_newer_minor_version_must_have_every_field_of_this_one(full: ModelCard) -> None:
    outer = parsed(full) | {"schema_version": "2.7"}
    del outer["card"]["licence"]
    with pytest.raises(ModelError, match="lacks the field 'licence'"):
        read(outer)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ({"schema_version": "3.0"}, "format 3.0, which is newer .* install a newer rtemotion"),
        ({"schema_version": "11.2"}, "format 11.2, which is newer"),
        ({"schema_version": "1.9"}, "format 1.9, which is no longer read"),
        ({"format": 1}, r"format 1, which is no longer read \(now it is 2.1\); export"),
        ({"schema_version": "two"}, "'two' is no format version"),
        ({"schema_version": "2.x"}, "'2.x' is no format version"),
    ],
)
def test_another_format_version_is_refused(
    model: Model, version: dict[str, Any], said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        read({"card": parsed(model.card)["card"]} | version)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"schema_version": "2.0"}', '{"card": {}}', '"card"', "[" * 99999]
)
def test_a_damaged_card_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match=r"inside a\.onnx is damaged"):
        ModelCard.from_json(text, "a.onnx")


@pytest.mark.parametrize("card", [None, 3, [], "card"])
def test_a_card_of_another_kind_is_refused(card: Any) -> None:
    with pytest.raises(ModelError, match=r"inside a\.onnx does not fit"):
        read({"schema_version": "2.0", "card": card})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("features.bands.1.low", "four"),
        ("features.bands.1.low", "4"),
        ("features.bands.1.connectivity", 1),
        ("min_channels", 3.5),
        ("licence", None),
        ("architecture", "recurrent"),
        ("normalisation.policy", "z-score"),
        ("targets.2.construct", "imagined"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(full: ModelCard, path: str, value: Any) -> None:
    outer = parsed(full)
    inside, name = holder(outer, path)
    inside[name] = value
    with pytest.raises(ModelError, match=rf"does not fit: {path}: "):
        read(outer)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("path", ["smoothing_s", "familiarity.mean.3", "scores.mean_ccc.mix"])
def test_a_number_that_is_not_finite_is_refused(full: ModelCard, path: str, number: str) -> None:
    outer = parsed(full)
    inside, name = holder(outer, path)
    inside[int(name) if isinstance(inside, list) else name] = "HERE"
    text = json.dumps(outer).replace('"HERE"', number)
    with pytest.raises(ModelError, match=f"not finite, in '{path}'"):
        ModelCard.from_json(text, "a.onnx")


def test_a_card_with_a_number_that_is_not_finite_is_not_written(model: Model) -> None:
    with pytest.raises(ModelError, match="not finite, in 'scores.ccc.0'"):
        replace(model.card, scores={"ccc": [float("nan")]}).to_json()


def test_the_context_has_as_many_rows_as_its_policy_needs(model: Model) -> None:
    assert replace(model.card, context=None).n_context == 5
    with_policy = replace(model.card, context=ContextPolicy())
    assert with_policy.n_context == n_context(model.card.features) == 3 * 5 + 2 * 4 + 1


def test_the_caveat_of_a_simulated_model_says_so_everywhere(model: Model) -> None:
    assert model.card.trained_on == "simulation"
    assert "not validated on people" in model.card.caveat
    assert model.card.caveat in model.identity


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


def _bands(card: ModelCard, **changed: Any) -> FeatureSchema:
    first, *rest = card.features.bands
    return replace(card.features, bands=(replace(first, **changed), *rest))


CONTRADICTIONS: list[tuple[Any, str]] = [
    (lambda c: {"licence": " "}, "no licence"),
    (lambda c: {"targets": ()}, "at least one target"),
    (lambda c: {"targets": (replace(c.targets[0], high=-1.0),)}, "ends before it begins"),
    (lambda c: {"targets": (replace(c.targets[0], interval=0.0),)}, "interval .* is not positive"),
    (lambda c: {"targets": (replace(c.targets[0], prior_std=-1.0),)}, "spread .* is negative"),
    (lambda c: {"features": _bands(c, low=4.0)}, "from 4 to 4 Hz is empty"),
    (lambda c: {"features": _bands(c, segment=5.0)}, "shorter than its segment"),
    (lambda c: {"features": _bands(c, name="theta")}, "a band twice"),
    (lambda c: {"features": replace(c.features, hop=0.0)}, "hop of 0 s"),
    (lambda c: {"features": replace(c.features, measures=("coh",))}, "fit its measures"),
    (lambda c: {"features": replace(c.features, measures=("love", "coh"))}, "love"),
    (lambda c: {"measure_versions": {"imcoh": "1"}}, "which version .* 'wpli2_lagged'"),
    (
        lambda c: {"measure_versions": c.measure_versions | {"imcoh": "0"}},
        "version 0 of the measure 'imcoh', and this program has version 1",
    ),
    (lambda c: {"familiarity": replace(c.familiarity, mean=(0.0,))}, "familiarity does not fit"),
    (lambda c: {"familiarity": replace(c.familiarity, limits=())}, "limits do not rise"),
    (lambda c: {"interval_by_size": ((64, 1.0), (32, 1.2))}, "interval_by_size do not rise"),
    (lambda c: {"interval_by_size": ((64, 0.0),)}, "interval_by_size is not positive"),
    (lambda c: {"normalisation": replace(c.normalisation, minimum_s=0.0)}, "baseline of 0 s"),
    (
        lambda c: {
            "normalisation": replace(c.normalisation, policy="adaptive", adaptive_tau_s=299.0)
        },
        "follows with 299 s",
    ),
    (lambda c: {"architecture": "approximate"}, "how far its contributions are to be believed"),
    (lambda c: {"agreement": Agreement(0.5, 0.5, "how")}, "additive, .* have no agreement"),
    (
        lambda c: {"architecture": "approximate", "agreement": Agreement(0.5, 1.5, "how")},
        "no correlation",
    ),
    (
        lambda c: {"architecture": "approximate", "agreement": Agreement(0.5, 0.5, "")},
        "how it was measured",
    ),
    (lambda c: {"context": ContextPolicy(tau_s=59.0)}, "context follows with 59 s"),
    (lambda c: {"context": ContextPolicy(every_s=0.2)}, "less than a second"),
    (lambda c: {"smoothing_s": -1.0}, "smoothing of -1 s"),
    (lambda c: {"information_delay_s": -1.0}, "information delay of -1 s"),
    (lambda c: {"min_channels": 1}, "1 to 512 channels"),
    (lambda c: {"max_channels": 2}, "3 to 2 channels"),
    (lambda c: {"min_sfreq": 5.0}, "lowest rate, 5 Hz"),
]


@pytest.mark.parametrize(("change", "said"), CONTRADICTIONS, ids=[c[1] for c in CONTRADICTIONS])
def test_parts_that_do_not_belong_together_are_refused(
    model: Model, change: Any, said: str
) -> None:
    model.card.check("a.onnx")
    with pytest.raises(ModelError, match=rf"a\.onnx cannot be used: .*{said}"):
        replace(model.card, **change(model.card)).check("a.onnx")


def test_adaptive_normalisation_over_five_minutes_is_fine(model: Model) -> None:
    slow = replace(model.card.normalisation, policy="adaptive", adaptive_tau_s=300.0)
    replace(model.card, normalisation=slow).check("a.onnx")


@given(st.sets(st.integers(1, 600), min_size=1), st.integers(1, 1000))
def test_a_table_by_size_gives_the_value_of_the_smallest_size_that_is_enough(
    sizes: set[int], n_channels: int
) -> None:
    table = tuple((size, size / 10.0) for size in sorted(sizes))
    enough = [size for size in sizes if size >= n_channels]
    assert by_size(table, n_channels) == min(enough, default=max(sizes)) / 10.0


REAL = {
    "protocol": "B",
    "ccc": {"value": 0.12, "low": 0.05, "high": 0.19},
    "people": 33,
    "simulated": False,
    "holds": True,
    "verdict": "connectivity",
}


def scored(card: ModelCard, **changed: Any) -> ModelCard:
    return replace(card, scores=card.scores | {"evaluation": REAL | changed})


def test_a_score_on_people_that_holds_validates_a_model_and_is_said_with_it(model: Model) -> None:
    card = scored(model.card)
    assert card.validated
    assert card.worth == "CCC 0.12 (0.05 to 0.19) under B on 33 people (real)"
    assert card.caveat == f"trained on simulation; {card.worth}"
    assert ModelCard.from_json(card.to_json(), "it").worth == card.worth


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"simulated": True}, "under B on 33 people (simulated)"),
        ({"holds": False, "verdict": "explained by muscle"}, "(real): explained by muscle"),
        ({"holds": False, "verdict": "power"}, "(real): does not hold"),
        ({"holds": False, "verdict": "inconclusive"}, "(real): inconclusive"),
        ({"ccc": {"value": 0.1, "low": -0.01, "high": 0.2}}, "CCC 0.10 (-0.01 to 0.20) under B"),
        ({"ccc": {"value": 0.1, "low": None, "high": None}}, "CCC 0.10 under B"),
        ({"ccc": None}, "no CCC under B"),
    ],
)
def test_a_score_that_does_not_hold_on_people_validates_nothing_but_is_said(
    model: Model, changed: dict[str, Any], said: str
) -> None:
    card = scored(model.card, **changed)
    assert not card.validated
    assert said in card.worth
    assert "not validated on people" in card.caveat


def test_the_model_that_ships_is_not_validated_and_claims_no_worth(model: Model) -> None:
    assert not model.card.validated
    assert model.card.worth == ""


def test_a_calibrated_model_says_that_it_was_scored_before(full: ModelCard) -> None:
    assert full.tied is not None
    assert full.tied.base
    assert scored(full).worth.endswith("before calibration")

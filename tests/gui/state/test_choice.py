"""What was chosen comes back as it was, and is what the service takes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtemotion.errors import RtemotionError
from rtemotion.gui.state.choice import Choice, options_from, texts_from
from rtemotion.options import read_profile, write_profile
from rtemotion.service.order import Order, read_options

words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
names = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=","), min_size=1)
places = st.one_of(
    st.fixed_dictionaries({"headset": st.sampled_from(["muse:1", "cap32:7"])}),
    st.fixed_dictionaries({"stream": words.filter(bool)}),
    st.fixed_dictionaries({"file": words.filter(bool)}),
    st.fixed_dictionaries({"board": words.filter(bool)}),
)
options = st.fixed_dictionaries(
    {},
    optional={
        "channels": st.lists(names.map(str.strip).filter(bool), min_size=1, max_size=4),
        "montage": names.map(str.strip).filter(bool),
        "reference": st.sampled_from(["average", "as recorded", "Cz"]),
        "unit": st.sampled_from(["uV", "µV", "V"]),
        "notch": st.one_of(st.sampled_from(["auto", "off"]), st.sampled_from([50.0, 60.0])),
        "sfreq": st.floats(1.0, 10_000.0),
        "markers": names.map(str.strip).filter(bool),
    },
)
choices = st.builds(
    Choice, place=places, options=options, model=words, baseline=words, republish=st.booleans()
)


@given(choices)
def test_a_choice_that_was_kept_comes_back_as_it_was(choice: Choice) -> None:
    assert Choice.from_json(choice.to_json()) == choice


@given(choices, words.filter(bool))
def test_a_file_to_record_to_is_not_kept(choice: Choice, file: str) -> None:
    assert Choice.from_json(replace(choice, record=file).to_json()) == choice


@pytest.mark.parametrize(
    "text",
    ["", "no json", "[]", "3", "null", "{}", '{"place": {}}', '{"place": 3, "options": {}}',
     '{"place": {"headset": "muse"}, "options": []}', '{"something": "else"}',
     '{"place": {"file": "a"}, "options": {}, "model": 3}',
     '{"place": {"file": "a"}, "options": {}, "republish": "yes"}'],
)  # fmt: skip
def test_what_is_nothing_of_ours_is_no_choice(text: str) -> None:
    assert Choice.from_json(text) is None


@given(st.recursive(st.none() | st.booleans() | st.integers() | words,
                    lambda inner: st.lists(inner) | st.dictionaries(words, inner)))  # fmt: skip
def test_no_text_that_was_kept_hinders_the_app(said: Any) -> None:
    assert Choice.from_json(json.dumps(said)) is None


@given(options)
def test_options_typed_in_are_those_that_were_shown(said: dict[str, Any]) -> None:
    assert options_from(texts_from(said)) == said


def test_a_name_that_ends_like_a_number_keeps_its_end() -> None:
    assert texts_from({"montage": ".0", "sfreq": 250.0}) == {"montage": ".0", "sfreq": "250"}


def test_empty_fields_say_nothing() -> None:
    assert options_from({"channels": " ", "notch": "", "unit": "  ", "sfreq": ""}) == {}


def test_numbers_and_lists_are_typed_as_people_type_them() -> None:
    typed = {"channels": " Fp1, Cz:C0 ,, EEG*", "notch": "50", "sfreq": " 512 ", "unit": " uV "}
    assert options_from(typed) == {
        "channels": ["Fp1", "Cz:C0", "EEG*"],
        "notch": 50.0,
        "sfreq": 512.0,
        "unit": "uV",
    }
    assert options_from({"notch": "off"}) == {"notch": "off"}


def test_the_service_understands_every_option_that_can_be_typed() -> None:
    typed = {
        "channels": "Cz, Pz",
        "montage": "biosemi32",
        "reference": "average",
        "unit": "uV",
        "notch": "60",
        "sfreq": "250",
        "markers": "type=Markers",
    }
    read = read_options(options_from(typed))
    assert read.channels == ("Cz", "Pz")
    assert read.sfreq == 250.0
    assert read.markers == "type=Markers"


def test_a_slip_of_the_pen_is_refused_in_words() -> None:
    with pytest.raises(RtemotionError, match="banana"):
        read_options(options_from({"notch": "banana"}))


def test_an_order_is_what_the_service_takes() -> None:
    choice = Choice(
        place={"stream": "name=cap"}, options={"unit": "uV"}, model="/m.onnx", baseline="0:70"
    )
    order = Order.read(choice.order())
    assert order.place.stream == "name=cap"
    assert order.model == Path("/m.onnx")
    assert order.baseline == "0:70"
    assert order.republish


@pytest.mark.parametrize("place", [{"headset": "muse:1"}, {"file": "a.edf"}])
def test_only_live_streams_are_published_again(place: dict[str, str]) -> None:
    assert not Order.read(Choice(place=place).order()).republish


def test_a_choice_is_named_in_words() -> None:
    assert Choice(place={"headset": "cap32:1"}).words == "simulated cap32:1"
    assert Choice(place={"file": "a.edf"}).words == "recording a.edf"
    assert Choice().words == "nothing chosen"


@given(options.filter(lambda said: "channels" in said or "unit" in said))
def test_a_profile_of_the_command_line_fills_the_fields_and_is_made_of_them(
    tmp_path_factory: pytest.TempPathFactory, said: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("profiles") / "mine.toml"
    typed = options_from(texts_from({k: v for k, v in said.items() if k in {"unit", "notch"}}))
    write_profile(path, read_options(typed))
    assert options_from(texts_from(read_profile(path))) == typed

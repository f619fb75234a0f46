from dataclasses import replace
from pathlib import Path

import pytest

from rtemotion import Setup
from rtemotion.cli.options import split
from rtemotion.errors import RtemotionError, SetupError
from rtemotion.options import Options
from rtemotion.place import Place


def gather(profile: Path | None = None, **given: object) -> Options:
    return Options.gather(profile, given)


def test_options_override_the_profile(tmp_path: Path) -> None:
    profile = tmp_path / "lab.toml"
    profile.write_text('channels = ["F*", "Cz"]\nmontage = "biosemi32"\nnotch = 50\n')
    options = gather(profile, montage="easycap-M1")
    assert options.montage == "easycap-M1"
    assert options.notch == 50.0
    assert options.setup().channels == ("F*", "Cz")


def test_channels_may_be_repeated_or_separated_by_commas() -> None:
    assert split(["Fz, Cz", "P3:Pz"]) == ("Fz", "Cz", "P3:Pz")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("montage = ", "not valid TOML"),
        ("colour = 1", "'colour' there is not"),
        ("reference = 5", "'reference'"),
        ('notch = "fifty"', "a line frequency in Hz, 'auto' or 'off'"),
        ("notch = -50", "cannot be -50"),
        ("notch = true", "cannot be True"),
        ('asr = "much"', "'asr'"),
        ("text = 3", "'text'"),
        ('unit = "abc"', "abc"),
    ],
)
def test_a_profile_that_does_not_fit_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    profile = tmp_path / "lab.toml"
    profile.write_text(text)
    with pytest.raises(RtemotionError, match=sentence):
        gather(profile)


def test_a_missing_profile_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="none.toml cannot be read"):
        gather(tmp_path / "none.toml")


@pytest.mark.parametrize(("said", "meant"), [("50", 50.0), ("auto", "auto"), ("off", "off")])
def test_the_notch_is_a_frequency_or_a_word(said: str, meant: object) -> None:
    assert gather(notch=said).setup().notch == meant


def test_what_is_not_said_stays_as_it_was() -> None:
    before = Setup(channels=("Cz",), reference="linked mastoids", asr=20.0)
    assert gather(montage="biosemi32").setup(before) == replace(before, montage="biosemi32")
    assert gather(channels=["Fz"]).setup(before).channels == ("Fz",)


def test_a_profile_may_describe_a_text_file(tmp_path: Path) -> None:
    profile = tmp_path / "lab.toml"
    profile.write_text('[text]\nsfreq = 100\nunit = "uV"\nchannels = {Cz = 0, Pz = 1}\n')
    layout = gather(profile).layout()
    assert layout is not None
    assert gather().layout() is None
    profile.write_text("[text]\nspeed = 100\n")
    with pytest.raises(SetupError, match="speed"):
        gather(profile).layout()


def test_only_one_headset_can_be_named() -> None:
    with pytest.raises(SetupError, match="--stream and --board were named"):
        Place(stream="a", board="synthetic").open(Options())
    with pytest.raises(SetupError, match="--duplicates cannot be 'both', expected one of refuse"):
        Place(duplicates="both").open(Options())

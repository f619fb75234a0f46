from pathlib import Path

import pytest

from rtemotion.cli.setup import Options
from rtemotion.errors import SetupError


def gather(profile: Path | None = None, **given: object) -> Options:
    order = ("channels", "montage", "reference", "unit", "notch")
    return Options.gather(profile, *(given.get(name) for name in order))  # type: ignore[arg-type]


def test_options_override_the_profile(tmp_path: Path) -> None:
    profile = tmp_path / "lab.toml"
    profile.write_text('channels = ["F*", "Cz"]\nmontage = "biosemi32"\nnotch = 50\n')
    options = gather(profile, montage="easycap-M1")
    assert options.montage == "easycap-M1"
    assert options.notch == 50.0
    assert options.setup().channels == ("F*", "Cz")


def test_channels_may_be_repeated_or_separated_by_commas() -> None:
    assert gather(channels=["Fz, Cz", "P3:Pz"]).channels == ("Fz", "Cz", "P3:Pz")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("montage = ", "not valid TOML"),
        ("colour = 1", "'colour' there is not"),
        ('reference = "nose"', "'reference'"),
        ('notch = "fifty"', "'notch'"),
    ],
)
def test_a_profile_that_does_not_fit_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    profile = tmp_path / "lab.toml"
    profile.write_text(text)
    with pytest.raises(SetupError, match=sentence):
        gather(profile)


def test_a_missing_profile_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="none.toml cannot be read"):
        gather(tmp_path / "none.toml")

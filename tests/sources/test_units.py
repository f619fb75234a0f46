import pytest

from rtemotion.errors import SourceError
from rtemotion.sources.units import to_volts_factor


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("microvolts", 1e-6),
        ("Microvolt", 1e-6),
        ("uV", 1e-6),
        ("UV", 1e-6),
        ("uv", 1e-6),
        ("\u00b5V", 1e-6),
        ("\u03bcV", 1e-6),
        ("\u00c2\u00b5V", 1e-6),
        ("mV", 1e-3),
        ("millivolts", 1e-3),
        ("V", 1.0),
        ("volts", 1.0),
        ("nV", 1e-9),
        ("-6", 1e-6),
        ("-3", 1e-3),
        ("0", 1.0),
        (" uV ", 1e-6),
    ],
)
def test_known_units(unit: str, factor: float) -> None:
    assert to_volts_factor(unit) == factor


@pytest.mark.parametrize("unit", ["", "MV", "mv", "xx", "g", "6", "n/a", "Ohm"])
def test_unknown_units_are_refused_with_a_remedy(unit: str) -> None:
    with pytest.raises(SourceError, match="--unit uV"):
        to_volts_factor(unit)

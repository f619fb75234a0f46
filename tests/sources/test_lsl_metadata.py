import numpy as np
import pytest

from rtemotion.errors import SourceError
from rtemotion.sources.lsl_metadata import describe_stream


def xml(channels: str, count: int, type_: str = "EEG", desc: str = "") -> str:
    return (
        f"<info><name>s</name><type>{type_}</type><channel_count>{count}</channel_count>"
        "<nominal_srate>256</nominal_srate><channel_format>float32</channel_format>"
        f"<source_id>i</source_id><hostname>h</hostname><desc>{desc}"
        f"<channels>{channels}</channels></desc></info>"
    )


def channel(label: str, unit: str = "uV", type_: str = "EEG", location: str = "") -> str:
    return (
        f"<channel><label>{label}</label><unit>{unit}</unit><type>{type_}</type>"
        f"<location>{location}</location></channel>"
    )


def test_a_muse_with_an_auxiliary_channel_called_eeg() -> None:
    names = ["TP9", "AF7", "AF8", "TP10", "AUX_RIGHT"]
    text = xml("".join(channel(n, "microvolts") for n in names), 5)
    described = describe_stream(text)
    assert described.info.kinds == ("eeg",) * 4 + ("misc",)
    assert described.info.channels == tuple(names)
    np.testing.assert_array_equal(described.factors, [1e-6] * 4 + [1.0])
    assert described.info.unit == "microvolts"
    assert not described.info.simulated


@pytest.mark.parametrize("scale", [1.0, 1000.0], ids=["metres", "millimetres"])
def test_locations_become_metres(scale: float) -> None:
    place = f"<X>{0.01 * scale}</X><Y>{-0.05 * scale}</Y><Z>{0.08 * scale}</Z>"
    zero = "<X>0</X><Y>0</Y><Z>0</Z>"
    text = xml(channel("Cz", location=place) + channel("Pz", location=zero) + channel("Oz"), 3)
    positions = describe_stream(text).info.positions
    np.testing.assert_allclose(positions[0], [0.01, -0.05, 0.08])
    assert np.isnan(positions[1:]).all()


def test_a_unit_given_stands_in_place_of_one_that_every_channel_states() -> None:
    text = xml(channel("Cz", "microvolts") + channel("Pz", "microvolts"), 2)
    np.testing.assert_array_equal(describe_stream(text, unit="V").factors, [1.0, 1.0])


def test_an_unknown_unit_is_refused_unless_given() -> None:
    text = xml(channel("Cz", "counts") + channel("Pz", "mV") + channel("ECG", "", "ECG"), 3)
    with pytest.raises(SourceError, match="channel Cz .*'counts'.*--unit uV"):
        describe_stream(text)
    described = describe_stream(text, unit="uV")
    np.testing.assert_array_equal(described.factors, [1e-6, 1e-3, 1e-6])


def test_labels_that_do_not_fit_are_not_used() -> None:
    info = describe_stream(xml(channel("Cz") + channel("Pz"), 3), unit="uV").info
    assert info.channels == ("1", "2", "3")


def test_simulated_is_only_what_says_true() -> None:
    for said, expected in (("true", True), ("false", False), ("1", False)):
        text = xml(channel("Cz"), 1, desc=f"<simulated>{said}</simulated>")
        assert describe_stream(text).info.simulated is expected


def test_what_is_not_xml_is_refused() -> None:
    with pytest.raises(SourceError, match="not XML"):
        describe_stream("<info><name>")


def test_what_else_the_conventions_hold_is_read() -> None:
    cz = channel("Cz").replace("</channel>", "<impedance>4.5</impedance></channel>")
    unknown = channel("Oz").replace("</channel>", "<impedance>-1</impedance></channel>")
    desc = (
        "<reference><label></label><common_average>Yes</common_average></reference>"
        "<cap><name>EasyCap</name><size>56</size></cap>"
        "<acquisition><manufacturer>BrainWare</manufacturer></acquisition>"
    )
    described = describe_stream(xml(cz + channel("Pz") + unknown, 3, desc=desc))
    np.testing.assert_array_equal(described.impedances, [4500.0, np.nan, np.nan])
    assert described.info.reference == "average"
    assert (described.cap, described.manufacturer) == ("EasyCap", "BrainWare")


def test_what_is_not_said_is_empty() -> None:
    described = describe_stream(xml(channel("Cz"), 1))
    assert np.isnan(described.impedances).all()
    assert (described.cap, described.manufacturer) == ("", "")
    assert described.info.reference == "as recorded"


def test_a_rate_given_stands_in_place_of_the_one_stated_or_none() -> None:
    text = xml(channel("Cz"), 1)
    assert describe_stream(text, sfreq=250.0).info.sfreq == 250.0
    irregular = text.replace("<nominal_srate>256", "<nominal_srate>0")
    assert describe_stream(irregular, sfreq=250.0).info.sfreq == 250.0
    with pytest.raises(SourceError, match="no sampling rate .*--sfreq"):
        describe_stream(irregular)

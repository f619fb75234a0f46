import mne
import numpy as np
import pytest

from rtemotion.errors import SetupError
from rtemotion.simulators import HEADSETS, get_headset, headset_from_labels


@pytest.mark.parametrize(
    ("name", "channels", "rate"),
    [("muse", 4, 256), ("epoc", 14, 128), ("cap32", 32, 250), ("cap64", 64, 250)],
)
def test_headsets_have_their_channels_and_rate(name, channels, rate):
    headset = get_headset(name)
    assert len(set(headset.channels)) == len(headset.channels) == channels
    assert headset.sfreq == rate


@pytest.mark.parametrize("name", HEADSETS)
def test_positions_are_those_mne_sets(name):
    headset = HEADSETS[name]
    info = mne.create_info(list(headset.channels), headset.sfreq, "eeg")
    info.set_montage("colin27_1020")
    expected = np.array([channel["loc"][:3] for channel in info["chs"]])
    np.testing.assert_array_equal(headset.positions(), expected)


def test_an_unknown_headset_is_refused_with_the_list():
    with pytest.raises(SetupError, match="muse, epoc, cap32, cap64"):
        get_headset("crown")


def test_a_headset_can_be_made_of_labels():
    headset = headset_from_labels(["Cz", "Oz"], sfreq=200.0)
    assert headset.positions().shape == (2, 3)
    assert headset.sfreq == 200.0


@pytest.mark.parametrize("labels", [["Cz", "XX9"], ["Cz", "Cz"], []])
def test_labels_that_make_no_headset_are_refused(labels):
    with pytest.raises(SetupError):
        headset_from_labels(labels)


def test_a_rate_that_is_none_is_refused():
    with pytest.raises(SetupError, match="sampling rate"):
        headset_from_labels(["Cz"], sfreq=0.0)

import mne
import numpy as np
import pytest

from rtemotion.errors import SetupError
from rtemotion.simulators import (
    HEADSETS,
    Artifacts,
    Brain,
    Subject,
    get_headset,
    headset_from_labels,
    headset_from_montage,
    headset_from_positions,
)
from rtemotion.simulators.head import standard_head
from rtemotion.simulators.montages import STANDARD, labels_of, positions_of


@pytest.mark.parametrize(
    ("name", "channels", "rate"),
    [
        ("muse", 4, 256),
        ("epoc", 14, 128),
        ("openbci16", 16, 125),
        ("cap32", 32, 250),
        ("cap64", 64, 250),
        ("net128", 128, 250),
    ],
)
def test_headsets_have_their_channels_and_rate(name, channels, rate):
    headset = get_headset(name)
    assert len(set(headset.channels)) == len(headset.channels) == channels
    assert headset.sfreq == rate


@pytest.mark.parametrize("name", [name for name in HEADSETS if name != "net128"])
def test_positions_are_those_mne_sets(name):
    headset = HEADSETS[name]
    info = mne.create_info(list(headset.channels), headset.sfreq, "eeg")
    info.set_montage("colin27_1020")
    expected = np.array([channel["loc"][:3] for channel in info["chs"]])
    np.testing.assert_array_equal(headset.positions(), expected)


def test_the_net_covers_the_simulated_scalp():
    head = standard_head()
    offset = HEADSETS["net128"].positions() - head.center
    distance = np.linalg.norm(offset, axis=1) / head.radius
    assert 0.75 < distance.min() < distance.max() < 1.25
    assert abs(np.sqrt((distance**2).mean()) - 1) < 0.02
    # Both halves of the face and the back of the head have electrodes of their own.
    assert offset[:, 0].min() < -0.07 < 0.07 < offset[:, 0].max()
    assert offset[:, 1].min() < -0.07 < 0.07 < offset[:, 1].max()


@pytest.mark.parametrize("name", ["biosemi64", "GSN-HydroCel-129", "easycap-M1", "colin27_1005"])
def test_any_montage_of_mne_lands_on_the_10_20_places(name):
    headset = headset_from_montage(name)
    shared = [label for label in headset.channels if label in labels_of(STANDARD)]
    ours = headset_from_montage(name, shared).positions()
    apart = np.linalg.norm(ours - positions_of(STANDARD, tuple(shared)), axis=1)
    assert apart.mean() < 0.015
    assert headset.sfreq == 250.0


@pytest.mark.parametrize("name", mne.channels.get_builtin_montages())
def test_every_montage_of_mne_can_be_worn(name):
    headset = headset_from_montage(name)
    positions = headset.positions()
    assert positions.shape == (len(headset.channels), 3)
    assert np.linalg.norm(positions - standard_head().center, axis=1).max() < 0.14


def test_a_montage_file_and_some_of_its_labels_make_a_headset(tmp_path):
    path = tmp_path / "mine.sfp"
    places = 100 * HEADSETS["cap32"].positions()
    lines = ["FidNz 0 9.5 0", "FidT9 -8 0 0", "FidT10 8 0 0"]
    for label, (x, y, z) in zip(HEADSETS["cap32"].channels, places, strict=True):
        lines.append(f"{label} {x:.6f} {y:.6f} {z:.6f}")
    path.write_text("\n".join(lines) + "\n")
    headset = headset_from_montage(path, ["Oz", "Cz"], sfreq=200.0)
    assert (headset.name, headset.channels, headset.sfreq) == ("mine", ("Oz", "Cz"), 200.0)
    worn = dict(zip(HEADSETS["cap32"].channels, HEADSETS["cap32"].positions(), strict=True))
    expected = [worn["Oz"], worn["Cz"]]
    assert np.linalg.norm(headset.positions() - expected, axis=1).max() < 0.015


def test_electrodes_can_be_put_anywhere():
    places = HEADSETS["epoc"].positions()[:3]
    headset = headset_from_positions(["a", "b", "c"], places, sfreq=300.0)
    np.testing.assert_array_equal(headset.positions(), places)
    chunk, _ = Brain(Subject.draw(1), headset, artifacts=Artifacts.none()).read(300)
    worn, _ = Brain(Subject.draw(1), "epoc", sfreq=300.0, artifacts=Artifacts.none()).read(300)
    np.testing.assert_allclose(chunk.data, worn.data[:, :3], atol=1e-12)


def test_an_unknown_headset_is_refused_with_the_list():
    with pytest.raises(SetupError, match="muse, epoc, openbci16, cap32, cap64, net128"):
        get_headset("crown")


def test_a_headset_can_be_made_of_labels():
    headset = headset_from_labels(["Cz", "Oz"], sfreq=200.0)
    assert headset.positions().shape == (2, 3)
    assert headset.sfreq == 200.0


@pytest.mark.parametrize("labels", [["Cz", "XX9"], ["Cz", "Cz"], []])
def test_labels_that_make_no_headset_are_refused(labels):
    with pytest.raises(SetupError):
        headset_from_labels(labels)


def test_montages_that_cannot_be_had_are_refused_with_a_remedy(tmp_path):
    with pytest.raises(SetupError, match="colin27_1005"):
        headset_from_montage("biosemi65")
    broken = tmp_path / "broken.sfp"
    broken.write_text("no montage at all")
    with pytest.raises(SetupError, match=r"broken\.sfp is no montage"):
        headset_from_montage(broken)
    with pytest.raises(SetupError, match="E999 in GSN-HydroCel-128"):
        headset_from_montage("GSN-HydroCel-128", ["E999"])


@pytest.mark.parametrize("places", [[[0.0, 0.0, 90.0]], [[np.nan, 0.0, 0.1]], [[0.0, 0.1]]])
def test_positions_that_are_no_metres_are_refused(places):
    with pytest.raises(SetupError, match="in metres"):
        headset_from_positions(["Cz"], np.array(places))


def test_a_rate_that_is_none_is_refused():
    with pytest.raises(SetupError, match="sampling rate"):
        headset_from_labels(["Cz"], sfreq=0.0)

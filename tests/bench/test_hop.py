"""The comparison with mne-connectivity takes the same segments on both sides."""

import importlib.util
from itertools import islice

import numpy as np
import pytest

from rtemotion.bench.hop import MEASURES, SFREQ, Ours, Pace, Peer, segments
from rtemotion.bench.signals import endless
from rtemotion.features import FeatureSchema


@pytest.fixture
def ours() -> Ours:
    return Ours(5, FeatureSchema(measures=MEASURES))


def test_the_windows_are_full_from_the_start_and_end_where_the_frame_does(ours: Ours) -> None:
    assert ours.frame.full
    ours.step()
    for group in ours.schema.realise(SFREQ):
        found = segments(ours, ours.frame, group)
        assert found.shape == (group.n_segments, 5, group.segment)
        assert found.base is None
        np.testing.assert_array_equal(
            found[-1].T, ours.data[ours.frame.index - group.segment : ours.frame.index]
        )


def test_segments_are_found_after_the_recording_has_begun_again(ours: Ours) -> None:
    hop = ours.schema.hop_samples(SFREQ)
    period = len(ours.data) // hop * hop
    while ours.frame.index < period + hop:
        ours.step()
    stream = np.concatenate(
        [chunk.data for chunk in islice(endless(ours.data, SFREQ, hop), ours.frame.index // hop)]
    )
    group = ours.schema.realise(SFREQ)[0]
    np.testing.assert_array_equal(
        segments(ours, ours.frame, group)[-1].T, stream[-group.segment :]
    )


@pytest.mark.skipif(
    importlib.util.find_spec("mne_connectivity") is None, reason="needs mne-connectivity"
)
def test_both_find_the_same_and_a_difference_would_be_noticed(ours: Ours) -> None:
    from mne_connectivity import spectral_connectivity_epochs

    peer = Peer(spectral_connectivity_epochs, ours)
    ours.step()
    assert peer.step() > 0.0
    assert 0.0 < peer.largest_difference < 1e-10
    ours.data *= np.linspace(1.0, 2.0, len(ours.data))[:, None]
    peer.step()
    assert peer.largest_difference > 1e-6


def test_a_pace_does_not_make_up_for_ticks_it_missed() -> None:
    pace = Pace(0.0)
    pace()
    before = pace._due
    pace()
    assert pace._due > before

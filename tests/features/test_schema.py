"""The schema, in seconds and Hz, realised in samples."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from rtemotion.features import Band, FeatureSchema

SCHEMA = FeatureSchema()
NAMES = [band.name for band in SCHEMA.bands]


@pytest.mark.parametrize(
    ("sfreq", "samples"),
    [(100.0, 25), (128.0, 32), (250.0, 62), (256.0, 64), (500.0, 125), (1000.0, 250)],
)
def test_the_hop_is_a_quarter_of_a_second_rounded_down(sfreq: float, samples: int) -> None:
    assert SCHEMA.hop_samples(sfreq) == samples
    assert SCHEMA.hop_seconds(sfreq) == samples / sfreq


def test_the_hop_is_never_nothing_and_rounding_of_floats_costs_no_sample() -> None:
    assert FeatureSchema(hop=0.001).hop_samples(100.0) == 1
    assert FeatureSchema(hop=0.29).hop_samples(100.0) == 29


def test_connectivity_is_computed_in_theta_and_above() -> None:
    assert [NAMES[i] for i in SCHEMA.connectivity_bands] == NAMES[1:]


@pytest.mark.parametrize(
    ("sfreq", "segments"), [(128.0, (13, 25)), (250.0, (13, 25)), (250.9, (13, 25))]
)
def test_segments_fill_the_window_one_every_hop(sfreq: float, segments: tuple[int, int]) -> None:
    short, long = SCHEMA.realise(sfreq)
    assert (short.n_segments, long.n_segments) == segments
    assert (short.segment, long.segment) == (round(sfreq), round(2 * sfreq))
    for group, window in ((short, 4.0), (long, 8.0)):
        hop = SCHEMA.hop_samples(sfreq)
        true = (group.segment + (group.n_segments - 1) * hop) / sfreq
        assert true == pytest.approx(window, abs=hop / sfreq / 2 + 0.01)


def test_the_true_window_follows_from_the_hop_in_samples() -> None:
    assert SCHEMA.longest_window(128.0) == 256 + 24 * 32 == 8 * 128
    assert SCHEMA.longest_window(250.0) == 500 + 24 * 62 == 1988


def test_segments_that_lie_a_lag_apart_do_not_overlap() -> None:
    for sfreq in (100.0, 128.0, 250.0, 1000.0):
        hop = SCHEMA.hop_samples(sfreq)
        for group in SCHEMA.realise(sfreq):
            assert group.lag * hop >= group.segment
            assert (group.lag - 1) * hop < group.segment


def test_bands_of_one_segment_and_window_share_their_spectra() -> None:
    short, long = SCHEMA.realise(250.0)
    assert [NAMES[i] for i in short.bands] == ["delta", "alpha", "beta", "gamma"]
    assert [NAMES[i] for i in long.bands] == ["theta"]


def test_both_edges_belong_to_a_band() -> None:
    short, long = SCHEMA.realise(250.0)
    assert (short.first_bin, short.last_bin, short.n_bins) == (1, 45, 45)
    assert [start + 1 for start, _ in short.bins] == [1, 8, 13, 30]
    assert [stop for _, stop in short.bins] == [4, 13, 30, 45]
    assert (long.first_bin, long.last_bin, long.bins) == (8, 16, ((0, 9),))


@pytest.mark.parametrize("sfreq", [100.0, 128.0, 250.0])
def test_the_windows_are_full_after_as_many_hops_as_it_says(sfreq: float) -> None:
    hop = SCHEMA.hop_samples(sfreq)
    hops = SCHEMA.frames_to_fill(sfreq)
    assert hops * hop >= SCHEMA.longest_window(sfreq) > (hops - 1) * hop


@pytest.mark.parametrize(
    ("sfreq", "left"),
    [(128.0, NAMES), (112.5, NAMES), (112.0, NAMES[:-1]), (75.0, NAMES[:-1]), (40.0, NAMES[:3])],
)
def test_bands_above_four_tenths_of_the_rate_are_left_out(sfreq: float, left: list[str]) -> None:
    assert [NAMES[i] for i in SCHEMA.usable(sfreq)] == left
    said = SCHEMA.warn_if_unreliable(sfreq)
    out = set(NAMES) - set(left)
    assert {name for name in NAMES if any(f"The {name} band" in s for s in said)} == out


def test_a_rate_that_carries_no_band_leaves_nothing_to_fill() -> None:
    assert SCHEMA.realise(8.0) == ()
    assert SCHEMA.frames_to_fill(8.0) == 1
    assert SCHEMA.longest_window(8.0) == SCHEMA.hop_samples(8.0)


def test_the_defaults_draw_no_warning() -> None:
    assert SCHEMA.warn_if_unreliable(250.0) == []


def test_too_few_cycles_in_a_segment_draw_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    schema = FeatureSchema(bands=(Band("theta", 4.0, 8.0, segment=0.75, window=4.0),))
    with caplog.at_level(logging.WARNING):
        (said,) = schema.warn_if_unreliable(250.0)
    assert "theta" in said
    assert "3.0 cycles" in said
    assert caplog.messages == [said]


def test_too_few_segments_for_lagged_measures_draw_a_warning() -> None:
    short = FeatureSchema(bands=(Band("alpha", 8.0, 13.0, segment=1.0, window=2.0),))
    assert "too few segments (5)" in short.warn_if_unreliable(128.0)[0]
    few = FeatureSchema(bands=(Band("alpha", 8.0, 13.0, segment=1.0, window=2.25),))
    assert "2.2 segments of 1 s that do not overlap" in few.warn_if_unreliable(128.0)[0]
    enough = FeatureSchema(bands=(Band("alpha", 8.0, 13.0, segment=1.0, window=2.5),))
    assert enough.warn_if_unreliable(128.0) == []


def test_power_alone_draws_neither_warning() -> None:
    band = Band("delta", 1.0, 4.0, segment=1.0, window=1.0, connectivity=False)
    assert FeatureSchema(bands=(band,)).warn_if_unreliable(128.0) == []


def test_a_band_between_two_fourier_bins_is_refused() -> None:
    schema = FeatureSchema(bands=(Band("narrow", 10.2, 10.8, segment=1.0),))
    with pytest.raises(ValueError, match=r"'narrow' \(10.2-10.8 Hz\).*longer segment"):
        schema.realise(250.0)


def test_bins_at_odd_rates_lie_inside_their_bands() -> None:
    for sfreq in (125.0, 250.5, 299.99, 333.0):
        for group in SCHEMA.realise(sfreq):
            frequencies = np.fft.rfftfreq(group.segment, 1 / sfreq)[group.first_bin :]
            for index, (start, stop) in zip(group.bands, group.bins, strict=True):
                band = SCHEMA.bands[index]
                assert band.low - 1e-6 <= frequencies[start]
                assert frequencies[stop - 1] <= band.high + 1e-6

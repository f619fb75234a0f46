"""The values of a frame against slow, plain computations and another toolbox."""

from __future__ import annotations

from pathlib import Path

import mne
import numpy as np
import pytest
from scipy import signal

from rtemotion.features import Band, FeatureSchema
from rtemotion.signal import FloatArray

from .signals import (
    HOP,
    QUICK,
    SFREQ,
    chunk_of,
    coupled,
    frames_of,
    inside,
    run,
    segments_of,
    spectra_of,
    stage_of,
)

ALPHA = FeatureSchema(bands=(Band("alpha", 8.0, 13.0),))
PAIR = FeatureSchema(bands=(Band("alpha", 8.0, 13.0), Band("beta", 13.0, 30.0)))


def power_of(data: FloatArray, end: int, band: Band, sfreq: float, hop: int) -> FloatArray:
    length = round(band.segment * sfreq)
    count = round((band.window - band.segment) * sfreq / hop) + 1
    segments = segments_of(data, end, length, count, hop)
    taper = np.hanning(length)
    frequencies, density = signal.periodogram(
        segments, sfreq, window=taper, detrend="constant", scaling="density"
    )
    keep = (frequencies >= band.low) & (frequencies <= band.high)
    return density[:, :, keep].mean(axis=(0, 2))


def wpli2_lagged(spectra: np.ndarray, lag: int) -> FloatArray:
    """Return the double sum over pairs of segments at least `lag` apart, (pairs, bins)."""
    low, high = np.triu_indices(spectra.shape[1], k=1)
    imag = (spectra[:, low] * spectra[:, high].conj()).imag
    top, bottom = np.zeros(imag.shape[1:]), np.zeros(imag.shape[1:])
    for k in range(len(imag)):
        for other in range(len(imag)):
            if abs(k - other) >= lag:
                top += imag[k] * imag[other]
                bottom += np.abs(imag[k] * imag[other])
    return top / bottom


@pytest.mark.parametrize("sfreq", [128.0, 250.0])
def test_power_is_the_one_sided_density_of_windowed_segments_without_their_means(
    sfreq: float,
) -> None:
    data = coupled(round(9.5 * sfreq), 3) + [0.1, -0.02, 0.0]
    frame = frames_of(data, FeatureSchema(), sfreq)[-1]
    hop = FeatureSchema().hop_samples(sfreq)
    for row, band in enumerate(FeatureSchema().bands):
        expected = power_of(data, frame.index, band, sfreq, hop)
        np.testing.assert_allclose(frame.power[row], expected, rtol=1e-10)


def test_white_noise_has_the_same_density_at_any_rate() -> None:
    density = (10e-6) ** 2 / 100.0
    rng = np.random.default_rng(2)
    for sfreq in (128.0, 250.0, 512.0):
        data = rng.normal(0.0, np.sqrt(density * sfreq / 2), (round(60 * sfreq), 4))
        frames = [frame for frame in frames_of(data, FeatureSchema(), sfreq) if frame.full]
        mean = np.mean([frame.power for frame in frames], axis=(0, 2))
        np.testing.assert_allclose(mean, density, rtol=0.12)


def test_the_spectrum_is_what_band_power_is_the_mean_of() -> None:
    frames = frames_of(coupled(round(9.5 * SFREQ), 3), FeatureSchema())
    assert np.isnan(frames[0].spectrum).all()
    frequencies = FeatureSchema().spectrum_frequencies(SFREQ)
    np.testing.assert_allclose(frequencies, np.arange(1.0, 46.0))
    assert frames[-1].spectrum.shape == (3, 45)
    for row, band in enumerate(FeatureSchema().bands):
        if band.segment == 1.0:
            inside_band = (frequencies >= band.low) & (frequencies <= band.high)
            mean = frames[-1].spectrum[:, inside_band].mean(axis=1)
            np.testing.assert_allclose(frames[-1].power[row], mean, rtol=1e-12)


def test_the_edges_of_a_band_belong_to_it() -> None:
    times = np.arange(6 * 128) / SFREQ
    schema = FeatureSchema(bands=(Band("alpha", 8.0, 13.0), Band("beta", 13.0, 30.0)))
    for frequency, rows in ((8.0, [0]), (13.0, [0, 1]), (30.0, [1])):
        data = 1e-5 * np.sin(2 * np.pi * frequency * times)[:, None] * [1.0, 1.0]
        power = frames_of(data, schema)[-1].power[:, 0]
        for row in (0, 1):
            if row in rows:
                assert power[row] > 1e-12
        outside = [row for row in (0, 1) if row not in rows]
        assert all(power[row] < 0.2 * power[rows[0]] for row in outside)


def test_lagged_wpli_of_a_real_recording_equals_its_double_sum(recordings: Path) -> None:
    raw = mne.io.read_raw_eeglab(
        recordings / "eeglab-samples" / "eeglab_data.set", preload=True, verbose="ERROR"
    )
    sfreq = raw.info["sfreq"]
    data = np.ascontiguousarray(raw.get_data()[:8, : round(20 * sfreq)].T)
    schema = FeatureSchema()
    hop = schema.hop_samples(sfreq)
    frame = frames_of(data, schema, sfreq)[-1]
    for row, index in enumerate(schema.connectivity_bands):
        band = schema.bands[index]
        length = round(band.segment * sfreq)
        count = round((band.window - band.segment) * sfreq / hop) + 1
        segments = segments_of(data, frame.index, length, count, hop)
        found = wpli2_lagged(
            spectra_of(segments)[:, :, inside(band, length, sfreq)], -(-length // hop)
        )
        np.testing.assert_allclose(
            frame.connectivity[1, row], found.mean(axis=1), rtol=0, atol=1e-10
        )


def test_a_leader_makes_imaginary_coherence_positive() -> None:
    times = np.arange(6 * 128) / SFREQ
    rng = np.random.default_rng(0)
    wave = np.sin(2 * np.pi * 10 * times)
    later = np.sin(2 * np.pi * 10 * (times - 0.02))
    data = 1e-5 * np.stack([wave, later], axis=1) + rng.normal(0, 1e-6, (len(times), 2))
    frame = frames_of(data, ALPHA)[-1]
    assert frame.pairs.tolist() == [[0, 1]]
    assert frame.connectivity[0, 0, 0] > 0.3
    turned = frames_of(data[:, ::-1], ALPHA)[-1]
    assert turned.connectivity[0, 0, 0] == pytest.approx(-frame.connectivity[0, 0, 0])


def test_a_source_seen_by_both_at_once_makes_none() -> None:
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 1e-5, (6 * 128, 1))
    frame = frames_of(shared * [1.0, 0.5], ALPHA)[-1]
    assert abs(frame.connectivity[0, 0, 0]) < 1e-10


def test_lagged_wpli_equals_its_double_sum_in_every_frame() -> None:
    data = coupled(round(7 * SFREQ), 4)
    for frame in frames_of(data, PAIR):
        if not frame.full:
            continue
        spectra = spectra_of(segments_of(data, frame.index, 128, 13))
        for row, band in enumerate(PAIR.bands):
            expected = wpli2_lagged(spectra[:, :, inside(band, 128)], lag=4).mean(axis=1)
            np.testing.assert_allclose(frame.connectivity[1, row], expected, rtol=0, atol=1e-10)


def test_lagged_wpli_of_independent_noise_is_unbiased_where_the_usual_one_is_not() -> None:
    rng = np.random.default_rng(4)
    data = rng.normal(0.0, 1e-5, (120 * 128, 6))
    schema = FeatureSchema(bands=(Band("beta", 13.0, 30.0),))
    lagged, usual = [], []
    for frame in frames_of(data, schema)[15::8]:
        lagged.append(frame.connectivity[1, 0])
        spectra = spectra_of(segments_of(data, frame.index, 128, 13))
        spectra = spectra[:, :, inside(schema.bands[0], 128)]
        usual.append(wpli2_lagged(spectra, lag=1).mean(axis=1))
    assert abs(np.mean(lagged)) < 0.015
    assert np.mean(usual) > 0.05


def test_masked_segments_count_for_neither_the_channel_nor_its_pairs() -> None:
    data = coupled(6 * 128, 3)
    holed = data.copy()
    holed[400, 1] = np.nan
    holed[420:440, 2] = np.nan
    frame = frames_of(holed, ALPHA)[-1]
    segments = segments_of(np.nan_to_num(holed), frame.index, 128, 13)
    ends = frame.index - HOP * (12 - np.arange(13))
    valid = np.stack([~np.isnan(holed[end - 128 : end]).any(axis=0) for end in ends])
    assert valid.sum(axis=0).tolist() == frame.segments[0].tolist() == [13, 9, 9]
    spectra = spectra_of(segments)[:, :, inside(ALPHA.bands[0], 128)] * valid[:, :, None]
    for k, (i, j) in enumerate(frame.pairs):
        shared = valid[:, i] & valid[:, j]
        first, second = spectra[shared, i], spectra[shared, j]
        power = (np.abs(first) ** 2).sum(axis=0) * (np.abs(second) ** 2).sum(axis=0)
        expected = ((first * second.conj()).imag.sum(axis=0) / np.sqrt(power)).mean()
        assert frame.connectivity[0, 0, k] == pytest.approx(expected, abs=1e-10)
    lagged = wpli2_lagged(spectra, lag=4).mean(axis=1)
    np.testing.assert_allclose(frame.connectivity[1, 0], lagged, rtol=0, atol=1e-10)


def test_too_few_segments_leave_lagged_wpli_unknown_and_the_rest_known() -> None:
    schema = FeatureSchema(bands=(Band("alpha", 8.0, 13.0, segment=1.0, window=1.5),))
    frame = frames_of(coupled(4 * 128, 3), schema)[-1]
    assert frame.full
    assert np.isnan(frame.connectivity[1]).all()
    assert np.isfinite(frame.connectivity[0]).all()
    assert np.isfinite(frame.power).all()


def test_a_channel_without_any_signal_has_no_connectivity_and_hurts_no_other() -> None:
    data = coupled(4 * 128, 3)
    expected = frames_of(data)[-1]
    data[:, 2] = 0.0
    frame = frames_of(data)[-1]
    assert (frame.power[:, 2] == 0.0).all()
    assert np.isnan(frame.connectivity[:, :, 1:]).all()
    np.testing.assert_array_equal(frame.connectivity[:, :, 0], expected.connectivity[:, :, 0])


def test_one_channel_alone_has_power_and_no_pairs() -> None:
    frame = frames_of(coupled(4 * 128, 1))[-1]
    assert frame.connectivity.shape == (2, 2, 0)
    assert frame.pairs.shape == (0, 2)
    assert np.isfinite(frame.power).all()


def test_bands_without_connectivity_have_power_and_nothing_to_pair() -> None:
    schema = FeatureSchema(bands=(Band("delta", 1.0, 4.0, connectivity=False),))
    frame = frames_of(coupled(6 * 128, 3), schema)[-1]
    assert frame.connectivity.shape == (2, 0, 3)
    assert np.isfinite(frame.power).all()


def test_permuted_channels_give_permuted_frames_with_turned_signs() -> None:
    data = coupled(5 * 128, 4)
    order = np.array([2, 0, 3, 1])
    frame, turned = frames_of(data)[-1], frames_of(data[:, order])[-1]
    np.testing.assert_allclose(turned.power, frame.power[:, order], rtol=1e-12)
    where = {(int(i), int(j)): k for k, (i, j) in enumerate(frame.pairs)}
    for k, (i, j) in enumerate(order[turned.pairs]):
        sign = 1.0 if i < j else -1.0
        original = frame.connectivity[:, :, where[min(i, j), max(i, j)]]
        found = turned.connectivity[:, :, k]
        np.testing.assert_allclose(found[0], sign * original[0], rtol=0, atol=1e-12)
        np.testing.assert_allclose(found[1], original[1], rtol=0, atol=1e-12)


def test_bands_the_rate_cannot_carry_are_nan() -> None:
    frame = run(stage_of(2, FeatureSchema(), 100.0), [chunk_of(coupled(900, 2), sfreq=100.0)])[-1]
    assert frame.full
    assert np.isnan(frame.power[4]).all()
    assert np.isnan(frame.connectivity[:, 3]).all()
    assert np.isfinite(frame.power[:4]).all()
    assert frame.segments[:, 0].tolist() == [13, 25, 13, 13, 0]


def test_the_quick_schema_of_these_tests_is_reliable() -> None:
    assert QUICK.warn_if_unreliable(SFREQ) == []
    assert QUICK.hop_samples(SFREQ) == HOP

"""Every measure against other toolboxes, on the same segments."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mne_connectivity
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from rtemotion.errors import SetupError
from rtemotion.features import Band, FeatureSchema
from rtemotion.features.batch import connectivity
from rtemotion.features.measures import MEASURES
from rtemotion.features.sums import REFRESH_EVERY
from rtemotion.signal import FloatArray

from .signals import HOP, SFREQ, coupled, frames_of, inside, segments_of, spectra_of

SCHEMA = FeatureSchema(
    bands=(Band("alpha", 8.0, 13.0), Band("beta", 13.0, 30.0, segment=0.5, window=3.0)),
    measures=tuple(MEASURES),
)
BY_MNE = ("coh", "imcoh", "plv", "ciplv", "pli", "wpli", "wpli2_debiased")


def by_mne(name: str, segments: FloatArray, band: Band, sfreq: float = SFREQ) -> FloatArray:
    """Return the mean over the band's bins, pairs i < j, by mne-connectivity."""
    found = mne_connectivity.spectral_connectivity_epochs(
        segments,
        method=name,
        indices=np.triu_indices(segments.shape[1], k=1),
        mode="fourier",
        sfreq=sfreq,
        fmin=band.low,
        fmax=band.high,
        faverage=True,
        verbose="ERROR",
    )
    return found.get_data()[:, 0]


def envelope_correlation(spectra: np.ndarray) -> FloatArray:
    """Return the signed pairwise orthogonalised correlation, (pairs, bins), by the same."""
    low, high = np.triu_indices(spectra.shape[1], k=1)
    bins = []
    for k in range(spectra.shape[2]):
        found = mne_connectivity.envelope_correlation(
            spectra[None, :, :, k].transpose(0, 2, 1),
            orthogonalize="pairwise",
            log=False,
            absolute=False,
            verbose="ERROR",
        )
        matrix = found.get_data("dense")[0, :, :, 0]
        bins.append(matrix[low, high])
    return np.stack(bins, axis=1)


@pytest.mark.parametrize("n_channels", [2, 5, 6])
@pytest.mark.parametrize("name", BY_MNE)
def test_frames_hold_what_mne_connectivity_gives(name: str, n_channels: int) -> None:
    # Past a refresh of the sums, so that both kinds of sum are seen.
    frames = frames_of(coupled((REFRESH_EVERY + 20) * HOP, n_channels), SCHEMA)
    row = SCHEMA.measures.index(name)
    for frame in (frames[40], frames[REFRESH_EVERY + 2], frames[-1]):
        for column, band in enumerate(SCHEMA.bands):
            length = round(band.segment * SFREQ)
            count = round((band.window - band.segment) * SFREQ / HOP) + 1
            segments = segments_of(frames_data(n_channels), frame.index, length, count)
            expected = by_mne(name, segments, band)
            found = frame.connectivity[row, column]
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
            assert np.abs(expected).max() > 0.05


def frames_data(n_channels: int) -> FloatArray:
    return coupled((REFRESH_EVERY + 20) * HOP, n_channels)


def test_a_real_recording_gives_what_mne_connectivity_gives(recordings: Path) -> None:
    import mne

    raw = mne.io.read_raw_eeglab(
        recordings / "eeglab-samples" / "eeglab_data.set", preload=True, verbose="ERROR"
    )
    sfreq = raw.info["sfreq"]
    data = np.ascontiguousarray(raw.get_data()[:8, : round(20 * sfreq)].T)
    schema = FeatureSchema(measures=BY_MNE)
    hop = schema.hop_samples(sfreq)
    frame = frames_of(data, schema, sfreq)[-1]
    for column, index in enumerate(schema.connectivity_bands):
        band = schema.bands[index]
        length = round(band.segment * sfreq)
        count = round((band.window - band.segment) * sfreq / hop) + 1
        segments = segments_of(data, frame.index, length, count, hop)
        for row, name in enumerate(BY_MNE):
            expected = by_mne(name, segments, band, sfreq)
            found = frame.connectivity[row, column]
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_envelope_correlation_is_the_signed_pairwise_orthogonalised_one() -> None:
    data = frames_data(5)
    frame = frames_of(data, SCHEMA)[-1]
    band = SCHEMA.bands[0]
    spectra = spectra_of(segments_of(data, frame.index, 128, 13))[:, :, inside(band, 128)]
    expected = envelope_correlation(spectra)
    found = connectivity(spectra, ["aec"])[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    row = SCHEMA.measures.index("aec")
    np.testing.assert_allclose(frame.connectivity[row, 0], expected.mean(axis=1), atol=1e-10)


class TestAgainstDyconnmap:
    """Values published with another toolbox, from the samples of analytic signals."""

    @pytest.fixture
    def folder(self, recordings: Path) -> Path:
        return recordings / "ref-dyconnmap"

    @pytest.fixture
    def eeg(self, folder: Path) -> FloatArray:
        return np.load(folder / "eeg_32chans_10secs.npy").astype(np.float64)

    @staticmethod
    def delta(eeg: FloatArray) -> FloatArray:
        b, a = signal.butter(3, [1.0 / 64.0, 4.0 / 64.0], btype="band")
        return np.asarray(signal.filtfilt(b, a, eeg, axis=-1))

    @staticmethod
    def found(name: str, filtered: FloatArray) -> FloatArray:
        samples = signal.hilbert(filtered, axis=-1).T[:, :, None]
        return connectivity(samples, [name])[0, :, 0]

    def test_phase_locking(self, eeg: FloatArray, folder: Path) -> None:
        expected = np.load(folder / "plv_avg.npy")[np.triu_indices(14, 1)]
        np.testing.assert_allclose(self.found("plv", eeg), expected, rtol=0, atol=1e-7)

    def test_phase_lag_index(self, eeg: FloatArray, folder: Path) -> None:
        expected = np.load(folder / "pli_avg.npy")[np.triu_indices(14, 1)]
        found = self.found("pli", self.delta(eeg))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)

    def test_imaginary_phase_locking(self, eeg: FloatArray, folder: Path) -> None:
        expected = np.load(folder / "iplv_avg.npy")[np.triu_indices(14, 1)]
        found = self.found("iplv", self.delta(eeg))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)

    def test_coherence(self, eeg: FloatArray, folder: Path) -> None:
        filtered = self.delta(eeg)
        starts = range(0, filtered.shape[1] - 255, 128)
        segments = np.stack([filtered[:, s : s + 256] * np.hanning(256) for s in starts])
        coherence = connectivity(np.fft.rfft(segments, axis=-1), ["coh"])[0]
        expected = np.load(folder / "coherence.npy")[np.triu_indices(14, 1)]
        np.testing.assert_allclose((coherence**2).mean(axis=1), expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.75, 0.875])
def test_lagged_wpli_of_independent_noise_is_unbiased_at_any_overlap(overlap: float) -> None:
    step = round(128 * (1 - overlap))
    schema = FeatureSchema(
        bands=(Band("beta", 13.0, 30.0),), hop=step / SFREQ, measures=("wpli2_lagged",)
    )
    rng = np.random.default_rng(8)
    data = rng.normal(0.0, 1e-5, (round(400 * SFREQ), 6))
    frames = [frame for frame in frames_of(data, schema) if frame.full]
    every = frames[:: max(1, round(4 * SFREQ / step))]
    assert abs(np.mean([frame.connectivity for frame in every])) < 0.015


@pytest.mark.parametrize("name", MEASURES)
def test_a_masked_segment_is_as_if_the_pair_had_not_been_measured_then(name: str) -> None:
    rng = np.random.default_rng(1)
    spectra = rng.standard_normal((30, 5, 4)) + 1j * rng.standard_normal((30, 5, 4))
    holed = spectra.copy()
    holed[[3, 4, 20], 1] = np.nan
    holed[[4, 11], 3, 2] = np.inf
    found = connectivity(holed, [name], lag=3)[0]
    for k, (i, j) in enumerate(np.argwhere(np.triu(np.ones((5, 5)), 1))):
        valid = np.isfinite(holed[:, [i, j]]).all(axis=(1, 2))
        alone = np.where(valid[:, None, None], spectra[:, [i, j]], np.nan)
        expected = connectivity(alone, [name], lag=3)[0, 0]
        np.testing.assert_allclose(found[k], expected, rtol=1e-10, atol=1e-12)


@settings(deadline=None, max_examples=20)
@given(data=st.data(), n=st.integers(2, 9))
def test_channel_order_does_not_matter(data: st.DataObject, n: int) -> None:
    order = np.array(data.draw(st.permutations(range(n))))
    rng = np.random.default_rng(n)
    spectra = rng.standard_normal((12, n, 2)) + 1j * rng.standard_normal((12, n, 2))
    names = list(MEASURES)
    before = connectivity(spectra, names, lag=2)
    after = connectivity(spectra[:, order], names, lag=2)
    place = {pair: k for k, pair in enumerate(zip(*np.triu_indices(n, 1), strict=True))}
    for k, (i, j) in enumerate(zip(*np.triu_indices(n, 1), strict=True)):
        a, b = order[i], order[j]
        original = before[:, place[min(a, b), max(a, b)]].copy()
        if a > b:
            original[names.index("imcoh")] *= -1.0
        np.testing.assert_allclose(after[:, k], original, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", MEASURES)
def test_a_giant_segment_that_has_left_leaves_nothing_behind(name: str) -> None:
    schema = replace(SCHEMA, measures=(name,))
    data = coupled(30 * 128, 4)
    spoilt = data.copy()
    spoilt[1000:1100, 1] += 0.187
    spoilt[1000:1100, 2] += 1e-3
    after = (1100 + schema.longest_window(SFREQ)) // HOP + 1
    clean, found = frames_of(data, schema)[after:], frames_of(spoilt, schema)[after:]
    assert len(found) > 20
    for before, frame in zip(clean, found, strict=True):
        np.testing.assert_allclose(frame.connectivity, before.connectivity, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", MEASURES)
def test_a_window_with_too_few_good_segments_has_no_value_rather_than_rounding(name: str) -> None:
    # Every frame is NaN or what its window alone gives, while a channel comes and goes.
    schema = replace(SCHEMA, measures=(name,))
    data = coupled(60 * HOP, 3)
    data[20 * HOP : 26 * HOP, 1] = np.nan
    data[33 * HOP, 1] = np.nan
    unknown = 0
    for frame in (f for f in frames_of(data, schema) if f.full):
        for column, band in enumerate(schema.bands):
            length = round(band.segment * SFREQ)
            count = round((band.window - band.segment) * SFREQ / HOP) + 1
            segments = segments_of(data, frame.index, length, count)
            valid = np.isfinite(segments).all(axis=2)
            spectra = np.where(valid[:, :, None], spectra_of(np.nan_to_num(segments)), np.nan)
            spectra = spectra[:, :, inside(band, length)]
            expected = connectivity(spectra, [name], lag=-(-length // HOP))[0].mean(axis=1)
            found = frame.connectivity[0, column]
            shared = np.array([(valid[:, i] & valid[:, j]).sum() for i, j in frame.pairs])
            few = shared < 0.5 * count
            assert np.isnan(found[few]).all()
            np.testing.assert_allclose(found[~few], expected[~few], rtol=1e-9, atol=1e-9)
            unknown += few.sum()
    assert unknown > 10


def test_channels_with_the_same_signal_have_no_lagged_connectivity() -> None:
    # A bridge between electrodes must not show as a coupling out of rounding errors.
    rng = np.random.default_rng(2)
    one = rng.standard_normal((20, 1, 3)) + 1j * rng.standard_normal((20, 1, 3))
    names = ("imcoh", "ciplv", "pli", "wpli", "wpli2_debiased", "wpli2_lagged", "aec")
    for value in connectivity(np.concatenate([one, one], axis=1), names, lag=2):
        assert (np.isnan(value) | (np.abs(value) < 1e-6)).all()


def test_what_is_no_set_of_spectra_is_refused() -> None:
    with pytest.raises(SetupError, match="segments, channels, bins"):
        connectivity(np.ones((3, 4)), ["coh"])
    with pytest.raises(SetupError, match="positive lag"):
        connectivity(np.ones((3, 4, 1)), ["coh"], lag=0)


def test_measures_that_a_single_source_can_raise_say_so() -> None:
    assert {name for name, measure in MEASURES.items() if measure.leaks} == {"coh", "plv"}

"""The compiled kernel gives the numbers that NumPy gives, to the bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtemotion.features import Band, FeatureSchema, compiled
from rtemotion.features.bands import BandMeans
from rtemotion.features.measures import MEASURES
from rtemotion.features.sums import REFRESH_EVERY
from rtemotion.signal import FloatArray, identical

from .signals import HOP, coupled, frames_of

needs_kernel = pytest.mark.skipif(
    compiled.kernel is None, reason="no compiler was at hand when this was installed"
)
SCHEMA = FeatureSchema(
    bands=(
        Band("delta", 1.0, 4.0, connectivity=False),
        Band("theta", 4.0, 8.0, segment=1.0, window=3.0),
        Band("alpha", 8.0, 13.0),
        Band("beta", 13.0, 30.0),
    ),
    measures=tuple(MEASURES),
)


@needs_kernel
@pytest.mark.parametrize("n_channels", [1, 2, 3, 8, 33])
def test_every_frame_is_the_same_without_it(
    n_channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Past a refresh, with a channel masked for a while and a giant that leaves the window.
    data = coupled((REFRESH_EVERY + 30) * HOP, n_channels)
    data[900:960, 0] = np.nan
    data[1500:1540, n_channels // 2] += 0.187
    fast = frames_of(data, SCHEMA)
    monkeypatch.setattr(compiled, "kernel", None)
    slow = frames_of(data, SCHEMA)
    assert all(map(identical, fast, slow))


@needs_kernel
@pytest.mark.parametrize("name", compiled.MEASURES)
def test_a_measure_alone_is_the_same_without_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = replace(SCHEMA, measures=(name,))
    data = coupled(30 * HOP, 6)
    fast = frames_of(data, schema)
    monkeypatch.setattr(compiled, "kernel", None)
    assert all(map(identical, fast, frames_of(data, schema)))


@needs_kernel
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(n_bins=st.integers(1, 40), n=st.integers(0, 20), data=st.data())
def test_means_over_bins_are_the_same_without_it(
    n_bins: int, n: int, data: st.DataObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    edges = st.integers(0, n_bins - 1).flatmap(
        lambda start: st.tuples(st.just(start), st.integers(start + 1, n_bins))
    )
    bands = data.draw(st.lists(edges, max_size=5))
    values = np.random.default_rng(n).standard_normal((n, n_bins))
    values[::7] = np.nan
    fast = BandMeans(bands)(values)
    with monkeypatch.context() as patch:
        patch.setattr(compiled, "kernel", None)
        slow = BandMeans(bands)(values)
    assert identical(fast, slow)
    for row, (start, stop) in enumerate(bands):
        np.testing.assert_allclose(fast[row], values[:, start:stop].mean(axis=1), rtol=1e-12)


@needs_kernel
class TestArraysThatDoNotFit:
    """They are refused, and nothing is written beyond their ends."""

    sizes = (4, 3)
    segment = np.ones((2, 6, 3))
    edges = np.array([[0, 3]])

    def total(self) -> FloatArray:
        return np.zeros((2, 12))

    def sums(self, imaginary: FloatArray | None = None) -> list[FloatArray | None]:
        return [None, self.total() if imaginary is None else imaginary, *[None] * 9]

    def enter(self, segment: FloatArray | None, sums: list[FloatArray | None]) -> None:
        compiled.kernel.enter(*self.sizes, segment, True, *sums)  # type: ignore[union-attr]

    def turn(
        self,
        segments: list[FloatArray | None],
        sums: list[FloatArray | None],
        shifts: tuple[int, int] = (0, 2),
    ) -> None:
        compiled.kernel.turn(*self.sizes, *shifts, *segments, *sums)  # type: ignore[union-attr]

    def test_a_short_segment(self) -> None:
        with pytest.raises(ValueError, match="expected 36 doubles"):
            self.enter(np.ones((2, 5, 3)), self.sums())
        with pytest.raises(ValueError, match="expected 36 doubles"):
            self.turn([None, np.ones((2, 5, 3)), None, None], self.sums())

    def test_single_precision(self) -> None:
        sums = self.sums(np.zeros((4, 12), np.float32))  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="items of 4"):
            self.enter(self.segment, sums)

    def test_an_array_that_is_missing(self) -> None:
        with pytest.raises(ValueError, match="missing"):
            self.enter(None, self.sums())
        with pytest.raises(ValueError, match="missing"):
            self.turn([None, None, self.segment, None], self.sums())
        without_early = [*[None] * 5, self.total(), None, self.total(), *[None] * 3]
        with pytest.raises(ValueError, match="missing"):
            self.enter(self.segment, without_early)
        with pytest.raises(ValueError, match="missing"):
            self.turn([self.segment, None, None, None], without_early)

    def test_a_short_sum(self) -> None:
        with pytest.raises(ValueError, match="expected 24 doubles, got 176 bytes"):
            self.enter(self.segment, self.sums(np.zeros((2, 11))))

    def test_a_sum_that_cannot_be_written(self) -> None:
        total = self.total()
        total.flags.writeable = False
        with pytest.raises((ValueError, BufferError)):
            self.enter(self.segment, self.sums(total))

    def test_shifts_beyond_the_last(self) -> None:
        for shifts in ((0, 3), (-1, 1), (2, 1)):
            with pytest.raises(ValueError, match="no such shift"):
                self.turn([None, self.segment, None, None], self.sums(), shifts)

    def test_a_band_beyond_the_bins(self) -> None:
        out = np.zeros((1, 8))
        for edges in ([[0, 4]], [[-1, 2]], [[2, 2]]):
            with pytest.raises(ValueError, match="outside the bins"):
                compiled.kernel.band_means(  # type: ignore[union-attr]
                    8, 3, np.ones((8, 3)), np.array(edges), out
                )

    def test_sizes_that_are_none(self) -> None:
        nothing = np.empty(0)
        for sizes in ((4, 0), (-1, 3), (4, -3), (2**40, 2**40)):
            with pytest.raises(ValueError, match="channels or bins"):
                compiled.kernel.enter(  # type: ignore[union-attr]
                    *sizes, nothing, False, *[None] * 11
                )
            with pytest.raises(ValueError, match="channels or bins"):
                compiled.kernel.measure(  # type: ignore[union-attr]
                    4, *sizes, nothing, nothing, None, None, self.edges, nothing
                )

    def test_bins_that_are_none(self) -> None:
        arrays = (np.ones((4, 3), complex), None, np.ones((2, 6, 3)), *np.ones((2, 4, 3)))
        for start, stop in ((-1, 2), (2, 1), (0, 4)):
            with pytest.raises(ValueError, match="no such bins"):
                compiled.kernel.take_in(4, 3, start, stop, 1e3, *arrays)  # type: ignore[union-attr]
        with pytest.raises(ValueError, match="expected 24 doubles"):
            compiled.kernel.take_in(4, 3, 0, 2, 1e3, *arrays)  # type: ignore[union-attr]

    def test_slots_and_shifts_that_are_none(self) -> None:
        spectra, sums = np.ones((3, 2, 6, 3)), (None, self.total(), *[None] * 9)
        for shift, lag, slots in ((2, 1, [0]), (-1, 1, [0]), (0, 0, [0])):
            with pytest.raises(ValueError, match="no such shift"):
                compiled.kernel.count_anew(  # type: ignore[union-attr]
                    *self.sizes, shift, lag, spectra, np.array(slots), *sums
                )
        for slots in ([3], [-1]):
            with pytest.raises(ValueError, match="no such slot"):
                compiled.kernel.count_anew(  # type: ignore[union-attr]
                    *self.sizes, 0, 1, spectra, np.array(slots), *sums
                )

    def test_a_measure_without_its_sums(self) -> None:
        out = np.zeros((1, 8))
        for kind, a, b, inverse in (
            (0, self.total(), None, None),
            (2, self.total(), None, None),
            (9, self.total(), self.total(), np.ones((6, 3))),
            (4, None, None, None),
        ):
            with pytest.raises(ValueError, match="no such measure"):
                compiled.kernel.measure(  # type: ignore[union-attr]
                    kind, *self.sizes, a, b, None, inverse, self.edges, out
                )

"""Of thousands of edges the strongest are chosen, always the same ones."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rtemotion.gui.state.strongest import strongest

few_different = st.lists(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 2.0, np.nan, np.inf]))


@given(few_different, st.integers(0, 12), st.booleans())
def test_the_choice_is_that_of_a_stable_sort(
    values: list[float], count: int, signed: bool
) -> None:
    def strength(index: int) -> float:
        return abs(values[index]) if signed else values[index]

    known = [k for k in range(len(values)) if not np.isnan(values[k])]
    expected = sorted(known, key=lambda k: -strength(k))[:count]
    assert strongest(np.array(values, dtype=float), count, signed).tolist() == expected


def test_far_from_zero_is_strong_only_for_what_has_a_sign() -> None:
    values = np.array([0.1, -0.9, 0.3])
    assert strongest(values, 1, signed=True).tolist() == [1]
    assert strongest(values, 1, signed=False).tolist() == [2]

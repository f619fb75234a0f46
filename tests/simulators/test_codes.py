from collections import Counter

import numpy as np

from rtemotion.simulators.codes import (
    BANDS,
    COUPLINGS,
    EMOTIONS,
    RHYTHM_ANCHORS,
    SCALINGS,
    rhythm_table,
)


def test_every_band_matches_every_anchor_once():
    for band in BANDS:
        used = [a for c in COUPLINGS if c.band == band for a in (c.source, c.target)]
        assert sorted(used) == sorted(RHYTHM_ANCHORS)


def test_every_emotion_has_three_pairs_in_three_bands_and_four_rhythms():
    assert Counter(c.emotion for c in COUPLINGS) == dict.fromkeys(EMOTIONS, 3)
    assert Counter(s.emotion for s in SCALINGS) == dict.fromkeys(EMOTIONS, 4)
    assert len({(c.emotion, c.band) for c in COUPLINGS}) == 24


def test_no_two_emotions_share_a_pair_or_a_rhythm():
    assert len({(c.band, frozenset((c.source, c.target))) for c in COUPLINGS}) == 24
    assert len({(s.band, s.anchor) for s in SCALINGS}) == 32


def test_arrays_say_what_the_tables_say():
    table = rhythm_table()
    assert len(table.anchor) == len(table.band) == 48
    assert table.band[:24] == table.band[24:] == tuple(c.band for c in COUPLINGS)
    np.testing.assert_array_equal(table.scale.sum(axis=0), 4)
    assert table.scale.sum(axis=1).max() == 1

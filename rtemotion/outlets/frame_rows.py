"""A frame as one row of numbers, for a recording: what a replay is compared with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from ..signal import EmotionFrame, FloatArray, Publication, Reason

REASONS = tuple(sorted(Reason.ALL))
ESTIMATES = ("mean", "std", "lower", "upper")
# What is the same in every replay, before and after the estimates.
BEFORE = ("index", "time", "newest")
AFTER = ("quality", "reasons", "contributions")
# Facts of one run, which comparisons leave out.
FACTS = ("sample_age", "late", "published")


def frame_labels(targets: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the numbers in a row."""
    estimates = (f"{target}_{what}" for what in ESTIMATES for target in targets)
    return (*BEFORE, *estimates, *AFTER, *FACTS)


def comparable(frame: EmotionFrame) -> FloatArray:
    """Return what must be the same in every replay, shape (6 + 4 * n_emotions,).

    Reasons are bits in the order of `REASONS`, the contributions of channels and
    pairs a 48-bit digest of their bytes.
    """
    bits = sum(1 << i for i, reason in enumerate(REASONS) if reason in frame.reasons)
    bytes_ = frame.node_contribution.tobytes() + frame.edge_contribution.tobytes()
    digest = int.from_bytes(hashlib.blake2b(bytes_, digest_size=6).digest(), "big")
    index = np.nan if frame.index is None else frame.index
    return np.concatenate(
        [
            [index, frame.time, frame.newest],
            *(getattr(frame, what) for what in ESTIMATES),
            [frame.quality, bits, digest],
        ]
    )


def frame_row(publication: Publication) -> FloatArray:
    """Return the whole row, in the order of `frame_labels`."""
    facts = [publication.sample_age, float(publication.late), publication.published]
    return np.concatenate([comparable(publication.frame), facts])

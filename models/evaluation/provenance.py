"""Which recordings a model was made from: marks in its card, known again in any data set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...decoding.card import ModelCard
from ...signal import Chunk, Source

if TYPE_CHECKING:
    from ..datasets import Dataset, LabelledRecording

# Among what a card says of its provenance.
RECORDINGS, DATA = "recordings", "data"
# Samples that tell a recording from any other, once something has begun to move in it.
_SAMPLES = 1000


def said_of(dataset: Dataset) -> dict[str, Any]:
    """Return what a model that is made from a data set says of it among its provenance.

    Parameters
    ----------
    dataset : Dataset
        Its recordings are opened, and their first seconds read.
    """
    return {DATA: dataset.name, RECORDINGS: sorted(mark_of(one) for one in dataset)}


def learnt_from(card: ModelCard, dataset: Dataset) -> tuple[LabelledRecording, ...]:
    """Return the recordings of a data set that a model was made from."""
    marks = card.provenance.get(RECORDINGS)
    if not isinstance(marks, list) or not marks:
        return ()
    return tuple(one for one in dataset if mark_of(one) in marks)


def origin_known(card: ModelCard) -> bool:
    """Tell whether it can be told which recordings of people a model was made from.

    One that is trained on simulation and calibrated to nobody was made from none.
    """
    if isinstance(card.provenance.get(RECORDINGS), list):
        return True
    calibrated = card.tied is not None and bool(card.tied.base)
    return card.trained_on == "simulation" and not calibrated


def mark_of(recording: LabelledRecording) -> str:
    """Return what tells a recording from any other, whatever it is called: a hash of its start."""
    return mark_of_source(recording.open())


def mark_of_source(source: Source) -> str:
    """Return the same of a source, which is closed."""
    try:
        return _mark(source, source.info.channels, source.info.sfreq)
    finally:
        source.close()


def with_mark(card: ModelCard, mark: str) -> dict[str, Any]:
    """Return the provenance of a model that learns from one more recording.

    Where it cannot be told what the model has learnt from so far, one more tells nothing.
    """
    if not origin_known(card):
        return dict(card.provenance)
    return card.provenance | {RECORDINGS: sorted({*card.provenance.get(RECORDINGS, []), mark})}


def _mark(source: Source, channels: Iterable[str], sfreq: float) -> str:
    found = hashlib.sha256(f"{','.join(channels)} {sfreq:.6g}".encode())
    wanted = _SAMPLES
    first: np.ndarray | None = None
    for item in source:
        if not isinstance(item, Chunk) or not len(item):
            continue
        data = np.ascontiguousarray(item.data, dtype=np.float64)
        if first is None:
            first = data[0]
        if wanted == _SAMPLES:
            # Many recordings begin with nothing, and would all look the same.
            moved = np.flatnonzero((data != first).any(axis=1))
            if not len(moved):
                continue
            data = data[moved[0] :]
        found.update(data[:wanted].tobytes())
        wanted -= min(wanted, len(data))
        if not wanted:
            break
    return found.hexdigest()[:16]

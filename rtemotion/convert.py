"""From our types to pandas and MNE, for whoever goes on with the numbers elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .columns import Columns
from .errors import SourceError
from .features.schema import FeatureSchema
from .signal import Chunk, EmotionFrame, FeatureFrame, Publication, StreamInfo

if TYPE_CHECKING:
    import mne
    import pandas as pd


def frames_to_pandas(frames: Iterable[EmotionFrame], targets: Sequence[str]) -> pd.DataFrame:
    """Return one row a frame, with the columns of a result table.

    Parameters
    ----------
    frames : iterable of EmotionFrame
        What `decode` yields.
    targets : sequence of str
        ``model.card.target_names``.
    """
    import pandas as pd

    kept = list(frames)
    columns = Columns.of(targets, kept[0].model if kept else "")
    rows = [columns.row(Publication(frame, np.nan, False, np.nan)) for frame in kept]
    table = pd.DataFrame(rows, columns=list(columns.names))
    return table.drop(columns=["sample_age", "late", "published"])


def features_to_pandas(
    frames: Iterable[FeatureFrame], schema: FeatureSchema, channels: Sequence[str]
) -> pd.DataFrame:
    """Return one row a frame and feature: measure, band, channel or pair, value.

    Parameters
    ----------
    frames : iterable of FeatureFrame
        What the feature stage yields.
    schema : FeatureSchema
        What the frames hold.
    channels : sequence of str
        Names of the channels, in order.
    """
    import pandas as pd

    bands = [band.name for band in schema.bands]
    edges = [bands[i] for i in schema.connectivity_bands]
    parts = []
    for frame in frames:
        pairs = [f"{channels[i]}-{channels[j]}" for i, j in frame.pairs.tolist()]
        parts += [_long(frame, "power", bands, list(channels), frame.power)]
        for name, values in zip(schema.measures, frame.connectivity, strict=True):
            parts.append(_long(frame, name, edges, pairs, values))
    return pd.concat(parts, ignore_index=True)


def _long(
    frame: FeatureFrame, measure: str, bands: list[str], where: list[str], values: np.ndarray
) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "index": frame.index,
            "time": frame.time,
            "measure": measure,
            "band": np.repeat(bands, len(where)),
            "where": np.tile(where, len(bands)),
            "value": values.ravel(),
        }
    )


def to_raw(info: StreamInfo, chunks: Iterable[Chunk]) -> mne.io.RawArray:
    """Return consecutive chunks as an MNE recording in volts.

    Raises
    ------
    SourceError
        When samples are missing between two chunks.
    """
    import mne

    parts: list[np.ndarray] = []
    expected: int | None = None
    for chunk in chunks:
        if expected is not None and chunk.first_sample != expected:
            raise SourceError(
                f"{chunk.first_sample - expected} samples are missing before sample "
                f"{chunk.first_sample}; convert the parts on either side one by one."
            )
        parts.append(chunk.data)
        expected = chunk.stop
    data = np.concatenate(parts) if parts else np.empty((0, info.n_channels))
    return mne.io.RawArray(data.T, info.to_mne(), verbose="ERROR")

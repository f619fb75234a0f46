"""The stage that takes the channels asked for and leaves the signal as it is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..signal import Chunk, Event, Item, Kind
from .channels import ChannelPlan


class PickStage:
    """Chunks of a source in, the same samples of the picked channels out, gaps told.

    Parameters
    ----------
    plan : ChannelPlan
        Channels to use.

    Attributes
    ----------
    info : StreamInfo
        The stream that leaves.
    """

    def __init__(self, plan: ChannelPlan) -> None:
        self.info = plan.info
        self._columns = np.array(plan.indices)

    def reset(self) -> None:
        """Nothing is remembered."""

    def process(self, item: Item) -> Iterator[Item]:
        """Yield the chunk's picked columns, and pass on anything else."""
        if not isinstance(item, Chunk):
            yield item
            return
        if item.missing_before:
            payload = {"missing": item.missing_before}
            yield Event(item.first_sample, float(item.times[0]), Kind.GAP, payload)
        yield Chunk(
            item.data[:, self._columns],
            item.first_sample,
            item.times,
            item.flags[:, self._columns],
            item.missing_before,
        )

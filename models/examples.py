"""Records as the network sees them: features against one reference, and the context then."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..decoding.card import PopulationReference
from ..decoding.context import ContextPolicy
from ..features import FeatureSchema
from .references import contexts_of, without_baseline
from .simulated import Record


@dataclass(frozen=True)
class Example:
    """One record ready for the network, tensors on one device.

    Attributes
    ----------
    power : tensor, shape (n_frames, n_bands, n_channels)
        Half precision, as in `Record`.
    connectivity : tensor, shape (n_frames, n_measures, n_bands, n_pairs)
        Half precision.
    pairs, positions, mask : tensor
        As `Model.run` takes them.
    contexts : tensor, shape (n_contexts, n_context, n_channels)
        The slow contexts of the recording, one after the other.
    starts : tuple of int
        The frame each context holds from, and the number of frames.
    truth : tensor, shape (n_frames, n_targets)
        The emotions.
    """

    power: Tensor
    connectivity: Tensor
    pairs: Tensor
    positions: Tensor
    mask: Tensor
    contexts: Tensor
    starts: tuple[int, ...]
    truth: Tensor

    def spans(self) -> list[slice]:
        """Return the frames of each context."""
        return [slice(a, b) for a, b in zip(self.starts, self.starts[1:], strict=False)]

    def which(self) -> Tensor:
        """Return the number of each frame's context, shape (n_frames,)."""
        spans = self.spans()
        lengths = torch.tensor([span.stop - span.start for span in spans])
        return torch.repeat_interleave(torch.arange(len(spans)), lengths)

    def without(self, dropped: Tensor) -> Example:
        """Return the example with channels masked, indices (n,), as bad electrodes would be."""
        mask = self.mask.clone()
        mask[dropped] = 0.0
        return replace(self, mask=mask)


def example(
    record: Record,
    population: PopulationReference,
    policy: ContextPolicy | None = None,
    schema: FeatureSchema | None = None,
    own_baseline: bool = True,
    device: str = "cpu",
) -> Example:
    """Set a record against the person's baseline, or against the population's reference."""
    if not own_baseline:
        record = without_baseline(record, population)
    contexts, starts = contexts_of(record, population, policy, schema or FeatureSchema())

    def tensor(values: NDArray[np.generic]) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(values), device=device)

    return Example(
        power=tensor(record.power),
        connectivity=tensor(record.connectivity),
        pairs=tensor(record.pairs),
        positions=tensor(record.positions),
        mask=tensor(record.mask),
        contexts=tensor(contexts.astype(np.float32)),
        starts=starts,
        truth=tensor(record.truth),
    )

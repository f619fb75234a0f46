"""Learning from recordings without labels: power that is hidden, told from the other channels.

A third of the electrodes is masked; from what the others do the mixing encoder is to tell
their band power (masked reconstruction; for EEG: Chien et al. 2022, arXiv 2211.02625). What it
has learnt is where training with labels begins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import RtemotionError, SetupError, SourceError
from ...signal import FloatArray
from ..datasets.cache import default_folder, kept, read_rows
from ..datasets.dataset import LabelledRecording
from ..datasets.rows import Preparation
from ..network import EmotionNetwork
from .encoder import FOLDS, PIECE, Layout

log = logging.getLogger(__name__)

_HIDDEN = 1.0 / 3.0
_BATCH, _RATE, _DECAY = 64, 2e-3, 0.05
_SUFFIXES = frozenset({".edf", ".bdf", ".gdf", ".fif", ".vhdr", ".set", ".xdf"})
# Fewer rows than this teach nothing.
_FEWEST = 200


@dataclass(frozen=True, eq=False)
class Pretrained:
    """An encoder that has learnt from recordings without labels.

    Attributes
    ----------
    start : dict of tensor
        Its weights.
    before, after : float
        Error of hidden power in rows that were not learnt from, 1 for their mean.
    recordings, rows : int
        How much was learnt from.
    """

    start: dict[str, Tensor]
    before: float
    after: float
    recordings: int
    rows: int


def unlabelled(
    folder: Path,
    names: tuple[str, ...],
    how: Preparation,
    cache: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[NDArray[np.float32]]:
    """Return the features of all recordings in a folder that have certain channels.

    Parameters
    ----------
    folder : Path
        Searched with all folders in it.
    names : tuple of str
        Channels, in the order of the features; recordings that lack one are left out.
    how, cache, progress
        See `datasets.scale.table_at_scale`.

    Returns
    -------
    list of array, shape (n_rows, n_features)

    Raises
    ------
    SourceError
        If there is no recording with these channels.
    """
    from ...sources.recording import open_recording

    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES)
    place = (default_folder() if cache is None else cache).resolve()
    found: list[NDArray[np.float32]] = []
    for done, path in enumerate(files):
        one = LabelledRecording(path.stem, "", path.stem, partial(open_recording, path), tuple)
        try:
            found.append(read_rows(kept(one, names, how, place).path).features())
        except (RtemotionError, KeyError) as problem:
            log.warning("Nothing is learnt from %s: %s", path, problem)
        progress(done + 1, len(files))
    if not found:
        raise SourceError(
            f"{folder} holds no recording with the channels {', '.join(names)}, expected EDF, "
            "BDF, GDF, FIF, BrainVision, EEGLAB or XDF files to learn from without labels."
        )
    return found


def pretrain(
    recordings: Sequence[NDArray[np.floating]], layout: Layout, epochs: int = 20, seed: int = 0
) -> Pretrained:
    """Learn from rows without labels.

    Parameters
    ----------
    recordings : sequence of array, shape (n_rows, n_features)
        Features as decoding has them, NaN where unknown.
    layout : Layout
        What the features are.
    epochs : int
        Passes over the rows.
    seed : int

    Raises
    ------
    SetupError
        If there are too few rows.
    """
    x = np.concatenate(recordings).astype(np.float64)
    if len(x) < _FEWEST:
        raise SetupError(
            f"There are {len(x)} windows without labels to learn from, at least {_FEWEST} are "
            "needed; add recordings to --pretrain."
        )
    z = _standardised(x)
    rows = np.arange(len(z))
    # Neighbouring rows share signal: pieces are held out, not rows.
    held = (rows // PIECE) % FOLDS == 0
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = EmotionNetwork(layout.shape(1, "approximate"))
    head = nn.Linear(network.shape.width, network.shape.n_bands)
    both = [*network.encoder.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(both, lr=_RATE, weight_decay=_DECAY)
    before = _held_error(network, head, layout, z[held])
    for epoch in range(epochs):
        order = rng.permutation(rows[~held])
        for some in np.array_split(order, max(1, len(order) // _BATCH)):
            optimiser.zero_grad()
            loss = _error(network, head, layout, z[np.sort(some)], rng)
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(both, 1.0)
            optimiser.step()
        log.info("pre-training, epoch %d: error of hidden power %.3f", epoch, float(loss.detach()))
    after = _held_error(network, head, layout, z[held])
    start = {name: value.detach().clone() for name, value in network.encoder.state_dict().items()}
    return Pretrained(start, before, after, len(recordings), int((~held).sum()))


def _standardised(x: FloatArray) -> FloatArray:
    known = np.isfinite(x)
    x = np.where(known, x, 0.0)
    mean, scale = x.mean(axis=0), x.std(axis=0)
    z: FloatArray = np.where(known, (x - mean) / np.where(scale > 1e-12, scale, 1.0), 0.0)
    return z


def _error(
    network: EmotionNetwork,
    head: nn.Module,
    layout: Layout,
    z: FloatArray,
    rng: np.random.Generator,
) -> Tensor:
    """Return how far hidden power is off, squared, in units of its variance."""
    example = layout.example(z, np.zeros((len(z), 1)))
    n = len(example.mask)
    hidden = torch.as_tensor(rng.choice(n, max(1, round(_HIDDEN * n)), replace=False))
    mask = example.mask.clone()
    mask[hidden] = 0.0
    contexts = example.contexts.expand(len(z), -1, -1)
    h = network.seen(example.power, example.connectivity, example.pairs, example.positions,
                     mask, contexts)  # fmt: skip
    guess = head(h[:, hidden]).transpose(1, 2)
    truth = example.power[:, :, hidden]
    error: Tensor = ((guess - truth) ** 2).mean() / (truth**2).mean().clamp(min=1e-6)
    return error


def _held_error(network: EmotionNetwork, head: nn.Module, layout: Layout, z: FloatArray) -> float:
    rng = np.random.default_rng(1)
    with torch.no_grad():
        errors = [float(_error(network, head, layout, z, rng)) for _ in range(8)]
    return float(np.mean(errors))

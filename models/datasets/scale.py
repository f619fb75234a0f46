"""The table of a large data set: kept on the disk, worked out by many, resumed after a break."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ...errors import RtemotionError
from ...workers import spread
from ..evaluation import FeatureTable
from .cache import Found, clear_away, default_folder, kept, read_rows
from .dataset import Dataset, LabelledRecording
from .features import assembled, common_channels, naming
from .rows import Preparation

log = logging.getLogger(__name__)


def table_at_scale(
    dataset: Dataset,
    how: Preparation | None = None,
    cache: Path | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> FeatureTable:
    """Work out the features of every labelled window, each recording once and for all.

    The numbers are those of `table_of`, to the bit, whoever works them out. A recording's
    features are kept under a hash of what it holds, of what was asked for and of the code;
    labels are no part of it. What is there already is not done again, so that a run that
    broke off goes on where it was.

    Parameters
    ----------
    dataset : Dataset
    how : Preparation or None
    cache : Path or None
        Folder in which features are kept, the platform's cache by default. Workers of a
        cluster have to see it, and the recordings, at the same place.
    jobs : int
        Processes on this machine.
    scheduler : str or None
        Address of a Dask scheduler; its workers do it then.
    progress : callable
        Told how many recordings are done, and of how many.

    Returns
    -------
    FeatureTable

    Raises
    ------
    SourceError, SetupError, OutletError
        If recordings cannot be read, once the others are done; if they have too few channels
        in common; or if the cache or the cluster cannot be had.
    """
    how = how or Preparation()
    names, infos = common_channels(dataset, how)
    # Whatever is wrong with labels shows before the work rather than after it.
    for recording in dataset:
        with naming(recording):
            _ = recording.trials
    folder = (default_folder() if cache is None else cache).resolve()
    clear_away(folder)
    # Labels stay here: they are no business of who works out features.
    bare = [replace(recording, find=tuple) for recording in dataset]
    task = partial(kept, names=names, how=how, folder=folder)
    found: dict[int, Found | RtemotionError] = {}
    for number, result in spread(task, bare, jobs, scheduler):
        found[number] = result
        progress(len(found), len(dataset))
    paths = _paths(dataset.recordings, [found[k] for k in range(len(dataset))])
    return assembled(dataset, how, names, infos, [read_rows(path) for path in paths])


def _paths(
    recordings: Sequence[LabelledRecording], found: Sequence[Found | RtemotionError]
) -> list[Path]:
    """Return where everything is, or raise for what is not."""
    paths = []
    failed: list[tuple[LabelledRecording, RtemotionError]] = []
    for recording, result in zip(recordings, found, strict=True):
        if isinstance(result, RtemotionError):
            failed.append((recording, result))
            continue
        if result.replaced:
            log.warning(
                "What was kept of recording %s was damaged and has been worked out anew: %s",
                recording,
                result.path,
            )
        if not result.path.is_file():
            problem = RtemotionError(
                f"its features were written to {result.path} elsewhere, and are not seen here; "
                "name a cache on a disk that all workers share."
            )
            failed.append((recording, problem))
        paths.append(result.path)
    if failed:
        recording, problem = failed[0]
        others = f" (and {len(failed) - 1} other recordings failed)" if len(failed) > 1 else ""
        raise type(problem)(f"In recording {recording}: {problem}{others}") from problem
    return paths

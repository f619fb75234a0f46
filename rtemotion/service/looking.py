"""What the service tells of the world outside a run: streams, headsets, boards, recordings."""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from ..conditioning.survey import Surveyor
from ..contact import report_on
from ..decoding import load_model
from ..errors import ServiceError
from ..options import read_profile, write_profile
from ..pipeline import preload
from ..signal import Chunk, Source
from .order import read_number, read_options, read_path, read_place
from .waiting import until

_LONGEST_LOOK_S = 60.0
_MOST_FILES = 20_000
# Beyond what was asked for, a source may take to say that it has nothing, s.
_PATIENCE_S = 2.0


def streams(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is found on LSL now."""
    from ..sources.lsl_network import find_streams

    wait = read_number(said.get("wait", 1.0), "wait", 0.0, 30.0)
    return [dataclasses.asdict(stream) for stream in find_streams(wait, details=False)]


def headsets(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the simulated headsets there are."""
    from ..simulators.headsets import HEADSETS

    return [
        {"name": name, "channels": len(headset.channels), "sfreq": headset.sfreq}
        for name, headset in HEADSETS.items()
    ]


def boards(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the BrainFlow boards there are."""
    from ..sources.brainflow_boards import boards as known

    return [
        {
            "name": board.name,
            "title": board.title,
            "channels": len(board.channels),
            "sfreq": board.sfreq,
        }
        for board in known()
    ]


def files(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the recordings in a folder."""
    from ..sources.listing import list_recordings

    folder = read_path(said.get("folder"), "folder")
    _check_small(folder)
    return [summary.as_dict() for summary in list_recordings(folder)]


def _check_small(folder: Path) -> None:
    """Refuse a folder whose files take minutes to go through, a whole disk for instance."""
    seen = 0
    for _, folders, names in os.walk(folder):
        seen += len(folders) + len(names)
        if seen > _MOST_FILES:
            raise ServiceError(
                f"{folder} and the folders in it hold more than {_MOST_FILES} files; name one "
                "closer to the recordings."
            )


def profile(said: Mapping[str, Any]) -> dict[str, Any]:
    """Read a profile file, or write one where a set-up is given."""
    path = read_path(said.get("path"), "path")
    if "options" in said:
        write_profile(path, read_options(said["options"]))
    return read_profile(path)


def look(said: Mapping[str, Any], over: Callable[[], bool]) -> dict[str, Any]:
    """Listen to a source for some seconds, and tell what it is worth.

    Raises
    ------
    RtemotionError
        When it cannot be opened, says nothing, or `over` says that nobody wants to know.
    """
    place = read_place(said.get("place", {}))
    options = read_options(said.get("options", {}), said.get("profile"))
    seconds = read_number(said.get("seconds", 3.0), "seconds", 0.5, _LONGEST_LOOK_S)

    def open_source() -> Source:
        preload(options.setup())
        return place.open(options)

    model = load_model()
    source = until(over, open_source, lambda late: late.close())
    with closing(source):
        surveyor = Surveyor(source.info)
        enough, began = seconds * source.info.sfreq, time.monotonic()
        for item in source:
            if isinstance(item, Chunk) and place.file is not None:
                item = item.cut(0, min(len(item), max(0, math.ceil(enough) - surveyor.samples)))
            surveyor.add(item)
            if over():
                raise ServiceError("The look was cut short: something else was asked for.")
            late = time.monotonic() - began >= seconds + _PATIENCE_S
            if surveyor.samples >= enough or late:
                break
        how = place.unit_known(options.unit)
        return report_on(source, surveyor, how, options, model).as_dict()

"""A simulated recording: into a file what a live sender would have sent, and the truth.

An XDF file holds the streams of `broadcast`, stamps and faults included. A FIF file
holds every sample, with the emotions as eight more channels.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..description import plain_xml, stream_xml
from ..errors import OutletError, SetupError
from ..outlets.files import cannot_write, check_writable
from ..outlets.xdf_file import XdfFile
from ..signal import FloatArray, StreamInfo
from .brain import Brain
from .codes import EMOTIONS
from .faults import Faults, Transmission
from .truth import TRUTH_TYPE, truth_hop

Blocks = Iterator[tuple[FloatArray, FloatArray]]

# LSL's clock counts from when a machine started; this one started a while ago.
FIRST_STAMP_S = 1000.0
_BLOCK_S = 1.0
# A recorder measures the sender's clock about this often; here they are one clock.
_OFFSET_EVERY_S = 5.0


def write_recording(
    brain: Brain,
    path: str | Path,
    seconds: float,
    faults: Faults | None = None,
    overwrite: bool = False,
    progress: Callable[[float], bool] | None = None,
    name: str | None = None,
    source_id: str | None = None,
) -> float:
    """Write simulated EEG and its truth to a file, as fast as it can be made.

    Parameters
    ----------
    brain : Brain
        What to record; its next sample is the first.
    path : str or Path
        ``.xdf``, or ``_raw.fif`` or ``_eeg.fif`` (held in memory until it is whole).
    seconds : float
        How long.
    faults : Faults, optional
        Faults of the way, for XDF alone: a FIF file has neither stamps nor holes.
    overwrite : bool
        Replace a file that exists.
    progress : callable, optional
        Called with the seconds made, about once a second of signal; what was made is
        kept and nothing more is when it returns False.
    name, source_id : str, optional
        Identity of the stream; the brain's own by default.

    Returns
    -------
    float
        Seconds of signal written.

    Raises
    ------
    SetupError
        When the extension or `seconds` make no sense, or a FIF file should have faults.
    OutletError
        When the file cannot be written.
    """
    path = Path(path)
    check_recording(path, seconds, faults or Faults(), overwrite)
    info = replace(
        brain.info, name=name or brain.info.name, source_id=source_id or brain.info.source_id
    )
    blocks = _blocks(brain, seconds, progress)
    if path.suffix.lower() == ".xdf":
        sending = Transmission(faults or Faults(), info.sfreq, brain.seeds, FIRST_STAMP_S)
        return _write_xdf(blocks, info, sending, XdfFile(path, overwrite))
    return _write_fif(blocks, info, path)


def check_recording(path: Path, seconds: float, faults: Faults, overwrite: bool) -> None:
    """Refuse a simulated recording that could not be written; see `write_recording`."""
    if not (seconds > 0 and math.isfinite(seconds)):
        raise SetupError(f"a simulated recording needs a positive length, got {seconds} s")
    fif = path.name.endswith(("_raw.fif", "_eeg.fif"))
    if path.suffix.lower() != ".xdf" and not fif:
        raise SetupError(
            f"a simulated recording cannot be written to {path.name}, expected NAME.xdf, "
            "NAME_raw.fif or NAME_eeg.fif; rename it"
        )
    if fif and faults != Faults():
        raise SetupError(
            f"{path.name} cannot hold faults of transmission, since FIF has no stamps; write "
            "an .xdf file"
        )
    check_writable(path, overwrite)


def _blocks(brain: Brain, seconds: float, progress: Callable[[float], bool] | None) -> Blocks:
    """Yield signal in volts and truth, about a second of each at a time."""
    total, made = round(seconds * brain.info.sfreq), 0
    block = max(1, round(_BLOCK_S * brain.info.sfreq))
    while made < total:
        chunk, truth = brain.read(min(block, total - made))
        made += len(chunk)
        yield chunk.data, truth
        if progress is not None and not progress(made / brain.info.sfreq):
            return


def _write_xdf(blocks: Blocks, info: StreamInfo, sending: Transmission, file: XdfFile) -> float:
    rate, hop, made, measured = info.sfreq, truth_hop(info.sfreq), 0, -math.inf
    try:
        eeg = file.add_stream(stream_xml(info, "float32", "microvolts"))
        told_as = f"{info.name}-truth"
        truths = file.add_stream(
            plain_xml(told_as, TRUTH_TYPE, "float32", EMOTIONS, rate / hop, simulated=True)
        )
        for volts, truth in blocks:
            if made / rate - measured >= _OFFSET_EVERY_S:
                measured = made / rate
                file.offset(eeg, sending.true_time(made), 0.0)
            sent = sending.send(len(volts))
            file.numbers(eeg, sent.stamps[sent.arrives], 1e6 * volts[sent.arrives])
            told = (np.arange(made, made + len(volts)) % hop == 0) & sent.connected
            file.numbers(truths, sent.stamps[told], truth[told])
            made += len(volts)
            if file.problem:
                break
    finally:
        file.close()
    if file.problem:
        raise OutletError(f"the simulated recording stopped early: {file.problem}")
    return made / rate


def _write_fif(blocks: Blocks, info: StreamInfo, path: Path) -> float:
    import mne

    signals, truths = zip(*blocks, strict=True)
    both = np.concatenate([np.concatenate(signals), np.concatenate(truths)], axis=1)
    kinds = ["eeg"] * info.n_channels + ["misc"] * len(EMOTIONS)
    described = mne.create_info([*info.channels, *EMOTIONS], info.sfreq, kinds)
    for channel, place in zip(described["chs"], info.positions, strict=False):
        channel["loc"][:6] = [*place, 0.0, 0.0, 0.0]
    described["description"] = f"simulated=true {info.source_id}"
    raw = mne.io.RawArray(both.T, described, verbose="ERROR")
    raw.set_meas_date(datetime.datetime.now(datetime.UTC))
    try:
        raw.save(path, overwrite=True, fmt="double", verbose="ERROR")
    except OSError as problem:
        raise cannot_write(path, problem) from problem
    return len(both) / info.sfreq

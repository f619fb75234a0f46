"""The true emotions of a simulated recording, as `simulate --out` leaves them in the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from ..signal import Chunk, FloatArray, Source


@dataclass(frozen=True, eq=False)
class Truth:
    """Emotions that a simulation knows.

    Attributes
    ----------
    names : tuple of str
        Their names.
    times : array, shape (n_times,)
        On the timeline of frames, s.
    values : array, shape (n_times, n_emotions)
        What they were.
    """

    names: tuple[str, ...]
    times: FloatArray
    values: FloatArray

    def at(self, times: FloatArray, hold_s: float = 1.0) -> FloatArray:
        """Return the newest values at some times; NaN where they are older than `hold_s`.

        Parameters
        ----------
        times : array, shape (n,)
            In seconds.
        hold_s : float
            For so long a value stands.

        Returns
        -------
        array, shape (n, n_emotions)
        """
        place = np.searchsorted(self.times, times, side="right") - 1
        held = self.values[np.maximum(place, 0)].astype(np.float64)
        age = times - self.times[np.maximum(place, 0)]
        held[(place < 0) | (age > hold_s)] = np.nan
        return held


def read_truth(recording: Path, source: Source, stream: str | None = None) -> Truth | None:
    """Return what a recording knows of the truth, None where it knows nothing.

    Parameters
    ----------
    recording : Path
        An XDF file with a truth stream beside its EEG, or a FIF file with truth channels.
    source : Source
        The same, opened; it is not read.
    stream : str or None
        Which stream of an XDF file is decoded.
    """
    if not source.info.simulated:
        return None
    if recording.suffix.lower() in (".xdf", ".xdfz"):
        return _of_xdf(recording, stream)
    return _of_channels(recording)


def _of_xdf(recording: Path, stream: str | None) -> Truth | None:
    from ..simulators.truth import TRUTH_TYPE
    from ..sources.xdf import choose_stream
    from ..sources.xdf_chunks import load_streams, read_contents
    from ..sources.xdf_clock import make_timeline

    contents = read_contents(recording)
    eeg = choose_stream(recording, contents.streams, stream)
    told = [s for s in contents.streams if s.type == TRUTH_TYPE and s.n_samples]
    # Of several simulations in one file, the one that is decoded.
    told = [s for s in told if s.name == f"{eeg.name}-truth"] or (told if len(told) == 1 else [])
    if len(told) != 1:
        return None
    loaded = load_streams(recording, contents, [eeg.id, told[0].id])
    of_eeg, of_truth = (
        make_timeline(
            np.asarray(loaded[s.id]["time_stamps"], dtype=np.float64),
            loaded[s.id]["clock_times"],
            loaded[s.id]["clock_values"],
            1.0 / s.sfreq if s.sfreq else 0.0,
        )
        for s in (eeg, told[0])
    )
    # As far from the sample beside it as on the recorder's clock, where frames have it.
    recorder, known = of_eeg.recorder, of_eeg.known()
    beside = np.searchsorted(np.maximum.accumulate(recorder), of_truth.recorder)
    beside = np.minimum(beside, len(known) - 1)
    times = np.maximum.accumulate(known[beside] + (of_truth.recorder - recorder[beside]))
    labels = ElementTree.fromstring(told[0].xml).iterfind("desc/channels/channel/label")
    names = tuple((label.text or "").strip() for label in labels)
    return Truth(names, times, np.asarray(loaded[told[0].id]["time_series"], dtype=np.float64))


def _of_channels(recording: Path) -> Truth | None:
    from ..simulators import EMOTIONS
    from ..simulators.truth import truth_hop
    from ..sources.recording import open_recording

    source = open_recording(recording)
    kept = [
        i
        for i, (name, kind) in enumerate(zip(source.info.channels, source.info.kinds, strict=True))
        if name in EMOTIONS and kind == "misc"
    ]
    if not kept:
        return None
    hop = truth_hop(source.info.sfreq)
    times, values = [], []
    for item in source:
        if isinstance(item, Chunk):
            rows = np.arange(-item.first_sample % hop, len(item), hop)
            times.append(item.times[rows])
            values.append(item.data[rows][:, kept])
    names = tuple(source.info.channels[i] for i in kept)
    return Truth(names, np.concatenate(times), np.concatenate(values))

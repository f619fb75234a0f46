"""Listeners' recordings in the layout of the Alice EEG data (release for MNE).

Sixty-one electrodes named '1' to '61' (easycap-M10) at 500 Hz, with `VEOG`, `Aux5` and
`AUD`, and an annotation named after each piece of sound. Everybody's auditory cortex
follows the sound; whether emotions show in coupling, in power or nowhere is the version.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import OutletError
from ...signal import FloatArray
from ..anchors import anchor_index
from ..brain import Brain
from ..codes import Code
from ..emotions import Story
from ..head import anchors_in_head, lead_field
from ..headsets import headset_from_montage
from ..subject import Subject
from .story import Told, tell

SFREQ = 500.0
MONTAGE = "easycap-M10"
# Seconds before the first piece of sound, and between two.
_LEAD_S = 5.0
_PAUSE_S = 4.0
# Moment of the auditory answer per unit of loudness, as large as its waves in recordings.
_AUDITORY_NAM = 30.0
_EARS = ("left superior temporal", "right superior temporal")


@dataclass(frozen=True)
class Version:
    """What emotions do in the listeners.

    Attributes
    ----------
    name : str
    code : str
        How emotions show, see `rtemotion.simulators.codes`.
    """

    name: str
    code: Code


VERSIONS = {
    version.name: version
    for version in (
        Version("network", "network"),
        Version("power", "power"),
        # The brain hears the sound, as in the others, and emotions show nowhere.
        Version("acoustics", "none"),
    )
}
"""Versions of the twin by their names."""


class Listening:
    """Emotions of somebody who listens: the story's, and a part of their own.

    Parameters
    ----------
    told : Told
    begins : array, shape (n_pieces,)
        Seconds in the recording at which pieces of sound begin.
    listener : int
        Seed of their own part.
    own_share : float
        Share of the variance that is theirs.
    """

    def __init__(self, told: Told, begins: FloatArray, listener: int, own_share: float) -> None:
        self._told, self._begins = told, begins
        self._own = Story(listener, (listener, 3))
        self._share = own_share

    def at(self, times: FloatArray) -> FloatArray:
        """Return the emotions (n_times, 8), 0..1, at ascending `times` in seconds."""
        at = self.story_time(times)
        courses = [np.interp(at, self._told.knots, course) for course in self._told.emotions.T]
        heard = np.stack(courses, axis=1)
        own = self._own.at(times)
        mixed: FloatArray = (1.0 - self._share) * heard + self._share * own
        return mixed

    def story_time(self, times: FloatArray) -> FloatArray:
        """Return seconds into the story; in a pause, where the last piece of sound ended."""
        piece = np.clip(np.searchsorted(self._begins, times, "right") - 1, 0, None)
        lengths = np.asarray(self._told.lengths)
        within = np.clip(times - self._begins[piece], 0.0, lengths[piece])
        found: FloatArray = self._told.starts[piece] + within
        return found


def write_twin(
    folder: Path,
    version: Version,
    people: int = 33,
    seed: int = 1,
    own_share: float = 0.2,
    told: Told | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Write a story and recordings of people who listen to it; go on where it was left.

    Parameters
    ----------
    folder : Path
        Gets ``eeg`` and ``stimuli``. Recordings that lie there are kept.
    version : Version
        See `VERSIONS`.
    people : int
    seed : int
        Of story and people.
    own_share : float
        Share of each listener's emotions that is their own.
    told : Told or None
        The story; twelve pieces of sound, as long as those of the Alice data, by default.
    progress : callable
        Told how many people are done, and of how many.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    OutletError
        If it cannot be written.
    """
    told = told or tell(seed)
    try:
        told.write(folder / "stimuli")
        for person in range(1, people + 1):
            path = folder / "eeg" / f"S{person:02d}" / f"S{person:02d}_alice-raw.fif"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                _record(path, told, version, 100 * seed + person, own_share)
            progress(person, people)
    except OSError as problem:
        raise OutletError(
            f"{folder} cannot be written to ({problem}); free space, or name another folder."
        ) from problem
    return folder


def begins(lengths: tuple[float, ...]) -> FloatArray:
    """Return the seconds in a recording at which pieces of sound begin."""
    return _LEAD_S + np.concatenate([[0.0], np.cumsum(np.asarray(lengths) + _PAUSE_S)[:-1]])


def _record(path: Path, told: Told, version: Version, seed: int, own_share: float) -> None:
    import mne

    at = begins(told.lengths)
    listening = Listening(told, at, seed, own_share)
    headset = headset_from_montage(MONTAGE, sfreq=SFREQ)
    subject = Subject.draw(seed)
    brain = Brain(subject, headset, version.code, seed, trajectories=listening)
    seconds = float(at[-1] + told.lengths[-1] + _LEAD_S)
    chunk, _ = brain.read(round(seconds * SFREQ))
    sound = _sound(chunk.times, told, listening, at)
    volts = chunk.data + np.outer(sound, _auditory(brain))
    # Eyes are seen best by the electrode nearest to them.
    eyes = volts[:, int(np.argmax(brain.info.positions[:, 1] - brain.info.positions[:, 2]))]
    rows = np.concatenate([volts.T, [eyes, np.zeros(len(sound)), sound]])
    kinds = ["eeg"] * len(headset.channels) + ["eog", "misc", "misc"]
    info = mne.create_info([*headset.channels, "VEOG", "Aux5", "AUD"], SFREQ, kinds)
    info["description"] = f"simulated=true {brain.info.source_id}"
    raw = mne.io.RawArray(rows, info, verbose="error")
    raw.set_montage(MONTAGE, verbose="error")
    names = [str(k + 1) for k in range(len(at))]
    raw.set_annotations(mne.Annotations(at, np.zeros(len(at)), names))
    _save(raw, path)


def _sound(times: FloatArray, told: Told, listening: Listening, at: FloatArray) -> FloatArray:
    """Return the envelope of the sound, 0..1: syllables as loud as the story is then."""
    inside = np.zeros(len(times), dtype=bool)
    for begin, length in zip(at, told.lengths, strict=True):
        inside |= (times >= begin) & (times < begin + length)
    loud = np.interp(listening.story_time(times), told.knots, told.loudness)
    syllables = 0.5 - 0.5 * np.cos(2 * np.pi * 4.5 * times)
    envelope: FloatArray = np.where(inside, loud * syllables, 0.0)
    return envelope


def _auditory(brain: Brain) -> FloatArray:
    """Return volts at each electrode per unit of sound, (n_channels,)."""
    places = anchors_in_head()[[anchor_index(name) for name in _EARS]]
    field = lead_field(brain.info.positions, places)
    # Both auditory cortices point upwards and forwards: the classic fronto-central wave.
    direction = np.array([0.0, 0.5, 0.866])
    volts: FloatArray = (field @ direction).sum(axis=1) * _AUDITORY_NAM * 1e-9
    return volts * brain.subject.amplifier_gain


def _save(raw: Any, path: Path) -> None:
    """Write a recording whole or not at all."""
    unfinished = path.with_name(f"unfinished_{path.name}")
    raw.save(unfinished, fmt="single", overwrite=True, verbose="error")
    unfinished.replace(path)

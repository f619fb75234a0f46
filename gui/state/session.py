"""Everything the app knows of what runs: the service's messages, put in their places.

Without Qt: views read it when they are drawn, and tests feed it messages.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .history import History
from .signals import SignalRing

# As far back as the views go.
HISTORY_S = 600.0
SIGNALS_S = 60.0
_EVENTS = 1000
_HEALTH = 3600
_NOTABLE = frozenset(
    {"marker", "gap", "stream lost", "stream returned", "operator", "machine slept"}
)


@dataclass(frozen=True)
class Target:
    """One emotion, as the model names it."""

    name: str
    low: float
    high: float
    construct: str


@dataclass(frozen=True)
class Band:
    """A band of frequencies in Hz."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Measure:
    """A connectivity measure: whether it has a sign, and whether conduction raises it."""

    name: str
    signed: bool
    leaks: bool


@dataclass(frozen=True)
class ModelFacts:
    """What the app shows of a model."""

    identity: str
    name: str
    caveat: str
    trained_on: str
    validated: bool
    architecture: str
    hop_s: float
    longest_window_s: float
    information_delay_s: float | None
    smoothing_s: float
    targets: tuple[Target, ...]
    bands: tuple[Band, ...]
    connectivity_bands: tuple[int, ...]
    measures: tuple[Measure, ...]
    frequencies: NDArray[np.float64]
    filters: str
    agreement: Mapping[str, Any] | None
    scores: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the emotions, in order."""
        return tuple(target.name for target in self.targets)


@dataclass(frozen=True)
class SourceFacts:
    """What the app shows of a source."""

    name: str
    channels: tuple[str, ...]
    kinds: tuple[str, ...]
    positions: NDArray[np.float64]
    sfreq: float
    unit: str
    reference: str
    simulated: bool
    length: float | None
    source_id: str = ""
    host: str = ""

    @property
    def pairs(self) -> NDArray[np.int64]:
        """Channel indices of every pair, shape (n_pairs, 2), as features are ordered."""
        return np.stack(np.triu_indices(len(self.channels), k=1), axis=1)


@dataclass(frozen=True)
class Happening:
    """An event in words."""

    time: float
    kind: str
    text: str


@dataclass
class Latest:
    """The newest message of each kind; replaced as a whole."""

    features: Mapping[str, Any] = field(default_factory=dict)
    contributions: Mapping[str, Any] = field(default_factory=dict)
    network: Mapping[str, Any] = field(default_factory=dict)
    health: Mapping[str, Any] = field(default_factory=dict)


class Session:
    """What is known of the run under way.

    Attributes
    ----------
    phase : str
        ``"idle"``, ``"opening"``, ``"running"``, ``"ended"`` or ``"failed"``.
    problem : str
        What went wrong, in the service's words.
    run : int
        Counts the runs this app has seen; another one begins everything anew.
    source, model
        What is decoded, and with what; None before anything was.
    history, ring
        Frames and signals; None before anything ran.
    bad : frozenset of str
        Channels that are left out.
    speed, paused
        Pace of a recording; `speed` is None for a live source.
    recording : str or None
        File that is written.
    written : tuple of str
        What was written, once it is over.
    position : float
        Seconds of signal decoded.
    rest : tuple of float or None
        Start and end of the person's rest, and when they are known, in seconds of signal.
    started : float or None
        Time of the first sample on the stream's clock, once it is known.
    reasons : tuple of str
        Against trusting the newest frame.
    present : mapping
        The newest frame's arrays.
    """

    def __init__(self) -> None:
        self.phase, self.problem, self.run = "idle", "", 0
        self.source: SourceFacts | None = None
        self.model: ModelFacts | None = None
        self.history: History | None = None
        self.ring: SignalRing | None = None
        self.bad: frozenset[str] = frozenset()
        self.quality: NDArray[np.float64] = np.empty(0)
        self.speed: float | None = None
        self.paused = False
        self.recording: str | None = None
        self.written: tuple[str, ...] = ()
        self.has_truth = False
        self.rest: tuple[float, float, float] | None = None
        self.position = 0.0
        self.started: float | None = None
        self.reasons: tuple[str, ...] = ()
        self.trusted = False
        self.present: Mapping[str, NDArray[np.float64]] = {}
        self.events: deque[Happening] = deque(maxlen=_EVENTS)
        self.health: deque[Mapping[str, Any]] = deque(maxlen=_HEALTH)
        self.latest = Latest()
        self.spectra: deque[NDArray[np.float32]] = deque(maxlen=1)
        # The service's own number of the run, and of what was told of it last.
        self._number: int | None = None
        self._told: dict[str, int] = {}
        self._service: int | None = None
        self._died = ""

    @property
    def live(self) -> bool:
        """Whether something is being decoded."""
        return self.phase == "running"

    def apply(self, message: Mapping[str, Any]) -> None:
        """Put a message in its place; what is not known is left alone."""
        take = {
            "welcome": self._welcome,
            "state": self._state,
            "frames": self._frames,
            "signals": self._signals,
            "features": self._features,
            "event": self._event,
            "health": self._health,
        }.get(message["type"])
        if take is not None:
            take(message)
        elif message["type"] == "contributions":
            self.latest.contributions = message
        elif message["type"] == "networks":
            self.latest.network = message

    def _welcome(self, said: Mapping[str, Any]) -> None:
        """Take note of who answers: another service numbers its runs from one again."""
        if self._service is not None and said["pid"] != self._service:
            self._number = None
            if self.phase in {"opening", "running"}:
                self._died = _died_words(self.recording)
        self._service = said["pid"]

    def _is_news(self, said: Mapping[str, Any]) -> bool:
        """Whether a numbered message is of this run and was not told before."""
        kind, number = said["type"], said.get("number")
        if number is None:
            return True
        if said["run"] != self._number or number <= self._told.get(kind, 0):
            return False
        self._told[kind] = number
        return True

    def _state(self, said: Mapping[str, Any]) -> None:
        self.phase, self.problem = said["phase"], said["problem"]
        self.written = tuple(said.get("written", ()))
        if self.phase == "idle" and self._died:
            self.phase, self.problem = "failed", self._died
        elif "run" not in said:
            # Another source is being opened, or could not be: what was shown is over.
            self.source = self.model = self.speed = None
        self._died = ""
        if "run" not in said:
            # Whatever runs next is another run, whatever its number is.
            self._number = None
            return
        if said["run"] != self._number:
            self._begin(said)
        self.recording = said["recording"]
        self.has_truth = said["has_truth"]
        rest = said.get("rest")
        self.rest = None if rest is None else (rest["start"], rest["end"], rest["known"])
        self.bad = frozenset(said["bad"])
        pace = said["pace"]
        self.speed = None if pace is None else pace["speed"]
        self.paused = pace is not None and pace["paused"]

    def _begin(self, said: Mapping[str, Any]) -> None:
        self.run, self._number, self._told = self.run + 1, said["run"], {}
        self.source, self.model = read_source(said["source"]), read_model(said["model"])
        n = len(self.source.channels)
        self.history = History(len(self.model.targets), HISTORY_S, self.model.hop_s)
        self.ring = SignalRing(n, self.source.sfreq, SIGNALS_S)
        self.quality = np.full(n, np.nan)
        self.position, self.started = 0.0, None
        self.reasons, self.trusted, self.present = (), False, {}
        self.latest = Latest()
        self.events.clear()
        self.health.clear()
        # One column a hop, as far back as signals go.
        self.spectra = deque(maxlen=max(1, round(SIGNALS_S / self.model.hop_s)))

    def _frames(self, said: Mapping[str, Any]) -> None:
        if self.history is None or self.model is None:
            return
        if said["mean"].shape[1] != len(self.model.targets):
            return
        if said.get("backlog"):
            # All that is still known is told again, after a connection that broke.
            self.history.clear()
            self.events.clear()
            self._told = {}
        if not self._is_news(said):
            return
        truth = said.get("truth")
        if truth is not None and truth.shape != said["mean"].shape:
            # A simulated person feels other emotions than this model knows.
            truth = None
        for row in range(len(said["time"])):
            index = int(said["index"][row])
            self.history.append(
                float(said["time"][row]),
                None if index < 0 else index,
                said["mean"][row],
                said["std"][row],
                said["lower"][row],
                said["upper"][row],
                bool(said["trusted"][row]),
                said["reasons"][row],
                None if truth is None else truth[row],
            )
        self.reasons = tuple(said["reasons"][-1])
        self.trusted = bool(said["trusted"][-1])
        names = ("mean", "std", "lower", "upper")
        self.present = {name: said[name][-1] for name in names}
        if truth is not None:
            self.present = {**self.present, "truth": truth[-1]}
        if said["index"][-1] >= 0 and self.source is not None:
            self.position = float(said["index"][-1]) / self.source.sfreq
            if self.started is None:
                self.started = float(said["time"][-1]) - self.position

    def _signals(self, said: Mapping[str, Any]) -> None:
        if self.ring is not None and said["data"].shape[1] == self.ring.n_channels:
            self.ring.append(said["first_sample"], said["data"], said["flags"])

    def _features(self, said: Mapping[str, Any]) -> None:
        if self.source is None or said["power"].shape[1] != len(self.source.channels):
            return
        self.latest.features = said
        self.quality = said["quality"]
        self.spectra.append(said["spectrum"])

    def _event(self, said: Mapping[str, Any]) -> None:
        if not self._is_news(said):
            return
        time = math.nan if said["time"] is None else float(said["time"])
        self.events.append(Happening(time, said["kind"], said["text"]))
        if said["kind"] == "mask":
            self.bad = frozenset(said["payload"]["bad"])
        if said["kind"] in _NOTABLE and self.history is not None and math.isfinite(time):
            self.history.mark(time, said["text"], said["kind"])

    def _health(self, said: Mapping[str, Any]) -> None:
        self.latest.health = said
        self.health.append(said)


def present_quality(session: Session) -> NDArray[np.float64]:
    """Return the quality of every channel now: none of a stream that is silent."""
    if session.latest.health.get("silent"):
        return np.zeros_like(session.quality)
    return session.quality


def read_source(said: Mapping[str, Any]) -> SourceFacts:
    """Return a source as the app shows it."""
    return SourceFacts(
        name=said["name"],
        channels=tuple(said["channels"]),
        kinds=tuple(said["kinds"]),
        positions=np.asarray(said["positions"], np.float64),
        sfreq=float(said["sfreq"]),
        unit=said["unit"],
        reference=said["reference"],
        simulated=said["simulated"],
        length=said["length"],
        source_id=said["source_id"],
        host=said["host"],
    )


def read_model(said: Mapping[str, Any]) -> ModelFacts:
    """Return a model as the app shows it."""
    notch = said["notch"]
    filters = (
        f"{said['highpass']:g}–{said['lowpass']:g} Hz, "
        f"notch {'found by itself' if notch is None else notch}, {said['reference']} reference"
    )
    return ModelFacts(
        identity=said["identity"],
        name=said["name"],
        caveat=said["caveat"],
        trained_on=said["trained_on"],
        validated=said["validated"],
        architecture=said["architecture"],
        hop_s=said["hop_s"],
        longest_window_s=said["longest_window_s"],
        information_delay_s=said["information_delay_s"],
        smoothing_s=said["smoothing_s"],
        targets=tuple(Target(**target) for target in said["targets"]),
        bands=tuple(Band(**band) for band in said["bands"]),
        connectivity_bands=tuple(said["connectivity_bands"]),
        measures=tuple(Measure(**measure) for measure in said["measures"]),
        frequencies=np.asarray(said["spectrum_frequencies"]),
        filters=filters,
        agreement=said["agreement"],
        scores=said["scores"],
    )


def _died_words(recording: str | None) -> str:
    sentence = (
        "The engine's process ended unexpectedly and what ran has stopped; another one was "
        "started, and the log says more. Start again to go on."
    )
    if recording:
        sentence += f" What was recorded is mended with: rtemotion recover {recording}"
    return sentence


def channel_reasons(health: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """Return what speaks against each channel, for those against which something does."""
    return {
        channel["name"]: channel["reasons"]
        for channel in health.get("channels", ())
        if channel["reasons"]
    }

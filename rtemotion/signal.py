"""The types that flow through the program, and nothing else.

A source yields `Chunk`, `Event` or `Tick`; stages turn chunks into
`FeatureFrame` and those into `EmotionFrame`; everything a stage does not
know passes through it untouched. All of them are immutable. Inside the
program signals are in volts, positions in metres in MNE's head frame and
times in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import IntFlag
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import mne

FloatArray = NDArray[np.float64]


class Flag(IntFlag):
    """What is known against one sample of one channel."""

    MISSING = 1
    RAILED = 2
    FLAT = 4
    BLINK = 8
    MUSCLE = 16
    BAD = 32
    MOVEMENT = 64


# Samples that carry one of these never enter a feature or the average reference.
EXCLUDED = int(Flag.MISSING | Flag.RAILED | Flag.FLAT | Flag.BAD)


class Reason:
    """The reasons against trusting a frame, spelled as users read them."""

    WARM_UP = "warm-up"
    GAP = "gap"
    TOO_FEW_CHANNELS = "too few channels"
    STALE = "stale"
    ARTIFACT = "artifact"
    NO_BASELINE = "no baseline"
    UNFAMILIAR = "unfamiliar"
    NOT_VALIDATED = "not validated"

    # These leave no value at all; the others leave it and say not to trust it.
    WITHOUT_VALUE = frozenset({WARM_UP, GAP, STALE, TOO_FEW_CHANNELS})
    ALL = WITHOUT_VALUE | {ARTIFACT, NO_BASELINE, UNFAMILIAR, NOT_VALIDATED}


class Kind:
    """The kinds of event the program itself gives a meaning to."""

    MARKER = "marker"
    GAP = "gap"
    STREAM_LOST = "stream lost"
    STREAM_RETURNED = "stream returned"
    CLOCK_OFFSET = "clock offset"
    CLOCK_STEP = "clock step"
    SLEPT = "machine slept"
    OPERATOR = "operator"
    NOTCH = "notch"
    ASR = "asr"
    MASK = "mask"
    WARNING = "warning"


def _frozen(array: Any, dtype: type, ndim: int, name: str) -> NDArray[Any]:
    out: NDArray[Any] = np.ascontiguousarray(array, dtype=dtype)
    if out.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension(s), got shape {out.shape}")
    if out.flags.writeable:
        out = out.view()
        out.flags.writeable = False
    return out


@dataclass(frozen=True, eq=False)
class StreamInfo:
    """What is known about a stream before its first sample.

    Attributes
    ----------
    channels : tuple of str
        Unique channel names, in the order of the columns of `Chunk.data`.
    sfreq : float
        Nominal sampling rate in Hz.
    kinds : tuple of str
        MNE channel types (``"eeg"``, ``"eog"``, ``"misc"`` ...), one a channel;
        all ``"eeg"`` when left empty.
    positions : array, shape (n_channels, 3)
        Metres in the head frame; rows of NaN where unknown (the default).
    unit : str
        The unit the source delivered; `Chunk.data` itself is always in volts.
    reference : str
        How the channels are referenced, ``"as recorded"`` when nothing is known.
    timestamps : {"regular", "raw"}
        ``"raw"`` when `Chunk.times` are a sender's stamps that the clock stage
        has still to turn into sample times.
    name, source_id, host : str
        Identity of the stream; empty where there is none.
    start_utc : str
        ISO 8601 start of a recording, empty when unknown.
    simulated : bool
        True only when the source itself says that its brain is simulated.
    """

    channels: tuple[str, ...]
    sfreq: float
    kinds: tuple[str, ...] = ()
    positions: FloatArray = field(default_factory=lambda: np.empty((0, 3)))
    unit: str = "V"
    reference: str = "as recorded"
    timestamps: Literal["regular", "raw"] = "regular"
    name: str = ""
    source_id: str = ""
    host: str = ""
    start_utc: str = ""
    simulated: bool = False

    def __post_init__(self) -> None:
        """Fill in what was left empty and refuse what contradicts itself."""
        n = len(self.channels)
        if n == 0:
            raise ValueError("a stream needs at least one channel, got none")
        if len(set(self.channels)) != n:
            twice = sorted({c for c in self.channels if self.channels.count(c) > 1})
            raise ValueError(f"channel names must be unique, got {', '.join(twice)} twice")
        if not (np.isfinite(self.sfreq) and self.sfreq > 0):
            raise ValueError(f"'sfreq' must be a positive number of Hz, got {self.sfreq}")
        object.__setattr__(self, "channels", tuple(self.channels))
        object.__setattr__(self, "kinds", tuple(self.kinds) or ("eeg",) * n)
        positions = np.asarray(self.positions, dtype=np.float64)
        if positions.size == 0:
            positions = np.full((n, 3), np.nan)
        object.__setattr__(self, "positions", _frozen(positions, np.float64, 2, "'positions'"))
        if len(self.kinds) != n or self.positions.shape != (n, 3):
            raise ValueError(
                f"kinds and positions must describe {n} channels, got {len(self.kinds)} kinds "
                f"and positions of shape {self.positions.shape}"
            )

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return len(self.channels)

    @property
    def has_position(self) -> NDArray[np.bool_]:
        """Which channels have a known position, shape (n_channels,)."""
        return np.asarray(np.isfinite(self.positions).all(axis=1))

    def pick(self, indices: Iterable[int]) -> StreamInfo:
        """Return the description of a subset of the channels, in the given order."""
        from dataclasses import replace

        rows = list(indices)
        return replace(
            self,
            channels=tuple(self.channels[i] for i in rows),
            kinds=tuple(self.kinds[i] for i in rows),
            positions=self.positions[rows],
        )

    def to_mne(self) -> mne.Info:
        """Convert to `mne.Info`, positions included."""
        import mne

        info = mne.create_info(list(self.channels), self.sfreq, list(self.kinds))
        known = self.has_position
        for channel, position, has in zip(info["chs"], self.positions, known, strict=True):
            if has:
                channel["loc"][:3] = position
        info["description"] = self.name or None
        return info

    @classmethod
    def from_mne(cls, info: mne.Info, **overrides: Any) -> StreamInfo:
        """Convert from `mne.Info`; keywords replace the fields MNE does not know.

        Positions at exactly zero are MNE's way of saying "unknown" and become NaN.
        """
        positions = np.array([channel["loc"][:3] for channel in info["chs"]], dtype=np.float64)
        positions[~np.isfinite(positions).all(axis=1) | ~positions.any(axis=1)] = np.nan
        start = info["meas_date"]
        values: dict[str, Any] = {
            "channels": tuple(info["ch_names"]),
            "kinds": tuple(info.get_channel_types()),
            "positions": positions,
            "sfreq": float(info["sfreq"]),
            "start_utc": start.isoformat() if start is not None else "",
        }
        return cls(**(values | overrides))


@dataclass(frozen=True, eq=False)
class Chunk:
    """Consecutive samples, without a gap.

    Attributes
    ----------
    data : array, shape (n_samples, n_channels)
        Volts, float64, C-contiguous.
    first_sample : int
        Index of the first row since the start of the stream, lost samples counted.
    times : array, shape (n_samples,)
        Seconds. Raw stamps until the clock stage has seen them, then sample times.
    flags : array, shape (n_samples, n_channels)
        Combinations of `Flag`, uint8; all clear when left empty.
    missing_before : int
        Number of samples known to be missing right before this chunk.
    """

    data: FloatArray
    first_sample: int
    times: FloatArray
    flags: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, 0), np.uint8))
    missing_before: int = 0

    def __post_init__(self) -> None:
        """Normalise the arrays and check that they belong together."""
        data = _frozen(self.data, np.float64, 2, "'data'")
        flags = self.flags if self.flags.shape == data.shape else np.zeros(data.shape, np.uint8)
        if self.flags.size and flags is not self.flags:
            raise ValueError(f"'flags' must have shape {data.shape}, got {self.flags.shape}")
        times = _frozen(self.times, np.float64, 1, "'times'")
        if len(times) != len(data):
            raise ValueError(f"'times' must have {len(data)} entries, got {len(times)}")
        object.__setattr__(self, "data", data)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "flags", _frozen(flags, np.uint8, 2, "'flags'"))
        object.__setattr__(self, "first_sample", int(self.first_sample))

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.data)

    @property
    def stop(self) -> int:
        """Index one past the last sample."""
        return self.first_sample + len(self.data)

    def cut(self, start: int, stop: int) -> Chunk:
        """Return rows ``start:stop``; only the first row keeps `missing_before`."""
        piece = object.__new__(Chunk)
        # Rows of what was checked when it was made need no second look.
        vars(piece).update(
            data=self.data[start:stop],
            first_sample=int(self.first_sample + start),
            times=self.times[start:stop],
            flags=self.flags[start:stop],
            missing_before=self.missing_before if start == 0 else 0,
        )
        return piece


@dataclass(frozen=True, eq=False)
class ReceivedChunk(Chunk):
    """A chunk as a sender delivered it, for whoever records it.

    Attributes
    ----------
    values : array, shape (n_samples, n_channels)
        The sender's own numbers, in its own format and unit.
    """

    values: NDArray[Any] = field(default_factory=lambda: np.empty((0, 0)))

    def __post_init__(self) -> None:
        """Check that values and volts belong together."""
        super().__post_init__()
        if self.values.shape != self.data.shape:
            raise ValueError(
                f"'values' must have shape {self.data.shape}, got {self.values.shape}"
            )


@dataclass(frozen=True)
class Event:
    """Something that happened at a moment and is not a sample.

    `sample` is the index of the first sample after it; `kind` is one of `Kind`
    or any other string; `payload` holds JSON-like values only.
    """

    sample: int
    time: float
    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Tick:
    """Nothing has arrived: `idle` seconds have passed since the last sample did.

    Yielded by a source at least every 100 ms of silence, with the time on the
    source's own clock.
    """

    time: float
    idle: float


@dataclass(frozen=True, eq=False)
class FeatureFrame:
    """The features of one window.

    Attributes
    ----------
    index : int
        Sample index at which the window ends, exclusive.
    time : float
        Time of that end, in seconds: the first time since the last reset plus
        the samples since then over the nominal rate.
    newest : float
        Time of the window's last sample, as the clock stage has it.
    power : array, shape (n_bands, n_channels)
        Band power in V²/Hz; NaN where there was nothing to compute it from.
    connectivity : array, shape (n_measures, n_bands, n_pairs)
        Signed where the measure has a sign (the sign of Im(X_i X̄_j)).
    pairs : array, shape (n_pairs, 2)
        Channel indices (i, j) with i < j.
    quality : array, shape (n_channels,)
        Share of the longest window's samples with nothing against them, 0..1.
    segments : array, shape (n_bands, n_channels)
        Number of segments each power value was computed from.
    full : bool
        True once every band's window is filled.
    spectrum : array, shape (n_channels, n_frequencies)
        Power density behind the widest group of bands, V²/Hz, at the schema's
        `spectrum_frequencies`; NaN like power, empty where nobody worked it out.
    """

    index: int
    time: float
    newest: float
    power: FloatArray
    connectivity: FloatArray
    pairs: NDArray[np.int64]
    quality: FloatArray
    segments: NDArray[np.int64]
    full: bool
    spectrum: FloatArray = field(default_factory=lambda: np.empty((0, 0)))


@dataclass(frozen=True, eq=False)
class EmotionFrame:
    """What the decoder says at the end of one window.

    Attributes
    ----------
    index : int or None
        Sample index at which the window ends, exclusive; None on a stale frame,
        which stands for no sample at all.
    time : float
        Seconds, on the stream's clock.
    newest : float
        Time of the newest sample behind the frame, from which its age counts.
    mean, std, lower, upper : array, shape (n_emotions,)
        Estimate, its standard deviation, and a 90 % interval; NaN without a value.
    node_contribution : array, shape (n_emotions, n_channels)
        What each channel's power adds to `mean`.
    edge_contribution : array, shape (n_emotions, n_pairs)
        What each pair's connectivity adds to `mean`.
    reasons : frozenset of str
        Members of `Reason` against trusting this frame; empty when there are none.
    quality : float
        Mean quality of the channels with a position, 0..1.
    model : str
        Identity of the model, what it was trained on included.
    """

    index: int | None
    time: float
    newest: float
    mean: FloatArray
    std: FloatArray
    lower: FloatArray
    upper: FloatArray
    node_contribution: FloatArray
    edge_contribution: FloatArray
    reasons: frozenset[str]
    quality: float
    model: str

    @property
    def trusted(self) -> bool:
        """True when nothing speaks against the frame."""
        return not self.reasons


@dataclass(frozen=True)
class Publication:
    """A frame together with the facts of the run that sent it out.

    Attributes
    ----------
    frame : EmotionFrame
        What was decoded; replaying gives the same to the bit.
    sample_age : float
        Seconds between the newest sample's stamp and the moment of publishing,
        on the stream's clock; NaN where the run has no such clock.
    late : bool
        True when the next frame was already due.
    published : float
        The moment of publishing on the stream's clock; NaN where it has none.
    """

    frame: EmotionFrame
    sample_age: float
    late: bool
    published: float


Item = Chunk | Event | Tick | FeatureFrame | EmotionFrame


@runtime_checkable
class Source(Protocol):
    """Where samples come from. Opened when made; `close` may be called twice."""

    @property
    def info(self) -> StreamInfo:
        """What is known about the stream."""

    def __iter__(self) -> Any:
        """Yield `Chunk`, `Event` and `Tick`; end when there is nothing left."""

    def now(self) -> float:
        """Return the present moment on the clock of `Chunk.times`; NaN without one."""

    def close(self) -> None:
        """Release the stream or file."""


@runtime_checkable
class Stage(Protocol):
    """One step of the way. What it does not know it yields unchanged."""

    def process(self, item: Item) -> Iterable[Item]:
        """Take one item and yield what follows from it, in order."""

    def reset(self) -> None:
        """Forget every sample seen, as if newly made."""


@runtime_checkable
class Outlet(Protocol):
    """Where results go. Made open; `close` may be called twice."""

    def publish(self, publication: Publication) -> None:
        """Send or write one frame."""

    def event(self, event: Event) -> None:
        """Take note of an event."""

    def close(self) -> None:
        """Finish the output, so that nothing published is lost."""


def identical(left: Any, right: Any) -> bool:
    """Tell whether two flowing values are the same to the bit, NaN equal to NaN."""
    if type(left) is not type(right):
        return False
    if is_dataclass(left):
        return all(identical(getattr(left, f.name), getattr(right, f.name)) for f in fields(left))
    if isinstance(left, np.ndarray):
        return bool(left.shape == right.shape and left.tobytes() == right.tobytes())
    if isinstance(left, float):
        return bool(left == right or (np.isnan(left) and np.isnan(right)))
    return bool(left == right)

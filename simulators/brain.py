"""The simulated brain: emotions in, volts at the electrodes out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import SetupError
from ..signal import Chunk, FloatArray, StreamInfo
from .artifacts import ArtifactGenerator, Artifacts
from .codes import (
    BANDS,
    CENTERS_HZ,
    CODES,
    COUPLING_CODES,
    COUPLING_FULL,
    COUPLING_REST,
    EMOTIONS,
    HALF_WIDTHS_HZ,
    POWER_GAIN,
    RESTING_ALPHA_HALF_WIDTH_HZ,
    Code,
    rhythm_table,
)
from .emotions import EmotionProcess, Trajectories
from .head import lead_field
from .headsets import Headset, get_headset
from .oscillators import Background, Rhythms
from .subject import Subject

BLOCK_S = 1.0


class Brain:
    """A person wearing a headset, read sample by sample.

    The signal is made in blocks of 1 s counted from the start and handed out in any
    cut, so that the same arguments give the same bits however they are read. What the
    sources do depends on neither electrodes nor code: the same seeds under another
    headset of the same rate show the same brain, and under another code the same
    independent noise.

    Parameters
    ----------
    subject : Subject
        Whose brain it is.
    headset : Headset or str
        What is worn, or its name.
    code : {"network", "power", "mix", "none", "muscle", "eyes"}
        What emotions change: the brain, nothing, or only muscles or eyes.
    seed : int
        Of this session; mixed with the subject's, so that two subjects never share it.
    rest_s : float
        All emotions rest at 0 for so long at the start. Not for `trajectories` given.
    sfreq : float, optional
        Sampling rate in Hz; the headset's own by default.
    artifacts : Artifacts, optional
        Mild blinks, mains and amplifier noise by default, and what `code` needs.
    trajectories : Trajectories, optional
        Emotions over time to use in place of drawn ones.

    Raises
    ------
    SetupError
        When code, headset or rate cannot be had, or the artifacts hold nothing that
        the code could drive.
    """

    def __init__(
        self,
        subject: Subject,
        headset: Headset | str,
        code: Code = "mix",
        seed: int = 0,
        rest_s: float = 0.0,
        sfreq: float | None = None,
        artifacts: Artifacts | None = None,
        trajectories: Trajectories | None = None,
    ) -> None:
        if code not in CODES:
            raise SetupError(f"no code is called {code!r}; there are {', '.join(CODES)}")
        self.subject = subject
        self.headset = get_headset(headset) if isinstance(headset, str) else headset
        self.code: Code = code
        self.seed = seed
        rate = self.headset.sfreq if sfreq is None else float(sfreq)
        if not rate >= 2.5 * CENTERS_HZ["gamma"]:
            raise SetupError(f"a simulated brain needs at least 92.5 Hz, got {rate:g} Hz")
        self.info = _describe(self.headset, subject, code, seed, rate)
        self._table = rhythm_table()
        worn = subject.worn(self.info.positions)
        self._gain, self._background_gain = _sensor_gains(subject, worn)
        root = np.random.SeedSequence(self.seeds)
        drawn, sources, background, extras = root.spawn(4)
        self._emotions: Trajectories = trajectories or EmotionProcess(
            np.random.default_rng(drawn), rest_s=rest_s
        )
        self._rhythms = _rhythms(subject, rate, np.random.default_rng(sources))
        self._noise = Background(
            len(subject.background_positions),
            subject.exponent,
            rate,
            np.random.default_rng(background),
        )
        self._artifacts = ArtifactGenerator(
            artifacts or Artifacts.of_code(code), worn, rate, extras, code
        )
        self._block = round(BLOCK_S * rate)
        self._made = 0
        self._ready = np.empty((0, self.info.n_channels))
        self._ready_truth = np.empty((0, len(EMOTIONS)))
        self._next = 0

    @property
    def rhythm_gain(self) -> FloatArray:
        """Volts at each electrode per unit of each rhythm, shape (n_channels, 48)."""
        gain: FloatArray = self._gain[:, : len(self._table.band)]
        return gain

    @property
    def seeds(self) -> tuple[int, ...]:
        """What everything random is drawn from: subject, seed, and session if not the first."""
        day = (self.subject.session,) if self.subject.session else ()
        return (self.subject.seed, self.seed, *day)

    @property
    def dead(self) -> NDArray[np.int64]:
        """Columns of the channels that deliver nothing but zeros."""
        return self._artifacts.dead

    @property
    def position(self) -> int:
        """Index of the sample that is read next."""
        return self._next

    def read(self, n: int) -> tuple[Chunk, FloatArray]:
        """Return the next `n` samples and the truth behind them.

        Returns
        -------
        chunk : Chunk
            Volts, (n, n_channels); times are sample index / sfreq.
        truth : array, shape (n, 8)
            The emotions at each sample, 0..1.
        """
        if n < 0:
            raise ValueError(f"'n' must not be negative, got {n}")
        signals, truths = [self._ready], [self._ready_truth]
        have = len(self._ready)
        while have < n:
            signal, truth = self._make()
            signals.append(signal)
            truths.append(truth)
            have += self._block
        signal = np.concatenate(signals) if len(signals) > 1 else signals[0]
        truth = np.concatenate(truths) if len(truths) > 1 else truths[0]
        self._ready, self._ready_truth = signal[n:], truth[n:]
        times = np.arange(self._next, self._next + n) / self.info.sfreq
        chunk = Chunk(signal[:n], self._next, times)
        self._next += n
        return chunk, truth[:n].copy()

    def sources(self) -> tuple[FloatArray, FloatArray]:
        """Make the next block of rhythms without sensors: for looking behind the scenes.

        Returns
        -------
        rhythms : array, shape (48, n_block)
            Unit power each unless the code scales it; the order of `rhythm_table`.
        truth : array, shape (n_block, 8)
            The emotions at each sample.
        """
        rhythms, _, truth = self._activity()
        return rhythms, truth

    def _activity(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return emotional rhythms, resting alpha and truth of the next block."""
        times = np.arange(self._made, self._made + self._block) / self.info.sfreq
        self._made += self._block
        truth = self._emotions.at(times)
        now, later = self._rhythms.block(self._block)
        pairs = len(self._table.pair_emotion)
        level = truth.T
        coupling: FloatArray | float = COUPLING_REST
        if self.code in COUPLING_CODES:
            span = COUPLING_FULL - COUPLING_REST
            coupling = COUPLING_REST + span * level[self._table.pair_emotion]
        target = now[pairs : 2 * pairs]
        target *= np.sqrt(1 - np.square(coupling))
        target += coupling * later[:pairs]
        rhythms = now[: 2 * pairs]
        if self.code in ("power", "mix"):
            rhythms *= np.exp(POWER_GAIN * (self._table.scale @ level))
        return rhythms, now[2 * pairs :], truth

    def _make(self) -> tuple[FloatArray, FloatArray]:
        """Make one block: (n_block, n_channels) in volts and the truth (n_block, 8)."""
        rhythms, alpha, truth = self._activity()
        volts = self._gain @ np.concatenate([rhythms, alpha])
        volts += self._background_gain @ self._noise.block(self._block)
        volts += self._artifacts.block(self._block, truth)
        volts *= self.subject.amplifier_gain
        volts[self.dead] = 0.0
        return np.ascontiguousarray(volts.T), truth


def _describe(
    headset: Headset, subject: Subject, code: str, seed: int, sfreq: float
) -> StreamInfo:
    day = f"-{subject.session}" if subject.session else ""
    return StreamInfo(
        channels=headset.channels,
        sfreq=sfreq,
        positions=headset.positions(),
        unit="V",
        reference="infinity",
        name=f"rtemotion-{headset.name}",
        source_id=f"rtemotion-sim-{headset.name}-{code}-{subject.seed}-{seed}{day}",
        simulated=True,
    )


def _rhythms(subject: Subject, sfreq: float, rng: np.random.Generator) -> Rhythms:
    """Return the 48 emotional rhythms followed by the generators of resting alpha."""
    bands = rhythm_table().band
    resting = len(subject.alpha_positions)
    own = CENTERS_HZ | {"alpha": subject.alpha_hz}
    centers = [own[band] for band in bands] + [subject.alpha_hz] * resting
    widths = [HALF_WIDTHS_HZ[b] for b in bands] + [RESTING_ALPHA_HALF_WIDTH_HZ] * resting
    return Rhythms(centers, widths, sfreq, rng)


def _sensor_gains(subject: Subject, electrodes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return volts per unit source: rhythms and alpha (n_channels, 51), background."""
    table = rhythm_table()
    places = np.concatenate(
        [subject.positions, subject.alpha_positions, subject.background_positions]
    )
    directions = np.concatenate(
        [subject.directions, subject.alpha_directions, subject.background_directions]
    )
    fixed = np.einsum("cdk,dk->cd", lead_field(electrodes, places), directions)
    anchors, resting = len(subject.positions), len(subject.alpha_positions)
    band_rows = [BANDS.index(band) for band in table.band]
    rhythm = fixed[:, table.anchor] * (table.moment * subject.gains[table.anchor, band_rows])
    alpha = fixed[:, anchors : anchors + resting] * (subject.alpha_nam * 1e-9)
    background = fixed[:, anchors + resting :] * (subject.background_nam * 1e-9)
    return np.concatenate([rhythm, alpha], axis=1), np.ascontiguousarray(background)

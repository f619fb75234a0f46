"""The frozen benchmark: the same simulated people for whoever scores a decoder.

`benchmark_v1.toml` decides every signal and never changes. Its hash is checked
whenever it is read, and fingerprints of a few recordings tell whether the simulator
still makes the signals it made when the file was frozen.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from ..errors import SetupError
from ..signal import FloatArray
from .artifacts import Artifacts
from .brain import Brain
from .codes import Code
from .emotions import EmotionProcess
from .headsets import get_headset
from .subject import Subject

FROZEN_SHA256 = "117928e7f88da503f6a56ae127eba861d9605c027981b7c573e5aab0aebede33"
TOLERANCE = 1e-6
# A fingerprint is of the last seconds of a recording with a short rest, while emotions come in.
_FINGERPRINT_REST_S, _FINGERPRINT_READ_S, _FINGERPRINT_S = 10.0, 14.0, 10.0
_FINGERPRINT_CHANNELS = 4

Split = Literal["training", "test"]


@dataclass(frozen=True)
class Sitting:
    """One recording of one simulated subject, and all that decides its signal.

    Attributes
    ----------
    subject, session : int
        Seeds of the person and of this session.
    code : str
        What emotions change.
    orientation_deg, jitter_mm, gain_spread : float
        How far the subject differs from the atlas, see `Subject.draw`.
    tau_s : float
        Time constant of the emotions in seconds.
    headset : str
        What is worn.
    sfreq : float
        Sampling rate in Hz.
    artifacts : Artifacts
        How much of each artifact there is.
    rest_s, seconds : float
        Rest at the start, and the rest of the recording after it.
    """

    subject: int
    session: int
    code: Code
    orientation_deg: float
    jitter_mm: float
    gain_spread: float
    tau_s: float
    headset: str
    sfreq: float
    artifacts: Artifacts
    rest_s: float
    seconds: float

    def brain(self) -> Brain:
        """Return the brain at the start of the recording."""
        drawn = np.random.SeedSequence((self.subject, self.session)).spawn(1)[0]
        return Brain(
            Subject.draw(self.subject, self.jitter_mm, self.orientation_deg, self.gain_spread),
            get_headset(self.headset),
            code=self.code,
            seed=self.session,
            sfreq=self.sfreq,
            artifacts=self.artifacts,
            trajectories=EmotionProcess(np.random.default_rng(drawn), self.tau_s, self.rest_s),
        )


@dataclass(frozen=True)
class People:
    """One side of the split: who is recorded, and how.

    Attributes
    ----------
    first_subject, subjects : int
        Seed of the first, and how many there are, one seed after the other.
    session : int
        Seed of everybody's session.
    seconds : float
        Length after the rest.
    orientations_deg : mapping
        The spreads of orientation there are, for each code.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    first_subject: int
    subjects: int
    session: int
    seconds: float
    orientations_deg: dict[Code, tuple[float, ...]]

    @property
    def seeds(self) -> range:
        """The subjects' seeds, in order."""
        return range(self.first_subject, self.first_subject + self.subjects)


@dataclass(frozen=True)
class Fingerprint:
    """What a recording looked like when the benchmark was frozen, see `fingerprint`."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    split: Split
    number: int
    code: Code
    orientation_deg: float
    values: tuple[float, ...]


@dataclass(frozen=True)
class Benchmark:
    """A benchmark as its file describes it.

    Attributes
    ----------
    name : str
        What scores on it are called by.
    headset : str
        What is worn unless somebody asks for another one.
    sfreq, jitter_mm, gain_spread, tau_s, rest_s : float
        As for `Sitting`, the same for everybody.
    splits : mapping
        The people of ``training`` and of ``test``.
    oracle_s, gap_s : float
        After the rest of a test recording: what a within-subject oracle may learn
        from, and what nobody uses after it; the remainder is scored.
    artifacts : mapping
        Fields of `Artifacts`: under ``usual`` those of everybody, under the name of a
        code those that differ there.
    fingerprints : tuple of Fingerprint
        Of a few recordings.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str
    headset: str
    sfreq: float
    jitter_mm: float
    gain_spread: float
    tau_s: float
    rest_s: float
    oracle_s: float
    gap_s: float
    splits: dict[Split, People]
    artifacts: dict[str, dict[str, float]]
    fingerprints: tuple[Fingerprint, ...] = ()

    @property
    def scored_span(self) -> tuple[float, float]:
        """Seconds of a test recording that everybody is scored on."""
        start = self.rest_s + self.oracle_s + self.gap_s
        return start, self.rest_s + self.splits["test"].seconds

    def oracle_spans(self, oracle_s: float | None = None) -> tuple[tuple[float, float], ...]:
        """Return the stretches of a test recording that the within-subject oracle learns from.

        Parameters
        ----------
        oracle_s : float, optional
            How much in all. What is more than the benchmark's own follows the scored
            stretch after another gap; the recording goes on for so long.
        """
        before = self.rest_s, self.rest_s + self.oracle_s
        longer = max(0.0, (oracle_s or 0.0) - self.oracle_s)
        start = self.scored_span[1] + self.gap_s
        return (before, (start, start + longer)) if longer else (before,)

    def training(self, code: Code) -> Iterator[Brain]:
        """Yield the brains that decoders may be fitted on."""
        (orientation,) = self.orientations("training", code)
        return (one.brain() for one in self.sittings("training", code, orientation))

    def test(self, code: Code, orientation_deg: float) -> Iterator[Brain]:
        """Yield the brains that decoders are scored on, at one dose of the curve."""
        return (one.brain() for one in self.sittings("test", code, orientation_deg))

    def orientations(self, split: Split, code: Code) -> tuple[float, ...]:
        """Return the spreads of orientation in degrees that a split has for a code.

        Raises
        ------
        SetupError
            When it has none.
        """
        known = self.splits[split].orientations_deg
        if code not in known:
            raise SetupError(
                f"{self.name} has no {split} people with the code {code!r}; "
                f"there are {', '.join(known)}"
            )
        return known[code]

    def sittings(
        self,
        split: Split,
        code: Code,
        orientation_deg: float,
        headset: str | None = None,
        oracle_s: float | None = None,
    ) -> tuple[Sitting, ...]:
        """Return what the brains of a split are made from, in the order of their seeds.

        Parameters
        ----------
        split : {"training", "test"}
            Which people.
        code : str
            What their emotions change.
        orientation_deg : float
            One of `orientations`.
        headset : str, optional
            Another headset on the same people in the same sessions.
        oracle_s : float, optional
            Test recordings go on until there is so much for `oracle_spans`.

        Raises
        ------
        SetupError
            When there are no such people.
        """
        known = self.orientations(split, code)
        if orientation_deg not in known:
            raise SetupError(
                f"{self.name} has no {split} people with the code {code!r} at "
                f"{orientation_deg:g}°; there are {', '.join(f'{x:g}°' for x in known)}"
            )
        people = self.splits[split]
        seconds = people.seconds
        if split == "test":
            seconds = max(seconds, self.oracle_spans(oracle_s)[-1][1] - self.rest_s)
        amounts = self.artifacts["usual"] | self.artifacts.get(code, {})
        return tuple(
            Sitting(
                subject=seed,
                session=people.session,
                code=code,
                orientation_deg=orientation_deg,
                jitter_mm=self.jitter_mm,
                gain_spread=self.gain_spread,
                tau_s=self.tau_s,
                headset=headset or self.headset,
                sfreq=self.sfreq,
                artifacts=Artifacts(**amounts),
                rest_s=self.rest_s,
                seconds=seconds,
            )
            for seed in people.seeds
        )

    def check_signals(self) -> None:
        """Raise `SetupError` when the simulator no longer makes the frozen signals."""
        for kept in self.fingerprints:
            who = self.sittings(kept.split, kept.code, kept.orientation_deg)[kept.number]
            found = fingerprint(who)
            off = np.abs(found - kept.values) > TOLERANCE * np.abs(kept.values)
            if off.any():
                raise SetupError(
                    f"the simulator no longer makes the signals of {self.name} (subject "
                    f"{who.subject}, code {who.code!r}: {found[off][0]:.9g} in place of "
                    f"{np.array(kept.values)[off][0]:.9g}), so scores would not compare; undo "
                    "what changed it, or freeze a new version"
                )


def fingerprint(sitting: Sitting) -> FloatArray:
    """Return a few numbers that tell whether a recording still is what it was.

    It is taken with a rest of 10 s, which makes it quick; nothing else differs.

    Returns
    -------
    array, shape (16,)
        Of 10 s that end 4 s after the rest: the root mean square of four channels spread
        over the headset and their last samples, in µV, and the eight emotions at the end.
    """
    brain = replace(sitting, rest_s=_FINGERPRINT_REST_S).brain()
    rate = sitting.sfreq
    chunk, truth = brain.read(round(_FINGERPRINT_READ_S * rate))
    spread = np.linspace(0, brain.info.n_channels - 1, _FINGERPRINT_CHANNELS).astype(np.int64)
    seen = 1e6 * chunk.data[-round(_FINGERPRINT_S * rate) :, spread]
    return np.concatenate([np.sqrt(np.mean(seen**2, axis=0)), seen[-1], truth[-1]])


def load_benchmark(path: Path | None = None) -> Benchmark:
    """Read `benchmark_v1.toml`.

    Parameters
    ----------
    path : Path, optional
        A copy of it; the one that ships by default.

    Raises
    ------
    SetupError
        When it is not, byte for byte, the file that was frozen.
    """
    path = path or Path(__file__).parent / "benchmark_v1.toml"
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != FROZEN_SHA256:
        raise SetupError(
            f"{path} is not the frozen benchmark (sha256 {found[:12]}… in place of "
            f"{FROZEN_SHA256[:12]}…), and scores on it would not compare with others; restore "
            "the file, and make a benchmark_v2.toml for what should be different"
        )
    return parse_benchmark(content.decode())


def parse_benchmark(text: str) -> Benchmark:
    """Read the description of a benchmark, frozen or not.

    Raises
    ------
    SetupError
        When a key is unknown or missing, or the parts do not fit each other.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        benchmark = TypeAdapter(Benchmark).validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SetupError(f"the benchmark is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SetupError(f"the benchmark does not fit: {where}: {first['msg']}") from error
    _check(benchmark)
    return benchmark


def _check(benchmark: Benchmark) -> None:
    problem = None
    training, test = (set(benchmark.splits[name].seeds) for name in ("training", "test"))
    if training & test:
        problem = "the same subject is in training and in test"
    elif benchmark.scored_span[0] >= benchmark.scored_span[1]:
        problem = "nothing is left to score after what the oracle learns from and the gap"
    elif any(len(x) != 1 for x in benchmark.splits["training"].orientations_deg.values()):
        problem = "training people have one spread of orientation for each code"
    unknown = {key for each in benchmark.artifacts.values() for key in each} - {
        field.name for field in fields(Artifacts)
    }
    if unknown:
        problem = f"no artifact is called {', '.join(sorted(unknown))}"
    if problem:
        raise SetupError(f"the benchmark does not fit: {problem}")

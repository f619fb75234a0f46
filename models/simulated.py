"""Training records from simulated people, made by the very code that serves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..conditioning import ConditioningDesign
from ..decoding.baseline import BaselineSpan
from ..decoding.card import Normalisation, PopulationReference
from ..decoding.inputs import InputBuilder
from ..features import FeatureSchema
from ..pipeline import chain, feature_stages
from ..signal import FeatureFrame, FloatArray, Stage
from ..simulators import Brain, Subject, get_headset, headset_from_montage
from ..simulators.artifacts import Artifacts
from ..simulators.codes import Code
from ..simulators.emotions import TAU_S, EmotionProcess

REST_S = 75.0
CODES: tuple[Code, ...] = ("mix", "network", "power", "none")
CODE_SHARES = (0.32, 0.3, 0.3, 0.08)
# Names of headsets, and montages made up of electrodes of the largest cap and net.
HEADSET_SHARES = {
    "cap32": 0.25,
    "cap64": 0.12,
    "epoc": 0.1,
    "muse": 0.08,
    "openbci16": 0.05,
    "net128": 0.03,
    "any cap": 0.27,
    "any net": 0.1,
}
ORIENTATIONS_DEG, ORIENTATION_SHARES = (15.0, 30.0, 45.0), (0.25, 0.5, 0.25)
REALISTIC_SHARE = 0.1
USUAL_SHARE = 0.4
READ_S = 5.0


class Plan(Protocol):
    """What is recorded: a frozen dataclass whose fields decide every sample."""

    @property
    def rest_s(self) -> float:
        """Rest at the start, the person's baseline."""

    @property
    def seconds(self) -> float:
        """Length after the rest."""

    def brain(self) -> Brain:
        """Return the brain at the start of the recording."""


@dataclass(frozen=True)
class Recipe:
    """What is recorded of one simulated person.

    Attributes
    ----------
    seed : int
        Of the person and the session.
    headset : str
        Name of a headset, or of the montage that `labels` belong to.
    code : str
        How emotions show in the brain.
    seconds : float
        Length after the rest.
    labels : tuple of str
        Electrodes of a montage made up for the occasion; empty for a headset.
    orientation_deg : float
        How far dipoles turn away from the atlas, see `Subject.draw`.
    tau_s : float
        Time constant of the emotions in seconds.
    artifacts : Artifacts
        How much of each artifact there is.
    realistic : bool
        Whether rhythms are as faint as recordings show them.
    """

    seed: int
    headset: str
    code: Code
    seconds: float = 210.0
    labels: tuple[str, ...] = ()
    orientation_deg: float = 30.0
    tau_s: float = TAU_S
    artifacts: Artifacts = Artifacts()
    realistic: bool = False

    @property
    def rest_s(self) -> float:
        """Rest at the start, the same for everybody."""
        return REST_S

    def brain(self) -> Brain:
        """Return the brain at the start of the recording."""
        headset = get_headset(self.headset) if not self.labels else None
        drawn = np.random.SeedSequence((self.seed, 1)).spawn(1)[0]
        return Brain(
            Subject.draw(
                self.seed, orientation_deg=self.orientation_deg, realistic=self.realistic
            ),
            headset or headset_from_montage(self.headset, self.labels),
            code=self.code,
            seed=self.seed,
            artifacts=self.artifacts,
            trajectories=EmotionProcess(np.random.default_rng(drawn), self.tau_s, REST_S),
        )


@dataclass(frozen=True, eq=False)
class Record:
    """The features of one recording, smoothed as the decoder smooths and thinned to 1 Hz.

    Attributes
    ----------
    power : array, shape (n_frames, n_bands, n_channels)
        Log power minus the person's baseline; half precision once it was kept.
    connectivity : array, shape (n_frames, n_measures, n_bands, n_pairs)
        Connectivity minus the person's baseline; half precision once it was kept.
    rest_power, rest_connectivity : array
        That baseline, one frame of each.
    pairs, positions, mask : array
        As `Model.run` takes them.
    truth : array, shape (n_frames, n_targets)
        The emotions at the end of each frame.
    times : array, shape (n_frames,)
        End of each frame in seconds since the start of the recording.
    recipe : Plan
        What was recorded.
    """

    power: NDArray[np.floating]
    connectivity: NDArray[np.floating]
    rest_power: NDArray[np.float32]
    rest_connectivity: NDArray[np.float32]
    pairs: NDArray[np.int64]
    positions: NDArray[np.float32]
    mask: NDArray[np.float32]
    truth: NDArray[np.float32]
    times: FloatArray
    recipe: Plan


def record(
    recipe: Plan, schema: FeatureSchema, design: ConditioningDesign, smoothing_s: float
) -> Record:
    """Simulate one person and keep the features that decoding would see."""
    brain = recipe.brain()
    rest_s = recipe.rest_s
    stages, info = feature_stages(brain.info, schema, design)
    builder = InputBuilder(info, schema, _no_reference(schema), span=BaselineSpan(0.0, rest_s))
    hop = schema.hop_seconds(info.sfreq)
    step = 1.0 - np.exp(-hop / smoothing_s) if smoothing_s > 0 else 1.0
    hop_samples = schema.hop_samples(info.sfreq)
    thin = max(1, round(info.sfreq / hop_samples))
    masks = []
    kept: list[tuple[FloatArray, ...]] = []
    times: list[float] = []
    smooth: list[FloatArray] = []
    for frame, truth in _frames(brain, stages, rest_s + recipe.seconds):
        builder.follow(frame)
        if builder.baseline is None:
            continue
        mask = builder.mask(frame)
        power, connectivity, _ = builder.values(frame, mask)
        newest = [power, connectivity]
        smooth = [s + step * (x - s) for s, x in zip(smooth or newest, newest, strict=True)]
        masks.append(mask)
        if (frame.index // hop_samples) % thin == 0:
            kept.append((*smooth, truth))
            times.append(frame.index / brain.info.sfreq)
    assert builder.baseline is not None
    powers, edges, truths = (np.array(x, dtype=np.float32) for x in zip(*kept, strict=True))
    return Record(
        power=powers,
        connectivity=edges,
        rest_power=builder.baseline.log_power.astype(np.float32),
        rest_connectivity=builder.baseline.connectivity.astype(np.float32),
        pairs=frame.pairs.copy(),
        positions=builder.positions.astype(np.float32),
        mask=np.mean(masks, axis=0).round().astype(np.float32),
        truth=truths,
        times=np.array(times),
        recipe=recipe,
    )


@dataclass(frozen=True)
class Recorder:
    """Records people, and keeps what it recorded so that a broken run goes on.

    Attributes
    ----------
    schema, design, smoothing_s
        As in `record`.
    folder : Path
        Where finished records lie, one file each, named by all they depend on.
    """

    schema: FeatureSchema
    design: ConditioningDesign
    smoothing_s: float
    folder: Path

    def __call__(self, recipe: Plan) -> Path:
        """Record one person unless that is done; return the file."""
        key = repr((recipe, self.schema, self.design, self.smoothing_s, code_hash()))
        path = self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npz"
        if not path.exists():
            made = record(recipe, self.schema, self.design, self.smoothing_s)
            partial = path.with_suffix(".partial.npz")
            arrays = {name: getattr(made, name) for name in _ARRAYS}
            # Three digits are plenty for features, and records of nets fit into memory.
            arrays |= {name: arrays[name].astype(np.float16) for name in ("power", "connectivity")}
            np.savez(partial, recipe=repr(recipe), **arrays)
            partial.replace(path)
        return path


_ARRAYS = (
    "power",
    "connectivity",
    "rest_power",
    "rest_connectivity",
    "pairs",
    "positions",
    "mask",
    "truth",
    "times",
)


def recorded(recipes: Sequence[Plan], recorder: Recorder, workers: int) -> Iterator[Path]:
    """Record many people, several at a time, and yield their files in the same order.

    Workers take one thread each, and a single one works in this process.
    """
    recorder.folder.mkdir(parents=True, exist_ok=True)
    if workers == 1:
        yield from map(recorder, recipes)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_use_one_thread) as pool:
        yield from pool.map(recorder, recipes)


def records(recipes: Sequence[Plan], recorder: Recorder, workers: int) -> Iterator[Record]:
    """Record many people, several at a time, in the order of the recipes."""
    for recipe, path in zip(recipes, recorded(recipes, recorder, workers), strict=True):
        yield load(path, recipe)


def load(path: Path, recipe: Plan) -> Record:
    """Read the record that a `Recorder` has kept of a recipe."""
    with np.load(path, allow_pickle=False) as kept:
        return Record(**{name: kept[name] for name in _ARRAYS}, recipe=recipe)


def _use_one_thread() -> None:
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


@cache
def code_hash() -> str:
    """Return a hash of all the code a record depends on."""
    top = Path(__file__).resolve().parents[1]
    parts = (
        "{}conditioning/*.py",
        "{}features/*.py",
        "{}decoding/baseline.py",
        "{}decoding/inputs.py",
        "{}decoding/trust.py",
        "simulators/*.py",
    )
    # In a checkout these folders lie in `rtemotion`, installed beside this one.
    files = {f for part in parts for at in ("", "rtemotion/") for f in top.glob(part.format(at))}
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def draw_recipes(n: int, seed: int, seconds: float = 210.0) -> list[Recipe]:
    """Draw people, headsets, codes and artifacts for training.

    Montages range from four electrodes to 128; a third of them are made up at random,
    so that the network learns places rather than layouts. People differ in anatomy, in
    how fast their emotions move and in how clean their signal is; some have rhythms
    that hardly stand out, and in some no emotion shows.
    """
    rng = np.random.default_rng(seed)
    drawn = []
    for i in range(n):
        headset, labels = _draw_headset(rng)
        realistic = bool(rng.random() < REALISTIC_SHARE)
        code = CODES[int(rng.choice(len(CODES), p=CODE_SHARES))]
        count = len(labels) or len(get_headset(headset).channels)
        artifacts = Artifacts.realistic() if realistic else _draw_artifacts(rng, count)
        drawn.append(
            Recipe(
                seed * 100_000 + i,
                headset,
                code,
                seconds,
                labels,
                orientation_deg=float(rng.choice(ORIENTATIONS_DEG, p=ORIENTATION_SHARES)),
                tau_s=float(np.exp(rng.uniform(np.log(8.0), np.log(TAU_S)))),
                artifacts=artifacts,
                realistic=realistic,
            )
        )
    return drawn


def _draw_headset(rng: np.random.Generator) -> tuple[str, tuple[str, ...]]:
    """Return the name of a headset or montage, and the electrodes that are used of it."""
    kind = str(rng.choice(list(HEADSET_SHARES), p=list(HEADSET_SHARES.values())))
    if kind == "any cap":
        labels, most = get_headset("cap64").channels, 48
    elif kind == "any net":
        labels, most = get_headset("net128").channels, 96
    else:
        return kind, ()
    size = int(np.exp(rng.uniform(np.log(4.0), np.log(most + 1.0))))
    chosen = tuple(str(x) for x in rng.choice(labels, size, replace=False))
    return get_headset("cap64" if kind == "any cap" else "net128").montage, chosen


def _draw_artifacts(rng: np.random.Generator, n_channels: int) -> Artifacts:
    """Return usual artifacts for some, anything up to worse than realistic for the others."""
    usual, worst = Artifacts(), Artifacts.realistic()
    if rng.random() < USUAL_SHARE:
        return usual
    amounts = {
        name: float(rng.uniform(0.0, 1.2) * getattr(worst, name))
        for name in (
            "blinks_per_min",
            "blink_uv",
            "line_uv",
            "saccades_per_min",
            "muscle_uv",
            "bursts_per_min",
            "pops_per_min",
            "drift_uv",
            "sweat_uv",
        )
    }
    dead = float(rng.integers(0, 3)) if n_channels > 8 else 0.0
    return replace(usual, **amounts, dead=dead)


def _no_reference(schema: FeatureSchema) -> Normalisation:
    zeros = tuple(0.0 for _ in schema.connectivity_bands)
    nothing = PopulationReference(
        tuple(0.0 for _ in schema.bands), tuple(zeros for _ in schema.measures)
    )
    return Normalisation("baseline", 60.0, nothing)


def _frames(
    brain: Brain, stages: list[Stage], seconds: float
) -> Iterator[tuple[FeatureFrame, FloatArray]]:
    step = round(READ_S * brain.info.sfreq)
    truth = np.empty((0, 0))
    for _ in range(round(seconds / READ_S)):
        chunk, new = brain.read(step)
        truth = new if truth.size == 0 else np.concatenate([truth[-step:], new])
        first = chunk.stop - len(truth)
        for item in chain(stages, chunk):
            if isinstance(item, FeatureFrame) and item.full:
                yield item, truth[item.index - 1 - first]

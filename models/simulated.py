"""Training records from simulated people, made by the very code that serves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
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
from ..simulators import Brain, Headset, Subject, get_headset, headset_from_labels
from ..simulators.codes import Code

REST_S = 75.0
CODES: tuple[Code, ...] = ("mix", "network", "power")
SHARES = (0.5, 0.25, 0.25)
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
    headset : str or tuple of str
        Name of a headset, or labels of a montage made up for the occasion.
    code : str
        How emotions show in the brain.
    seconds : float
        Length after the rest.
    """

    seed: int
    headset: str | tuple[str, ...]
    code: Code
    seconds: float = 210.0

    @property
    def rest_s(self) -> float:
        """Rest at the start, the same for everybody."""
        return REST_S

    def brain(self) -> Brain:
        """Return the brain at the start of the recording."""
        return Brain(
            Subject.draw(self.seed),
            _headset(self),
            code=self.code,
            seed=self.seed,
            rest_s=REST_S,
        )


@dataclass(frozen=True, eq=False)
class Record:
    """The features of one recording, smoothed as the decoder smooths and thinned to 1 Hz.

    Attributes
    ----------
    power : array, shape (n_frames, n_bands, n_channels)
        Log power minus the person's baseline.
    connectivity : array, shape (n_frames, n_measures, n_bands, n_pairs)
        Connectivity minus the person's baseline.
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

    power: NDArray[np.float32]
    connectivity: NDArray[np.float32]
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
    thin = round(1.0 / hop)
    masks = []
    kept: list[tuple[FloatArray, ...]] = []
    times: list[float] = []
    smooth: list[FloatArray] = []
    for number, (frame, truth) in enumerate(_frames(brain, stages, rest_s + recipe.seconds)):
        builder.follow(frame)
        if builder.baseline is None:
            continue
        mask = builder.mask(frame)
        power, connectivity, _ = builder.values(frame, mask)
        newest = [power, connectivity]
        smooth = [s + step * (x - s) for s, x in zip(smooth or newest, newest, strict=True)]
        masks.append(mask)
        if number % thin == 0:
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
        key = repr((recipe, self.schema, self.design, self.smoothing_s, _code_hash()))
        path = self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npz"
        if not path.exists():
            made = record(recipe, self.schema, self.design, self.smoothing_s)
            partial = path.with_suffix(".partial.npz")
            arrays = {name: getattr(made, name) for name in _ARRAYS}
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
def _code_hash() -> str:
    """Return a hash of all the code a record depends on."""
    top = Path(__file__).resolve().parents[1]
    folders = (
        "rtemotion/conditioning",
        "rtemotion/features",
        "rtemotion/decoding",
        "simulators",
        "conditioning",
        "features",
        "decoding",
    )
    files = sorted(file for name in folders for file in (top / name).glob("*.py"))
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def draw_recipes(n: int, seed: int, seconds: float = 210.0) -> list[Recipe]:
    """Draw people, headsets and codes for training.

    Montages range from four electrodes to 64; a fifth of them are made up at
    random, so that the network learns places rather than layouts.
    """
    rng = np.random.default_rng(seed)
    labels = get_headset("cap64").channels
    drawn = []
    for i in range(n):
        kind = rng.choice(
            ["cap32", "cap64", "epoc", "muse", "random"], p=[0.3, 0.2, 0.2, 0.1, 0.2]
        )
        headset: str | tuple[str, ...] = str(kind)
        if kind == "random":
            size = int(rng.integers(5, 49))
            headset = tuple(str(x) for x in rng.choice(labels, size, replace=False))
        code = CODES[int(rng.choice(len(CODES), p=SHARES))]
        drawn.append(Recipe(seed * 100_000 + i, headset, code, seconds))
    return drawn


def _headset(recipe: Recipe) -> Headset:
    if isinstance(recipe.headset, str):
        return get_headset(recipe.headset)
    return headset_from_labels(recipe.headset)


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

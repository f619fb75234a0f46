"""What learning without labels is worth: simulated people, few of them labelled.

``python benchmarks/pretraining.py``: the mixing encoder on three labelled people, begun from
nothing and begun from twelve others without labels; a ridge beside it; six unseen people.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import torch

from rtemotion.conditioning import ConditioningDesign
from rtemotion.features import FeatureSchema
from rtemotion.models.contenders import features_of
from rtemotion.models.learning.encoder import EncoderRegressor, Layout
from rtemotion.models.learning.pretraining import pretrain
from rtemotion.models.linear_export import Electrodes
from rtemotion.models.scoring import Rescaling, concordance
from rtemotion.models.simulated import Recipe, Record, Recorder, records

WITHOUT_LABELS, LABELLED, TESTED = 12, 3, 6


def main() -> None:
    """Print the CCC of every draw of labelled people."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--headset", default="openbci16")
    parser.add_argument("--seconds", type=float, default=150.0)
    parser.add_argument("--work", type=Path, default=Path(gettempdir()) / "rtemotion-pretraining")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    torch.set_num_threads(1)
    recorder = Recorder(FeatureSchema(), ConditioningDesign(), 1.5, options.work)
    count = WITHOUT_LABELS + TESTED + LABELLED * options.draws
    recipes = [Recipe(900_000 + k, options.headset, "mix", options.seconds) for k in range(count)]
    people = list(records(recipes, recorder, 1))
    first = people[0]
    names = tuple(str(k) for k in range(len(first.mask)))
    layout = Layout(Electrodes(names, first.positions.astype(np.float64)), FeatureSchema())
    made = pretrain([features_of(r) for r in people[:WITHOUT_LABELS]], layout)
    write = sys.stdout.write
    write(
        f"{made.recordings} people without labels, {made.rows} windows: error of hidden power "
        f"{made.before:.2f} before, {made.after:.2f} after\n"
    )
    tested = people[WITHOUT_LABELS : WITHOUT_LABELS + TESTED]
    for draw in range(options.draws):
        start = WITHOUT_LABELS + TESTED + LABELLED * draw
        few = people[start : start + LABELLED]
        scores = {
            "from nothing": _score(few, tested, layout, None),
            "pre-trained": _score(few, tested, layout, made.start),
            "ridge": _score(few, tested, layout, "ridge"),
        }
        told = ", ".join(f"{name} {value:.3f}" for name, value in scores.items())
        write(f"draw {draw}: mean CCC {told}\n")
        sys.stdout.flush()


def _score(few: list[Record], tested: list[Record], layout: Layout, start: object) -> float:
    """Return the mean CCC over unseen people and emotions, at the spread of the labels."""
    x = np.concatenate([features_of(r) for r in few]).astype(np.float64)
    y = np.concatenate([r.truth for r in few]).astype(np.float64)
    mean, scale = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9)
    if start == "ridge":
        from sklearn.linear_model import Ridge

        made = Ridge(1000.0)
    else:
        made = EncoderRegressor(layout, "approximate", start=start)  # type: ignore[arg-type]
    made.fit((x - mean) / scale, y)
    rescaling = Rescaling.fitted(made.predict((x - mean) / scale), y)
    found = [
        concordance(rescaling(made.predict((features_of(r) - mean) / scale)), r.truth)
        for r in tested
    ]
    return float(np.mean(found))


if __name__ == "__main__":
    main()

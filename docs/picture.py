"""Draws docs/demo.svg, the picture in the README: ``python docs/picture.py``."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from rtemotion import Engine, load_model
from rtemotion.cli.view import Screen, TerminalView
from rtemotion.demo import REST_S, known_of
from rtemotion.signal import Publication
from rtemotion.simulators import Brain, SimulatedSource, Subject

SECONDS = 75.0


def main() -> None:
    """Decode a simulated person at full speed and keep the last picture."""
    model = load_model()
    person = Subject.draw(1)
    source = SimulatedSource(
        Brain(person, "cap32", seed=2), speed=float("inf"), chunk_s=0.02, seconds=SECONDS
    )
    known = known_of(Brain(person, "cap32", seed=1, rest_s=REST_S), model, REST_S)
    with Engine(source, model, baseline=known) as engine:
        info = engine.pipeline.info
        title = f"demo · cap32, simulated person 1 · {info.n_channels} ch · {info.sfreq:g} Hz"
        screen = Screen(title, model.identity, info.simulated, model.card.targets)
        view = TerminalView(screen, truth=lambda: source.truth[-1])
        for item in engine:
            if isinstance(item, Publication):
                view.frame(item)
    console = Console(record=True, width=108, file=io.StringIO())
    console.print(view.picture())
    path = Path(__file__).with_name("demo.svg")
    picture = console.export_svg(title="rtemotion demo")
    # Whatever monospaced font the reader has will do; a picture should fetch nothing.
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    path.write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()

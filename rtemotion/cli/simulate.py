"""`simulate`: a simulated headset on the network."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ..simulators.codes import Code


def run_simulate(
    headset: str,
    seed: int,
    seconds: float | None,
    code: str,
    rest: float,
    name: str | None,
    source_id: str | None,
) -> None:
    """Publish until the time is up or Ctrl-C."""
    from ..simulators import EMOTIONS, Brain, Subject, broadcast
    from ..simulators.broadcast import Progress

    # Brain refuses a code there is not with the list of those there are.
    brain = Brain(Subject.draw(seed), headset, cast("Code", code), seed=seed, rest_s=rest)
    name = name or brain.info.name
    source_id = source_id or brain.info.source_id
    terminal = sys.stdout.isatty()
    last = -1

    def show(progress: Progress) -> None:
        nonlocal last
        if int(progress.seconds) == last:
            return
        last = int(progress.seconds)
        values = " ".join(
            f"{emotion}={value:.2f}"
            for emotion, value in zip(EMOTIONS, progress.truth, strict=True)
        )
        listening = "somebody listens" if progress.listening else "nobody listens"
        line = f"{progress.seconds:.0f} s, {listening}, truth {values}"
        sys.stdout.write(f"\r{line}\033[K" if terminal else line + "\n")
        sys.stdout.flush()

    sys.stdout.write(
        f"publishing {name} (source_id {source_id}): {brain.info.n_channels} channels at "
        f"{brain.info.sfreq:g} Hz, rest for the first {rest:g} s; Ctrl-C ends it\n"
        f"decode it with: rtemotion live --stream source_id={source_id} --baseline 0:{rest:g}\n"
    )
    sys.stdout.flush()
    sent = broadcast(brain, seconds, name=name, source_id=source_id, progress=show)
    sys.stdout.write(f"{chr(10) if terminal else ''}published {sent} samples\n")

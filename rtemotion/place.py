"""Which headset or recording is meant, and opening it: LSL, BrainFlow, FieldTrip or a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from .errors import SetupError
from .options import Options
from .signal import Source

Duplicates = Literal["refuse", "newest"]
OnChange = Literal["stop", "wait"]


@dataclass(frozen=True)
class Place:
    """Where samples come from, as the command line names it: one of these.

    Attributes
    ----------
    stream : str or None
        Query of an LSL stream; the only EEG stream when everything else is None too.
    board : str or None
        ``NAME[,KEY=VALUE…]`` of a BrainFlow board.
    fieldtrip : str or None
        ``HOST[:PORT]`` of a FieldTrip buffer.
    file : Path or None
        A recording.
    wait : float
        Seconds to wait for a stream or buffer.
    duplicates, on_change : str
        See `rtemotion.sources.lsl.LSLSource`.
    headset : str or None
        ``NAME[:SEED]`` of a simulated headset and the person who wears it.
    """

    stream: str | None = None
    board: str | None = None
    fieldtrip: str | None = None
    file: Path | None = None
    wait: float = 10.0
    duplicates: str = "refuse"
    on_change: str = "stop"
    headset: str | None = None

    def open(self, options: Options) -> Source:
        """Open it.

        Raises
        ------
        SetupError
            When more than one is named, or an option is not one of those allowed.
        SourceError
            When it is not there or cannot be decoded.
        """
        named = [
            f"--{name}"
            for name in ("stream", "board", "fieldtrip", "file", "headset")
            if getattr(self, name) is not None
        ]
        if len(named) > 1:
            raise SetupError(
                f"One source is expected, but {' and '.join(named)} were named; leave all but "
                "one out."
            )
        if self.file is not None:
            from .sources.recording import open_recording

            return open_recording(
                self.file, unit=options.unit, layout=options.layout(), sfreq=options.sfreq
            )
        if self.board is not None:
            from .sources.brainflow import open_board

            return open_board(self.board, unit=options.unit)
        if self.fieldtrip is not None:
            from .sources.fieldtrip import open_buffer

            return open_buffer(self.fieldtrip, unit=options.unit, wait=self.wait)
        if self.headset is not None:
            from .simulators import Brain, SimulatedSource, Subject

            name, seed = self.simulated()
            return SimulatedSource(Brain(Subject.draw(seed), name, seed=seed + 1))
        return self._stream(options)

    def simulated(self) -> tuple[str, int]:
        """Return which simulated headset is meant, and whose seed.

        Raises
        ------
        SetupError
            When the seed is no number.
        """
        name, _, seed = (self.headset or "").partition(":")
        if not (seed or "1").isdecimal():
            raise SetupError(
                f"The simulated headset '{self.headset}' is not understood, expected NAME or "
                "NAME:SEED with a whole number, cap32:1 for instance."
            )
        return name, int(seed or "1")

    def unit_known(self, unit: str | None) -> str:
        """Return how the unit of the signal is known, in words."""
        if unit is not None:
            return "given with --unit"
        if self.board is not None:
            return "BrainFlow's own"
        if self.headset is not None:
            return "the simulator's own"
        return "stated by the file" if self.file is not None else "stated by the sender"

    def _stream(self, options: Options) -> Source:
        from .sources.lsl import open_stream

        duplicates = _one_of("--duplicates", self.duplicates, Duplicates)
        on_change = _one_of("--on-change", self.on_change, OnChange)
        return open_stream(
            self.stream,
            wait=self.wait,
            unit=options.unit,
            sfreq=options.sfreq,
            markers="" if options.markers == "all" else options.markers,
            duplicates=duplicates,
            on_change=on_change,
        )


def _one_of(option: str, value: str, allowed: Any) -> Any:
    if value not in get_args(allowed):
        raise SetupError(
            f"{option} cannot be '{value}', expected one of {', '.join(get_args(allowed))}."
        )
    return value

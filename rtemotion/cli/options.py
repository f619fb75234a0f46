"""Options that several commands share, written once.

A command takes the options of a set-up or of the network by a decorator; it is then
given them as one value.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, Optional, get_type_hints

import typer

# typer reads annotations at run time; Optional is what it understands everywhere.
Text = Optional[str]  # noqa: UP045
File = Optional[Path]  # noqa: UP045
Number = Optional[float]  # noqa: UP045
Integer = Optional[int]  # noqa: UP045
Texts = Optional[list[str]]  # noqa: UP045

Command = Callable[..., None]


def not_negative(value: float | None) -> float | None:
    """Refuse a number below 0."""
    if value is not None and not 0.0 <= value < float("inf"):
        raise typer.BadParameter(f"{value} is not a number from 0 on.")
    return value


def positive(value: float | None) -> float | None:
    """Refuse a number that is not above 0."""
    if value is not None and not 0.0 < value < float("inf"):
        raise typer.BadParameter(f"{value} is not a positive number.")
    return value


def osc_place(value: str | None) -> str | None:
    """Refuse what is no ``[HOST:]PORT``."""
    if value is not None:
        from ..errors import OutletError
        from ..outlets.osc import parse_place

        try:
            parse_place(value)
        except OutletError as problem:
            raise typer.BadParameter(str(problem)) from problem
    return value


ModelOption = Annotated[
    File, typer.Option("--model", help="Model file; the one that ships by default.")
]
OutOption = Annotated[
    File, typer.Option("--out", help="Table to write, .csv or .parquet by its extension.")
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace an output file that exists.")
]
RecordOption = Annotated[
    File,
    typer.Option(
        "--record",
        metavar="FILE.xdf",
        help="Record what is decoded, so that it can be replayed to the bit; a session file "
        "goes beside it.",
    ),
]
AlsoOption = Annotated[
    Texts,
    typer.Option(
        "--also",
        metavar="QUERY",
        help="Record other LSL streams into the same file, as in --stream; 'all' for every one. "
        "May be given more than once.",
    ),
]
OscOption = Annotated[
    Text,
    typer.Option(
        "--osc",
        metavar="[HOST:]PORT",
        help="Send the emotions as OSC over UDP to a program here, or to a machine named in full.",
        callback=osc_place,
    ),
]
NetworksOption = Annotated[
    File,
    typer.Option(
        "--networks",
        metavar="FILE.csv",
        help="Write the network of each emotion at the end: which channels and pairs moved with "
        "it over the last five minutes or more, band by band.",
    ),
]
GuiOption = Annotated[
    Optional[bool],  # noqa: UP045
    typer.Option(
        "--gui/--no-gui",
        help="In the desktop app, or in the terminal; by default in the app where there is one.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SecondsOption = Annotated[
    Number, typer.Option("--seconds", help="Stop after so long.", callback=not_negative)
]
WaitOption = Annotated[
    float,
    typer.Option("--wait", help="Seconds to wait for the stream.", callback=not_negative),
]
StreamOption = Annotated[
    Text,
    typer.Option(
        "--stream",
        metavar="QUERY",
        help="name=, type=, source_id=, hostname= with commas between, or a bare name; "
        "the only EEG stream by default.",
    ),
]
RecordingArgument = Annotated[
    Path,
    typer.Argument(
        help="EDF, BDF, GDF, FIF, BrainVision, EEGLAB, XDF, a text file, or a session."
    ),
]
XdfStreamOption = Annotated[
    Text,
    typer.Option(
        "--stream",
        metavar="QUERY",
        help="Which stream of an XDF file: its name or source_id, #NUMBER, or KEY=VALUE.",
    ),
]
BoardOption = Annotated[
    Text,
    typer.Option(
        "--board",
        metavar="NAME[,KEY=VALUE…]",
        help="A headset through BrainFlow, with what it needs: serial_port=, mac_address=, "
        "ip_address=, ip_port=, serial_number=, file=.",
    ),
]
FieldTripOption = Annotated[
    Text,
    typer.Option("--fieldtrip", metavar="HOST[:PORT]", help="A FieldTrip buffer."),
]
BaselineOption = Annotated[
    Text,
    typer.Option(
        "--baseline",
        metavar="START:END",
        help="Seconds of rest, at least 60, that the person's features are set against.",
    ),
]

SETUP: dict[str, Any] = {
    "profile": Annotated[
        File, typer.Option("--profile", help="TOML file with any of the set-up options below.")
    ],
    "channels": Annotated[
        Texts,
        typer.Option(
            "--channels",
            help="Names, patterns (F*) or OLD:NEW, separated by commas; all EEG by default.",
        ),
    ],
    "montage": Annotated[
        Text,
        typer.Option("--montage", help="Electrode positions: a montage of MNE or a file."),
    ],
    "reference": Annotated[
        Text,
        typer.Option(
            "--reference",
            help="'average', 'as recorded', 'linked mastoids', or channels (M1,M2); the model's "
            "by default.",
        ),
    ],
    "unit": Annotated[
        Text,
        typer.Option(
            "--unit",
            help="Unit of the signal (uV, mV, V) where the source does not say; an LSL stream's "
            "own unit gives way to it.",
        ),
    ],
    "notch": Annotated[
        Text,
        typer.Option(
            "--notch",
            help="Line frequency in Hz, 'off', or 'auto' (the default: found in the first 10 s); "
            "filtered where it lies below the low-pass.",
        ),
    ],
    "asr": Annotated[
        Number,
        typer.Option(
            "--asr",
            metavar="CUTOFF",
            help="Artifact subspace reconstruction with this cutoff (20 is usual); needs the "
            "extra 'asr'.",
            callback=positive,
        ),
    ],
    "sfreq": Annotated[
        Number,
        typer.Option(
            "--sfreq",
            help="Sampling rate in Hz of a stream that states none; measured otherwise.",
            callback=positive,
        ),
    ],
    "markers": Annotated[
        Text,
        typer.Option(
            "--markers",
            metavar="QUERY",
            help="Marker streams to take as events, as in --stream, or of a recording by name; "
            "'all' for every one.",
        ),
    ],
}

NETWORK: dict[str, Any] = {
    "known_peers": Annotated[
        Texts,
        typer.Option(
            "--known-peers",
            metavar="HOST",
            help="Ask these machines for LSL streams, where multicast does not get through; "
            "separated by commas.",
        ),
    ],
    "scope": Annotated[
        Text,
        typer.Option(
            "--scope",
            help="How far to look for LSL streams: machine, link (this network) or site.",
        ),
    ],
    "session_id": Annotated[
        Text,
        typer.Option(
            "--session-id", help="See only LSL streams of this session, for labs side by side."
        ),
    ],
}


def takes_setup(command: Command) -> Command:
    """Give a command the options of a set-up, gathered as its argument `options`."""

    @functools.wraps(command)
    def run(**values: Any) -> None:
        from ..options import Options

        given = {name: values.pop(name) for name in SETUP}
        given["channels"] = split(given["channels"])
        command(**values, options=Options.gather(given.pop("profile"), given))

    return _with(run, command, SETUP, without="options")


def takes_network(command: Command) -> Command:
    """Give a command the options of the LSL network, which hold from before it begins."""

    @functools.wraps(command)
    def run(**values: Any) -> None:
        given = {name: values.pop(name) for name in NETWORK}
        if given["scope"] not in (None, "machine", "link", "site"):
            raise typer.BadParameter(f"--scope '{given['scope']}' is not machine, link or site.")
        if any(given.values()):
            from ..lsl import configure_network

            configure_network(**(given | {"known_peers": split(given["known_peers"])}))
        command(**values)

    return _with(run, command, NETWORK)


def split(entries: list[str] | None) -> tuple[str, ...]:
    """Return the names in options that may hold several, separated by commas."""
    return tuple(n.strip() for entry in entries or () for n in entry.split(",") if n.strip())


def _with(run: Command, command: Command, options: dict[str, Any], without: str = "") -> Command:
    """Let typer see a command's own parameters and the added ones."""
    # What the decorator itself provides need not be imported to be read.
    hints = get_type_hints(command, localns={"Options": Any}, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name])
        for name, parameter in inspect.signature(command).parameters.items()
        if name != without
    ]
    added = [
        Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=kind)
        for name, kind in options.items()
    ]
    run.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in (*own, *added)} | {"return": None}
    return run

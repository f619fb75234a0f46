"""The command's verbs and their options; what they do is imported when they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(
    name="rtemotion",
    help="Real-time EEG emotion decoding: a live stream in, several emotions out.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# typer reads annotations at run time; Optional is what it understands everywhere.
Text = Optional[str]  # noqa: UP045
File = Optional[Path]  # noqa: UP045
Number = Optional[float]  # noqa: UP045
Texts = Optional[list[str]]  # noqa: UP045


def _not_negative(value: float | None) -> float | None:
    if value is not None and not 0.0 <= value < float("inf"):
        raise typer.BadParameter(f"{value} is not a number from 0 on.")
    return value


def _positive(value: float | None) -> float | None:
    if value is not None and not 0.0 < value < float("inf"):
        raise typer.BadParameter(f"{value} is not a positive number.")
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
NoGuiOption = Annotated[
    bool, typer.Option("--no-gui", help="Stay in the terminal, without the desktop app.")
]
BaselineOption = Annotated[
    Text,
    typer.Option(
        "--baseline",
        metavar="START:END",
        help="Seconds of rest, at least 60, that the person's features are set against.",
    ),
]
ProfileOption = Annotated[
    File, typer.Option("--profile", help="TOML file with any of the set-up options below.")
]
ChannelsOption = Annotated[
    Texts,
    typer.Option(
        "--channels",
        help="Names, patterns (F*) or OLD:NEW, separated by commas; all EEG channels by default.",
    ),
]
MontageOption = Annotated[
    Text, typer.Option("--montage", help="Electrode positions: a montage of MNE or a file.")
]
ReferenceOption = Annotated[
    Text, typer.Option("--reference", help="'average' or 'as recorded'; the model's by default.")
]
UnitOption = Annotated[
    Text,
    typer.Option(
        "--unit",
        help="Unit of the signal (uV, mV, V) where the source does not say; an LSL stream's own "
        "unit gives way to it.",
    ),
]
NotchOption = Annotated[
    Number,
    typer.Option(
        "--notch",
        help="Line frequency to filter, Hz (below the low-pass only).",
        callback=_positive,
    ),
]


def _tell_version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        typer.echo(f"rtemotion {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_tell_version, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        return
    from .logs import start_logging

    start_logging()


@app.command()
def demo(
    seconds: Annotated[
        Number, typer.Option("--seconds", help="Stop after so long.", callback=_not_negative)
    ] = None,
    headset: Annotated[str, typer.Option("--headset", help="muse, epoc, cap32, cap64.")] = "cap32",
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Another person, another session.")
    ] = 1,
    model: ModelOption = None,
    out: OutOption = None,
    record: RecordOption = None,
    overwrite: OverwriteOption = False,
    no_gui: NoGuiOption = False,
) -> None:
    """Decode a simulated headset, here and now: no hardware, no network."""
    from .decode import Outputs, run_demo

    run_demo(seconds, headset, seed, model, Outputs(out, record, overwrite))


@app.command()
def simulate(
    headset: Annotated[str, typer.Option("--headset", help="muse, epoc, cap32, cap64.")] = "cap32",
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Another person, another session.")
    ] = 1,
    seconds: Annotated[
        Number, typer.Option("--seconds", help="Stop after so long.", callback=_not_negative)
    ] = None,
    code: Annotated[
        str, typer.Option("--code", help="How emotions show: network, power, mix, none.")
    ] = "mix",
    rest: Annotated[
        float, typer.Option("--rest", help="Seconds of rest at the start.", callback=_not_negative)
    ] = 75.0,
    name: Annotated[Text, typer.Option("--name", help="Name of the LSL stream.")] = None,
    source_id: Annotated[Text, typer.Option("--source-id", help="Its source_id.")] = None,
) -> None:
    """Publish simulated EEG on LSL, and the true emotions as a second stream."""
    from .simulate import run_simulate

    run_simulate(headset, seed, seconds, code, rest, name, source_id)


@app.command()
def streams(
    wait: Annotated[
        float, typer.Option("--wait", help="Seconds to listen.", callback=_not_negative)
    ] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the LSL streams on the network."""
    from .look import run_streams

    run_streams(wait, as_json)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check what this machine lacks, and say how to get it."""
    from .look import run_doctor

    run_doctor(as_json)


@app.command()
def live(
    stream: Annotated[
        Text,
        typer.Option(
            "--stream",
            metavar="QUERY",
            help="name=, type=, source_id=, hostname= with commas between, or a bare name; "
            "the only EEG stream by default.",
        ),
    ] = None,
    wait: Annotated[
        float,
        typer.Option("--wait", help="Seconds to wait for the stream.", callback=_not_negative),
    ] = 10.0,
    model: ModelOption = None,
    out: OutOption = None,
    record: RecordOption = None,
    overwrite: OverwriteOption = False,
    seconds: Annotated[
        Number, typer.Option("--seconds", help="Stop after so long.", callback=_not_negative)
    ] = None,
    also: AlsoOption = None,
    baseline: BaselineOption = None,
    no_outlet: Annotated[
        bool, typer.Option("--no-outlet", help="Do not republish the emotions on LSL.")
    ] = False,
    no_gui: NoGuiOption = False,
    profile: ProfileOption = None,
    channels: ChannelsOption = None,
    montage: MontageOption = None,
    reference: ReferenceOption = None,
    unit: UnitOption = None,
    notch: NotchOption = None,
) -> None:
    """Decode an LSL stream, republish the emotions on LSL, write a table."""
    from .decode import Outputs, run_live
    from .setup import Options

    options = Options.gather(profile, channels, montage, reference, unit, notch)
    outputs = Outputs(out, record, overwrite, tuple(also or ()))
    run_live(stream, wait, model, outputs, seconds, baseline, not no_outlet, options)


@app.command()
def replay(
    file: Annotated[
        Path,
        typer.Argument(
            help="EDF, BDF, FIF, BrainVision, EEGLAB, XDF, a headset's text file, or a session."
        ),
    ],
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Prove that a session replays to the same numbers, or say where it does not.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print --verify's result as JSON.")
    ] = False,
    speed: Annotated[
        str, typer.Option("--speed", metavar="N|max", help="Times real time, or 'max'.")
    ] = "1",
    baseline: BaselineOption = None,
    model: ModelOption = None,
    out: OutOption = None,
    record: RecordOption = None,
    overwrite: OverwriteOption = False,
    chunk: Annotated[
        Number,
        typer.Option(
            "--chunk", help="Seconds in a chunk; never changes a result.", callback=_positive
        ),
    ] = None,
    no_gui: NoGuiOption = False,
    profile: ProfileOption = None,
    channels: ChannelsOption = None,
    montage: MontageOption = None,
    reference: ReferenceOption = None,
    unit: UnitOption = None,
    notch: NotchOption = None,
) -> None:
    """Decode a recording: the same numbers as live, at any speed."""
    from .decode import Outputs, run_replay
    from .setup import Options

    if verify:
        from .session import run_verify

        run_verify(file, model, as_json)
        return
    options = Options.gather(profile, channels, montage, reference, unit, notch)
    outputs = Outputs(out, record, overwrite)
    run_replay(file, speed, baseline, model, outputs, chunk, options)


@app.command()
def record(
    out: Annotated[
        File, typer.Option("--out", help="XDF file to write; named after the moment by default.")
    ] = None,
    stream: Annotated[
        Texts,
        typer.Option(
            "--stream",
            metavar="QUERY",
            help="name=, type=, source_id=, hostname= with commas between, or a bare name; may be "
            "given more than once; EEG, markers and ratings by default, 'all' for all.",
        ),
    ] = None,
    seconds: Annotated[
        Number, typer.Option("--seconds", help="Stop after so long.", callback=_not_negative)
    ] = None,
    wait: Annotated[
        float,
        typer.Option("--wait", help="Seconds to wait for a first stream.", callback=_not_negative),
    ] = 10.0,
    overwrite: OverwriteOption = False,
) -> None:
    """Record LSL streams as they are into one XDF file, until Ctrl-C."""
    from .record import run_record

    run_record(out, tuple(stream or ()), seconds, wait, overwrite)


@app.command()
def recover(
    file: Annotated[
        Path,
        typer.Argument(help="A recording (.xdf) or NAME.parquet.partial left by a crash."),
    ],
    overwrite: OverwriteOption = False,
) -> None:
    """Mend a recording or table that a crash left unfinished; the original is kept."""
    from .session import run_recover

    run_recover(file, overwrite)

"""The command's verbs and their options; what they do is imported when they are called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from .annotate_command import annotate
from .entry import finishing
from .evaluate_command import evaluate
from .explain_command import explain
from .features_command import features
from .options import (
    AlsoOption,
    BaselineOption,
    BoardOption,
    FieldTripOption,
    File,
    GuiOption,
    Integer,
    JsonOption,
    ModelOption,
    NetworksOption,
    Number,
    OscOption,
    OutOption,
    OverwriteOption,
    RecordingArgument,
    RecordOption,
    SecondsOption,
    StreamOption,
    Text,
    Texts,
    WaitOption,
    XdfStreamOption,
    not_negative,
    positive,
    split,
    takes_network,
    takes_setup,
)
from .train_command import train

if TYPE_CHECKING:
    from ..options import Options

app = typer.Typer(
    name="rtemotion",
    help="Real-time EEG emotion decoding: a live stream in, several emotions out.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
        _open_app(context)
        return
    from ..logs import start_logging

    start_logging()


def _open_app(context: typer.Context) -> None:
    """Open the app; print the help where there is no screen for it."""
    from .window import open_window, reason_against_window

    if reason := reason_against_window():
        typer.echo(context.get_help())
        typer.echo(f"\n{reason}")
        return
    from ..logs import start_logging

    start_logging()
    open_window()


@app.command()
def demo(
    seconds: SecondsOption = None,
    headset: Annotated[
        str, typer.Option("--headset", help="muse, epoc, openbci16, cap32, cap64, net128.")
    ] = "cap32",
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Another person, another session.")
    ] = 1,
    model: ModelOption = None,
    out: OutOption = None,
    record: RecordOption = None,
    overwrite: OverwriteOption = False,
    osc: OscOption = None,
    networks: NetworksOption = None,
    gui: GuiOption = None,
) -> None:
    """Decode a simulated headset, here and now: no hardware, no network."""
    from ..outputs import Outputs
    from .window import open_window, window_wanted

    outputs = Outputs(out, record, overwrite, osc=osc, networks=networks)
    if window_wanted(gui):
        place = {"headset": f"{headset}:{seed}"}
        open_window(place, outputs=outputs, model=model, seconds=seconds)
        return
    from .decode import run_demo

    run_demo(seconds, headset, seed, model, outputs)


@app.command()
def simulate(
    headset: Annotated[
        Text,
        typer.Option(
            "--headset",
            help="muse, epoc, openbci16, cap32, cap64 or net128; cap32 by default.",
        ),
    ] = None,
    montage: Annotated[
        Text,
        typer.Option(
            "--montage",
            help="Any montage of MNE, or a montage file: all its electrodes, or those of "
            "--headset or --channels.",
        ),
    ] = None,
    channels: Annotated[
        Texts, typer.Option("--channels", help="Only these electrodes, separated by commas.")
    ] = None,
    sfreq: Annotated[
        Number,
        typer.Option(
            "--sfreq",
            help="Sampling rate in Hz, from 92.5 on; the headset's own by default.",
            callback=positive,
        ),
    ] = None,
    code: Annotated[
        str,
        typer.Option(
            "--code",
            help="How emotions show: network, power or mix; none; or in muscle or eyes alone.",
        ),
    ] = "mix",
    subject: Annotated[
        Integer, typer.Option("--subject", min=0, help="Which person; as --seed by default.")
    ] = None,
    session: Annotated[
        int, typer.Option("--session", min=0, help="Which visit of this person.")
    ] = 0,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Another course of emotions and noise.")
    ] = 1,
    story: Annotated[
        Integer,
        typer.Option(
            "--story", min=0, help="Emotions follow this story, alike in all who hear it."
        ),
    ] = None,
    own: Annotated[
        float,
        typer.Option(
            "--own", min=0.0, max=1.0, help="Share of the emotions' variance that is one's own."
        ),
    ] = 0.0,
    rest: Annotated[
        float, typer.Option("--rest", help="Seconds of rest at the start.", callback=not_negative)
    ] = 75.0,
    realistic: Annotated[
        bool,
        typer.Option(
            "--realistic",
            help="Rhythms as faint and artifacts as strong as recordings show them; by default "
            "the brain stands out.",
        ),
    ] = False,
    artifacts: Annotated[
        str,
        typer.Option(
            "--artifacts",
            metavar="KEY=NUMBER,…",
            help="Begin with 'none' or 'realistic' for another mixture (--realistic implies the "
            "latter). A minute: blinks, "
            "saccades, bursts, pops. In µV: blink-size, saccade-size (10° at F8), muscle, "
            "burst-size, pop-size, drift, sweat, line. line-frequency in Hz, noise in nV/√Hz, "
            "blink-spread in log units, dead in channels.",
        ),
    ] = "",
    faults: Annotated[
        str,
        typer.Option(
            "--faults",
            metavar="KEY=NUMBER,…",
            help="Of transmission; none by default. loss (share of packets of 20 ms, 0..0.9), "
            "jitter (of stamps, ms), drift (of the clock, ppm), resets (of the clock, a "
            "minute), reset-size (ms), reconnects (a minute), away (s).",
        ),
    ] = "",
    seconds: SecondsOption = None,
    name: Annotated[Text, typer.Option("--name", help="Name of the LSL stream.")] = None,
    source_id: Annotated[Text, typer.Option("--source-id", help="Its source_id.")] = None,
    out: Annotated[
        File,
        typer.Option(
            "--out",
            help="Write NAME.xdf, NAME_raw.fif or NAME_eeg.fif instead, as fast as it can be "
            "made; needs --seconds.",
        ),
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Publish simulated EEG on LSL, and the true emotions as a second stream; or write both."""
    from .simulate import Simulation, run_simulate

    what = Simulation(
        headset=headset,
        montage=montage,
        channels=split(channels),
        sfreq=sfreq,
        code=code,
        subject=subject,
        session=session,
        seed=seed,
        rest=rest,
        story=story,
        own=own,
        realistic=realistic,
        artifacts=artifacts,
        faults=faults,
    )
    run_simulate(what, seconds, name, source_id, out, overwrite)


@app.command()
@takes_network
def streams(
    wait: Annotated[
        float, typer.Option("--wait", help="Seconds to listen.", callback=not_negative)
    ] = 2.0,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on, telling what appears and leaves.")
    ] = False,
    boards: Annotated[
        bool, typer.Option("--boards", help="List the boards for --board instead.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List the LSL streams on the network."""
    from .look import run_boards, run_follow, run_streams

    if boards:
        run_boards(as_json)
    elif follow:
        run_follow(as_json)
    else:
        run_streams(wait, as_json)


@app.command()
def files(
    folder: Annotated[Path, typer.Argument(help="Folder with recordings, or one recording.")],
    as_json: JsonOption = False,
) -> None:
    """List the recordings in a folder, with what each one holds."""
    from .files import run_files

    run_files(folder, as_json)


@app.command()
@takes_setup
@takes_network
def check(
    options: Options,
    file: Annotated[File, typer.Argument(help="A recording, in place of a headset.")] = None,
    stream: StreamOption = None,
    board: BoardOption = None,
    fieldtrip: FieldTripOption = None,
    wait: WaitOption = 10.0,
    seconds: Annotated[
        float, typer.Option("--seconds", help="How long to listen.", callback=positive)
    ] = 10.0,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look at a headset before the start: contact, noise, rate, unit, what will be used."""
    from ..place import Place
    from .check import run_check

    run_check(Place(stream, board, fieldtrip, file, wait), seconds, as_json, options, model)


@app.command()
def serve(
    host: Annotated[
        str,
        typer.Option(
            "--host", help="Where to listen; anything but loopback lets other machines in."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 0,
    stop: Annotated[bool, typer.Option("--stop", help="End the service that runs.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print where the service that runs listens, and leave.")
    ] = False,
) -> None:
    """Run the engine for clients: the app, a browser page, experiment software."""
    from .serve import run_serve, run_stop, run_where

    if stop:
        run_stop()
    elif as_json:
        run_where()
    else:
        run_serve(host, port)


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Check what this machine lacks, and say how to get it."""
    from .look import run_doctor

    run_doctor(as_json)


@app.command()
def bench(
    only: Annotated[
        Texts,
        typer.Option(
            "--only",
            metavar="NAME",
            help="hop_64, hop_128, hop_256, decoder_64, latency, latency_64, replay or memory; "
            "separated by commas, or given more than once; all by default.",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Show that it works; the numbers then mean little.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure this machine against the goals, in a few minutes."""
    from .bench import run_bench

    run_bench(split(only), quick, as_json)


@app.command()
@takes_setup
@takes_network
def live(
    options: Options,
    stream: StreamOption = None,
    board: BoardOption = None,
    fieldtrip: FieldTripOption = None,
    wait: WaitOption = 10.0,
    model: ModelOption = None,
    out: OutOption = None,
    record: RecordOption = None,
    also: AlsoOption = None,
    overwrite: OverwriteOption = False,
    seconds: SecondsOption = None,
    baseline: BaselineOption = None,
    duplicates: Annotated[
        str,
        typer.Option(
            "--duplicates", help="Of two senders that say they are the same: refuse, newest."
        ),
    ] = "refuse",
    on_change: Annotated[
        str,
        typer.Option(
            "--on-change", help="When the stream returns with other channels or rate: stop, wait."
        ),
    ] = "stop",
    no_outlet: Annotated[
        bool, typer.Option("--no-outlet", help="Do not republish the emotions on LSL.")
    ] = False,
    osc: OscOption = None,
    networks: NetworksOption = None,
    gui: GuiOption = None,
) -> None:
    """Decode a headset, republish the emotions on LSL, write a table, record."""
    from ..outputs import Outputs
    from ..place import Place
    from .window import open_window, window_wanted

    place = Place(stream, board, fieldtrip, None, wait, duplicates, on_change)
    outputs = Outputs(out, record, overwrite, tuple(also or ()), osc, networks)
    if window_wanted(gui):
        open_window(
            vars(place),
            options=options,
            outputs=outputs,
            model=model,
            baseline=baseline,
            republish=not no_outlet,
            seconds=seconds,
        )
        return
    from .decode import run_live

    run_live(place, model, outputs, seconds, baseline, not no_outlet, options)


@app.command()
@takes_setup
def replay(
    options: Options,
    file: RecordingArgument,
    stream: XdfStreamOption = None,
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
    start: Annotated[
        float,
        typer.Option(
            "--from",
            metavar="SECONDS",
            help="Begin in the middle of a session, at the last moment before it at which what "
            "was known of the person was noted (every five minutes).",
            callback=not_negative,
        ),
    ] = 0.0,
    baseline: BaselineOption = None,
    model: ModelOption = None,
    out: OutOption = None,
    record: RecordOption = None,
    overwrite: OverwriteOption = False,
    chunk: Annotated[
        Number,
        typer.Option(
            "--chunk", help="Seconds in a chunk; never changes a result.", callback=positive
        ),
    ] = None,
    osc: OscOption = None,
    networks: NetworksOption = None,
    gui: GuiOption = None,
) -> None:
    """Decode a recording: the same numbers as live, at any speed."""
    if verify:
        from .session import run_verify

        run_verify(file, model, as_json)
        return
    from ..outputs import Outputs
    from ..starting import Replay, parse_speed
    from .window import open_window, window_wanted

    what = Replay(file, stream, parse_speed(speed), chunk, baseline, model, start)
    outputs = Outputs(out, record, overwrite, osc=osc, networks=networks)
    # At full speed, or from the middle, there is nothing to watch: numbers are wanted.
    if not (speed == "max" or start) and window_wanted(gui):
        open_window(
            {"file": file, "stream": stream},
            options=options,
            outputs=outputs,
            model=model,
            baseline=baseline,
            speed=what.speed,
        )
        return
    from .decode import run_replay

    run_replay(what, outputs, options)


app.command()(features)


@app.command()
@takes_setup
def model(
    options: Options,
    file: Annotated[
        File,
        typer.Argument(
            help="Model file, the one that ships by default; with --compare, the recording."
        ),
    ] = None,
    compare: Annotated[
        Optional[tuple[Path, Path]],  # noqa: UP045 - see options
        typer.Option(
            "--compare",
            metavar="A B",
            help="Decode a recording with two models, and tell how far apart they see it.",
            show_default=False,
        ),
    ] = None,
    stream: XdfStreamOption = None,
    baseline: BaselineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a model file says of itself, or compare two on a recording."""
    if compare is None:
        from .model import run_model

        if stream is not None or baseline is not None or options != type(options)():
            raise typer.BadParameter("only --compare takes a recording and its set-up.")
        run_model(file, as_json)
        return
    if file is None:
        raise typer.BadParameter("--compare A B needs a recording as well: A B RECORDING.")
    from .compare import run_compare

    run_compare(compare, file, stream, baseline, as_json, options)


@app.command()
@finishing
@takes_setup
def calibrate(
    options: Options,
    file: RecordingArgument,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE.onnx", help="Model file to write.", show_default=False
        ),
    ],
    person: Annotated[
        Text,
        typer.Option("--person", help="Whom it is for; named after the file by default."),
    ] = None,
    labels: Annotated[
        File,
        typer.Option(
            "--labels",
            metavar="TABLE.csv",
            help="Columns 'time', in seconds since the first sample, and one for each emotion; "
            "'recording' where it has labels of several.",
        ),
    ] = None,
    ratings: Annotated[
        Text,
        typer.Option(
            "--ratings", metavar="STREAM", help="A rating stream of an XDF file, in their place."
        ),
    ] = None,
    stream: XdfStreamOption = None,
    baseline: BaselineOption = None,
    model: ModelOption = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Write even where held-out minutes gain nothing.")
    ] = False,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Fit the model to a person from 5 to 10 labelled minutes, and write it as a new one."""
    if (labels is None) == (ratings is None):
        raise typer.BadParameter("give labels by either --labels or --ratings.")
    from .calibrate import Wanted, run_calibrate

    whose = out.stem if person is None else person
    wanted = Wanted(file, labels, ratings, out, whose, baseline, model, stream, anyway, overwrite)
    run_calibrate(wanted, as_json, options)


@app.command()
@takes_network
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
    seconds: SecondsOption = None,
    wait: Annotated[
        float,
        typer.Option("--wait", help="Seconds to wait for a first stream.", callback=not_negative),
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


app.command()(annotate)
app.command()(finishing(evaluate))
app.command()(finishing(train))
app.command()(finishing(explain))

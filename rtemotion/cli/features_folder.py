"""`features` of a folder: one HDF5 file for each recording, made once and kept up to date."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import typer

from ..errors import OutletError, RtemotionError, SourceError
from ..extract import Extracted, extract, is_up_to_date, made_of
from ..outlets.hdf5 import check_hdf5
from ..sources.listing import RecordingSummary, list_recordings
from ..sources.paths import TEXT_EXTENSIONS, extension
from ..workers import spread
from .entry import finishing
from .features import Wanted, say_what_misleads, warn_if_short
from .printing import samples_bar


@dataclass(frozen=True)
class Piece:
    """One recording of a folder.

    Attributes
    ----------
    file : Path
        The recording.
    out : Path
        The file of its features.
    """

    file: Path
    out: Path


@finishing
def run_folder(
    folder: Path,
    out: Path,
    wanted: Wanted,
    jobs: int = 1,
    scheduler: str | None = None,
    overwrite: bool = False,
) -> None:
    """Make every file that is not there yet or not up to date; name what failed at the end.

    Raises
    ------
    SourceError, OutletError
        When there is nothing to read, or no folder to write to.
    typer.Exit
        With 1, when some of it failed or Ctrl-C came before the end.
    """
    pieces = _pieces(folder, out)
    task = partial(_brought_up_to_date, wanted=_everywhere(wanted), overwrite=overwrite)
    failed: list[str] = []
    written = done = 0
    try:
        with samples_bar(folder.name, len(pieces)) as advance:
            for number, result in spread(task, pieces, jobs, scheduler):
                done += 1
                if isinstance(result, RtemotionError):
                    failed.append(_sentence(pieces[number].file, result))
                else:
                    written += result is not None
                    sys.stdout.write(_line(pieces[number], result))
                    sys.stdout.flush()
                advance(done)
    except KeyboardInterrupt:
        sys.stdout.write(
            f"# stopped after {done} of {len(pieces)} recordings; the same command goes on\n"
        )
        raise typer.Exit(1) from None
    said = (
        f"# {len(pieces)} recordings: {written} written, {done - written - len(failed)} unchanged"
    )
    sys.stdout.write(said + (f", {len(failed)} failed\n" if failed else "\n"))
    say_what_misleads(wanted.schema.measures)
    if failed:
        sys.stdout.flush()
        for sentence in failed:
            sys.stderr.write(f"error: {sentence}\n")
        raise typer.Exit(1)


def _pieces(folder: Path, out: Path) -> list[Piece]:
    if out.exists() and not out.is_dir():
        raise OutletError(
            f"{out} is a file, and {folder} a folder of recordings; name a folder for the files "
            "of their features."
        )
    found = [summary.path for summary in list_recordings(folder) if _is_recording(summary)]
    if not found:
        raise SourceError(
            f"There is no recording in {folder}, expected at least one; see `rtemotion streams "
            "--help` for what is read."
        )
    names = _names(folder, found)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutletError(f"{out} cannot be made ({problem.strerror}); name another.") from problem
    return [
        Piece(file.resolve(), (out / name).resolve())
        for file, name in zip(found, names, strict=True)
    ]


def _is_recording(summary: RecordingSummary) -> bool:
    """Tell recordings, readable or not, from tables that only look like one."""
    if not summary.problem or extension(summary.path) not in TEXT_EXTENSIONS:
        return True
    sys.stdout.write(f"# left out, taken for no recording: {summary.problem}\n")
    return False


def _names(folder: Path, files: Sequence[Path]) -> list[Path]:
    """Return where each file's features go below the output folder; no two to one place."""
    plain, full = [], []
    for file in files:
        below = file.relative_to(folder)
        plain.append(below.with_name(below.name[: -len(extension(file))] + ".h5"))
        full.append(below.with_name(below.name + ".h5"))
    # Not every file system tells upper from lower case.
    count = Counter(str(path).lower() for path in plain)
    return [
        short if count[str(short).lower()] == 1 else long
        for short, long in zip(plain, full, strict=True)
    ]


def _everywhere(wanted: Wanted) -> Wanted:
    """Return the same for workers, which may run in another folder."""
    montage = wanted.options.montage
    if montage is None or not Path(montage).is_file():
        return wanted
    return replace(wanted, options=replace(wanted.options, montage=str(Path(montage).resolve())))


def _brought_up_to_date(piece: Piece, wanted: Wanted, overwrite: bool) -> Extracted | None:
    """Write the features of a recording unless they are there; None says that they are."""
    piece.out.parent.mkdir(parents=True, exist_ok=True)
    source, what = wanted.open(piece.file)
    if piece.out.exists() and not overwrite:
        source.close()
        if made_of(piece.out) is None:
            # Not made by this command: it says what to do about it.
            check_hdf5(piece.out)
        if is_up_to_date(piece.out, lambda: wanted.open(piece.file)[0], what):
            return None
        source, what = wanted.open(piece.file)
    warn_if_short(source, what.schema)
    return extract(source, piece.out, what, overwrite=True)


def _line(piece: Piece, done: Extracted | None) -> str:
    if done is None:
        return f"# unchanged {piece.out}\n"
    gaps = f", {done.gaps} gaps" if done.gaps else ""
    return f"# wrote {done.frames} windows ({done.full} with values{gaps}) to {piece.out}\n"


def _sentence(file: Path, problem: RtemotionError) -> str:
    said = str(problem)
    return said if str(file) in said else f"{file}: {said}"

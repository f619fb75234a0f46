"""`replay --verify` and `recover`: what can be done with a recording besides decoding it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from ..errors import SourceError


def run_verify(file: Path, model_file: Path | None, as_json: bool) -> None:
    """Prove that a session replays to the same numbers.

    Raises
    ------
    SourceError
        If it does not, with the first difference.
    """
    from ..sources.session import is_session
    from ..verify import verify

    if not is_session(file):
        raise SourceError(
            f"{file} is no session: a recording with its session file (.json) beside it, made "
            "with --record, is needed to compare a replay with."
        )
    verdict = verify(file, model_file)
    if as_json:
        sys.stdout.write(json.dumps(asdict(verdict), ensure_ascii=False) + "\n")
    versions = f" (other versions now: {', '.join(verdict.versions)})" if verdict.versions else ""
    if not verdict.frames and not verdict.difference:
        raise SourceError(f"no frame was published in {file}: there is nothing to compare with.")
    if verdict.difference:
        raise SourceError(f"the replay of {file} is not the same: {verdict.difference}{versions}.")
    if not as_json:
        extra = (
            f"; {verdict.unrecorded} more were on their way when it ended"
            if verdict.unrecorded
            else ""
        )
        sys.stdout.write(
            f"{file}: all {verdict.frames} frames are the same to the bit{extra}{versions}\n"
        )


def run_recover(file: Path, overwrite: bool) -> None:
    """Mend what a crash left of a recording or a table."""
    if file.suffix.lower() == ".xdf":
        from ..recover import recover_recording

        sys.stdout.write(recover_recording(file) + "\n")
        return
    from ..outlets.parquet import recover_table

    sys.stdout.write(f"recovered {recover_table(file, overwrite)}\n")

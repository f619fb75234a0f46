"""Loading and configuring the LSL library, for everything that receives or sends streams."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from .errors import SetupError

Scope = Literal["machine", "link", "site"]
_VARIABLE = "LSLAPICFG"
# liblsl reports every connection on stderr; what matters we say ourselves.
_QUIET = "-2"


def load_pylsl() -> Any:
    """Import pylsl, which loads liblsl.

    Raises
    ------
    SetupError
        If either is missing, with what to do about it.
    """
    first_time = "pylsl" not in sys.modules
    try:
        import pylsl
    except (ImportError, RuntimeError, OSError, AttributeError) as problem:
        first = (str(problem).strip() or type(problem).__name__).split("\n")[0]
        raise SetupError(
            f"LSL cannot be used on this machine ({first[:150]}), expected pylsl with its liblsl; "
            "set PYLSL_LIB to the liblsl inside an installed mne-lsl wheel, and see "
            "`rtemotion doctor`."
        ) from problem
    if first_time and _users_file() is None:
        # Only newer versions of liblsl can be told so.
        with contextlib.suppress(NotImplementedError):
            pylsl.set_config_content(f"[log]\nlevel = {_QUIET}\n")
    return pylsl


def configure_network(
    known_peers: Sequence[str] = (),
    scope: Scope | None = None,
    session_id: str | None = None,
) -> Path:
    """Say where LSL looks for streams, before anything has used it in this process.

    liblsl reads its configuration once. This writes a file of its own, which is
    removed when the program ends, and names it in the environment variable
    ``LSLAPICFG``, so that processes started from here use it too. What the user's own
    configuration says beside stays as it is.

    Parameters
    ----------
    known_peers : sequence of str
        Names or addresses of machines to ask directly, where the network passes on
        neither multicast nor broadcast (``[lab] KnownPeers``).
    scope : {"machine", "link", "site"}, optional
        How far to look (``[multicast] ResolveScope``): on this machine only, in this
        segment of the network, or wherever its routers pass it on (LSL's default).
    session_id : str, optional
        Only streams of the same session see one another (``[lab] SessionID``).

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    SetupError
        If liblsl is loaded already, or the user's configuration cannot be read.
    """
    if "pylsl" in sys.modules:
        raise SetupError(
            "LSL's network settings cannot change once it is in use, expected them before the "
            "first stream is opened or looked for; restart the program with them."
        )
    for word in (*known_peers, session_id or "default"):
        if not word.strip() or set(word) & set("{},;\r\n"):
            raise SetupError(
                f"'{word}' is no name of a machine or session, expected one without braces, "
                "commas and semicolons; correct it."
            )
    users = _users_file()
    settings = {} if users is None else _read(users)
    if known_peers:
        settings["lab", "KnownPeers"] = "{" + ", ".join(peer.strip() for peer in known_peers) + "}"
    if scope is not None:
        settings["multicast", "ResolveScope"] = scope
    if session_id is not None:
        settings["lab", "SessionID"] = session_id
    settings.setdefault(("log", "level"), _QUIET)
    handle, name = tempfile.mkstemp(prefix="rtemotion-lsl-", suffix=".cfg", text=True)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(_written(settings))
    path = Path(name)
    atexit.register(path.unlink, missing_ok=True)
    os.environ[_VARIABLE] = name
    return path


def _users_file() -> Path | None:
    """Return the configuration that liblsl would find, which then stands."""
    named = os.environ.get(_VARIABLE)
    folders = (Path(), Path.home() / "lsl_api", Path("/etc/lsl_api"))
    places = [*([Path(named)] if named else []), *(folder / "lsl_api.cfg" for folder in folders)]
    return next((place for place in places if place.is_file()), None)


def _read(path: Path) -> dict[tuple[str, str], str]:
    """Read a configuration as liblsl does: ``;`` begins a comment only at a line's start."""
    settings: dict[tuple[str, str], str] = {}
    section = ""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as problem:
        raise SetupError(
            f"LSL's configuration {path} cannot be read ({problem}), expected a readable file; "
            f"correct or remove it, or unset {_VARIABLE}."
        ) from problem
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith(";"):
            continue
        if line.startswith("[") and "]" in line:
            section = line[1 : line.index("]")]
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not (equals and key and value):
            raise SetupError(
                f"line {number} of LSL's configuration {path} is not understood ('{line}'), "
                "expected KEY = VALUE; correct it."
            )
        settings[section, key] = value
    return settings


def _written(settings: dict[tuple[str, str], str]) -> str:
    sections = dict.fromkeys(section for section, _ in settings)
    lines: list[str] = []
    for section in sections:
        lines += [f"[{section}]"] if section else []
        lines += [f"{key} = {value}" for (of, key), value in settings.items() if of == section]
    return "\n".join(lines) + "\n"

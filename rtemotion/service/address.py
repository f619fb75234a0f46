"""Where the service of this user listens: a file only they can read, with port and token."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import ServiceError

_PATIENCE_S = 2.0


@dataclass(frozen=True)
class Address:
    """Where a service listens, and what lets a client in.

    Attributes
    ----------
    host, port : str, int
        Loopback unless the user asked for more.
    token : str
        Every client greets with it.
    pid : int
        Process that listens.
    """

    host: str
    port: int
    token: str
    pid: int

    @property
    def url(self) -> str:
        """Return where WebSocket clients connect."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"ws://{host}:{self.port}/"


def address_path() -> Path:
    """Return the file; ``RTEMOTION_SERVICE`` names another one, for several side by side."""
    if chosen := os.environ.get("RTEMOTION_SERVICE"):
        return Path(chosen)
    from platformdirs import user_runtime_path, user_state_path

    # Without a login there is no folder that ends with it; one of the user's own will do.
    where = user_runtime_path if "XDG_RUNTIME_DIR" in os.environ else user_state_path
    return where("rtemotion", appauthor=False) / "service.json"


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the right to serve at an address file, which ends with the process at the latest.

    A process number may have gone to another program; a lock on a file does not outlive
    its process.

    Raises
    ------
    ServiceError
        If another process holds it, or the lock cannot be made.
    """
    place = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as problem:
        raise ServiceError(_unwritable(path, problem)) from problem
    try:
        if not _locked_within(number, _PATIENCE_S):
            other = read_address(path)
            where = "" if other is None else f" (process {other.pid}, {other.url})"
            raise ServiceError(
                f"A service of yours runs already{where}; use it, or end it first with "
                "`rtemotion serve --stop`."
            )
        yield
    finally:
        os.close(number)


def _locked_within(number: int, seconds: float) -> bool:
    """Wait for a service that is on its way out."""
    end = time.monotonic() + seconds
    while not _locked(number):
        if time.monotonic() >= end:
            return False
        time.sleep(0.05)
    return True


def _locked(number: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _unwritable(path: Path, problem: OSError) -> str:
    return (
        f"The service cannot say where it listens: {path} cannot be written "
        f"({problem.strerror or problem}); set RTEMOTION_SERVICE to a file that can."
    )


def write_address(address: Address, path: Path) -> None:
    """Write the file, readable by its owner alone.

    Raises
    ------
    ServiceError
        If it cannot be written.
    """
    new = path.with_name(f"{path.name}.{address.pid}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            json.dump(asdict(address), file)
        new.replace(path)
    except OSError as problem:
        raise ServiceError(_unwritable(path, problem)) from problem


def read_address(path: Path) -> Address | None:
    """Return what the file says; None where there is none, or its process has gone."""
    try:
        address = Address(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    sound = (
        isinstance(address.host, str)
        and isinstance(address.port, int)
        and isinstance(address.token, str)
        and isinstance(address.pid, int)
    )
    return address if sound and _alive(address.pid) else None


def remove_address(address: Address, path: Path) -> None:
    """Take the file away, unless another service has written it since."""
    if read_address(path) == address:
        path.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    if pid <= 0:
        return False
    if os.name == "nt":
        # There is no harmless way to ask: connecting will tell.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True

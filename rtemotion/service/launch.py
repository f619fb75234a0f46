"""Finding the service of this user, or starting one that outlives whoever started it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from typing import IO

from ..errors import ServiceError
from .address import address_path, read_address
from .client import Client

# Without clients, and with nothing to record, a service that an app started ends after this, s.
LINGER_S = 20.0
_START_S = 30.0


def find_or_launch(name: str = "app", linger: float = LINGER_S) -> Client:
    """Connect to the service of this user; start one if there is none.

    Parameters
    ----------
    name : str
        What the client calls itself.
    linger : float
        Seconds for which a new service outlasts its last client.

    Raises
    ------
    ServiceError
        If none can be started.
    """
    address = read_address(address_path())
    if address is not None:
        with contextlib.suppress(ServiceError):
            # Its process number may have gone to something else, or it is on its way out.
            return Client(address, name)
    return launch(name, linger)


def launch(name: str = "app", linger: float = LINGER_S) -> Client:
    """Start a service in a process of its own and connect to it.

    Raises
    ------
    ServiceError
        If it does not come up.
    """
    # A pipe that nobody reads would hold the service up one day.
    with tempfile.TemporaryFile() as said:
        process = start_process(linger, said)
        # Waited for when it ends, whenever that is, so that no dead process is left behind.
        threading.Thread(target=process.wait, name="rtemotion-launched", daemon=True).start()
        return _reached(process, name, said)


def _reached(process: subprocess.Popen[bytes], name: str, said: IO[bytes]) -> Client:
    end = time.monotonic() + _START_S
    problem = "it does not say where it listens"
    while time.monotonic() < end:
        over = process.poll() is not None
        address = read_address(address_path())
        # It ends by itself where another one came first.
        if address is not None and (address.pid == process.pid or over):
            try:
                return Client(address, name)
            except ServiceError as found:
                problem = str(found)
        if over and (address is None or process.returncode == 0):
            said.seek(0)
            text = said.read().decode(errors="replace").strip()
            raise ServiceError(f"The engine's process did not start: {text or 'it said nothing'}.")
        time.sleep(0.02)
    process.terminate()
    raise ServiceError(
        f"The engine's process cannot be reached within {_START_S:g} s ({problem}); the log says "
        "more."
    )


def start_process(
    linger: float | None, stderr: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start the process, in a session of its own so that no terminal takes it along.

    Parameters
    ----------
    linger : float or None
        Seconds for which it outlasts its last client; for ever with None.
    stderr : file or None
        Takes what it says.
    """
    # -P: a folder that happens to be called rtemotion, a clone for instance, is not the package.
    command = [sys.executable, "-P", "-m", "rtemotion.service"]
    if linger is not None:
        command += ["--linger", f"{linger:g}"]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if stderr is None else stderr,
        start_new_session=True,
    )

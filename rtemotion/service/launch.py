"""Finding the service of this user, or starting one that outlives whoever started it."""

from __future__ import annotations

import subprocess
import sys
import time

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
        try:
            return Client(address, name)
        except ServiceError:
            # Its process number went to something else, or it is on its way out.
            address_path().unlink(missing_ok=True)
    return launch(name, linger)


def launch(name: str = "app", linger: float = LINGER_S) -> Client:
    """Start a service in a process of its own and connect to it.

    Raises
    ------
    ServiceError
        If it does not come up.
    """
    process = start_process(linger)
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        address = read_address(address_path())
        if address is not None and (address.pid == process.pid or process.poll() is not None):
            # It may have found another one that came first.
            return Client(address, name)
        if process.poll() is not None:
            said = process.stderr.read().decode(errors="replace") if process.stderr else ""
            raise ServiceError(
                f"The engine's process did not start: {said.strip() or 'it said nothing'}."
            )
        time.sleep(0.02)
    process.terminate()
    raise ServiceError(
        f"The engine's process did not say within {_START_S:g} s where it listens; the log says "
        "more."
    )


def start_process(linger: float) -> subprocess.Popen[bytes]:
    """Start the process, in a session of its own so that no terminal takes it along."""
    command = [sys.executable, "-m", "rtemotion.service", "--linger", f"{linger:g}"]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )

"""Running the service in this process, until it is told to end."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import sys

from .address import address_path, only_one
from .server import Service
from .waiting import left_waiting

log = logging.getLogger(__name__)

HOST = "127.0.0.1"


def run_service(host: str = HOST, port: int = 0, linger: float | None = None) -> None:
    """Serve until told to end.

    Parameters
    ----------
    host : str
        Where to listen; anything but loopback lets other machines in, token in hand.
    port : int
        0 takes a free one.
    linger : float or None
        Seconds without a client after which it ends, unless something is recorded.

    Raises
    ------
    ServiceError
        If another service of this user runs, or nothing can listen there.
    """
    if not _loopback(host):
        log.warning(
            "The service listens at %s: whoever reaches this machine and knows the token can "
            "read signals and start runs, and what travels is not encrypted.",
            host,
        )

    async def serve() -> None:
        await Service(linger).run(host, port, path)

    path = address_path()
    with only_one(path):
        asyncio.run(serve())


def leave(code: int) -> int:
    """Return the exit code of a process that has served, or end it at once.

    A library that still looks for a stream nobody waits for any more aborts when the
    interpreter is taken down under it; every output is closed by now.
    """
    if left_waiting():
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)
    return code


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""`serve`: the engine as a service for clients, in this terminal."""

from __future__ import annotations

import json
import logging
import sys
import time
from dataclasses import asdict

from ..errors import ServiceError

log = logging.getLogger(__name__)

_ENDING_S = 15.0


def run_serve(host: str, port: int) -> None:
    """Serve until Ctrl-C.

    Raises
    ------
    ServiceError
        If another service of this user runs, or nothing can listen there.
    """
    from ..service.address import address_path
    from ..service.main import leave, run_service

    sys.stdout.write(f"# address and token of this service: {address_path()}\n")
    sys.stdout.flush()
    run_service(host, port)
    leave(0)


def run_where() -> None:
    """Print where the service that runs listens, token included.

    Raises
    ------
    ServiceError
        If none runs.
    """
    from ..service.address import address_path, read_address

    address = read_address(address_path())
    if address is None:
        raise ServiceError("No service of yours runs; start one with `rtemotion serve`.")
    sys.stdout.write(json.dumps(asdict(address) | {"url": address.url}, indent=1) + "\n")


def run_stop() -> None:
    """End the service that runs, and what it records.

    Raises
    ------
    ServiceError
        If none runs, or it does not end.
    """
    from ..service.address import address_path, read_address
    from ..service.client import Client

    with Client.find("rtemotion serve --stop") as client:
        client.ask("shutdown")
        end = time.monotonic() + _ENDING_S
        while read_address(address_path()) is not None:
            if time.monotonic() > end:
                raise ServiceError(
                    f"The service (process {client.address.pid}) has not ended after "
                    f"{_ENDING_S:g} s; the log may say why."
                )
            time.sleep(0.05)
    sys.stdout.write("# the service has ended\n")

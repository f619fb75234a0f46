"""``python -m rtemotion.service``: the service as the app starts it."""

from __future__ import annotations

import argparse
import logging
import sys

from ..errors import RtemotionError
from ..logs import start_logging
from .main import HOST, leave, run_service


def main() -> int:
    """Serve; 0 when told to end, 1 with a sentence when it cannot."""
    parser = argparse.ArgumentParser(prog="python -m rtemotion.service", description=__doc__)
    parser.add_argument("--host", default=HOST, help="where to listen")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--linger", type=float, help="end after so many seconds without a client")
    given = parser.parse_args()
    start_logging()
    try:
        run_service(given.host, given.port, given.linger)
    except RtemotionError as problem:
        logging.getLogger("rtemotion").debug("failed", exc_info=problem)
        sys.stderr.write(f"error: {problem}\n")
        return 1
    return leave(0)


if __name__ == "__main__":
    sys.exit(main())

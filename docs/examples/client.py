"""Prints the emotions of the run there is, or of a simulated headset where there is none.

    python client.py [--seconds 10] [--headset cap32]

A service has to run: the app starts one, and so does `rtemotion serve`.
"""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import sys
import time

from rtemotion.errors import ServiceError
from rtemotion.service.client import Client


def show(client: Client, seconds: float) -> None:
    """Print a line for each frame, until the time is over or the connection ends."""
    state = client.request("state")
    names = [target["name"] for target in state["model"]["targets"]]
    print("#", state["model"]["caveat"])
    client.request("subscribe", topics=["frames"])
    end = time.monotonic() + seconds
    for message in client.messages(timeout=seconds):
        if time.monotonic() >= end:
            return
        if message["type"] == "event":
            print("#", message["text"])
        if message["type"] == "frames":
            values = zip(names, message["mean"][-1], message["std"][-1], strict=True)
            said = " ".join(f"{name}={mean:.2f}±{std:.2f}" for name, mean, std in values)
            against = ";".join(message["reasons"][-1]) or "trusted"
            print(f"{message['time'][-1]:8.2f} s  {said}  {against}", flush=True)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--seconds", type=float, default=10.0)
parser.add_argument("--headset", default="cap32")
given = parser.parse_args()
try:
    with Client.find("example") as client:
        if client.request("state")["phase"] != "running":
            client.request("start", place={"headset": given.headset})
        show(client, given.seconds)
except ServiceError as problem:
    sys.exit(f"error: {problem}")

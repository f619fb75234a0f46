"""Opening a board through BrainFlow, and opening it again when it was lost."""

from __future__ import annotations

import glob
import logging
import os
import queue
import sys
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from .brainflow_boards import PLAYBACK, STREAMING, load_brainflow

logger = logging.getLogger(__name__)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 8.0
_PORTS = ("/dev/ttyUSB*", "/dev/ttyACM*", "/dev/cu.usb*", "/dev/rfcomm*")
_MOST_SAMPLES = 86400 * 250

# BrainFlow's exit codes, by what helps.
_PORT_TAKEN, _PORT_FAILS, _PORT_SETTINGS, _SILENT, _NOT_READY = 1, 2, 3, 6, 7
_ARGUMENTS, _UNSUPPORTED, _ANOTHER, _GENERAL, _TIMEOUT = 13, 14, 16, 17, 18


@dataclass(frozen=True)
class Opening:
    """Which board to open and where it is; see `BrainFlowSource`."""

    board: int
    serial_port: str = ""
    mac_address: str = ""
    ip_address: str = ""
    ip_port: int = 0
    serial_number: str = ""
    file: str = ""
    master: int | None = None
    timeout: int = 0

    @property
    def described(self) -> int:
        """The board whose rows come: of a file or another process, the one behind it."""
        return self.board if self.master is None else self.master

    @property
    def place(self) -> str:
        """Where the board is, as far as it was said."""
        address = f"{self.ip_address}:{self.ip_port}" if self.ip_address else ""
        return self.serial_port or self.mac_address or self.serial_number or address or self.file


def check_opening(opening: Opening) -> None:
    """Refuse what BrainFlow would answer with a bare number.

    Raises
    ------
    SourceError
        If a board is missing behind a file or another process, the file is, or the
        serial port is or may not be used.
    """
    if opening.board in (PLAYBACK, STREAMING) and opening.master is None:
        raise SourceError(
            "the playback and streaming boards stand for another one, which was not named; say "
            "which board made the data with master=cyton, muse_2 or whichever it was."
        )
    if opening.board == PLAYBACK and not Path(opening.file).is_file():
        raise SourceError(
            f"the playback board has no file to play ('{opening.file}' is none), expected one "
            "that BrainFlow has written."
        )
    port = opening.serial_port
    if not port.startswith("/"):
        return
    if not Path(port).exists():
        there = sorted(found for pattern in _PORTS for found in glob.glob(pattern))
        raise SourceError(
            f"there is no serial port {port}; there are: {', '.join(there) or 'none'}. Plug the "
            "dongle in, switch the board on, and name its port with serial_port=…."
        )
    if not os.access(port, os.R_OK | os.W_OK):
        raise SourceError(
            f"the serial port {port} may not be used by you; run `sudo usermod -aG dialout $USER` "
            "(on some systems the group is uucp), then log out and in again."
        )


class BoardSession:
    """A board that is streaming into BrainFlow's own memory.

    Parameters
    ----------
    opening : Opening
        Which board, and where.
    n_samples : int
        How many samples BrainFlow keeps until they are fetched.

    Raises
    ------
    SourceError
        If the board cannot be opened; what to do about it is said.
    """

    def __init__(self, opening: Opening, n_samples: int) -> None:
        shim = load_brainflow()
        board = shim.BoardShim(opening.board, _parameters(shim, opening))
        held = [board]
        try:
            board.prepare_session()
            board.start_stream(min(n_samples, _MOST_SAMPLES))
        except shim.BrainFlowError as problem:
            _release(held)
            raise _refusal(problem, opening) from problem
        self._held = held
        self._error = shim.BrainFlowError
        # Also when the program ends without closing: BrainFlow's threads would go on.
        self._finish = weakref.finalize(self, _release, held)

    def read(self) -> NDArray[np.float64] | None:
        """Return what has arrived, shape (n_rows, n_samples); None when nothing has."""
        try:
            if self._held[0].get_board_data_count() == 0:
                return None
            data: NDArray[np.float64] = self._held[0].get_board_data()
        except self._error as problem:
            logger.debug("BrainFlow cannot be read: %s", problem)
            return None
        return data if data.shape[1] else None

    def mark(self, value: float) -> None:
        """Put a marker, not 0, beside the next sample.

        Raises
        ------
        SourceError
            If BrainFlow does not take it.
        """
        try:
            self._held[0].insert_marker(value)
        except self._error as problem:
            raise SourceError(
                f"BrainFlow does not take the marker {value} ({problem}), expected a number other "
                "than 0 while the board is connected."
            ) from problem

    def close(self) -> None:
        """Stop the board and end BrainFlow's threads; may be called twice."""
        self._finish()


class Reopener:
    """Closes a board that was lost and opens it again, in a thread of its own.

    Parameters
    ----------
    session : BoardSession
        The one that delivers nothing any more.
    opening, n_samples
        See `BoardSession`.
    """

    def __init__(self, session: BoardSession, opening: Opening, n_samples: int) -> None:
        self._old, self._opening, self._n_samples = session, opening, n_samples
        self._stop = threading.Event()
        self._result: queue.SimpleQueue[BoardSession] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, name="rtemotion-brainflow-reopen", daemon=True
        )
        self._thread.start()

    def take(self) -> BoardSession | None:
        """Return the board when it is back."""
        try:
            return self._result.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        """End the thread, which may take as long as BrainFlow looks for the board."""
        self._stop.set()
        self._thread.join()
        if (session := self.take()) is not None:
            session.close()

    def _run(self) -> None:
        self._old.close()
        pause = _FIRST_PAUSE_S
        while not self._stop.wait(pause):
            try:
                self._result.put(BoardSession(self._opening, self._n_samples))
            except SourceError as problem:
                logger.info("not back yet: %s", problem)
                pause = min(2.0 * pause, _LONGEST_PAUSE_S)
                continue
            return


def _release(held: list[Any]) -> None:
    error = load_brainflow().BrainFlowError
    while held:
        board = held.pop()
        try:
            if board.is_prepared():
                board.release_session()
        except error as problem:
            logger.debug("releasing the board: %s", problem)


def _parameters(shim: Any, opening: Opening) -> Any:
    parameters = shim.BrainFlowInputParams()
    for name in ("serial_port", "mac_address", "ip_address", "ip_port", "serial_number"):
        setattr(parameters, name, getattr(opening, name))
    parameters.file, parameters.timeout = opening.file, opening.timeout
    if opening.master is not None:
        parameters.master_board = opening.master
    return parameters


def _refusal(problem: Any, opening: Opening) -> SourceError:
    code = int(problem.exit_code)
    where = f" at {opening.place}" if opening.place else ""
    remedies = {
        _PORT_TAKEN: "close the other program that uses it",
        _PORT_FAILS: "close any other program that uses it; for a Bluetooth board switch "
        "Bluetooth on, or plug the dongle in",
        _PORT_SETTINGS: "check that this is the port of the board's own dongle",
        _SILENT: "switch the board on (a Cyton's switch to PC) and check that this is its port",
        _NOT_READY: "switch the board on, bring it nearer, and close other programs and phones "
        "that are connected to it",
        _ARGUMENTS: "say where the board is, with serial_port=, mac_address=, ip_address= and "
        "ip_port= or file=, as BrainFlow's page on supported boards asks for it",
        _UNSUPPORTED: "BrainFlow does not drive this board on this system",
        _ANOTHER: "it is already open in this program; close it first",
        _TIMEOUT: "switch the board on and bring it nearer",
    }
    bluetooth = "; on Linux install libdbus-1-3 and bluez" if sys.platform == "linux" else ""
    remedies[_GENERAL] = f"check that the board is on and its driver installed{bluetooth}"
    remedy = remedies.get(code, "see BrainFlow's page on supported boards")
    return SourceError(f"the board{where} cannot be opened ({problem}): {remedy}.")

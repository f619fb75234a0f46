"""The streams on the network as they come and go."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from ..lsl import load_pylsl
from .lsl_network import FoundStream, found, listed


class StreamWatcher:
    """Looks at the network all the time, in a thread of LSL's own.

    Parameters
    ----------
    forget_after : float
        Seconds of silence after which a stream counts as gone; it is asked twice a
        second.

    Raises
    ------
    SetupError
        If LSL cannot be used on this machine.
    """

    def __init__(self, forget_after: float = 3.0) -> None:
        self._resolver: Any = load_pylsl().ContinuousResolver(forget_after=forget_after)
        self._known: dict[str, FoundStream] = {}

    def streams(self) -> list[FoundStream]:
        """Return the streams there are now, one entry an outlet; none once closed."""
        if self._resolver is None:
            return []
        return listed(found(info) for info in self._resolver.results())

    def changes(self) -> tuple[list[FoundStream], list[FoundStream]]:
        """Return the streams that appeared and those that left since the last call.

        A sender that was restarted is one that left and one that appeared.
        """
        now = {stream.uid: stream for stream in self.streams()}
        appeared = [stream for uid, stream in now.items() if uid not in self._known]
        left = [stream for uid, stream in self._known.items() if uid not in now]
        self._known = now
        return appeared, left

    def close(self) -> None:
        """Stop looking; may be called twice."""
        self._resolver = None

    def __enter__(self) -> StreamWatcher:
        """Return itself, to be closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

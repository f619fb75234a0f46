"""What was done to channels, and taking it back."""

from __future__ import annotations

from collections.abc import Callable

_KEPT = 200


class Undo:
    """Marks channels through a callable, and remembers how to take that back.

    Parameters
    ----------
    mark : callable
        Takes a channel's name and whether it is bad.
    """

    def __init__(self, mark: Callable[[str, bool], None]) -> None:
        self._mark = mark
        self._done: list[tuple[str, bool]] = []
        self._undone: list[tuple[str, bool]] = []

    @property
    def words(self) -> str:
        """What `undo` would take back, empty when there is nothing."""
        if not self._done:
            return ""
        channel, bad = self._done[-1]
        return f"marking {channel} {'bad' if bad else 'good'}"

    def do(self, channel: str, bad: bool) -> None:
        """Mark a channel."""
        self._mark(channel, bad)
        self._done = [*self._done[-_KEPT:], (channel, bad)]
        self._undone.clear()

    def undo(self) -> bool:
        """Take the last mark back; return whether there was one."""
        if not self._done:
            return False
        channel, bad = self._done.pop()
        self._undone.append((channel, bad))
        self._mark(channel, not bad)
        return True

    def redo(self) -> bool:
        """Mark again what was taken back; return whether there was something."""
        if not self._undone:
            return False
        channel, bad = self._undone.pop()
        self._done.append((channel, bad))
        self._mark(channel, bad)
        return True

    def clear(self) -> None:
        """Forget everything: another run has other channels."""
        self._done.clear()
        self._undone.clear()

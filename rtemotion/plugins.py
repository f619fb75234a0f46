"""Finding what other packages add: sources, measures, outlets and decoders.

A package declares an entry point in the group ``rtemotion.sources``,
``rtemotion.measures``, ``rtemotion.outlets`` or ``rtemotion.decoders``; ours
are declared in the same way. `rtemotion.testing` holds what they must pass.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any, Literal

from .errors import SetupError

Kind = Literal["sources", "measures", "outlets", "decoders"]


def available(kind: Kind) -> tuple[str, ...]:
    """Return the names there are, sorted."""
    return tuple(sorted(entry_points(group=f"rtemotion.{kind}").names))


def load(kind: Kind, name: str) -> Any:
    """Import and return what a name stands for.

    Raises
    ------
    SetupError
        When no installed package offers it; the message lists the names there are.
    """
    offered = entry_points(group=f"rtemotion.{kind}")
    if name not in offered.names:
        raise SetupError(
            f"No installed package offers '{name}' among the {kind}; there are: "
            f"{', '.join(available(kind)) or 'none'}."
        )
    return offered[name].load()

"""The compiled kernel, where a compiler was at hand at installation, and what it knows.

It gives the numbers that NumPy gives, to the bit, in a fraction of the time; nothing
else depends on whether it is there.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

log = logging.getLogger(__name__)

# The kernel's `VERSION` that this code calls.
VERSION = 5


def _load() -> ModuleType | None:
    try:
        found = import_module("._kernel", __package__)
    except ImportError:
        return None
    if found.VERSION != VERSION:
        log.warning("The compiled kernel is of another version and left aside; install again.")
        return None
    return found


kernel = _load()

PLAIN = ("re", "im", "abs_im", "im_squared", "sign")
"""The terms whose sums it runs, in its order."""

LAGGED = ("lagged_im", "lagged_abs_im")
"""The lagged sums that it runs, in its order."""

SUMS = frozenset(PLAIN) | frozenset(LAGGED)

MEASURES: dict[str, tuple[int, tuple[str, ...], bool]] = {
    "imcoh": (0, ("im",), True),
    "coh": (1, ("re", "im"), True),
    "wpli": (2, ("im", "abs_im"), False),
    "wpli2_debiased": (3, ("im", "abs_im", "im_squared"), False),
    "wpli2_lagged": (4, ("lagged_im", "lagged_abs_im"), False),
}
"""The measures it works out: its number, the sums in its order, whether power counts."""

MOST_AT_ONCE = 3
"""So many measures can be worked out while a segment is taken in."""

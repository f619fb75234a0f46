"""Loading the LSL library, for everything here that receives or sends streams."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from .errors import SetupError


def load_pylsl() -> Any:
    """Import pylsl, which loads liblsl.

    Raises
    ------
    SetupError
        If either is missing, with what to do about it.
    """
    first_time = "pylsl" not in sys.modules
    try:
        import pylsl
    except (ImportError, RuntimeError, OSError, AttributeError) as problem:
        first = (str(problem).strip() or type(problem).__name__).split("\n")[0]
        raise SetupError(
            f"LSL cannot be used on this machine ({first[:150]}), expected pylsl with its liblsl; "
            "set PYLSL_LIB to the liblsl inside an installed mne-lsl wheel, and see "
            "`rtemotion doctor`."
        ) from problem
    if first_time and not _user_configures_lsl():
        # liblsl reports every connection on stderr; what matters we say ourselves.
        pylsl.set_config_content("[log]\nlevel = -2\n")
    return pylsl


def _user_configures_lsl() -> bool:
    """Tell whether liblsl will find a configuration of the user's, which then stands."""
    places = (Path(), Path.home() / "lsl_api", Path("/etc/lsl_api"))
    return bool(os.environ.get("LSLAPICFG")) or any(
        (place / "lsl_api.cfg").is_file() for place in places
    )

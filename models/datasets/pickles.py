"""Pickles of arrays, read without letting them run anything.

A pickle is a program. This reader knows the few words that arrays and plain containers are
written with, and refuses every other one.
"""

from __future__ import annotations

import importlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import SourceError

_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module in _MULTIARRAY and name in {"_reconstruct", "scalar"}:
            return getattr(importlib.import_module("numpy._core.multiarray"), name)
        if module == "numpy" and name in {"ndarray", "dtype"}:
            return getattr(np, name)
        if module == "numpy._core.numeric" and name == "_frombuffer":
            return _from_buffer
        if (module, name) == ("_codecs", "encode"):
            return _latin1
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError(f"it refers to something outside, {pid!r}")


def _latin1(text: str, encoding: str = "latin1") -> bytes:
    """Return the bytes that old pickles of arrays spell as text."""
    if encoding not in {"latin1", "latin-1"}:
        raise pickle.UnpicklingError(f"it asks for the encoding {encoding}")
    return text.encode("latin1")


def _from_buffer(buffer: bytes, dtype: Any, shape: tuple[int, ...], order: str) -> Any:
    return np.frombuffer(buffer, dtype=dtype).reshape(shape, order=order)  # type: ignore[call-overload]


def read_arrays(path: Path) -> Any:
    """Return what a pickle holds: arrays, numbers, texts, and containers of them.

    Pickles of Python 2 are read as well.

    Raises
    ------
    SourceError
        If it holds anything else, is damaged, or cannot be read; nothing it asked for has
        been run then.
    """
    try:
        with path.open("rb") as file:
            return _ArraysOnly(file, encoding="latin1").load()
    except OSError as problem:
        raise SourceError(f"{path} cannot be read ({problem.strerror or problem}).") from problem
    except Exception as problem:
        # A damaged pickle may raise nearly anything.
        raise SourceError(
            f"{path} is no pickle of arrays and plain containers alone ({problem}); use the "
            "MATLAB version of the data set, or copy it again from where it is published."
        ) from problem

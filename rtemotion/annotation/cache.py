"""Answers kept on disk, so that nothing is asked and paid for twice."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..outlets.files import cannot_write
from ..signal import FloatArray
from .answer import NoAnswerError, read_scores
from .emotions import EMOTIONS


def cache_folder() -> Path:
    """Return the platform's place for what may be kept and may be lost."""
    from platformdirs import user_cache_path

    return user_cache_path("rtemotion", appauthor=False) / "annotation"


def key_of(model: str, question: Any) -> str:
    """Return the hash of a model's name and what it is asked, hexadecimal."""
    said = json.dumps([model, question], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True)
class Cache:
    """One small file an answer, named by the hash of the question; whole or not there.

    Neither the question nor a key is in it. Only answers are kept: what failed is asked again.
    """

    folder: Path

    def get(self, key: str) -> FloatArray | None:
        """Return a kept answer, shape (8,); None where there is none, or not a whole one."""
        try:
            return read_scores(self._path(key).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, NoAnswerError):
            return None

    def put(self, key: str, scores: FloatArray) -> None:
        """Keep an answer of shape (8,).

        Raises
        ------
        OutletError
            If it cannot be written.
        """
        path = self._path(key)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            said = dict(zip(EMOTIONS, scores.tolist(), strict=True))
            unfinished.write_text(json.dumps(said), encoding="utf-8")
            unfinished.replace(path)
        except OSError as problem:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise cannot_write(path, problem) from problem

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"

"""What a user has chosen to decode, kept from one start of the app to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Choice:
    """A source and a set-up, as the service takes them.

    Attributes
    ----------
    place : mapping
        Where samples come from: ``stream``, ``headset``, ``file`` or ``board``.
    options : mapping
        ``montage``, ``unit``, ``reference``, ``notch``, ``channels``, ``sfreq``.
    model, baseline, record : str
        A model file, ``START:END`` of the rest, a file to record to; empty for none.
    republish : bool
        Publish emotions on LSL too.
    """

    place: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    baseline: str = ""
    record: str = ""
    republish: bool = True

    def order(self) -> dict[str, Any]:
        """Return what `start` takes."""
        said: dict[str, Any] = {"place": dict(self.place), "options": dict(self.options)}
        for name in ("model", "baseline", "record"):
            if value := getattr(self, name):
                said[name] = value
        live = not ({"file", "headset"} & set(self.place))
        return said | ({"republish": True} if self.republish and live else {})

    def to_json(self) -> str:
        """Return it as text, to be kept; a file to record to is named anew each time."""
        return json.dumps(asdict(replace(self, record="")))

    @classmethod
    def from_json(cls, text: str) -> Choice | None:
        """Read what was kept; None where it is nothing of ours."""
        try:
            said = json.loads(text)
            choice = cls(**said)
        except (ValueError, TypeError):
            return None
        kinds: dict[str, type] = dict.fromkeys(("model", "baseline", "record"), str)
        kinds |= {"place": dict, "options": dict, "republish": bool}
        fits = all(isinstance(getattr(choice, name), kind) for name, kind in kinds.items())
        return choice if fits and choice.place else None

    @property
    def words(self) -> str:
        """What it is, in a few words."""
        kinds = {
            "stream": "LSL stream",
            "headset": "simulated",
            "file": "recording",
            "board": "board",
            "fieldtrip": "FieldTrip buffer",
        }
        said = [f"{kinds[key]} {self.place[key]}" for key in kinds if self.place.get(key)]
        return said[0] if said else "nothing chosen"


def options_from(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return a set-up from what was typed; empty fields say nothing.

    Parameters
    ----------
    texts : mapping
        By the names of options.
    """
    said: dict[str, Any] = {}
    for name, text in texts.items():
        text = text.strip()
        if not text:
            continue
        if name == "channels":
            said[name] = [part.strip() for part in text.split(",") if part.strip()]
        elif name in {"notch", "sfreq", "asr"}:
            said[name] = _number_or_text(text)
        else:
            said[name] = text
    return said


def texts_from(options: Mapping[str, Any]) -> dict[str, str]:
    """Return a set-up as it would be typed."""
    texts = {}
    for name, value in options.items():
        if value is None:
            continue
        if isinstance(value, list | tuple):
            texts[name] = ", ".join(str(item) for item in value)
        elif isinstance(value, float):
            texts[name] = str(value).removesuffix(".0")
        else:
            texts[name] = str(value)
    return texts


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text

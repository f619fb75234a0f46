"""The options of a set-up, from the command line and from a profile file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .errors import SetupError
from .pipeline import Setup

if TYPE_CHECKING:
    from .sources.text_profile import TextLayout


@dataclass(frozen=True)
class Options:
    """What the user says about a source; None where nothing was said.

    Attributes
    ----------
    channels, montage, reference, notch, asr
        See `Setup`.
    unit : str or None
        Unit of the signal, where the source does not say.
    sfreq : float or None
        Sampling rate in Hz, where the source does not say.
    markers : str or None
        Query of marker streams; ``"all"`` for every one.
    text : dict or None
        Layout of a text file, in a profile only.
    """

    channels: tuple[str, ...] | None = None
    montage: str | None = None
    reference: str | None = None
    unit: str | None = None
    notch: float | Literal["auto", "off"] | None = None
    asr: float | None = None
    sfreq: float | None = None
    markers: str | None = None
    text: dict[str, Any] | None = None

    @classmethod
    def gather(cls, profile: Path | None, given: Mapping[str, Any]) -> Options:
        """Lay the options given over those of a profile.

        Raises
        ------
        SetupError
            When the profile cannot be read, or a value is not one of those allowed.
        """
        said = {key: value for key, value in given.items() if value not in (None, [], ())}
        merged = (read_profile(profile) if profile else {}) | said
        return _checked(merged, str(profile) if profile else "the command line")

    def layout(self) -> TextLayout | None:
        """Return the layout of a text file that a profile describes."""
        if self.text is None:
            return None
        from .sources.text_profile import layout_from

        return layout_from(self.text)

    def setup(self, base: Setup | None = None) -> Setup:
        """Return the part that concerns the pipeline, laid over a set-up there is."""
        said = {
            field.name: value
            for field in fields(Setup)
            if (value := getattr(self, field.name, None)) is not None
        }
        return replace(base or Setup(), **said)


def read_profile(path: Path) -> dict[str, Any]:
    """Return what a profile file says.

    Raises
    ------
    SetupError
        When the file is missing, not TOML, or holds an option there is not.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SetupError(f"The profile {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SetupError(f"The profile {path} is not valid TOML: {error}.") from error
    known = asdict(Options())
    if unknown := sorted(set(found) - set(known)):
        raise SetupError(
            f"The profile {path} has an option '{unknown[0]}' there is not; there are: "
            f"{', '.join(known)}."
        )
    return found


def write_profile(path: Path, options: Options) -> None:
    """Write a profile file that `read_profile` reads as the same set-up.

    Raises
    ------
    SetupError
        When it cannot be written, or holds the layout of a text file, which is written by hand.
    """
    if options.text is not None:
        raise SetupError(
            "The layout of a text file is not written here; keep the profile that describes it."
        )
    said = {key: value for key, value in asdict(options).items() if value is not None}
    # A TOML string, number or array of strings is spelled as JSON spells it.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in said.items()]
    try:
        path.write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise SetupError(f"The profile {path} cannot be written: {error.strerror}.") from error


def _checked(values: dict[str, Any], where: str) -> Options:
    from pydantic import TypeAdapter, ValidationError

    notch = values.get("notch")
    if notch is not None and not _is_notch(notch):
        raise SetupError(
            f"The option 'notch' of {where} cannot be {notch!r}: it is a line frequency in Hz, "
            "'auto' or 'off'."
        )
    if isinstance(unit := values.get("unit"), str):
        from .sources.units import to_volts_factor

        to_volts_factor(unit)
    try:
        return TypeAdapter(Options).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SetupError(
            f"The option '{name}' of {where} cannot be {first['input']!r}: {first['msg']}."
        ) from error


def _is_notch(value: Any) -> bool:
    if value in ("auto", "off"):
        return True
    try:
        return not isinstance(value, bool) and 0.0 < float(value) < 1e5
    except (TypeError, ValueError):
        return False

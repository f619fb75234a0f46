"""The options of a set-up, from the command line and from a profile file."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from ..errors import SetupError
from ..pipeline import Setup


@dataclass(frozen=True)
class Options:
    """What the user says about a source; None where nothing was said.

    Attributes
    ----------
    channels, montage, reference, notch
        See `Setup`.
    unit : str or None
        Unit of the signal, where the source does not say.
    """

    channels: tuple[str, ...] | None = None
    montage: str | None = None
    reference: Literal["average", "as recorded"] | None = None
    unit: str | None = None
    notch: float | None = None

    @classmethod
    def gather(
        cls,
        profile: Path | None,
        channels: list[str] | None,
        montage: str | None,
        reference: str | None,
        unit: str | None,
        notch: float | None,
    ) -> Options:
        """Lay the options given over those of a profile.

        Raises
        ------
        SetupError
            When the profile cannot be read, or a value is not one of those allowed.
        """
        names = tuple(n.strip() for entry in channels or () for n in entry.split(",") if n.strip())
        given = {
            "channels": names or None,
            "montage": montage,
            "reference": reference,
            "unit": unit,
            "notch": notch,
        }
        merged = (read_profile(profile) if profile else {}) | {
            key: value for key, value in given.items() if value is not None
        }
        return _checked(merged, str(profile) if profile else "the command line")

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


def _checked(values: dict[str, Any], where: str) -> Options:
    from pydantic import TypeAdapter, ValidationError

    notch = values.get("notch")
    if isinstance(notch, int | float) and not 0.0 < notch < 1e5:
        raise SetupError(
            f"The option 'notch' of {where} cannot be {notch}: it is a line frequency."
        )
    try:
        return TypeAdapter(Options).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SetupError(
            f"The option '{name}' of {where} cannot be {first['input']!r}: {first['msg']}."
        ) from error

"""What a headset is worth before the start: what was found, and what would be used."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .conditioning import plan_channels
from .conditioning.survey import Survey, Surveyor
from .decoding import Model
from .errors import SourceError
from .options import Options
from .signal import Source
from .words import without_nan


@dataclass(frozen=True)
class Report:
    """Everything a check says.

    Attributes
    ----------
    name : str
        What was looked at.
    survey : Survey
        What was found.
    unit, unit_known : str
        The signal's unit and how it is known.
    reference, used_reference : str
        The reference as recorded, and what decoding makes of it.
    montage : str
        Where positions come from.
    needed : int
        Channels with positions that the model asks for.
    model : str
        Which model that is.
    """

    name: str
    survey: Survey
    unit: str
    unit_known: str
    reference: str
    used_reference: str
    montage: str
    needed: int
    model: str

    @property
    def enough(self) -> bool:
        """Whether the model could decode this."""
        return len(self.survey.usable) >= self.needed

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON: NaN as null."""
        said = asdict(self) | {"enough": self.enough, "usable": list(self.survey.usable)}
        cleaned: dict[str, Any] = without_nan(said)
        return cleaned


def report_on(
    source: Source, surveyor: Surveyor, how: str, options: Options, model: Model
) -> Report:
    """Judge what was collected from a source.

    Raises
    ------
    SourceError
        If nothing was.
    SetupError
        If the set-up does not fit the source.
    """
    info = source.info
    name = info.name or info.source_id or "the stream"
    if not surveyor.samples:
        raise SourceError(
            f"{name} is there, but not one sample came; switch the device on, start its stream, "
            "or listen for longer with --seconds."
        )
    setup = options.setup()
    plan = plan_channels(info, setup.channels, setup.montage)
    design = setup.design(model.card.conditioning)
    own = bool(info.has_position.any())
    return Report(
        name=name,
        survey=surveyor.survey(plan, design, impedances_of(source)),
        unit=info.unit,
        unit_known=how,
        reference=info.reference,
        used_reference=design.reference,
        montage=setup.montage
        or ("the source's own positions" if own else "10-05 positions by label"),
        needed=model.card.min_channels,
        model=model.identity,
    )


def impedances_of(source: Source) -> dict[str, float]:
    """Return what a source knows of its contacts, in ohm by channel."""
    measured = getattr(source, "impedances", None)
    if callable(measured):
        return dict(measured())
    described = getattr(source, "description", None)
    stated = getattr(described, "impedances", ())
    return dict(zip(source.info.channels, map(float, stated), strict=False))

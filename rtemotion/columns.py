"""The columns of a result, wherever it is written, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .errors import OutletError
from .signal import Publication

Value = float | int | bool | str | None

BEFORE = ("index", "time")
SUFFIXES = ("", "_std", "_lower", "_upper")
AFTER = ("quality", "trusted", "reasons", "sample_age", "late", "published", "model")


@dataclass(frozen=True)
class Columns:
    """The columns of a table for a list of targets.

    Attributes
    ----------
    targets : tuple of str
        Names of the emotions, in the order of `EmotionFrame.mean`.
    model : str
        Identity of the model, the same in every row.
    """

    targets: tuple[str, ...]
    model: str

    @classmethod
    def of(cls, targets: Sequence[str], model: str) -> Columns:
        """Check the targets' names and return the columns.

        Raises
        ------
        OutletError
            If a target has no name, or one that is a column already.
        """
        if problem := name_problem(targets):
            raise OutletError(f"{problem}; rename the target in the model.")
        return cls(tuple(targets), model)

    @property
    def of_targets(self) -> tuple[str, ...]:
        """Names of the columns that hold estimates."""
        return tuple(target + suffix for target in self.targets for suffix in SUFFIXES)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return (*BEFORE, *self.of_targets, *AFTER)

    def estimates(self, publication: Publication) -> list[float]:
        """Return the values of `of_targets`.

        Raises
        ------
        OutletError
            If the frame has another number of targets.
        """
        frame = publication.frame
        if len(frame.mean) != len(self.targets):
            raise OutletError(
                f"a frame with {len(frame.mean)} targets cannot be written, expected "
                f"{len(self.targets)} ({', '.join(self.targets)}); open the outlet with the "
                "model's own targets."
            )
        arrays = (frame.mean, frame.std, frame.lower, frame.upper)
        parts = zip(*(array.tolist() for array in arrays), strict=True)
        return [value for part in parts for value in part]

    def row(self, publication: Publication) -> list[Value]:
        """Return one row, in the order of `names`; NaN stays NaN."""
        frame = publication.frame
        return [
            frame.index,
            float(frame.time),
            *self.estimates(publication),
            float(frame.quality),
            frame.trusted,
            ";".join(sorted(frame.reasons)),
            float(publication.sample_age),
            bool(publication.late),
            float(publication.published),
            self.model,
        ]


def name_problem(targets: Sequence[str]) -> str:
    """Say what is wrong with the names of targets as column names; nothing if all is well."""
    if not targets or not all(targets):
        return "there must be at least one target, and every target needs a name"
    taken = [*BEFORE, *AFTER, *(t + s for t in targets for s in SUFFIXES)]
    for target in targets:
        for name in (target + suffix for suffix in SUFFIXES):
            if taken.count(name) > 1:
                others = ", ".join((*BEFORE, *AFTER))
                return (
                    f"the target '{target}' is named like another column ('{name}'); taken are "
                    f"{others} and the other targets with {', '.join(SUFFIXES[1:])}"
                )
    return ""

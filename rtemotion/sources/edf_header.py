"""What an EDF or BDF header says that a reader of samples alone would miss.

MNE takes an unknown dimension for volts, resamples channels of differing rates
and joins the parts of a discontinuous file; each is found here instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import SourceError

_FIXED = 256
_FIELD_WIDTHS = {
    "label": 16,
    "transducer": 80,
    "dimension": 8,
    "physical_min": 8,
    "physical_max": 8,
    "digital_min": 8,
    "digital_max": 8,
    "prefilter": 80,
    "samples": 8,
    "reserved": 32,
}
_ANNOTATION_LABELS = {"EDF Annotations", "BDF Annotations"}


@dataclass(frozen=True)
class EdfHeader:
    """The fields of a header this program acts on.

    Attributes
    ----------
    sample_bytes : int
        2 in EDF, 3 in BDF.
    n_bytes : int
        Length of the header.
    n_records : int
        Number of data records; -1 where the recorder never filled it in.
    record_s : float
        Duration of one record in seconds.
    labels, dimensions : tuple of str
        One a signal, annotation signals included.
    samples : tuple of int
        Samples of each signal in one record.
    discontinuous : bool
        True when the file says that its records may have gaps between them.
    n_whole_records : int
        Data records that are there.
    overflowing : tuple of str
        Channels whose stated digital range is wider than a sample can hold. Some
        recorders then let values wrap around, which shows as sudden steps.
    """

    sample_bytes: int
    n_bytes: int
    n_records: int
    record_s: float
    labels: tuple[str, ...]
    dimensions: tuple[str, ...]
    samples: tuple[int, ...]
    discontinuous: bool
    n_whole_records: int
    overflowing: tuple[str, ...] = ()

    @property
    def record_bytes(self) -> int:
        """Length of one data record."""
        return sum(self.samples) * self.sample_bytes

    @property
    def signals(self) -> tuple[int, ...]:
        """Positions of the signals that are not annotations."""
        return tuple(i for i, name in enumerate(self.labels) if name not in _ANNOTATION_LABELS)


def read_edf_header(path: Path) -> EdfHeader:
    """Read and check the header of an EDF or BDF file.

    Raises
    ------
    SourceError
        If the file is not what its extension says, or is cut off.
    """
    wanted = "BDF" if path.suffix.lower() == ".bdf" else "EDF"
    with path.open("rb") as file:
        fixed = file.read(_FIXED)
        _check_version(path, fixed[:8], wanted)
        try:
            n_signals = int(fixed[252:256])
            n_bytes = int(fixed[184:192])
            n_records = int(fixed[236:244])
            record_s = float(fixed[244:252])
        except ValueError:
            raise _unreadable(path, wanted) from None
        if n_signals < 1 or n_bytes != _FIXED * (n_signals + 1):
            raise _unreadable(path, wanted)
        body = file.read(n_bytes - _FIXED)
        if len(body) < n_bytes - _FIXED:
            raise _truncated(path, "its header alone is longer than the file")
        header = _parse(path, wanted, fixed, body, n_signals, n_records, record_s)
        size = file.seek(0, 2)
    return replace(header, n_whole_records=_whole_records(path, header, size))


def record_onsets(path: Path, header: EdfHeader) -> list[float]:
    """Return when each record starts, in seconds, from its time-keeping annotation.

    Raises
    ------
    SourceError
        If a record of a discontinuous file does not say when it starts.
    """
    keeper = next(i for i, name in enumerate(header.labels) if name in _ANNOTATION_LABELS)
    skip = sum(header.samples[:keeper]) * header.sample_bytes
    width = header.samples[keeper] * header.sample_bytes
    onsets: list[float] = []
    with path.open("rb") as file:
        n_records = (file.seek(0, 2) - header.n_bytes) // header.record_bytes
        for record in range(n_records):
            file.seek(header.n_bytes + record * header.record_bytes + skip)
            text = file.read(width).split(b"\x14", 1)[0]
            try:
                onsets.append(float(text))
            except ValueError:
                raise SourceError(
                    f"{path} is discontinuous (EDF+D) but its record {record + 1} does not say "
                    "when it starts, as the format demands; export it again as EDF+C."
                ) from None
    return onsets


def _check_version(path: Path, version: bytes, wanted: str) -> None:
    found = {b"0       ": "EDF", b"\xffBIOSEMI": "BDF"}.get(version)
    if found is None:
        raise _unreadable(path, wanted)
    if found != wanted:
        raise SourceError(
            f"{path} is named .{wanted.lower()} but holds {found}, which has samples of another "
            f"size; rename it to end in .{found.lower()}."
        )


def _unreadable(path: Path, wanted: str) -> SourceError:
    return SourceError(
        f"{path} is not {wanted} inside, whatever its name says; expected a file that starts "
        f"with the {wanted} header. Check that it is the right file and was copied whole."
    )


def _truncated(path: Path, why: str) -> SourceError:
    return SourceError(
        f"{path} is cut off: {why}. Copy it again from where it was recorded, or repair its "
        "header there."
    )


def _parse(
    path: Path,
    wanted: str,
    fixed: bytes,
    body: bytes,
    n_signals: int,
    n_records: int,
    record_s: float,
) -> EdfHeader:
    columns: dict[str, tuple[str, ...]] = {}
    start = 0
    for name, width in _FIELD_WIDTHS.items():
        block = body[start : start + width * n_signals]
        columns[name] = tuple(_text(block[i * width : (i + 1) * width]) for i in range(n_signals))
        start += width * n_signals
    try:
        samples = tuple(int(value) for value in columns["samples"])
        highest = [float(value.replace(",", ".")) for value in columns["digital_max"]]
    except ValueError:
        raise _unreadable(path, wanted) from None
    if record_s <= 0 or min(samples) < 1:
        raise SourceError(
            f"{path} holds no signals: its records last {record_s:g} s with {sum(samples)} "
            "samples in them, expected a positive number of both; export it again."
        )
    sample_bytes = 3 if wanted == "BDF" else 2
    return EdfHeader(
        sample_bytes=sample_bytes,
        n_bytes=_FIXED * (n_signals + 1),
        n_records=n_records,
        record_s=record_s,
        labels=columns["label"],
        dimensions=columns["dimension"],
        samples=samples,
        discontinuous=fixed[192:236].startswith((b"EDF+D", b"BDF+D")),
        n_whole_records=0,
        overflowing=tuple(
            label
            for label, top in zip(columns["label"], highest, strict=True)
            if top >= 2 ** (8 * sample_bytes - 1)
        ),
    )


def _text(field: bytes) -> str:
    try:
        return field.decode("utf-8").strip()
    except UnicodeDecodeError:
        return field.decode("latin-1").strip()


def _whole_records(path: Path, header: EdfHeader, size: int) -> int:
    held = (size - header.n_bytes) // header.record_bytes
    if held < 1:
        raise _truncated(path, "it holds no complete data record")
    if held < header.n_records:
        raise _truncated(
            path, f"its header announces {header.n_records} data records and {held} are there"
        )
    return held

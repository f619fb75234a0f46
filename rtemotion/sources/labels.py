"""Channel labels as devices and files write them, and as the field writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# Rows of the 10-05 system from front to back, in their official spelling.
_ROWS = (
    *("Fp", "AFp", "AF", "AFF", "F", "FFC", "FFT", "FC", "FT", "FCC", "FTT", "C", "T"),
    *("CCP", "TTP", "CP", "TP", "CPP", "TPP", "P", "PPO", "PO", "POO", "O", "OI", "I", "N"),
)
_SPELLING = {row.upper(): row for row in _ROWS}
_OTHERS = ("A1", "A2", "M1", "M2", "Nz", "LPA", "RPA")
_SITE = re.compile(r"([A-Z]+)(Z|10|[1-9])(H?)")

_PREFIX = re.compile(r"^(?:EEG|POL)[ _:]+(?=[A-Za-z])", re.IGNORECASE)
_REFERENCE = re.compile(
    r"[-_ ](?:REF|LE|AVG|AVE|AR|CAR|A1A2|M1M2|A1\+A2|M1\+M2|A1|A2|M1|M2)$", re.IGNORECASE
)
_EARS = {"A1", "A2", "M1", "M2"}

# The first pattern that matches decides; anchored at the start of the label.
_KINDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"(?:[VHRL]?_?EOG|EOG)", "eog"),
        (r"(?:ECG|EKG)", "ecg"),
        (r"EMG", "emg"),
        (r"(?:STATUS|STIM?\b|STI ?\d|TRIG|TRG|TRIGGER|EVENTS?\b|DIN\d*$)", "stim"),
        (r"MARKER", "stim"),
        (r"(?:ACC|GYRO|GYR_?[XYZ]|MAG_?[XYZ]$|COUNTER|INTERPOLATED|RAW_CQ|CQ_|EQ_)", "misc"),
        (r"(?:EXG|AUX|PPG|RESP|GSR|EDA|TEMP|SPO2|PLETH|PULSE|BATTERY|TIMESTAMP|TIME$)", "misc"),
        (r"(?:RIGHT|LEFT)[ _]?AUX", "misc"),
        (r"(?:A1|A2|M1|M2)-(?:A1|A2|M1|M2)$", "misc"),
        (r"(?:SAMPLE|PACKAGE|PACKET)", "misc"),
    )
)


def canonical_site(label: str) -> str | None:
    """Return the 10-05 spelling of an electrode site, or None when it is not one.

    Old names (T3, T4, T5, T6) and ear or mastoid names are sites of their own.

    Examples
    --------
    >>> canonical_site("FPZ"), canonical_site("ccp5H"), canonical_site("COUNTER")
    ('Fpz', 'CCP5h', None)
    """
    upper = label.strip().upper()
    for other in _OTHERS:
        if upper == other.upper():
            return other
    match = _SITE.fullmatch(upper)
    if match is None or match[1] not in _SPELLING:
        return None
    row, column, half = match.groups()
    if half and column == "Z":
        return None
    return _SPELLING[row] + column.replace("Z", "z") + half.lower()


def clean_label(label: str) -> str:
    """Return a label without its decorations, spelled as in the 10-05 system.

    Removes a leading ``EEG`` or ``POL``, trailing dots, and the name of a common
    reference; a bipolar label such as ``Fp1-F3`` keeps both of its sites.

    Examples
    --------
    >>> clean_label("EEG Fp1-REF"), clean_label("Fc5."), clean_label("EEG A2-A1")
    ('Fp1', 'FC5', 'A2-A1')
    """
    bare = _PREFIX.sub("", label.strip()).strip().rstrip(".").strip()
    single = _REFERENCE.sub("", bare)
    # "A2-A1" is one ear against the other, not the ear "A2" with a reference.
    if single.upper() not in _EARS:
        bare = single
    return canonical_site(bare) or bare or label


def clean_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Clean every label, or none of them when cleaning would make two the same."""
    cleaned = tuple(clean_label(label) for label in labels)
    return cleaned if len(set(cleaned)) == len(cleaned) else tuple(labels)


def guess_kind(label: str) -> str | None:
    """Return the MNE channel type a label gives away, or None when it says nothing.

    Examples
    --------
    >>> guess_kind("VEOG"), guess_kind("CQ_AF3"), guess_kind("Fp1")
    ('eog', 'misc', None)
    """
    bare = _PREFIX.sub("", label.strip()).strip()
    for pattern, kind in _KINDS:
        if pattern.match(bare):
            return kind
    return None


def lettered_banks(labels: Iterable[str]) -> bool:
    """Tell whether labels are an amplifier's banks (A1 … A32, B1 …), not sites.

    Several of those (A1, C3, F7, P4 …) read like sites of the 10-05 system and
    lie somewhere else on the head.
    """
    present = {label.upper() for label in labels}
    return {f"A{number}" for number in range(1, 9)} <= present


def kinds_from_labels(labels: Sequence[str], fallback: Sequence[str]) -> tuple[str, ...]:
    """Return channel types for a source that does not state them.

    With three or more known sites those are EEG and the rest is what its name
    gives away, or ``"misc"``. Otherwise `fallback` stands, except for labels that
    plainly name something else.

    Parameters
    ----------
    labels : sequence of str
        Cleaned labels.
    fallback : sequence of str
        The types the reader assumed, one a label.
    """
    sites = [canonical_site(label) is not None for label in labels]
    by_name = sum(sites) >= 3 and not lettered_banks(labels)
    kinds: list[str] = []
    for label, is_site, assumed in zip(labels, sites, fallback, strict=True):
        if by_name and is_site and assumed == "eeg":
            kinds.append("eeg")
        elif is_site and assumed == "misc":
            # The reader knew something against a site's name, its unit for one.
            kinds.append("misc")
        elif assumed not in {"eeg", "misc"}:
            kinds.append(assumed)
        else:
            kinds.append(guess_kind(label) or ("misc" if by_name else assumed))
    return tuple(kinds)

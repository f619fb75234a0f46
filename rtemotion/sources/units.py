"""Units of voltage as senders and files spell them."""

from __future__ import annotations

from ..errors import SourceError

# Spelled exactly: "mV" and "MV" are nine orders of magnitude apart.
_EXACT = {
    "V": 1.0,
    "mV": 1e-3,
    "uV": 1e-6,
    "\u00b5V": 1e-6,
    "\u03bcV": 1e-6,
    "nV": 1e-9,
}
_WORDS = {
    "uv": 1e-6,
    "\u00b5v": 1e-6,
    "\u03bcv": 1e-6,
    "nv": 1e-9,
    "v": 1.0,
    "volt": 1.0,
    "volts": 1.0,
    "millivolt": 1e-3,
    "millivolts": 1e-3,
    "microvolt": 1e-6,
    "microvolts": 1e-6,
    "nanovolt": 1e-9,
    "nanovolts": 1e-9,
}
# mne-lsl writes the power of ten of a volt.
_EXPONENTS = {"0": 1.0, "-3": 1e-3, "-6": 1e-6, "-9": 1e-9}


def to_volts_factor(unit: str) -> float:
    """Return what a value in `unit` is multiplied by to get volts.

    Parameters
    ----------
    unit : str
        ``"uV"``, ``"µV"`` (either micro sign), ``"microvolts"``, ``"mV"``,
        ``"V"``, ``"nV"`` and their like, or the power of ten of a volt that
        mne-lsl writes (``"-6"``). Case does not matter where it is unambiguous;
        ``"MV"`` and ``"mv"`` are refused.

    Raises
    ------
    SourceError
        If the unit is none of these.

    Examples
    --------
    >>> to_volts_factor("microvolts"), to_volts_factor("-3")
    (1e-06, 0.001)
    """
    text = unit.strip()
    # A micro sign in UTF-8 read as Latin-1 gains a letter in front of it.
    text = text.replace("\u00c2\u00b5", "\u00b5")
    # The same in Shift-JIS, whose first half is no printing character.
    text = text.replace("\x83\u00ca", "\u03bc")
    for table, key in ((_EXACT, text), (_WORDS, text.lower()), (_EXPONENTS, text)):
        if key in table:
            return table[key]
    said = f"the unit '{unit}' is not known" if text else "no unit is stated"
    raise SourceError(
        f"{said}, expected one of uV, mV, V or nV; say which it is with --unit uV (or mV, V, nV)."
    )
